// What is meant for one server and cannot be sent while it is away: in order, and bounded. Knows no server and no state.
import type { Exchange } from './exchange.ts';

const MOST = 20_000;
const MOST_BYTES = 64 * 1024 * 1024;

export interface UnsentLine {
  readonly bytes: Buffer;
  /** Where it is a request: a closed one is not sent late. */
  readonly exchange: Exchange | undefined;
}

export class UnsentLines {
  #lines: UnsentLine[] = [];

  /** INVARIANT: what is held is bounded, whatever the client sends while the server is away. False where there is no room. */
  hold(line: UnsentLine): boolean {
    this.#lines = this.#lines.filter(isOpen);
    const bytes = this.#lines.reduce((sum, one) => sum + one.bytes.length, line.bytes.length);
    if (bytes > MOST_BYTES || this.#lines.length >= MOST) return false;
    this.#lines.push(line);
    return true;
  }

  /** The same, whether there is room or not. */
  keep(line: UnsentLine): void {
    this.#lines.push(line);
  }

  /** The exchanges of the requests among them. */
  exchanges(): ReadonlySet<Exchange | undefined> {
    return new Set(this.#lines.map(({ exchange }) => exchange));
  }

  /** Those that are still to be sent, once. */
  take(): readonly UnsentLine[] {
    const taken = this.#lines.filter(isOpen);
    this.#lines = [];
    return taken;
  }

  clear(): void {
    this.#lines = [];
  }
}

function isOpen({ exchange }: UnsentLine): boolean {
  return exchange?.closed !== true;
}
