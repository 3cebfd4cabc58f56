// `mcp-guard token list` and `token show`: what is kept of guard tokens, which is everything but the token. Knows no file. What a token
// says came from a command line and is shown inert.
import { stateOf, type TokenRecord, type Tokens } from '../policy/identity/token-record.ts';
import type { JsonObject } from '../wire/json.ts';
import { DEFAULT_TENANT } from './bare-run.ts';
import { stringifyInert } from './call-json.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint, type Tone } from './render.ts';
import { cutText, fitName, fitText, wrapWords } from './text-width.ts';
import { findToken } from './token-find.ts';

interface ListOptions {
  /** Only of this tenant; undefined: of all. */
  readonly tenant?: string | undefined;
  readonly json?: boolean | undefined;
}

const STATES: Readonly<Record<ReturnType<typeof stateOf>, { readonly word: string; readonly tone: Tone }>> = {
  valid: { word: 'valid', tone: 'good' },
  revoked: { word: 'revoked', tone: 'bad' },
  expired: { word: 'expired', tone: 'warn' },
  not_yet_valid: { word: 'future', tone: 'warn' },
};
const WIDTHS = { id: 10, state: 7, ends: 10 };
/** With a column for tenants where there is more than the one of a config without any. */
const NAMES = { who: 20, tenant: 0, roles: 14 };
const TENANTED_NAMES = { who: 16, tenant: 12, roles: 9 };

/** Oldest first. @returns the exit code: 0 */
export function runTokenList({ tenant, json }: ListOptions, io: CliIo, tokens: Tokens, nowMs: number): number {
  const shown = tokens.tokens.filter((one) => tenant === undefined || one.tenant === tenant);
  if (json === true) for (const one of shown) io.stdout.write(`${stringifyInert(showTokenJson(one, nowMs))}\n`);
  else if (shown.length === 0)
    io.stderr.write('there are no tokens: `mcp-guard token create --principal NAME` makes one\n');
  else {
    const paint = makePaint(io.color);
    const { id, state, ends } = WIDTHS;
    const isTenanted = shown.some((one) => one.tenant !== DEFAULT_TENANT);
    const { who, tenant: whose, roles } = isTenanted ? TENANTED_NAMES : NAMES;
    const cells = (name: string, of: string, may: string, servers: string): string =>
      [fitName(name, who), ...(whose === 0 ? [] : [fitName(of, whose)]), fitText(may, roles), servers].join(' ');
    const head = [['id', id] as const, ['state', state] as const, ['ends', ends] as const];
    const left = head.map(([text, width]) => fitText(text, width)).join(' ');
    const title = `${left} ${cells('who', 'tenant', 'roles', 'servers')}`;
    io.stdout.write(`${paint('quiet', cutText(title, io.columns))}\n`);
    for (const one of shown) {
      const { word, tone } = STATES[stateOf(one, nowMs)];
      const name = makeInert(one.principal);
      const rest = cells(name, makeInert(one.tenant), one.roles.join(',') || '-', listServers(one));
      const before = `${one.id} ${paint(tone, fitText(word, state))} ${fitText(showDay(one.expiresMs), ends)}`;
      io.stdout.write(`${before} ${cutText(rest, io.columns - id - state - ends - 3)}\n`);
    }
  }
  return 0;
}

/** @returns the exit code: 0 @throws GuardError usage */
export function runTokenShow(
  id: string,
  { json }: { readonly json?: boolean | undefined },
  io: CliIo,
  tokens: Tokens,
  nowMs: number,
): number {
  const token = findToken(tokens, id);
  if (json === true) {
    io.stdout.write(`${stringifyInert(showTokenJson(token, nowMs))}\n`);
    return 0;
  }
  const { word, tone } = STATES[stateOf(token, nowMs)];
  const paint = makePaint(io.color);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['id', token.id],
    ['principal', token.principal],
    ['tenant', token.tenant],
    ['roles', token.roles.join(', ') || 'none: where the config has roles, nothing is granted'],
    ['servers', token.servers === null ? 'every server' : token.servers.join(', ')],
    ['created', `${showTime(token.createdMs)} by ${token.by}`],
    ['expires', token.expiresMs === null ? 'never' : showTime(token.expiresMs)],
    [
      'revoked',
      token.revokedMs === null ? undefined : `${showTime(token.revokedMs)}; why: \`mcp-guard token history\``,
    ],
    ['replaces', token.replaces ?? undefined],
    ['replaced', heirOf(token, tokens)],
  ];
  io.stdout.write(`${fitText('state', 10)} ${paint(tone, word)}\n`);
  for (const [key, value] of rows) {
    if (value === undefined) continue;
    const lines = wrapWords(makeInert(value), Math.max(20, io.columns - 11));
    for (const [index, line] of lines.entries()) io.stdout.write(`${fitText(index === 0 ? key : '', 10)} ${line}\n`);
  }
  return 0;
}

/** Which one has taken its place, while that one counts. */
function heirOf({ id }: TokenRecord, { tokens }: Tokens): string | undefined {
  const heir = tokens.find(({ replaces, revokedMs }) => replaces === id && revokedMs === null);
  return heir === undefined ? undefined : `by ${heir.id}`;
}

/** Keys are stable and stand in docs/auth.md. INVARIANT: neither the token nor its hash is among them. */
export function showTokenJson(token: TokenRecord, nowMs: number): JsonObject {
  const { id, principal, tenant, roles, servers, createdMs, expiresMs, revokedMs, by, replaces } = token;
  return {
    ...{ id, state: stateOf(token, nowMs), principal, tenant, roles, servers },
    created: showTime(createdMs),
    expires: expiresMs === null ? null : showTime(expiresMs),
    revoked: revokedMs === null ? null : showTime(revokedMs),
    ...{ by, replaces },
  };
}

function listServers({ servers }: TokenRecord): string {
  return servers === null ? '(every)' : servers.join(',');
}

function showDay(ms: number | null): string {
  return ms === null ? 'never' : showTime(ms).slice(0, 10);
}

/** What no calendar has came from an edited store. */
function showTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
