// The policy that is in force for a run, and the one place where another takes its place: all at once, between two messages, or not
// at all. Knows no file; what a policy means is its followers' to say.
import type { HeldPolicy } from './open-policy.ts';

/** Something that reads of the policy what it needs. */
export interface PolicyFollower {
  /** Nothing is granted any more, until another policy takes over. INVARIANT: does not throw. Absent: it grants nothing by itself. */
  close?(why: string): void;
  /** What is refused or waits now, in the words of its notes. Absent: nothing ever does. */
  standing?(): readonly string[];
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
  readonly #followers: PolicyFollower[] = [];
  readonly #last: PolicyFollower[] = [];

  constructor(held: HeldPolicy) {
    this.#held = held;
  }

  get held(): HeldPolicy {
    return this.#held;
  }

  /** An approval has ended, and what holds without it cannot be read: then nothing does. */
  close(why: string): void {
    this.#held = { ...this.#held, untilMs: Number.POSITIVE_INFINITY };
    for (const one of [...this.#followers, ...this.#last]) one.close?.(why);
  }

  /** What of the policy is refused or waits now. */
  standing(): readonly string[] {
    return [...this.#followers, ...this.#last].flatMap((one) => one.standing?.() ?? []);
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
    for (const one of prepared) one.commit();
    return prepared.flatMap(({ notes }) => notes);
  }
}
