// Splits SQL into words and marks, or says where dialects would split it differently. Knows no statement. A text that two databases
// read differently is refused, because nobody says which one is behind the tool.

export type SqlToken =
  /** `text` in upper case. */
  | { readonly kind: 'word'; readonly text: string }
  /** An identifier in quotes, upper case, without them; or a string, since dialects differ about `"`. */
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'mark'; readonly text: string };

export type SqlReading =
  | { readonly ok: true; readonly tokens: readonly SqlToken[] }
  | { readonly ok: false; readonly fault: string };

const WORD = /[\p{L}_][\p{L}\p{M}\p{N}_$]*/uy;
/** Ends where the strictest database ends it: `1DROP` and `1.DROP` are two words. Also `$1`, a parameter. */
const NUMBER = /(?:0x[0-9a-f]+|[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?|\$[0-9]+(?![\w$]))/iy;
const SPACE = /[ \t\r\n]+/y;
const MARKS = /[-+*/%=<>!|&^~?:@.,;()[\]]/;
/** Directly before a quote they change what the quote means. */
const QUOTE_WORDS: ReadonlySet<string> = new Set(['Q', 'NQ', 'U&', 'R', 'RB', 'BR']);

/** attacker-controlled: `sql`. Linear. */
export function tokenizeSql(sql: string): SqlReading {
  const tokens: SqlToken[] = [];
  let brackets = 0;
  let at = 0;
  while (at < sql.length) {
    const char = sql[at] ?? '';
    const gap = matchAt(SPACE, sql, at);
    if (gap !== undefined) {
      at += gap.length;
      continue;
    }
    const word = matchAt(WORD, sql, at) ?? matchAt(NUMBER, sql, at);
    if (word !== undefined) {
      at += word.length;
      const text = word.normalize('NFKC').toUpperCase();
      const before = sql[at] === '&' ? `${text}&` : text;
      const next = sql[at + before.length - text.length];
      if ((next === "'" || next === '"') && QUOTE_WORDS.has(before)) {
        return deny(`must not hold a string that begins with \`${before}${next}\``);
      }
      tokens.push({ kind: 'word', text });
      continue;
    }
    const enclosed = readEnclosed(sql, at, char);
    if (enclosed !== undefined) {
      if (!enclosed.ok) return enclosed;
      // where brackets quote, what we take for a string or comment would end at the bracket
      if (brackets > 0 && enclosed.content.includes(']'))
        return deny('must not hold a quote or comment with `]` in brackets');
      if (enclosed.quote !== undefined)
        tokens.push({ kind: 'quoted', text: enclosed.content.normalize('NFKC').toUpperCase() });
      at = enclosed.end;
      continue;
    }
    if (sql.startsWith(']]', at)) return deny('must not hold `]]` outside quotes');
    if (!MARKS.test(char))
      return deny(`must not hold \`${/[!-_a-~]/.test(char) ? char : 'odd characters'}\` outside quotes`);
    if (char === '[') brackets += 1;
    if (char === ']') brackets = Math.max(0, brackets - 1);
    tokens.push({ kind: 'mark', text: char });
    at += 1;
  }
  return { ok: true, tokens };
}

type Enclosed =
  | { readonly ok: true; readonly content: string; readonly end: number; readonly quote: string | undefined }
  | { readonly ok: false; readonly fault: string };

/** A string, a quoted identifier or a comment at `at`. Undefined where none begins there. */
function readEnclosed(sql: string, at: number, char: string): Enclosed | undefined {
  if (char === "'" || char === '"' || char === '`') return readQuoted(sql, at, char);
  if (sql.startsWith('--', at)) return readLineComment(sql, at);
  if (sql.startsWith('/*', at)) return readBlockComment(sql, at);
  return undefined;
}

function readQuoted(sql: string, at: number, quote: string): Enclosed {
  let end = at + 1;
  for (;;) {
    end = sql.indexOf(quote, end);
    if (end === -1) return deny(`must close its quotes (\`${quote === '`' ? 'backtick' : quote}\`)`);
    // for some dialects the backslash keeps the quote from closing
    if (sql[end - 1] === '\\') return deny('must not hold a backslash before a quote');
    if (sql[end + 1] !== quote) break;
    end += 2;
  }
  const content = sql.slice(at + 1, end);
  // for some dialects a backtick is an operator, and what is between two of them is code
  if (quote === '`' && !/^[\p{L}\p{M}\p{N}_$. -]*$/u.test(content))
    return deny('must not hold odd characters in backticks');
  return { ok: true, content, end: end + 1, quote };
}

function readLineComment(sql: string, at: number): Enclosed {
  const line = /[^\n]*/y;
  const content = matchAt(line, sql, at) ?? '';
  // `--x` is a comment for some and two signs for others; a lone CR ends the line for some
  if (!/^--(?:[ \t]|\r?$)/.test(content)) return deny('must have a blank after `--`');
  if (content.replace(/\r$/, '').includes('\r')) return deny('must not hold a bare CR');
  return { ok: true, content, end: at + content.length, quote: undefined };
}

function readBlockComment(sql: string, at: number): Enclosed {
  const close = sql.indexOf('*/', at + 2);
  if (close === -1) return deny('must close its comments');
  const content = sql.slice(at + 2, close);
  // executed by MySQL and MariaDB; hints of others
  if (/^(?:!|M!|\+)/i.test(content)) return deny('must not hold a comment that some databases execute');
  if (content.includes('/*')) return deny('must not nest comments');
  return { ok: true, content, end: close + 2, quote: undefined };
}

function matchAt(sticky: RegExp, text: string, at: number): string | undefined {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0];
}

function deny(fault: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault };
}
