// A command as lines to be copied: where it is wider than the screen it goes on in the next line as a shell reads it. Pure.
import { makeInert } from './inert-text.ts';
import { measureText } from './text-width.ts';

const INDENT = '  ';

/**
 * Every line ended. Broken before options alone; a value that is wider than the screen is not cut, or it would be another.
 *
 * @param command its values quoted for a shell
 */
export function showCommand(command: string, columns: number): string {
  const text = makeInert(command);
  if (INDENT.length + measureText(text) <= columns) return `${INDENT}${text}\n`;
  return `${INDENT}${splitOptions(text).join(` \\\n${INDENT}${INDENT}`)}\n`;
}

/** At the blanks before `--`, but for those within quotes. */
function splitOptions(text: string): readonly string[] {
  const parts: string[] = [];
  for (const piece of text.split(/ (?=--)/)) {
    const last = parts.at(-1);
    const isQuoted = last !== undefined && (last.replaceAll("\\'", '').split("'").length - 1) % 2 === 1;
    if (isQuoted) parts[parts.length - 1] = `${last} ${piece}`;
    else parts.push(piece);
  }
  return parts;
}
