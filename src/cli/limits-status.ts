// `mcp-guard limits status` and `limits reset`: what is counted now, and counting anew. Knows no file; the store, the trail and the
// terminal are handed in.
import { GuardError } from '../guard-error.ts';
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
  /** The state directory, for who looks at the wrong one. */
  readonly place: string;
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

/** @returns the exit code @throws GuardError state_unusable */
export async function runLimitsStatus(
  options: LimitsStatusOptions,
  io: CliIo,
  view: LimitsView,
  watch: LimitsWatch,
): Promise<number> {
  const draw = makeDrawing(io);
  do {
    const size = options.watch === true && options.json !== true ? watch.size() : undefined;
    const columns = size?.columns ?? io.columns;
    const text = show(await readRows(view), options, { ...io, columns }, view.place);
    if (size === undefined) io.stdout.write(text);
    else draw(text, size);
  } while (options.watch === true && (await watch.tick()));
  return 0;
}

async function readRows({ store, now }: LimitsView): Promise<readonly LimitRow[]> {
  const listing = await store.list(now());
  if (listing.kind === 'listed') return limitRows(listing.keys, now().wallMs);
  throw new GuardError('state_unusable', `the limits cannot be read: ${listing.why}`, {
    hint: 'mend that, or look at another state directory with `MCP_GUARD_STATE_DIR`',
  });
}

function show(rows: readonly LimitRow[], { tenant, json }: LimitsStatusOptions, io: CliIo, place: string): string {
  if (json === true) return rows.map((row) => `${formatLimitJson(tenant, row)}\n`).join('');
  if (rows.length > 0) return `${formatLimits(rows, io.columns, makePaint(io.color)).join('\n')}\n`;
  const lines = ['nothing is counted: no limit has been asked of late', `looked in ${makeInert(place)}`];
  return `${lines.flatMap((line) => wrapWords(line, io.columns)).join('\n')}\n`;
}

export interface LimitsResetOptions {
  readonly tenant: string;
  /** A part of a limit's name or of its subject; undefined: every count of the tenant. */
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
 * @returns the exit code @throws GuardError usage, approval_declined, audit_unwritable, state_unusable
 */
export async function runLimitsReset(options: LimitsResetOptions, io: CliIo, context: ResetContext): Promise<number> {
  refuseFromServer(context.consent);
  const { about, tenant } = options;
  const why = 'who may ask again, and why, goes on record';
  const reason = readReason(options.reason, why, "mcp-guard limits reset --reason 'the import has to finish today'");
  const rows = (await readRows(context)).filter(
    ({ kind, limit, subject }) => kind !== 'place' && (about === undefined || `${limit} ${subject}`.includes(about)),
  );
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
