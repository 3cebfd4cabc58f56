// Which message an envelope announces, from its keys and its id token alone. Knows no bytes and no values.
import { foldKey } from './confusable.ts';
import type { Refusal, RequestId } from './message.ts';
import { readRequestId } from './request-id.ts';

/** Collects the top-level members of a line that is refused, to say for whom and as what. Doubt gives no id, no shape. */
export class EnvelopeHead {
  #ids = 0;
  #id: RequestId | undefined;
  #methods = 0;
  #outcomes = 0;
  #shapeDoubt = false;

  /** Counts one key, decoded. A key that only reads like a protocol key is doubt: its reader may see another message. */
  addKey(key: string): void {
    const folded = foldKey(key);
    if (folded === 'id') {
      this.#ids++;
    } else if (folded === 'method' || folded === 'result' || folded === 'error') {
      if (folded === 'method') this.#methods++;
      else this.#outcomes++;
      if (key !== folded) this.#shapeDoubt = true;
    }
  }

  /** Takes the raw value of a member whose key is exactly `id`: one that only reads like it is counted, never believed. */
  setIdToken(token: string): void {
    this.#id = readIdToken(token);
  }

  /** The one legal id. Undefined where there are several keys that read like it. */
  get id(): RequestId | undefined {
    return this.#ids === 1 ? this.#id : undefined;
  }

  get shape(): Refusal['shape'] {
    if (this.#shapeDoubt) return 'unknown';
    if (this.#methods > 0 && this.#outcomes === 0) return this.id === undefined ? 'unknown' : 'request';
    return this.#methods === 0 && this.#outcomes > 0 ? 'response' : 'unknown';
  }
}

function readIdToken(token: string): RequestId | undefined {
  try {
    return readRequestId(JSON.parse(token), token);
  } catch {
    return undefined;
  }
}
