// Shows JSON text as it stands: indented, or one member of it, with every number and string exactly as on record (a parse and
// a print would lose integers above 2^53). Assumes text that `JSON.parse` accepts; any other comes out unchanged or cut.

/** The members of the object that `text` is, as they stand; nothing where it is no object. */
export function listMembers(text: string): readonly (readonly [key: string, value: string])[] {
  const tokens = tokenize(text);
  if (tokens[0]?.text !== '{') return [];
  const members: [string, string][] = [];
  let depth = 0;
  let key: string | undefined;
  let from = 0;
  for (const [index, token] of tokens.entries()) {
    const opens = token.text === '{' || token.text === '[';
    const closes = token.text === '}' || token.text === ']';
    if (depth === 1 && key === undefined && tokens[index + 1]?.text === ':') {
      key = token.text;
      from = (tokens[index + 1]?.at ?? 0) + 1;
    } else if (key !== undefined && ((depth === 1 && token.text === ',') || (depth === 1 && closes))) {
      members.push([readKey(key), text.slice(from, token.at).trim()]);
      key = undefined;
    }
    depth += opens ? 1 : closes ? -1 : 0;
  }
  return members;
}

/** The last member called `key` (a line on record has no duplicates), or undefined. */
export function memberText(text: string, key: string): string | undefined {
  return listMembers(text).findLast(([name]) => name === key)?.[1];
}

/** Two blanks a level; empty objects and arrays on one line. */
export function indentJson(text: string): string {
  let shown = '';
  let depth = 0;
  let previous = '';
  const newLine = () => `\n${'  '.repeat(depth)}`;
  for (const { text: token } of tokenize(text)) {
    const isClosing = token === '}' || token === ']';
    if (isClosing) depth = Math.max(0, depth - 1);
    const isEmptied = isClosing && (previous === '{' || previous === '[');
    const breaksBefore = isClosing ? !isEmptied : previous === '{' || previous === '[' || previous === ',';
    if (breaksBefore && previous !== '') shown += newLine();
    shown += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth += 1;
    previous = token;
  }
  return shown;
}

interface Token {
  readonly text: string;
  readonly at: number;
}

/** By hand, not by one expression: a string of megabytes would exhaust the stack of the matcher. */
function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at);
    let end = at + 1;
    if (character === '"') end = endOfString(text, at);
    else if (!/[{}[\],:\s]/.test(character))
      while (end < text.length && !/[{}[\],:\s"]/.test(text.charAt(end))) end += 1;
    if (!/\s/.test(character)) tokens.push({ text: text.slice(at, end), at });
    at = end;
  }
  return tokens;
}

function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text.charAt(quote - 1 - slashes) === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

function readKey(token: string): string {
  try {
    return String(JSON.parse(token));
  } catch {
    return token;
  }
}
