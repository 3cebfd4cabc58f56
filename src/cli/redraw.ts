// Draws a screen over the one that was drawn before, on a terminal that a person watches. Knows no content.
import type { CliIo } from './io.ts';

export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

/** Draws over what it drew before. INVARIANT: of `text`, no line is wider than the terminal. */
export function makeDrawing(io: Pick<CliIo, 'stdout'>): (text: string, size: ScreenSize) => void {
  let drawn = 0;
  let before: ScreenSize | undefined;
  return (text, size) => {
    const lines = cutLines(text.trimEnd().split('\n'), size.rows - 1);
    const { rows, columns } = size;
    const isSame = before?.rows === rows && before.columns === columns;
    // up to where it began, and away with everything below; a terminal of another size has wrapped it: away with all
    const back = before === undefined ? '' : isSame ? `\u001b[${drawn}A\u001b[J` : '\u001b[2J\u001b[H';
    io.stdout.write(`${back}${lines.join('\n')}\n`);
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
