// The rule `sql: read-only`: one statement that reads. Lexical, so a brake and no boundary: what a view, a function or a column default
// of the database does is not seen. Knows no dialect: what dialects read differently is refused.
import { readText } from './readable-value.ts';
import { type CompileRule, TOO_MUCH } from './rule.ts';
import { type SqlToken, tokenizeSql } from './sql-tokens.ts';
import {
  ACTING_FUNCTIONS,
  ACTING_PAIRS,
  ACTING_PREFIXES,
  HARMLESS_CALLS,
  LOCKING_WORDS,
  PLAN_HINTS,
  READING_PRAGMAS,
  READING_WORDS,
  WRITING_WORDS,
} from './sql-words.ts';

const MAX_SQL_LENGTH = 65_536;
const ALLOWED = 'allowed is one statement that only reads (SELECT, WITH … SELECT, VALUES, SHOW, DESCRIBE or EXPLAIN)';

export const compileSql: CompileRule<'read-only'> = () => ({
  kind: 'sql',
  check(value, budget) {
    const read = readText(value);
    if (read.ok && !budget.spend(100 + 10 * read.value.length)) return TOO_MUCH;
    const fault = read.ok ? findSqlFault(read.value) : read.fault;
    return fault === undefined ? undefined : `${fault}; ${ALLOWED}`;
  },
});

function findSqlFault(sql: string): string | undefined {
  if (sql.length > MAX_SQL_LENGTH) return `must have at most ${MAX_SQL_LENGTH} characters`;
  const read = tokenizeSql(sql);
  if (!read.ok) return read.fault;
  const tokens = withoutLastSemicolon(read.tokens);
  const first = tokens.find((token) => token.text !== '(' || token.kind !== 'mark');
  if (first?.kind !== 'word' || !READING_WORDS.has(first.text)) return 'must begin with a word that reads';
  for (const [index, token] of tokens.entries()) {
    const fault = findTokenFault(token, tokens[index - 1], tokens[index + 1]);
    if (fault !== undefined) return fault;
  }
  const ofPlan = ['EXPLAIN', 'DESCRIBE', 'DESC'].includes(first.text);
  if (ofPlan && tokens.some((token) => token.kind === 'word' && /^ANALY[SZ]E$/.test(token.text))) {
    return 'must not EXPLAIN with ANALYZE, which runs the statement';
  }
  if (first.text === 'PRAGMA') return findPragmaFault(tokens);
  return undefined;
}

function withoutLastSemicolon(tokens: readonly SqlToken[]): readonly SqlToken[] {
  const last = tokens.at(-1);
  return last?.kind === 'mark' && last.text === ';' ? tokens.slice(0, -1) : tokens;
}

function findTokenFault(
  token: SqlToken,
  before: SqlToken | undefined,
  after: SqlToken | undefined,
): string | undefined {
  if (token.kind === 'mark') return token.text === ';' ? 'must be a single statement' : undefined;
  const isCall = after?.kind === 'mark' && after.text === '(';
  if (isCall && isActing(token.text)) return `must not call \`${token.text.slice(0, 60)}\``;
  if (token.kind === 'quoted') return undefined;
  // SQL Server and Oracle call these without parentheses, or by a member of the package
  if (/^(?:XP_|SP_|UTL_|DBMS_)/.test(token.text) || token.text === 'NEXTVAL')
    return `must not use \`${token.text.slice(0, 60)}\``;
  if (WRITING_WORDS.has(token.text) && !isHarmless(token.text, before, isCall)) return `must not use \`${token.text}\``;
  if (isStatement(token.text, before, after)) return `must not use \`${token.text}\` as a statement`;
  if (LOCKING_WORDS.has(token.text) && before?.kind === 'word' && before.text === 'FOR') return 'must not lock rows';
  return undefined;
}

/** Words that are columns in most places. */
function isStatement(word: string, before: SqlToken | undefined, after: SqlToken | undefined): boolean {
  if (after?.kind !== 'word' || (before?.kind === 'mark' && before.text === '.')) return false;
  if (word === 'USE') return !PLAN_HINTS.has(after.text);
  return ACTING_PAIRS.get(word)?.has(after.text) === true;
}

function isActing(name: string): boolean {
  return ACTING_FUNCTIONS.has(name) || ACTING_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function isHarmless(word: string, before: SqlToken | undefined, isCall: boolean): boolean {
  if (isCall && HARMLESS_CALLS.has(word)) return true;
  if (before?.kind === 'mark' && before.text === '.') return true;
  return before?.kind === 'word' && before.text === 'SHOW' && word === 'CREATE';
}

function findPragmaFault(tokens: readonly SqlToken[]): string | undefined {
  const [, name, ...rest] = tokens;
  const known = name?.kind === 'word' && READING_PRAGMAS.has(name.text);
  const isPlain = rest.every((token) => token.kind !== 'mark' || /^[().]$/.test(token.text));
  return known && isPlain ? undefined : 'must not use a PRAGMA that could write';
}
