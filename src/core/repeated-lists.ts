// Marks the lists that servers give, so that policies need not look at ten thousand tools again that are the same as before. Decides
// nothing; that two answers say the same, byte for byte, is wire/repeated-line.ts's to know.
import type { JsonObject } from '../wire/json.ts';
import type { UpstreamId } from './events.ts';
import type { RepeatMark } from './interceptor.ts';

const LISTS = new Set(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']);

interface Marked {
  readonly upstream: UpstreamId;
  readonly method: string;
  readonly mark: RepeatMark;
}

export class RepeatedLists {
  /** By what was read: the same object is the same bytes. */
  readonly #marked = new WeakMap<JsonObject, Marked>();

  /** @returns equal marks: the same server gave the same result to the same method; undefined: it is no list */
  markOf(upstream: UpstreamId, method: string, result: JsonObject): RepeatMark | undefined {
    if (!LISTS.has(method)) return undefined;
    const known = this.#marked.get(result);
    if (known?.upstream === upstream && known.method === method) return known.mark;
    const mark = Symbol(method);
    this.#marked.set(result, { upstream, method, mark });
    return mark;
  }
}
