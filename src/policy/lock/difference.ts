// One place where config and lock differ, and what that means until somebody approves. Types and comparison only.
import type { Json } from '../../wire/json.ts';

/** From the top of the config as a document: plain JSON as it was written. */
export type KeyPath = readonly string[];

export interface Difference {
  readonly path: KeyPath;
  /**
   * `wider` and `changed` have no effect until they are approved; `narrower` holds at once; `blocked`: the server at `path`
   * does not start until it is approved; `layered`: both sides are evaluated for each request.
   */
  readonly direction: 'wider' | 'narrower' | 'changed' | 'blocked' | 'layered';
  /** What the lock says; undefined where it says nothing. May hold a secret below `env`, `headers` and `args`. */
  readonly before: Json | undefined;
  /** What the config says. */
  readonly after: Json | undefined;
}

/** The place of a word in an order; -1 where it is no word of it. */
export function rankIn(order: readonly string[], word: Json | undefined): number {
  return typeof word === 'string' ? order.indexOf(word) : -1;
}
