// The directories that a server's command line names: many servers count a relative path from one of them, not from where they work.
// Knows no file system and no server; takes too much for a directory rather than too little, since each is one more that must be allowed.

/** A longer word is a script, not a path. */
const MAX_WORD_LENGTH = 4096;
const URL = /\b(?!file:)[a-z][a-z0-9+.-]*:\/\/(?=[^/])[^\s"'`]*/gi;
/** Where in a word a path from the root, from the home or in a URL may begin. */
const STARTS = /(?:^|[=,:;"'`\s([{<>|]|^-[A-Za-z])(?=~?\/|~$|file:)/gi;
const STARTS_ON_WINDOWS = /(?:^|[=,;"'`\s([{<>|]|^-[A-Za-z])(?=[A-Za-z]:[\\/]|~[\\/]|~$|file:)/gi;
const ENDS = /[=,:;"'`\s)\]}<>|]/;
const ENDS_ON_WINDOWS = /[=,;"'`\s)\]}<>|]/;

export interface CommandPlace {
  /** Absolute, as `home`. */
  readonly cwd: string;
  readonly home: string;
  readonly windows: boolean;
}

/** Absolute, each once; may hold `.` and `..`, need not exist and need not be directories. @param args of the server's command */
export function listCommandPaths(args: readonly string[], place: CommandPlace): readonly string[] {
  return [...new Set(args.flatMap((word) => readWord(word, place)))];
}

function readWord(written: string, place: CommandPlace): readonly string[] {
  if (written.length > MAX_WORD_LENGTH) return [];
  const word = written.replace(URL, '');
  const found: string[] = [];
  for (const { 0: start, index } of word.matchAll(place.windows ? STARTS_ON_WINDOWS : STARTS)) {
    const rest = word.slice(index + start.length);
    const path = expand(rest, place);
    // a path may hold what also ends one
    found.push(path, path.split(place.windows ? ENDS_ON_WINDOWS : ENDS, 1)[0] ?? path);
  }
  if (found.length > 0) return found;
  const [, value = ''] = /^(?:-[^=]*=)?([^-].*)?$/s.exec(word) ?? [];
  return value === '' ? [] : [place.cwd + (place.windows ? '\\' : '/') + value];
}

function expand(text: string, { home, windows }: CommandPlace): string {
  const [scheme] = /^file:(?:\/\/(?:localhost)?(?=\/))?/i.exec(text) ?? [];
  if (scheme === undefined) return text.replace(/^~(?=[\\/]|$)/, () => home);
  const path = decode(text.slice(scheme.length));
  return windows ? path.replace(/^\/(?=[A-Za-z]:)/, '') : path;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
