// Tells of what a rule would have stopped, had its server not only been observed: on stderr, and on record where the record of the
// request does not say it already. Decides nothing, holds nothing back.
import type { Instant } from '../ports/clock.ts';
import { showInert } from '../wire/inert-text.ts';
import type { JsonScalar } from '../wire/json.ts';
import type { UpstreamId } from './events.ts';
import type { Exchange } from './exchange.ts';
import type { Narrowing, Observed } from './interceptor.ts';
import type { Ledger } from './ledger.ts';
import type { SessionParts } from './session-parts.ts';
import type { Tally } from './tally.ts';

export interface Sight {
  /** `request`: its own record says so already. */
  readonly what: 'request' | 'list' | 'capabilities' | 'answer' | 'notification';
  /** Of the request or notification. attacker-controlled. */
  readonly method: string;
  /** What it is about, in words for a person: a tool, how many entries. attacker-controlled. */
  readonly subject: string;
  readonly observed: Observed;
  /** Flat; what the record says beside. */
  readonly detail?: Readonly<Record<string, JsonScalar>>;
  /** The request that this is the answer to. */
  readonly record?: string;
}

const LONGEST_SUBJECT = 80;
const THEN: Readonly<Record<Sight['what'], readonly [would: string, does: string]>> = {
  request: ['would be denied', 'goes on'],
  list: ['would be hidden', 'are shown'],
  capabilities: ['would be hidden', 'are shown'],
  answer: ['would be withheld', 'goes on'],
  notification: ['would be dropped', 'goes on'],
};
const WHY: Readonly<Record<Observed['by'], string>> = { observe: '`mode: observe`', pause: 'it is paused' };

/** What is said can be repeated for ever by either peer: stderr hears of the 1st, 2nd, 4th … and so does the record of a notification. */
export function tellObserved(
  { ledger, tally }: { readonly ledger: Ledger; readonly tally: Tally },
  server: UpstreamId,
  { what, method, subject, observed, detail, record }: Sight,
  now: Instant,
): void {
  const { rule, reason, by } = observed;
  const count = tally.count(`observed:${server}:${what}:${rule}`);
  const isRepeated = what === 'notification';
  if (what !== 'request' && (!isRepeated || count !== undefined)) {
    const more = isRepeated ? { count: count ?? 0 } : { record: record ?? null };
    ledger.note('observed', server, { what, method, rule, reason, by, ...detail, ...more }, now);
  }
  if (count === undefined) return;
  const [would, does] = THEN[what];
  const shown = showInert(subject.length > LONGEST_SUBJECT ? `${subject.slice(0, LONGEST_SUBJECT)}…` : subject);
  const often = count === 1 ? '' : ` (${count} times so far)`;
  // of a list it is a number and a word of the guard's own, and the reason a word for records
  const about = what === 'list' ? shown : `\`${shown.replaceAll('`', "'")}\``;
  const why = what === 'list' || what === 'capabilities' ? '' : ` (${reason})`;
  const how = what === 'list' && shown.startsWith('1 ') ? 'is shown' : does;
  ledger.log('warn', `\`${server}\`: ${about} ${would} by \`${showInert(rule)}\`${why} and ${how}: ${WHY[by]}${often}`);
}

/** A request that goes out. Its own record says by which rule it would not have. */
export function tellObservedRequest(parts: SessionParts, { view, progress }: Exchange, now: Instant): void {
  const observed = progress.observed?.observed;
  if (observed === undefined) return;
  const { upstream, method, tool } = view;
  parts.observed(upstream, { what: 'request', method, subject: tool ?? method, observed }, now);
}

export type ObservedNarrowing = Narrowing & { readonly kind: 'observed' };

export function isObservedOnly(narrowing: Narrowing): narrowing is ObservedNarrowing {
  return narrowing.kind === 'observed';
}
