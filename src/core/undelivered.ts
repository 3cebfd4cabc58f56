// Tells of what goes nowhere (what belongs to nothing, what cannot be read, noise): on record and in the guard's log. Either peer can
// repeat it for ever, so only the 1st, 2nd, 4th … time is told. Decides nothing.
import type { Instant } from '../ports/clock.ts';
import type { RefusedLine, UpstreamId } from './events.ts';
import type { Ledger } from './ledger.ts';
import type { Tally } from './tally.ts';

interface Telling {
  readonly ledger: Pick<Ledger, 'note' | 'log'>;
  readonly tally: Tally;
}

/** It can be read, and no open request or question is its own. */
export function tellDropped(
  { ledger, tally }: Telling,
  from: 'client' | 'server',
  server: UpstreamId | undefined,
  why: string,
  now: Instant,
): void {
  const count = tally.count(`${from}:${server ?? ''}:${why}`);
  if (count === undefined) return;
  ledger.note('answer_dropped', server, { from, why, count }, now);
  const whose = server === undefined ? 'the client' : `\`${server}\``;
  ledger.log('info', `a message of ${whose} was dropped: ${why} (${count} so far)`);
}

/** A line of a server that is ambiguous or no message at all. @returns whether it was told this time */
export function tellRefused(
  { ledger, tally }: Telling,
  server: UpstreamId,
  { refusal, bytes }: Pick<RefusedLine, 'refusal' | 'bytes'>,
  now: Instant,
): boolean {
  const { code, detail } = refusal;
  const count = tally.count(`refused:${server}:${code}`);
  if (count === undefined) return false;
  ledger.note('line_refused', server, { from: 'server', code, detail, bytes, count }, now);
  ledger.log(
    'warn',
    `a line of \`${server}\` was refused and not forwarded: ${detail} (${count} so far); its maker has to mend that`,
  );
  return true;
}

/** What a server writes that is not JSON. @param bytes of one line */
export function tellNoise({ ledger, tally }: Telling, server: UpstreamId, bytes: number, now: Instant): void {
  const count = tally.count(`noise:${server}`);
  if (count !== undefined) ledger.note('noise', server, { count, bytes }, now);
}
