// The places that other tenants' blocks name: what no sandbox of this one may show. Pure; knows no meaning of a directory. What
// `servers` itself names is every tenant's, as written.
import { readEnvValue } from './env-value.ts';
import { expandVariables } from './expand-variables.ts';
import { entriesOf, valueAt } from './json-path.ts';

export interface ForeignPlace {
  /** Absolute; it need not be there. */
  readonly path: string;
  readonly access: 'read' | 'write';
  /** It is one only where a directory lies there: an argument of another tenant's server, which may be a program that all have. */
  readonly onlyDirectory?: true;
}

/**
 * A file that holds a secret is closed whosever it is, `servers`' own too: the guard reads it, and no server.
 *
 * @param document the whole config
 */
export function listForeignPlaces(
  document: unknown,
  tenant: string,
  variables: Readonly<Record<string, string | undefined>>,
  absolute: (path: string) => string,
): readonly ForeignPlace[] {
  const blocks = entriesOf(valueAt(document, ['tenants']));
  const shared = serversOf(document);
  const own = [...shared, ...blocks.filter(([id]) => id === tenant).flatMap(([, block]) => serversOf(block))];
  const known = new Set(own.flatMap((server) => texts(valueAt(server, ['args']))));
  const others = blocks.filter(([id]) => id !== tenant).map(([, block]) => block);
  return [
    ...secretsOf(shared),
    ...others.flatMap((block) => {
      const servers = serversOf(block);
      const isolations = [block, ...servers].map((one) => valueAt(one, ['isolation']));
      const cwds = servers.map((server) => valueAt(server, ['cwd'])).filter((path) => typeof path === 'string');
      const args = servers.flatMap((server) => texts(valueAt(server, ['args']))).filter((arg) => !known.has(arg));
      return [
        ...isolations.flatMap((isolation) => texts(valueAt(isolation, ['readable']))).map((path) => at(path, 'read')),
        ...isolations.flatMap((isolation) => texts(valueAt(isolation, ['writable']))).map((path) => at(path, 'write')),
        ...expanded(cwds).map((path) => at(path, 'write')),
        ...secretsOf(servers),
        ...expanded(args)
          .flatMap((arg) => /^(?:--?[^=]+=)?(\/.+)$/s.exec(arg)?.[1] ?? [])
          .map((path) => ({ ...at(path, 'write'), onlyDirectory: true as const })),
      ];
    }),
  ];

  function at(path: string, access: ForeignPlace['access']): ForeignPlace {
    return { path: absolute(path), access };
  }

  function expanded(written: readonly string[]): readonly string[] {
    return written.map((one) => expandVariables(one, variables)).flatMap((one) => (one.ok ? [one.text] : []));
  }

  function secretsOf(servers: readonly unknown[]): readonly ForeignPlace[] {
    const values = servers.flatMap((server) => entriesOf(valueAt(server, ['env'])).map(([, value]) => value));
    return values.flatMap((value) => {
      // in hundreds of blocks: what cannot name a file is not taken apart
      const read = typeof value === 'string' && value.startsWith('file:') ? readEnvValue(value, variables) : undefined;
      return read?.ok === true && read.value.kind === 'file' ? [at(read.value.path, 'write')] : [];
    });
  }
}

function serversOf(block: unknown): readonly unknown[] {
  return entriesOf(valueAt(block, ['servers'])).map(([, server]) => server);
}

function texts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
}
