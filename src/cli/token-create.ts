// `mcp-guard token create` and `token rotate`: a token is made, kept as its hash, and handed out once: into a new file that only this user
// can read, or on stdout. Knows no file system; asks for what it needs.
import { GuardError } from '../guard-error.ts';
import { isPrincipal } from '../policy/identity/identity.ts';
import {
  addToken,
  endToken,
  MOST_TOKENS,
  stateOf,
  type TokenRecord,
  type Tokens,
} from '../policy/identity/token-record.ts';
import { stringifyInert } from './call-json.ts';
import { confirmUnlessSaid, refuseFromServer } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { readDuration, readEnd } from './read-span.ts';
import { wrapWords } from './text-width.ts';
import { findToken } from './token-find.ts';
import { carryOut, type TokenContext } from './token-order.ts';
import { describeReach, refuseOption } from './token-reach.ts';
import { showTokenJson } from './token-screen.ts';

export interface TokenCreateOptions {
  readonly principal?: string | undefined;
  readonly tenant: string;
  readonly roles?: string | undefined;
  readonly servers?: string | undefined;
  readonly expires: string;
  readonly reason?: string | undefined;
  readonly out?: string | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export interface TokenRotateOptions {
  readonly overlap?: string | undefined;
  readonly expires?: string | undefined;
  readonly reason?: string | undefined;
  readonly out?: string | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export interface HandOut {
  /** What of it this machine's config does not have, as sentences. @throws GuardError tenant_unknown: then nothing is made or recorded */
  readonly doubts: (record: TokenRecord) => Promise<readonly string[]>;
  /** From then on no tool of any session may touch it. INVARIANT: before a token stands there. @throws GuardError state_… */
  readonly noteFile: (path: string) => Promise<void>;
  /** Whether nothing stands there, or only the token of this hash. */
  readonly mayReplace: (path: string, hash: string) => boolean;
  /** Whether nothing stands there. */
  readonly isFree: (path: string) => boolean;
  /** Only this user can read it. `new`: there must be none yet; `replace`: takes the place of one, all at once. @throws GuardError state_unusable */
  readonly writeFile: (path: string, text: string, how: 'new' | 'replace') => void;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MOST_NAMES = 64;
const LONGEST_OVERLAP_MS = 7 * 86_400_000;

/** @returns the exit code: 0 @throws GuardError usage, approval_declined, audit_unwritable, state_… */
export async function runTokenCreate(
  options: TokenCreateOptions,
  io: CliIo,
  context: TokenContext & HandOut,
): Promise<number> {
  refuseFromServer(context.consent);
  const nowMs = context.nowMs();
  const { id, text, hash } = context.make();
  const record: TokenRecord = {
    ...{ id, hash, principal: readPrincipal(options.principal), tenant: options.tenant },
    roles: readNames(options.roles, '--roles') ?? [],
    servers: readNames(options.servers, '--servers') ?? null,
    createdMs: nowMs,
    expiresMs: readExpires(options.expires, nowMs),
    ...{ revokedMs: null, by: context.actor, replaces: null },
  };
  const { out, reason } = options;
  if (out !== undefined && !context.isFree(out)) {
    throw new GuardError('usage', `something stands at \`${makeInert(out)}\` already`, {
      hint: 'name a new file; `token rotate --out` puts another token into the file of an old one',
    });
  }
  for (const doubt of await context.doubts(record))
    for (const line of wrapWords(makeInert(doubt), io.columns)) io.stderr.write(`${line}\n`);
  const question = `make a token for ${about(record)}, ${describeReach(record, out)}?`;
  await confirmUnlessSaid(options.yes, context.consent, question);
  await carryOut({ order: 'create', token: record, reason }, context, io, async () => {
    // a file without a token that counts harms nobody; a token that nobody has does
    if (out !== undefined) {
      await context.noteFile(out);
      context.writeFile(out, `${text}\n`, 'new');
    }
    await store(record, context);
  });
  hand(record, text, options, io);
  return 0;
}

/** As `runTokenCreate`. The old token counts until the new one is where it has to be. */
export async function runTokenRotate(
  id: string,
  options: TokenRotateOptions,
  io: CliIo,
  context: TokenContext & HandOut,
): Promise<number> {
  refuseFromServer(context.consent);
  const old = findToken(context.read(), id);
  const nowMs = context.nowMs();
  if (stateOf(old, nowMs) !== 'valid')
    throw new GuardError('usage', `the token \`${id}\` counts no longer`, { hint: 'make another with `token create`' });
  refuseReplaced(old, context.read());
  const { out, reason } = options;
  if (out !== undefined && !context.mayReplace(out, old.hash)) {
    throw new GuardError('usage', `\`${makeInert(out)}\` holds something other than the token \`${old.id}\``, {
      hint: 'name the file of that token, or a new one: nothing else is overwritten',
    });
  }
  const overlapMs = options.overlap === undefined ? 0 : readDuration(options.overlap, LONGEST_OVERLAP_MS, '--overlap');
  const made = context.make();
  const spanMs = old.expiresMs === null ? null : old.expiresMs - old.createdMs;
  const expiresMs =
    options.expires === undefined ? (spanMs === null ? null : nowMs + spanMs) : readExpires(options.expires, nowMs);
  const fresh = { id: made.id, hash: made.hash, createdMs: nowMs, expiresMs, by: context.actor, replaces: old.id };
  const record: TokenRecord = { ...old, ...fresh, revokedMs: null };
  const then = overlapMs === 0 ? 'which ends at once' : `which ends in ${options.overlap}`;
  const question = `put another token in the place of ${old.id}, ${then}, for ${about(record)}, ${describeReach(record, out)}?`;
  await confirmUnlessSaid(options.yes, context.consent, question);
  await carryOut({ order: 'rotate', token: record, reason }, context, io, async () => {
    await store(record, context);
    try {
      if (out !== undefined) {
        await context.noteFile(out);
        context.writeFile(out, `${made.text}\n`, 'replace');
      }
    } catch (error) {
      await context.update((tokens) => endToken(tokens, record.id, 'now', context.nowMs()));
      throw error;
    }
    const end = overlapMs === 0 ? 'now' : { atMs: nowMs + overlapMs };
    await context.update((tokens) => endToken(tokens, old.id, end, context.nowMs()));
  });
  hand(record, made.text, options, io);
  return 0;
}

/** During an overlap the old one's end says no longer how long it was meant to last, and it has its heir. */
function refuseReplaced(old: TokenRecord, { tokens }: Tokens): void {
  const heir = tokens.find(({ replaces, revokedMs }) => replaces === old.id && revokedMs === null);
  if (heir === undefined) return;
  throw new GuardError('usage', `\`${heir.id}\` has taken the place of the token \`${old.id}\` already`, {
    hint: `rotate that one: \`mcp-guard token rotate ${heir.id}\``,
  });
}

async function store(record: TokenRecord, context: TokenContext): Promise<void> {
  await context.update((tokens) => {
    const more = addToken(tokens, record, record.createdMs);
    if (more !== undefined) return more;
    throw new GuardError('usage', `this machine has ${MOST_TOKENS} tokens, which is as many as it keeps`, {
      hint: 'revoke some: what has been over for 30 days makes room',
    });
  });
}

/** TRUST: the one place that shows a token. */
function hand(
  record: TokenRecord,
  text: string,
  { out, json }: Pick<TokenCreateOptions, 'out' | 'json'>,
  io: CliIo,
): void {
  if (json === true) {
    const shown = out === undefined ? { token: text } : { file: out };
    io.stdout.write(`${stringifyInert({ ...showTokenJson(record, record.createdMs), ...shown })}\n`);
    return;
  }
  const what = `token ${record.id} for ${about(record)}`;
  const where =
    out === undefined
      ? 'it is shown this once and kept nowhere: put it into a file of mode 600 and name that with `run --token-file FILE`'
      : `it stands in \`${makeInert(out)}\` and nowhere else: name that with \`run --token-file FILE\``;
  for (const line of wrapWords(`${what}; ${where}`, io.columns)) io.stderr.write(`${line}\n`);
  if (out === undefined) io.stdout.write(`${text}\n`);
}

function about({ principal, tenant, expiresMs }: TokenRecord): string {
  const until = expiresMs === null ? 'for ever' : `until ${new Date(expiresMs).toISOString()}`;
  return `${principal} of ${tenant}, ${until}`;
}

function readPrincipal(principal: string | undefined): string {
  refuseOption(principal, '--principal', 'write who the token is for behind it, as `--principal ci`');
  if (isPrincipal(principal)) return principal;
  const what = principal === undefined ? '`--principal` is missing' : `\`--principal ${principal}\` is no name`;
  throw new GuardError('usage', what, {
    hint: 'say who the token is for, in 1 to 200 printable ASCII characters without blanks, as `ci` or `ada@example.com`',
  });
}

function readExpires(text: string, nowMs: number): number | null {
  return text === 'never' ? null : readEnd(text, nowMs);
}

/** `a,b`: ids of roles, or of servers, where wildcards may stand. Undefined: none were given. */
function readNames(text: string | undefined, option: '--roles' | '--servers'): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  const odd = names.find((name) => !(option === '--roles' ? NAME : /^[a-z0-9*?][a-z0-9*?-]{0,62}$/).test(name));
  if (odd === undefined && names.length <= MOST_NAMES) return [...new Set(names)];
  throw new GuardError(
    'usage',
    odd === undefined ? `\`${option}\` names too many` : `\`${odd}\` in \`${option}\` is no name`,
    {
      hint: `write ids of the config with commas between, as \`${option} ${option === '--roles' ? 'reader,writer' : 'files,mail'}\``,
    },
  );
}
