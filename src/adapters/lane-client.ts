// The client that the session of one lane sees: the gateway in this process, line by line. Holds nothing but what a turn is made of.
import type { Line } from '../wire/message.ts';
import type { ClientEnd, ClientListener } from './client-end.ts';

export interface LaneListener {
  /** One line of the lane's session for its client. */
  onLine(bytes: Buffer): void;
  /** All that came in one turn has been given to `onLine`. */
  onTurnEnd(): void;
  /** The lane's server takes nothing more for now / takes again. */
  onFull(): void;
  onRoom(): void;
}

export class LaneClient implements ClientEnd {
  readonly #outer: LaneListener;
  #inner: ClientListener | undefined;
  #full = false;
  #broken = false;
  #isStuck = false;

  constructor(outer: LaneListener) {
    this.#outer = outer;
  }

  get full(): boolean {
    return this.#full;
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** Gives the session one line. Nothing leaves before `endTurn`. */
  post(line: Line): void {
    this.#inner?.onReading({ kind: 'message', line }, line.bytes);
  }

  endTurn(): void {
    this.#inner?.onTurnEnd();
  }

  /** As if the client had closed its end. */
  end(): void {
    this.#inner?.onEnd();
  }

  /** The client takes nothing more / takes again. */
  setFull(isFull: boolean): void {
    if (this.#full === isFull) return;
    this.#full = isFull;
    if (isFull) this.#inner?.onFull();
    else this.#inner?.onRoom();
  }

  /** The client is gone. */
  break(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#inner?.onBroken();
  }

  open(listener: ClientListener): void {
    this.#inner = listener;
  }

  read(): void {}

  pause(): void {
    if (this.#isStuck) return;
    this.#isStuck = true;
    this.#outer.onFull();
  }

  resume(): void {
    if (!this.#isStuck) return;
    this.#isStuck = false;
    this.#outer.onRoom();
  }

  add(bytes: Buffer): void {
    // One that nobody waits for any more.
    if (bytes.length > 0) this.#outer.onLine(bytes);
  }

  flush(): void {
    this.#outer.onTurnEnd();
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }
}
