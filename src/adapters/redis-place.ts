// Where a config's redis is: the reference resolved, or the URL as it stands. Read anew each time, so that a renewed password needs
// no restart. TRUST: what it returns holds a password; no text quotes it. Knows no connection.
import { readEnvValue } from '../config/env-value.ts';
import { type RedisPlace, readRedisUrl } from '../config/redis-url.ts';
import { resolveEnv, type SecretSources } from '../config/resolve-env.ts';
import { GuardError } from '../guard-error.ts';

const NAME = 'limitStore.url';

/** @throws GuardError secret_unresolved, secret_untrusted */
export function readRedisPlace(url: string, sources: SecretSources): RedisPlace {
  const value = readEnvValue(url, sources.env);
  if (!value.ok) throw new GuardError('secret_unresolved', `\`${NAME}\`: ${value.why}`, { hint: value.mend });
  const text = resolveEnv({ [NAME]: value.value }, sources)[NAME] ?? '';
  const reading = readRedisUrl(text);
  if (reading.ok) return reading.place;
  throw new GuardError('secret_unresolved', `\`${NAME}\` leads to no URL of a redis: ${reading.why}`, {
    hint: 'write `rediss://user:password@host:6379` there',
  });
}
