// Which keys of an argument object a server might read in place of one that a rule reads. Knows no pointer.
import { foldKey, isLender } from '../../wire/confusable.ts';
import { hasUnsafeUnit } from '../../wire/request-id.ts';
import { trimWidely } from './lenient-text.ts';
import { quote } from './shown-text.ts';

const PLAIN = /^[!-~]*$/;
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/** The keys that a rule reads in one object. */
export interface WantedKeys {
  readonly exact: ReadonlySet<string>;
  /** Folded form → the key that has it. */
  readonly folded: ReadonlyMap<string, string>;
}

export interface Confusable {
  readonly key: string;
  /** Undefined: it lends its members to the object. */
  readonly like: string | undefined;
}

export function wantKeys(keys: readonly string[]): WantedKeys {
  return { exact: new Set(keys), folded: new Map(keys.map((key) => [fold(key), key])) };
}

/**
 * The first key that reads like a wanted one, that lends the object members, or that readers cut or replace.
 * attacker-controlled: `keys`.
 */
export function findConfusable(keys: readonly string[], wanted: WantedKeys): Confusable | undefined {
  for (const key of keys) {
    const folded = fold(key);
    // INVARIANT: before what is wanted: a rule on it would judge what it holds as one value, not as members of the object
    if (isLender(folded)) return { key, like: undefined };
    if (wanted.exact.has(key)) continue;
    const like = wanted.folded.get(folded);
    if (like !== undefined) return { key, like };
    if (!PLAIN.test(key) && hasUnsafeUnit(key)) return { key, like: 'another key' };
  }
  return undefined;
}

/** For an object of which every member is read, whatever its key. attacker-controlled: `keys`. */
export function findLender(keys: readonly string[]): Confusable | undefined {
  const key = keys.find((one) => isLender(fold(one)));
  return key === undefined ? undefined : { key, like: undefined };
}

/** What follows the name of the object in a sentence. */
export function describeConfusable({ key, like }: Confusable): string {
  const why = like === undefined ? 'whose members some servers see beside it' : `which reads like ${quote(like)}`;
  return `holds ${quote(key)}, ${why}: leave it out`;
}

/** No case, no compatibility form, nothing invisible, nothing around: more than any one reader folds. */
function fold(key: string): string {
  if (PLAIN.test(key)) return key.toLowerCase();
  return foldKey(trimWidely(foldKey(key).normalize('NFKC').replace(INVISIBLE, ''))).normalize('NFKC');
}
