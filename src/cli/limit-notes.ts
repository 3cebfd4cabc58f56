// What the limits of a valid config would stumble over here and now, or are about in vain: a redis whose place cannot be read, a server
// that there is not. No errors, as with config-notes.ts. Connects to nothing.
import { readRedisPlace } from '../adapters/redis-place.ts';
import { entriesOf, isPlainObject, showPath, valueAt } from '../config/json-path.ts';
import { nearestWord } from '../config/nearest-word.ts';
import type { Policy } from '../config/policy.ts';
import type { JsonPath } from '../config/read-shape.ts';
import type { SecretSources } from '../config/resolve-env.ts';
import { isGuardError } from '../guard-error.ts';
import { compilePattern } from '../policy/pattern.ts';
import type { ConfigNote } from './config-notes.ts';

/** @param document that the policy was compiled from */
export function listLimitNotes(policy: Policy, document: unknown, sources: SecretSources): readonly ConfigNote[] {
  const known = [...policy.servers.keys()];
  const blocks: readonly (readonly [JsonPath, unknown, readonly string[]])[] = [
    [[], document, known],
    ...entriesOf(valueAt(document, ['roles'])).map(([id, role]) => [['roles', id], role, known] as const),
    ...entriesOf(valueAt(document, ['tenants'])).map(([id, block]) => {
      const own = entriesOf(valueAt(block, ['servers'])).map(([server]) => server);
      return [['tenants', id], block, [...known, ...own]] as const;
    }),
  ];
  // a server that is not listed is called by its command line
  const isAnyServer = policy.unlisted === 'observe';
  const vain = isAnyServer ? [] : blocks.flatMap(([path, block, servers]) => listVain(path, block, servers));
  return [...notePlace(policy, sources), ...vain];
}

/** What stands there is read to see whether it can be, and dropped. */
function notePlace({ limits }: Policy, sources: SecretSources): readonly ConfigNote[] {
  const { kind, url } = limits.store;
  if (kind !== 'redis' || url === undefined) return [];
  try {
    readRedisPlace(url, sources);
    return [];
  } catch (error) {
    if (!isGuardError(error)) throw error;
    return [{ path: 'limitStore.url', text: `${error.message}; ${error.hint ?? ''}` }];
  }
}

function listVain(path: JsonPath, block: unknown, servers: readonly string[]): readonly ConfigNote[] {
  const limits = valueAt(block, ['limits']);
  return (Array.isArray(limits) ? limits : []).flatMap((limit: unknown, index): readonly ConfigNote[] => {
    const wanted = isPlainObject(limit) ? valueAt(limit, ['match', 'server']) : undefined;
    if (typeof wanted !== 'string') return [];
    const pattern = compilePattern(wanted);
    if (servers.some((id) => pattern.matches(id))) return [];
    const near = nearestWord(wanted, servers);
    const listed = servers.map((id) => `\`${id}\``).join(', ') || 'none';
    const mend = near === undefined ? `the config has ${listed}` : `did you mean \`${near}\`?`;
    const at = showPath([...path, 'limits', index, 'match', 'server']);
    return [{ path: at, text: `no server is called \`${wanted}\`, so this limits nothing; ${mend}` }];
  });
}
