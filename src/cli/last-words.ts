// What the guard says as it fails, without the secrets of the run. Knows no session: while one runs, its log says it (signals.ts).
import type { Masker } from '../audit/redact/masker.ts';

export class LastWords {
  readonly #end: (error: unknown) => void;
  #masker: Masker | undefined;

  /** @param end says what went wrong and ends the process */
  constructor(end: (error: unknown) => void) {
    this.#end = end;
  }

  /** From now on no word has these in it, also where something is thrown that nobody catches. */
  keep(masker: Masker | undefined): void {
    this.#masker = masker;
    process.on('uncaughtException', this.#end);
  }

  /** Somebody else catches what nobody catches. */
  rest(): void {
    process.off('uncaughtException', this.#end);
  }

  mask(text: string): string {
    return this.#masker?.maskText(text) ?? text;
  }
}
