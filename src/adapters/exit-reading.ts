// How a process ended → what the session is told of it. Pure.
import type { UpstreamExit } from '../core/events.ts';
import type { ExitStatus } from '../ports/upstream.ts';

/** sysexits: EX_UNAVAILABLE. */
const UNSTARTABLE_STATUS = 69;

/** @param byGuard whether the guard had begun to end it by force */
export function readExit(status: ExitStatus, byGuard: boolean): UpstreamExit {
  if (status.kind === 'exited') return { kind: 'exited', status: status.code, byGuard, text: `code ${status.code}` };
  if (status.kind === 'signalled')
    return { kind: 'signalled', status: 128 + status.number, byGuard, text: `signal ${status.signal}` };
  return { kind: 'unstartable', status: UNSTARTABLE_STATUS, byGuard: false, text: status.reason };
}
