// Another config while the session runs: servers come and go, are called by another prefix, or may be tried again. Narrows for the next
// message; what was sent is answered, and what has left is ended once it owes nothing. Knows no policy.
import type { ChangedLists } from './changed-lists.ts';
import type { LaneId } from './events.ts';
import { judgeKept } from './kept-lists.ts';
import type { Lane } from './lane.ts';
import type { LaneTable } from './lane-table.ts';
import type { Lanes } from './lanes.ts';
import type { Outbox } from './outbox.ts';
import type { Prefixes } from './prefixes.ts';
import type { ResourceRoutes } from './resource-routes.ts';
import type { GatewaySettings, LaneSettings } from './settings.ts';
import { takeRegained } from './withheld-lists.ts';

export interface LaneChangeParts {
  readonly settings: GatewaySettings;
  readonly table: LaneTable;
  readonly lanes: Lanes;
  readonly prefixes: Prefixes;
  readonly routes: ResourceRoutes;
  readonly outbox: Outbox;
  readonly changed: ChangedLists;
}

export class LaneChanges {
  readonly #parts: LaneChangeParts;

  constructor(parts: LaneChangeParts) {
    this.#parts = parts;
  }

  /**
   * @param renewed those that another command starts from now on
   * @throws RangeError where two of them have one prefix: nothing has changed then
   */
  become(next: readonly LaneSettings[], renewed: ReadonlySet<LaneId>): void {
    const { table, prefixes } = this.#parts;
    prefixes.become(next);
    const before = new Map(table.all.map((lane) => [lane, lane.settings]));
    for (const lane of table.become(next)) this.#leave(lane);
    for (const lane of table.all) this.#settle(lane, before.get(lane), renewed.has(lane.id));
  }

  /** After each event: who has left and owes nothing any more is ended. */
  endLeft(): void {
    const { table, outbox } = this.#parts;
    for (const lane of table.left) {
      if (!lane.hasSession) table.drop(lane);
      else if (lane.state === 'starting' || lane.isUnused) {
        lane.state = 'stopping';
        outbox.push({ type: 'end_lane', lane: lane.id });
      }
    }
  }

  /** The session ends: nothing comes back. */
  endAll(): void {
    const { table, lanes, outbox } = this.#parts;
    for (const lane of [...table.all, ...table.left]) {
      lane.retryAtMs = Number.POSITIVE_INFINITY;
      lanes.refuseWaiting(lane, 'slow');
      if (lane.hasSession) outbox.push({ type: 'end_lane', lane: lane.id });
    }
  }

  #leave(lane: Lane): void {
    const { lanes, routes, changed, outbox } = this.#parts;
    changed.left(lane);
    lane.why = 'it is not in the config any more';
    lanes.refuseWaiting(lane, 'down');
    lane.retryAtMs = Number.POSITIVE_INFINITY;
    lane.startsAtEnd = false;
    lane.lists.clear();
    lane.late.clear();
    lane.subscriptions.clear();
    routes.forget(lane);
    outbox.log('info', `\`${lane.id}\` has left the config: it is not asked any more, and ends once it owes nothing`);
  }

  /** @param before undefined: it was not there, or had left */
  #settle(lane: Lane, before: LaneSettings | undefined, isRenewed: boolean): void {
    const { changed, settings } = this.#parts;
    const { refusal, prefix } = lane.settings;
    lane.generation += 1;
    lane.late.clear();
    if (isRenewed) lane.lists.clear();
    // What a stopped server has listed was let through by another policy.
    for (const list of judgeKept(lane, settings.shownOf)) changed.noteList(list);
    for (const list of takeRegained(lane, settings.hidesAll)) changed.noteList(list);
    if (refusal !== undefined) {
      this.#refuse(lane, refusal.text);
      return;
    }
    if (before === undefined || before.refusal !== undefined) this.#open(lane);
    else if (isRenewed) {
      if (lane.state === 'down') this.#open(lane);
      else if (lane.state === 'idle') changed.note(lane);
    }
    if (before !== undefined && before.prefix !== prefix) changed.note(lane);
  }

  /** INVARIANT: nothing starts it. One that runs refuses its calls by its own policies. */
  #refuse(lane: Lane, why: string): void {
    const { lanes, changed } = this.#parts;
    lane.why = why;
    lane.startsAtEnd = false;
    lane.retryAtMs = Number.POSITIVE_INFINITY;
    if (lane.hasSession && lane.state !== 'stopping') return;
    lane.state = 'down';
    lanes.refuseWaiting(lane, 'down');
    changed.left(lane);
  }

  /** It may run, whatever was wrong with it before. */
  #open(lane: Lane): void {
    const { lanes, changed } = this.#parts;
    lane.why = '';
    lane.failures = 0;
    lane.isRejected = false;
    lane.retryAtMs = Number.POSITIVE_INFINITY;
    if (lane.hasSession) {
      // one that comes back before it was over, or that is just ending
      lane.startsAtEnd = lane.state === 'down' || lane.state === 'stopping';
      changed.note(lane);
      return;
    }
    lane.state = 'idle';
    if (lane.settings.start === 'eager') lanes.startLate(lane);
    else changed.note(lane);
  }
}
