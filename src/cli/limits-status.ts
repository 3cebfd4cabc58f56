// `mcp-guard limits status` and `limits reset`: what is counted now, and counting anew. Knows no file; the store, the trail and the
// terminal are handed in.
import { GuardError } from '../guard-error.ts';
import { listFields, readLabel, shortenValue } from '../policy/limits/subject-label.ts';
import type { Instant } from '../ports/clock.ts';
import type { LimitStore } from '../ports/limit-store.ts';
import { type Consent, confirmUnlessSaid, refuseFromServer } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { formatLimitJson, formatLimits, type LimitRow, limitRows } from './limits-screen.ts';
import type { OneShotTrail } from './one-shot-trail.ts';
import { readReason } from './read-reason.ts';
import { makeDrawing, type ScreenSize } from './redraw.ts';
import { makePaint } from './render.ts';
import { wrapWords } from './text-width.ts';

export interface LimitsView {
  readonly store: Pick<LimitStore, 'list' | 'reset'>;
  now(): Instant;
  /** Where is counted, and looked, for who looks at the wrong place: `/home/ada/…`, "the redis of …". Undefined: in each guard for itself. */
  readonly place: string | undefined;
  /** What helps where that cannot be read. */
  readonly mend: string;
}

export interface LimitsStatusOptions {
  readonly tenant: string;
  readonly watch?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export interface LimitsWatch {
  /** Of the terminal that is drawn anew; undefined where stdout is none: then each look is a block of its own. */
  size(): ScreenSize | undefined;
  /** Settles after a second, or with false where the person has seen enough. */
  tick(): Promise<boolean>;
}

/** With `watch` a store that cannot be read is waited for. @returns the exit code @throws GuardError state_unusable */
export async function runLimitsStatus(
  options: LimitsStatusOptions,
  io: CliIo,
  view: LimitsView,
  watch: LimitsWatch,
): Promise<number> {
  const { place } = view;
  if (place === undefined) {
    (options.json === true ? io.stderr : io.stdout).write(wrapLines([`${ALONE}, so nobody else can show it`], io));
    return 0;
  }
  const draw = makeDrawing(io);
  do {
    const size = options.watch === true && options.json !== true ? watch.size() : undefined;
    const here = { ...io, columns: size?.columns ?? io.columns };
    const rows = await lookAt(view);
    const isAway = typeof rows === 'string';
    if (isAway && options.watch !== true) throw unreadable(rows, view);
    const { wallMs } = view.now();
    const text = isAway
      ? wrapLines([`the limits cannot be read: ${rows}`], here)
      : show(rows, options, here, { place, wallMs });
    if (size !== undefined) draw(text, size);
    else if (options.json === true) (isAway ? io.stderr : io.stdout).write(text);
    // each look is a block of its own
    else io.stdout.write(options.watch === true ? `-- ${new Date(wallMs).toISOString()}\n${text}\n` : text);
  } while (options.watch === true && (await watch.tick()));
  return 0;
}

const ALONE = '`limitStore.kind` is `memory`: each guard counts for itself';

/** Why they cannot be read, where they cannot. */
async function lookAt({ store, now }: LimitsView): Promise<readonly LimitRow[] | string> {
  const listing = await store.list(now());
  return listing.kind === 'listed' ? limitRows(listing.keys, now().wallMs) : listing.why;
}

function unreadable(why: string, { mend }: Pick<LimitsView, 'mend'>): GuardError {
  return new GuardError('state_unusable', `the limits cannot be read: ${why}`, { hint: mend });
}

function show(
  rows: readonly LimitRow[],
  { tenant, json }: LimitsStatusOptions,
  io: CliIo,
  { place, wallMs }: { readonly place: string; readonly wallMs: number },
): string {
  if (json === true) return rows.map((row) => `${formatLimitJson(tenant, row, wallMs)}\n`).join('');
  if (rows.length > 0) return `${formatLimits(rows, io.columns, makePaint(io.color)).join('\n')}\n`;
  return wrapLines(['nothing is counted: no limit has been asked of late', `looked in ${place}`], io);
}

function wrapLines(lines: readonly string[], { columns }: Pick<CliIo, 'columns'>): string {
  return `${lines.flatMap((line) => wrapWords(makeInert(line), columns)).join('\n')}\n`;
}

export interface LimitsResetOptions {
  readonly tenant: string;
  /** A part of a limit's name, fields of a subject, or both; a principal's or a server's name. Undefined: every count of the tenant. */
  readonly about?: string | undefined;
  readonly reason?: string | undefined;
  /** Do not ask. */
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export interface ResetContext extends LimitsView {
  readonly consent: Consent;
  readonly actor: string;
  openTrail(): OneShotTrail;
}

/**
 * INVARIANT: it is on record before a count is lost.
 * @returns the exit code, 1 where nothing that is counted is meant @throws GuardError usage, approval_declined, audit_unwritable, state_unusable
 */
export async function runLimitsReset(options: LimitsResetOptions, io: CliIo, context: ResetContext): Promise<number> {
  refuseFromServer(context.consent);
  const { about, tenant } = options;
  const why = 'who may ask again, and why, goes on record';
  const reason = readReason(options.reason, why, "mcp-guard limits reset --reason 'the import has to finish today'");
  if (context.place === undefined)
    throw new GuardError('usage', `${ALONE}, so there is nothing that could be reset from here`, {
      hint: 'start the session anew, or write `"kind": "file"`',
    });
  const all = await lookAt(context);
  if (typeof all === 'string') throw unreadable(all, context);
  const counted = all.filter(({ kind }) => kind !== 'place');
  const isMeant = (row: LimitRow): boolean => about === undefined || isAbout(row, about);
  const rows = counted.filter(isMeant);
  if (about !== undefined && rows.length === 0) {
    const isPlaces = all.some(isMeant);
    return tellNothing(about, isPlaces ? KEPT : describeKnown(counted), options, io);
  }
  const keys = rows.map(({ key }) => key);
  const whose = about === undefined ? '' : ` about \`${makeInert(about)}\``;
  const counts = keys.length === 1 ? 'one count' : `${keys.length} counts`;
  await confirmUnlessSaid(options.yes, context.consent, `begin ${counts}${whose} of ${tenant} anew?`);
  const asked = { about: about ?? null, actor: context.actor, reason };
  const trail = context.openTrail();
  let count = 0;
  try {
    trail.record('limits', { stage: 'asked', ...asked, keys: keys.length });
    const reset =
      keys.length === 0 ? { kind: 'reset' as const, count: 0 } : await context.store.reset(keys, context.now());
    if (reset.kind === 'unavailable') {
      trail.record('limits', { stage: 'failed', ...asked, why: reset.why });
      throw new GuardError('state_unusable', `the limits could not be reset: ${reset.why}`, {
        hint: 'mend that, then try again',
      });
    }
    count = reset.count;
    trail.record('limits', { stage: 'reset', ...asked, keys: count });
  } finally {
    const unsealed = trail.close();
    if (unsealed !== undefined) io.stderr.write(`mcp-guard: ${makeInert(unsealed)}\n`);
  }
  const what = about === undefined ? '' : `\`${makeInert(about)}\`: `;
  const text = `${what}${count === 1 ? 'one count begins' : `${count} counts begin`} anew; calls under way keep their places`;
  if (options.json === true) io.stdout.write(`${JSON.stringify({ tenant, reset: count })}\n`);
  else io.stdout.write(`${wrapWords(text, io.columns).join('\n')}\n`);
  return 0;
}

/** INVARIANT: a count is meant by whole fields of its subject, never by a text that somebody else could have put into one. */
function isAbout({ limit, subject }: LimitRow, about: string): boolean {
  const wanted = readLabel(about);
  const isField = ([name, value]: [string, string | null]): boolean => {
    const own = Object.entries(subject).find(([dimension]) => dimension === name);
    return own !== undefined && (own[1] === value || (value !== null && own[1] === shortenValue(value)));
  };
  if (!Object.entries(wanted.subject).every(isField)) return false;
  const isNamed = Object.keys(wanted.subject).length === 0 && UNCHOSEN.some((one) => isField([one, wanted.limit]));
  return limit.includes(wanted.limit) || isNamed;
}

/** Whose names no caller makes up. */
const UNCHOSEN = ['principal', 'server'] as const;
const MOST_KNOWN = 8;
const KEPT = 'what it names are calls under way, which keep their places until they end';

/** Nothing is lost, so nothing goes on record. */
function tellNothing(
  about: string,
  why: string,
  { tenant, json }: Pick<LimitsResetOptions, 'tenant' | 'json'>,
  io: CliIo,
): number {
  const what = `nothing that could begin anew is about \`${about}\`: neither its limit nor a field of its subject`;
  io.stderr.write(wrapLines([what, why], io));
  if (json === true) io.stdout.write(`${JSON.stringify({ tenant, reset: 0 })}\n`);
  return 1;
}

function describeKnown(counted: readonly LimitRow[]): string {
  const known = [...new Set(counted.flatMap(({ limit, subject }) => [limit, ...listFields(subject)]))];
  if (known.length === 0) return 'nothing is counted now';
  const names = known.slice(0, MOST_KNOWN).map((name) => `\`${name}\``);
  const more = known.length - names.length;
  return `counted now: ${names.join(', ')}${more === 0 ? '' : ` and ${more} more (\`mcp-guard limits status\`)`}`;
}
