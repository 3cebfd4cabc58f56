// Variables in a text, as a shell, Python or Windows would put them in. Knows no environment but the one it asks.

/** The value of a variable for the server; undefined where nobody knows. */
export type VariableOf = (name: string) => string | undefined;

/** `$X`, `$env:X`, `${X}`, `${X:-word}`, `$(command)`, `%X%`, and a command in backticks before a slash. */
const VARIABLE =
  /\$(?:(?:env:)?([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?([-=+?])([^{}]*))?\}|\(([^()]*)\))|%([A-Za-z_]\w*)%|`[^`]*`(?=[/\\])/gi;
const MARK = /[$%`]/;
/** What some reader takes out of a part of a path, or puts nothing in for; also what a shell takes for quotes. */
const EMPTY = /\$(?:\w+(?::\w+)?|[@*#?!$-])?|%[^%/\\]*%|![^!/\\]*!|`[^`/\\]*`|["'`^]/g;

/** @param unknown what stands for a variable that nobody knows @returns the same text where it holds none */
export function expandVariables(text: string, variableOf: VariableOf, unknown: (match: string) => string): string {
  if (!MARK.test(text)) return text;
  return text.replace(VARIABLE, (match, ...groups) => read(groups, variableOf) ?? unknown(match));
}

/** What follows the last variable that nobody knows, as a relative path; the same text where there is none. */
export function cutUnknown(text: string, variableOf: VariableOf): string {
  if (!MARK.test(text)) return text;
  let end = 0;
  for (const match of text.matchAll(VARIABLE)) {
    if (read(match.slice(1), variableOf) === undefined) end = match.index + match[0].length;
  }
  return /^[/\\]/.test(text.slice(end)) && end > 0 ? text.slice(end).replace(/^[/\\]+/, '') : text;
}

/** Whether a part of a path is `..` once variables, commands and quotes in it stand for nothing: `.$X.`. */
export function climbsWhenEmpty(text: string): boolean {
  if (!/[$%`"'!^]/.test(text) || !text.includes('.')) return false;
  return text.split(/[/\\]/).some((part) => part !== '..' && part.replace(EMPTY, '') === '..');
}

/** @param groups of VARIABLE; what may follow them is not looked at */
function read(groups: readonly unknown[], variableOf: VariableOf): string | undefined {
  const [plain, braced, operator, word, , percent] = groups;
  const name = [plain, braced, percent].find((one) => typeof one === 'string');
  const value = typeof name === 'string' ? variableOf(name) : undefined;
  if (typeof word !== 'string') return value;
  if (operator === '+') return word;
  // `:-` and `:=` count what is empty as nothing
  return value === undefined || value === '' ? word : value;
}
