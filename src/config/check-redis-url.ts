// What is wrong with where a config says that a redis is: a password belongs into a secret, never into the config. Pure. Knows no
// connection. No text quotes what stands there.
import type { Diagnostic } from './diagnostics.ts';
import { readEnvValue } from './env-value.ts';
import { readRedisUrl } from './redis-url.ts';

const REFERENCE = 'write `env:NAME` or `file:/path`, where the URL is';

/** @param path of the key @returns undefined where it is a reference, or a URL without a password */
export function checkRedisUrl(url: string, path: string): Diagnostic | undefined {
  const fault = (what: string, why: string, mend: string): Diagnostic => ({ path, what, why, mend });
  if (/^(exec|keychain|literal):/.test(url))
    return fault(
      'it is asked of a program or a keychain',
      'only a variable or a file is read anew at each connection',
      REFERENCE,
    );
  if (/^(env|file):/.test(url)) {
    // Which variables there are in a path is known when it is read.
    const reading = readEnvValue(url.replaceAll('${', '/'), {});
    return reading.ok ? undefined : fault(reading.what, reading.why, REFERENCE);
  }
  const reading = readRedisUrl(url);
  if (!reading.ok)
    return fault(
      'it is neither a reference nor the URL of a redis',
      reading.why,
      `${REFERENCE}, or \`rediss://host:6379\``,
    );
  if (reading.place.password === undefined) return undefined;
  return fault('it holds a password', 'who can read the config could empty the limits', REFERENCE);
}
