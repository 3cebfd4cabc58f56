// The breaker once more, as issue 4 tells it: naive, slow, without a line of the code under test. It keeps the whole history
// and looks everything up in it. Time is one number of ms; random numbers come in with what opens.
export type Letter = 'S' | 'F' | 'T' | 'N';

interface Past {
  readonly at: number;
  readonly letter: Letter;
}

const MINUTES = 60_000;

export class ReferenceBreaker {
  status: 'closed' | 'open' | 'half-open' | 'isolated' = 'closed';
  /** Every change of hands: results of calls that were let in before the newest one are late. */
  changes = 0;
  openings = 0;
  /** End of the newest opening. */
  until = 0;
  closedAt = Number.NEGATIVE_INFINITY;
  #history: Past[] = [];
  #passed = 0;
  #probe: { who: string; until: number } | undefined;
  #missing = 0;
  #openFor: 'faults' | 'tool errors' | 'person' = 'faults';

  /** May a call go? `probe`: it is the one that tries. */
  ask(now: number): 'yes' | 'probe' | 'no' {
    if (this.status === 'closed') return 'yes';
    if (this.status === 'open' && now >= this.until) return 'probe';
    if (this.status === 'half-open' && (this.#probe === undefined || now >= this.#probe.until)) return 'probe';
    return 'no';
  }

  go(who: string, now: number, random: number): 'yes' | 'probe' | 'no' {
    const answer = this.ask(now);
    if (answer !== 'probe') return answer;
    if (this.status === 'open') {
      this.status = 'half-open';
      this.#passed = 0;
    } else if (this.#probe !== undefined) {
      this.#missing += 1;
      if (this.#missing % 3 === 0) {
        this.#open(now, random, this.#openFor);
        return 'no';
      }
    }
    this.#probe = { who, until: now + Math.min(MINUTES * 2 ** this.#missing, 60 * MINUTES) };
    this.changes += 1;
    return 'probe';
  }

  /** A call that was let in at the given change ends. */
  end(letter: Letter, since: number, now: number, random: number): void {
    if (since !== this.changes) return;
    if (this.status === 'half-open' && this.#probe !== undefined) this.#endProbe(letter, now, random);
    if (this.status !== 'closed') return;
    if (letter === 'N' || since !== this.changes) return;
    this.#history.push({ at: now, letter });
    const recent = this.#history.filter(({ at }) => now - at <= 10 * MINUTES).slice(-20);
    const faults = recent.filter((one) => one.letter === 'F').length;
    const toolErrors = recent.filter((one) => one.letter === 'T').length;
    const inARow = recent.length >= 5 && recent.slice(-5).every((one) => one.letter === 'F');
    if (inARow || (recent.length >= 5 && 2 * faults >= recent.length)) this.#open(now, random, 'faults');
    else if (recent.length >= 10 && toolErrors > 0 && 10 * (toolErrors + faults) >= 8 * recent.length)
      this.#open(now, random, 'tool errors');
  }

  #endProbe(letter: Letter, now: number, random: number): void {
    const hasFailed = letter === 'F' || (letter === 'T' && this.#openFor === 'tool errors');
    if (hasFailed) {
      this.#open(now, random, letter === 'F' ? 'faults' : 'tool errors');
      return;
    }
    this.#probe = undefined;
    this.changes += 1;
    if (letter === 'N') return;
    this.#passed += 1;
    if (this.#passed === 2) this.#close(now);
  }

  died(who: string): void {
    if (this.status !== 'half-open' || this.#probe?.who !== who) return;
    this.#probe = undefined;
    this.changes += 1;
  }

  order(order: 'open' | 'close' | 'reset' | 'isolate', now: number, random: number): void {
    if (order === 'isolate') {
      this.status = 'isolated';
      this.openings = 0;
      this.#probe = undefined;
      this.#missing = 0;
      this.changes += 1;
    } else if (order === 'reset' || (order === 'close' && this.status !== 'closed')) {
      this.#close(now);
      if (order === 'reset') this.openings = 0;
      this.changes += 1;
    } else if (order === 'open' && this.status !== 'isolated') this.#open(now, random, 'person');
  }

  #open(now: number, random: number, openFor: 'faults' | 'tool errors' | 'person'): void {
    if (this.status === 'closed' && now - this.closedAt >= 10 * MINUTES) this.openings = 0;
    this.openings += 1;
    this.status = 'open';
    this.#probe = undefined;
    this.#openFor = openFor;
    const wanted = Math.min(10 * MINUTES, (MINUTES / 2) * 2 ** (this.openings - 1));
    this.until = now + Math.min(10 * MINUTES, Math.round(wanted * (0.8 + 0.4 * random)));
    this.changes += 1;
  }

  #close(now: number): void {
    this.status = 'closed';
    this.closedAt = now;
    this.#history = [];
    this.#probe = undefined;
    this.#missing = 0;
  }
}
