// Several patterns name one tool: of each key the stricter value holds, which is the one that opens sooner, stays open longer or
// lets less through. Knows no pattern and no default.
import { SETTING_WORDS } from '../policy/breaker/breaker-settings.ts';
import type { WrittenBreaker } from './policy.ts';

/** What the block of a tool can say. */
type ToolKey = Exclude<keyof WrittenBreaker, 'escalateTools' | 'escalateShare'>;
type Value<Key extends ToolKey> = NonNullable<WrittenBreaker[Key]>;
type Values = { readonly [Key in ToolKey]?: Value<Key> | undefined };
type Rules = { readonly [Key in ToolKey]: (one: Value<Key>, other: Value<Key>) => Value<Key> };

const { min: least, max: most } = Math;
const first =
  <Word extends string>(words: readonly Word[]) =>
  (one: Word, other: Word): Word =>
    words.indexOf(one) <= words.indexOf(other) ? one : other;

export const STRICTER: Rules = {
  mode: first(SETTING_WORDS.mode),
  // the longer memory: what the other pattern counts is still in it
  samples: most,
  maxAgeMs: most,
  minimum: least,
  faultRate: least,
  consecutiveFaults: least,
  countToolErrors: first(SETTING_WORDS.countToolErrors),
  toolErrorRate: least,
  toolErrorMinimum: least,
  slowCall: (one, other) => ({ afterMs: least(one.afterMs, other.afterMs), rate: least(one.rate, other.rate) }),
  openMs: most,
  maxOpenMs: most,
  jitter: least,
  forgetAfterMs: most,
  successesToClose: most,
  leaseMs: most,
  hide: (one, other) => one || other,
  // what others have found refuses more
  share: first(SETTING_WORDS.share),
  maxInFlight: least,
  maxWaitMs: least,
};

/** @param written what each of the patterns says; a key that none of them writes is absent from the answer */
export function pickStricter(written: readonly WrittenBreaker[]): WrittenBreaker {
  return written.reduce(stricterOf, {});
}

function stricterOf(one: WrittenBreaker, other: WrittenBreaker): WrittenBreaker {
  const both: WrittenBreaker = { ...one, ...other };
  const keys = Object.keys(STRICTER) as ToolKey[]; // the keys of the literal above
  return Object.assign(both, ...keys.map((key) => pick(key, one, other)));
}

function pick<Key extends ToolKey>(key: Key, one: Values, other: Values): Values {
  const left: Values[Key] = one[key];
  const right: Values[Key] = other[key];
  return left === undefined || right === undefined ? {} : { [key]: STRICTER[key](left, right) };
}
