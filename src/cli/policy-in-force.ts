// The policy that is in force for a run, and the one place where another takes its place: all at once, between two messages, or not
// at all. Knows no file; what a policy means is its followers' to say.
import type { HeldPolicy } from './open-policy.ts';

/** Something that reads of the policy what it needs. */
export interface PolicyFollower {
  /** Works out what would hold. Changes nothing. A throw: the old policy stays, for every follower. */
  prepare(next: HeldPolicy): PreparedPolicy;
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

  constructor(held: HeldPolicy) {
    this.#held = held;
  }

  get held(): HeldPolicy {
    return this.#held;
  }

  /** For as long as the run. */
  follow(follower: PolicyFollower): void {
    this.#followers.push(follower);
  }

  /** To be called between two turns of the session. @returns the notes of all @throws what a `prepare` throws: nothing has changed then */
  swap(next: HeldPolicy): readonly string[] {
    const prepared = this.#followers.map((one) => one.prepare(next));
    this.#held = next;
    for (const one of prepared) one.commit();
    return prepared.flatMap(({ notes }) => notes);
  }
}
