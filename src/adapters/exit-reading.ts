// How a process ended → what the session is told of it. Pure.
import type { UpstreamExit } from '../core/events.ts';
import type { ExitStatus } from '../ports/upstream.ts';

/** sysexits: EX_UNAVAILABLE. */
const UNSTARTABLE_STATUS = 69;

export function readExit(status: ExitStatus): UpstreamExit {
  if (status.kind === 'exited') return { kind: 'exited', status: status.code, text: `code ${status.code}` };
  if (status.kind === 'signalled')
    return { kind: 'signalled', status: 128 + status.number, text: `signal ${status.signal}` };
  return { kind: 'unstartable', status: UNSTARTABLE_STATUS, text: status.reason };
}
