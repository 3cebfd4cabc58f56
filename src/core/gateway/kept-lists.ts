// The lists of a server that was stopped because nobody used it: shown without waking it, and judged anew by every other policy. Knows
// nothing of what is merged.
import type { ListName } from '../interceptor.ts';
import type { Lane } from './lane.ts';
import { listOf } from './list-kinds.ts';
import type { GatewaySettings, ListKind } from './settings.ts';

/** It is stopped, and what it listed last is here. */
export function isKept({ state, lists }: Lane, kind: ListKind): boolean {
  return (state === 'idle' || state === 'stopping') && lists.has(kind);
}

/**
 * Another policy is in force. INVARIANT: what is kept is what its session would let through now, no more and no less: where that cannot
 * be told of what is here, it is dropped, and the next list wakes the server.
 *
 * @returns the lists that are others by it
 */
export function judgeKept(lane: Lane, shownOf: GatewaySettings['shownOf']): readonly ListName[] {
  return [...lane.lists].flatMap(([kind, entries]) => {
    const list = listOf(kind);
    const changed = list === undefined ? [] : [list];
    const shown = kind === 'tasks' ? undefined : shownOf?.(lane.id, kind);
    const names = new Set(entries.map(({ name }) => name));
    if (shown === undefined || shown.some((name) => !names.has(name))) {
      lane.lists.delete(kind);
      return changed;
    }
    const allowed = new Set(shown);
    const left = entries.filter(({ name }) => allowed.has(name));
    lane.lists.set(kind, left);
    return left.length === entries.length ? [] : changed;
  });
}
