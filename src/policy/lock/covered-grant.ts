// Whether an approved grant lets pass already whatever another one would: then that one adds nothing. Pure; decides nothing about a request,
// and may say no of what is covered. INVARIANT: never yes of what is not, or a widening would be shown as one that holds.
import { readUri } from '../scope/uri-readings.ts';
import type { Rule } from './scope-view.ts';

/**
 * @param isWithin whether terms ask for no less than those of an approved grant do
 * @returns the first that covers it
 */
export function coveringGrant(
  grant: Rule,
  approved: readonly Rule[],
  isWithin: (terms: Rule['terms'], approved: Rule['terms']) => boolean,
): Rule | undefined {
  const { kind, pattern, terms } = grant;
  // what may mean another place than it says is granted by its very name alone
  const isEvasive = kind === 'resource' && pattern.isExact && !readUri(pattern.source).isPlain;
  return approved.find(
    (one) =>
      one.kind === kind &&
      (isEvasive ? one.pattern.source === pattern.source : covers(one.pattern, pattern.source)) &&
      isWithin(terms, one.terms),
  );
}

/** For a name that is a pattern itself: whatever it matches, this one does. */
export function covers({ matches, source }: Rule['pattern'], name: string): boolean {
  if (source === name) return true;
  // `?` takes one character, and the `*` of the other may be many
  return !(source.includes('?') && name.includes('*')) && matches(name);
}
