// The policy that is in force for a run, and the one place where another takes its place: all at once, between two messages, or not
// at all. Knows no file; what a policy means is its followers' to say.
import type { Policy } from '../config/policy.ts';
import type { HeldPolicy } from './open-policy.ts';

/** Something that reads of the policy what it needs. */
export interface PolicyFollower {
  /** Nothing is granted any more, until another policy takes over. INVARIANT: does not throw. Absent: it grants nothing by itself. */
  close?(why: string): void;
  /** What is refused or waits now, in the words of its notes. Absent: nothing ever does. */
  standing?(): readonly string[];
  /** When the first of its grants ends that are alive at `nowMs` (wall clock); Infinity for never. Absent: it has none. */
  grantsEndMs?(nowMs: number): number;
  /** INVARIANT: does not throw. @param beforeMs when they were alive */
  grantsEnded?(beforeMs: number, nowMs: number): void;
  /** Works out what would hold. Changes nothing. A throw: the old policy stays, for every follower. */
  prepare(next: HeldPolicy): PreparedPolicy | Promise<PreparedPolicy>;
}

export interface PreparedPolicy {
  /** What to tell the person: what is refused from now on, what waits for a start. */
  readonly notes: readonly string[];
  /** INVARIANT: does not throw. A follower that cannot go on denies. */
  commit(): void;
}

export class PolicyInForce {
  #held: HeldPolicy;
  readonly #first: HeldPolicy;
  readonly #followers: PolicyFollower[] = [];
  readonly #last: PolicyFollower[] = [];
  #together: (action: () => void) => void = (action) => action();

  constructor(held: HeldPolicy) {
    this.#held = held;
    this.#first = held;
  }

  get held(): HeldPolicy {
    return this.#held;
  }

  /** An approval has ended, and what holds without it cannot be read: then nothing does. */
  close(why: string): void {
    this.#held = { ...this.#held, untilMs: Number.POSITIVE_INFINITY };
    this.#together(() => {
      for (const one of [...this.#followers, ...this.#last]) one.close?.(why);
    });
  }

  /** What of the policy is refused or waits now. */
  standing(): readonly string[] {
    const { lock, policy } = this.#held;
    const refused = [...this.#followers, ...this.#last].flatMap((one) => one.standing?.() ?? []);
    const unapproved = lock?.waiting === undefined ? [] : [lock.waiting];
    return [...refused, ...unapproved, ...waitingForStart(this.#first.policy, policy)];
  }

  /** When the first grant ends by itself that is alive at `nowMs` (wall clock); Infinity for never. */
  grantsEndMs(nowMs: number): number {
    const ends = [...this.#followers, ...this.#last].map((one) => one.grantsEndMs?.(nowMs) ?? Number.POSITIVE_INFINITY);
    return Math.min(...ends);
  }

  /** A list may be another one by that. */
  grantsEnded(beforeMs: number, nowMs: number): void {
    this.#together(() => {
      for (const one of [...this.#followers, ...this.#last]) one.grantsEnded?.(beforeMs, nowMs);
    });
  }

  /** @param together runs what all followers do as one turn, at once: for who has many servers behind one client */
  goTogether(together: (action: () => void) => void): void {
    this.#together = together;
  }

  /** For as long as the run. */
  follow(follower: PolicyFollower): void {
    this.#followers.push(follower);
  }

  /** As `follow`, and goes over after all those that merely follow, whenever they began to. */
  followLast(follower: PolicyFollower): void {
    this.#last.push(follower);
  }

  /**
   * All of it between two turns of the session. @param isWanted asked last of all: false, and nothing is done
   *
   * @returns the notes of all @throws what a `prepare` throws: nothing has changed then
   */
  async swap(next: HeldPolicy, isWanted: () => boolean = () => true): Promise<readonly string[]> {
    const prepared = await Promise.all([...this.#followers, ...this.#last].map((one) => one.prepare(next)));
    if (!isWanted()) return [];
    // INVARIANT: nothing is awaited from here on, so no message comes in between
    this.#held = next;
    this.#together(() => {
      for (const one of prepared) one.commit();
    });
    return prepared.flatMap(({ notes }) => notes);
  }
}

/** Keys of a whole session: another value of them holds when the server is started anew. */
export function waitingForStart(before: Policy | undefined, after: Policy | undefined): readonly string[] {
  if (before === undefined || after === undefined) return [];
  const keys = (['audit', 'model', 'shutdown', 'maxLineBytes', 'log', 'auth', 'canary'] as const).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  return keys.length === 0 ? [] : [`for ${keys.map((key) => `\`${key}\``).join(', ')} start the server anew`];
}
