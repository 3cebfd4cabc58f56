// How `auth` of config and lock combine, so that nobody is let in whom not both let in. Pure; knows no token. INVARIANT: the result is
// as legal as its two sources: keys and claims of one issuer come together, from the lock.
import type { Json, JsonObject } from '../../wire/json.ts';
import { listOf, memberOf, objectFrom, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import type { Difference, KeyPath } from './difference.ts';

type Report = (difference: Difference) => void;

/** As config/auth-policy.ts has them; a test holds them equal. */
export const AUTH_ABSENT = { cacheMs: 600_000, clockToleranceMs: 30_000 } as const;
/** No order says which of two issuers lets fewer in. */
const APPROVED = ['issuer', 'audience', 'jwksFile', 'jwksUrl', 'claims'] as const;

export function combineAuth(
  path: KeyPath,
  config: Json | undefined,
  lock: Json | undefined,
  report: Report,
): Json | undefined {
  if (isSameJson(config, lock)) return config;
  const [ours, theirs] = [objectOf(config), objectOf(lock)];
  const at = (key: string) => [memberOf(ours, key), memberOf(theirs, key)] as const;
  const tell = (key: string, direction: Difference['direction']): void => {
    const [after, before] = at(key);
    report({ path: [...path, key], direction, before, after });
  };
  const [isAsking, wasAsking] = at('required').map((value) => value === true);
  if (isAsking !== wasAsking) tell('required', isAsking === true ? 'narrower' : 'wider');
  const [file, approvedFile] = at('tokenFile');
  if (!isSameJson(file, approvedFile)) tell('tokenFile', 'changed');
  const combined = objectFrom([
    ['required', isAsking === true || wasAsking === true ? true : undefined],
    ['tokenFile', approvedFile],
    ['jwt', combineJwt([...path, 'jwt'], ...at('jwt'), report)],
  ]);
  return Object.keys(combined).length === 0 && config === undefined ? undefined : combined;
}

/** Undefined: no JWT counts. */
function combineJwt(
  path: KeyPath,
  config: Json | undefined,
  lock: Json | undefined,
  report: Report,
): JsonObject | undefined {
  if (config === undefined || lock === undefined) {
    if (config !== lock)
      report({ path, direction: config === undefined ? 'narrower' : 'wider', before: lock, after: config });
    return undefined;
  }
  const tell = (key: string, direction: Difference['direction']): void =>
    report({ path: [...path, key], direction, before: memberOf(lock, key), after: memberOf(config, key) });
  for (const key of APPROVED) if (!isSameJson(memberOf(config, key), memberOf(lock, key))) tell(key, 'changed');
  const smaller = (key: keyof typeof AUTH_ABSENT): Json | undefined => {
    const [after, before] = [memberOf(config, key), memberOf(lock, key)];
    const [ours, theirs] = [after, before].map((value) => (typeof value === 'number' ? value : AUTH_ABSENT[key]));
    if (ours === theirs || ours === undefined || theirs === undefined) return before;
    tell(key, ours > theirs ? 'wider' : 'narrower');
    return ours > theirs ? before : after;
  };
  const [named, approved] = [config, lock].map((one) => listOf(memberOf(one, 'algorithms')));
  const both = (named ?? []).filter((one) => approved?.includes(one));
  if (both.length < (named ?? []).length) tell('algorithms', 'wider');
  if (both.length < (approved ?? []).length) tell('algorithms', 'narrower');
  if (both.length === 0) return undefined;
  // how long keys are kept means nothing for those of a file
  const cacheMs = memberOf(lock, 'jwksUrl') === undefined ? undefined : smaller('cacheMs');
  return objectFrom([
    ...APPROVED.map((key) => [key, memberOf(lock, key)] as const),
    ...[['algorithms', both] as const, ['cacheMs', cacheMs] as const],
    ['clockToleranceMs', smaller('clockToleranceMs')],
  ]);
}
