// Which servers there are, in the order of every list, and those that have left it and still owe something. Starts and stops nothing.
import type { LaneId } from './events.ts';
import { Lane } from './lane.ts';
import type { LaneSettings } from './settings.ts';

export class LaneTable {
  /** INVARIANT: one array for as long as the session: its holders see each change. */
  readonly all: readonly Lane[];
  readonly #inForce: Lane[];
  readonly #byId: Map<LaneId, Lane>;
  readonly #left = new Set<Lane>();
  /** Every id that has been in the config of this session. */
  readonly #ever: Set<LaneId>;

  /** @throws RangeError where two lanes have one id */
  constructor(lanes: readonly LaneSettings[]) {
    this.#inForce = lanes.map((one) => new Lane(one));
    this.all = this.#inForce;
    this.#byId = new Map(this.all.map((lane) => [lane.id, lane]));
    if (this.#byId.size !== this.all.length) throw new RangeError('two lanes have one id');
    this.#ever = new Set(this.#byId.keys());
  }

  /** This session has had more than one server, at once or one after the other. */
  get hadOthers(): boolean {
    return this.#ever.size > 1;
  }

  /** Those that have left and are not over yet. */
  get left(): ReadonlySet<Lane> {
    return this.#left;
  }

  /** Monotonic ms at which one of them wants to be looked at. */
  get wakeAtMs(): number {
    return this.all.reduce((atMs, lane) => Math.min(atMs, lane.wakeAtMs), Number.POSITIVE_INFINITY);
  }

  /** INVARIANT: never one that has left: nothing new goes there. */
  find(id: LaneId): Lane | undefined {
    const lane = this.#byId.get(id);
    return lane === undefined || this.#left.has(lane) ? undefined : lane;
  }

  /** Also one that has left: what it says belongs to what was asked of it before. */
  findAny(id: LaneId): Lane | undefined {
    return this.#byId.get(id);
  }

  /** Another config. One that comes back before it was over is the same one again. @returns who has left by it */
  become(next: readonly LaneSettings[]): readonly Lane[] {
    const wanted = new Set(next.map(({ lane }) => lane));
    for (const id of wanted) this.#ever.add(id);
    const leaving = this.#inForce.filter(({ id }) => !wanted.has(id));
    for (const lane of leaving) this.#left.add(lane);
    const order = next.map((settings) => {
      const lane = this.#byId.get(settings.lane) ?? new Lane(settings);
      lane.settings = settings;
      this.#byId.set(lane.id, lane);
      this.#left.delete(lane);
      return lane;
    });
    this.#inForce.splice(0, this.#inForce.length, ...order);
    return leaving;
  }

  /** It is over. @returns whether it had left: then it is forgotten */
  drop(lane: Lane): boolean {
    if (!this.#left.delete(lane)) return false;
    this.#byId.delete(lane.id);
    return true;
  }
}
