// What a person reads on stderr of a server that comes and goes behind a gateway. Texts only; knows no state but the lane's.
import type { UpstreamExit } from '../events.ts';
import type { Lane } from './lane.ts';

export function rejectedText({ id, why }: Lane): string {
  return `\`${id}\` is left out (${why}) and is not asked again in this session; the other servers go on`;
}

/** It is over, and what comes of it. */
export function downText({ id, why }: Lane, delayMs: number | undefined): string {
  const then =
    delayMs === undefined
      ? 'is not started again in this session (`onExit: exit`)'
      : `is tried again in ${delayMs / 1000} s`;
  return `\`${id}\` is down (${why}) and ${then}; the other servers go on`;
}

export function unusedText({ id, settings }: Lane): string {
  return `\`${id}\` was not used for ${settings.idleStopMs} ms and is stopped; it comes back by itself`;
}

/** For who reads stderr at that level: the list is whole. */
export function standsInText({ id, settings }: Lane, method: string): string {
  return `\`${id}\` has not answered \`${method}\` in ${settings.startTimeoutMs} ms: what it listed last is shown`;
}

/** @param wasSent it has the request, and does not answer */
export function leftOutText({ id, settings }: Lane, method: string, wasSent: boolean): string {
  return wasSent
    ? `\`${id}\` has not answered \`${method}\` in ${settings.startTimeoutMs} ms: it is left out`
    : `\`${id}\` is not up after ${settings.startTimeoutMs} ms: \`${method}\` is answered without it`;
}

/** Why its session takes nothing any more, as a part of a sentence. */
export function whyGone(isLoop: boolean, exit: UpstreamExit | undefined): string {
  if (exit === undefined) return isLoop ? 'it has ended too often' : 'it has ended';
  if (exit.kind === 'unstartable') return exit.text;
  return isLoop ? `it has ended too often, last with ${exit.text}` : `it has ended with ${exit.text}`;
}
