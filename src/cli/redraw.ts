// Draws a screen over the one that was drawn before, on a terminal that a person watches. Knows no content.
import type { CliIo } from './io.ts';

export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

const TO_LINE_END = '\u001b[K';
const TO_SCREEN_END = '\u001b[J';

/**
 * Draws over what it drew before. INVARIANT: of `text`, no line is wider than the terminal; a whole screen is never cleared at once,
 * since terminals (tmux) keep a copy of what is.
 */
export function makeDrawing(io: Pick<CliIo, 'stdout'>): (text: string, size: ScreenSize) => void {
  let drawn = 0;
  let before: ScreenSize | undefined;
  return (text, size) => {
    const lines = cutLines(text.trimEnd().split('\n'), size.rows - 1);
    const { rows, columns } = size;
    const isSame = before?.rows === rows && before.columns === columns;
    // up to where it began; a terminal of another size has wrapped it: up to the top
    const back = before === undefined ? '' : isSame ? `\u001b[${drawn}A` : '\u001b[H';
    const over = before === undefined ? lines : lines.map((line) => TO_LINE_END + line);
    // and away with what was longer, from below the last line on
    io.stdout.write(`${back}${over.join('\n')}\n${before === undefined ? '' : TO_SCREEN_END}`);
    drawn = lines.length;
    before = { rows, columns };
  };
}

/** What goes beyond the screen could not be taken back. */
function cutLines(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  const kept = Math.max(0, most - 1);
  return [...lines.slice(0, kept), `… ${lines.length - kept} lines more`];
}
