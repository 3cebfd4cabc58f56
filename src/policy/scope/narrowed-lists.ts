// Remembers what a scope took out of the last long list of each server, so that ten thousand tools that come again are not decided
// again. Decides nothing; knows neither lists nor methods.
import type { UpstreamId } from '../../core/events.ts';
import type { Narrowing, RepeatMark } from '../../core/interceptor.ts';
import type { Layers } from './scope-layer.ts';

interface Kept {
  readonly repeat: RepeatMark;
  readonly layers: Layers;
  readonly narrowings: readonly Narrowing[];
  /** Milliseconds since the epoch: from here on, and until just before there, the same grants are alive. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export class NarrowedLists {
  readonly #last = new Map<UpstreamId, Kept>();

  /**
   * What `narrow` gives, or gave for the same list under the same layers while the same grants were alive.
   *
   * @param repeat undefined: nobody knows whether this list was seen before; nothing is remembered
   * @param nowMs milliseconds since the epoch
   */
  narrow(
    upstream: UpstreamId,
    repeat: RepeatMark | undefined,
    layers: Layers,
    nowMs: number,
    narrow: () => readonly Narrowing[],
  ): readonly Narrowing[] {
    if (repeat === undefined) return narrow();
    const kept = this.#last.get(upstream);
    // INVARIANT: layers never change; another policy has others
    if (kept?.repeat === repeat && kept.layers === layers && kept.fromMs <= nowMs && nowMs < kept.untilMs)
      return kept.narrowings;
    const narrowings = narrow();
    this.#last.set(upstream, { repeat, layers, narrowings, fromMs: nowMs, untilMs: nextExpiryMs(layers, nowMs) });
    return narrowings;
  }
}

/** When the first grant that is alive expires; Infinity for never. */
export function nextExpiryMs(layers: Layers, nowMs: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { grants } of layers)
    for (const { expiresAtMs } of grants) if (nowMs < expiresAtMs && expiresAtMs < next) next = expiresAtMs;
  return next;
}
