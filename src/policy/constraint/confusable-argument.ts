// Which keys of an argument object a server might read in place of one that a rule reads. Knows no pointer.
import { foldKey } from '../../wire/confusable.ts';
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
  readonly like: string;
}

export function wantKeys(keys: readonly string[]): WantedKeys {
  return { exact: new Set(keys), folded: new Map(keys.map((key) => [fold(key), key])) };
}

/** The first key that reads like a wanted one, or that readers cut or replace. attacker-controlled: `keys`. */
export function findConfusable(keys: readonly string[], wanted: WantedKeys): Confusable | undefined {
  for (const key of keys) {
    if (wanted.exact.has(key)) continue;
    const isPlain = PLAIN.test(key);
    const like = wanted.folded.get(isPlain ? key.toLowerCase() : fold(key));
    if (like !== undefined) return { key, like };
    if (!isPlain && hasUnsafeUnit(key)) return { key, like: 'another key' };
  }
  return undefined;
}

/** What follows the name of the object in a sentence. */
export function describeConfusable({ key, like }: Confusable): string {
  return `holds ${quote(key)}, which reads like ${quote(like)}: leave it out`;
}

/** No case, no compatibility form, nothing invisible, nothing around: more than any one reader folds. */
function fold(key: string): string {
  return foldKey(trimWidely(foldKey(key).normalize('NFKC').replace(INVISIBLE, ''))).normalize('NFKC');
}
