// A session's time as every process of this machine understands it. One look at the system when it is made, none after.
//
// The clock is the kernel's CLOCK_MONOTONIC (`process.hrtime`, of which `performance.now` is an offset): the same number in
// every process of one boot, never set. Not the uptime, which counts a suspended machine's sleep: two processes that had each
// derived an offset from it, one before a suspend and one after, would disagree by the length of the sleep. So a sleep counts
// for nothing: an opening is as long awake as it was drawn.
import * as fs from 'node:fs';
import type { Moment } from '../ports/breaker-store.ts';
import type { Clock, Instant } from '../ports/clock.ts';

/** @param bootId null where the system does not say @param ownWord names this process: then no other can compare */
export function makeMoment(clock: Clock, bootId: string | null, ownWord: string): (now: Instant) => Moment {
  const originMs = Number(process.hrtime.bigint()) / 1e6 - clock.now().monoMs;
  const boot = bootId === null ? ownWord : `${bootId}${readTimeNamespace()}`;
  return ({ wallMs, monoMs }) => ({ wallMs, monoMs: originMs + monoMs, bootId: boot });
}

/** A container may have a monotonic clock of its own: time_namespaces(7). Empty where there is no such thing. */
function readTimeNamespace(): string {
  try {
    return `/${fs.readlinkSync('/proc/self/ns/time')}`;
  } catch {
    return '';
  }
}
