// Puts the lines of one entry below a top-level key of a YAML text and leaves every other line alone. Pure; reads no YAML but the
// form that people write: `key:` at the start of a line, its entries indented below. Whoever calls parses the result again and
// compares: what is written otherwise comes out as something else, or not at all.

/** The indent of entries below `key`; two blanks where there are none. */
export function entryIndent(text: string, key: string): string {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => isKey(line, key));
  const child = at === -1 ? undefined : lines.slice(at + 1).find((line) => /^\s*[^\s#]/.test(line));
  return /^ +(?=[^ ])/.exec(child ?? '')?.[0] ?? '  ';
}

/** @param entry its lines, indented */
export function insertEntry(text: string, key: string, entry: readonly string[]): string {
  const ending = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => isKey(line, key));
  if (at === -1) {
    const whole = text === '' || text.endsWith('\n') ? text : `${text}${ending}`;
    return `${whole}${[`${key}:`, ...entry, ''].join(ending)}`;
  }
  let end = at + 1;
  // comments and blank lines at its end belong to what comes next
  for (let line = at + 1; line < lines.length && !/^[^\s#]/.test(lines[line] ?? ''); line += 1) {
    if (/^\s/.test(lines[line] ?? '') && (lines[line] ?? '').trim() !== '') end = line + 1;
  }
  return [...lines.slice(0, end), ...entry, ...lines.slice(end)].join(ending);
}

function isKey(line: string, key: string): boolean {
  return new RegExp(`^${key}:\\s*(?:#.*)?$`).test(line.replace(/\r$/, ''));
}
