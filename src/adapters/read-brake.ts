// How fast one server of many is read: who says much that nobody asked for is slowed down, so that neither the others nor the client are
// busy with it. Answers that are owed cost nothing, however long they are. Counts lines and bytes; knows no stream.

/** What a server may say unasked. */
export interface ReadPace {
  /** At once, after a silence … */
  readonly burstBytes: number;
  /** … and from then on. */
  readonly perSecondBytes: number;
}

/** What a line costs beside its bytes: short lines are as much work as longer ones. */
const LINE_BYTES = 128;
/** Answers that a server may owe at once, for this account: requests that were never answered do not add up to a free flood. */
const MOST_OWED = 1024;
/** However much came in one go, the next is read after so long. */
const LONGEST_WAIT_MS = 2000;

export class ReadBrake {
  readonly #pace: ReadPace;
  readonly #nowMs: () => number;
  #debt = 0;
  /** Said since the debt was last looked at. */
  #fresh = 0;
  #atMs: number;
  #owed = 0;

  /** @param nowMs monotonic */
  constructor(pace: ReadPace, nowMs: () => number) {
    this.#pace = pace;
    this.#nowMs = nowMs;
    this.#atMs = nowMs();
  }

  /** A line was sent to the server: it may answer it. */
  asked(): void {
    if (this.#owed < MOST_OWED) this.#owed += 1;
  }

  /** The server has said a line. */
  heard(bytes: number, isAnswer: boolean): void {
    if (isAnswer && this.#owed > 0) this.#owed -= 1;
    else this.#fresh += bytes + LINE_BYTES;
  }

  /** More of a line that does not end. @param isLost it is too long already: none of it is kept */
  heardPart(bytes: number, isLost: boolean): void {
    if (isLost || this.#owed === 0) this.#fresh += bytes;
  }

  /** It is on its way to be slowed down: what it says is taken in small pieces, so that nobody waits for all of it. */
  get isHot(): boolean {
    return this.#debt + this.#fresh > this.#pace.burstBytes / 2;
  }

  /** @returns ms before more is to be read; 0: at once */
  waitMs(): number {
    if (this.#debt + this.#fresh === 0) return 0;
    const { burstBytes, perSecondBytes } = this.#pace;
    const nowMs = this.#nowMs();
    const most = burstBytes + (LONGEST_WAIT_MS / 1000) * perSecondBytes;
    const paid = ((nowMs - this.#atMs) / 1000) * perSecondBytes;
    this.#atMs = nowMs;
    // INVARIANT: a silence pays for what was said before it, never ahead.
    this.#debt = Math.min(Math.max(0, this.#debt - paid) + this.#fresh, most);
    this.#fresh = 0;
    return Math.max(0, Math.ceil(((this.#debt - burstBytes) / perSecondBytes) * 1000));
  }
}
