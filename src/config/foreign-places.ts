// The directories that other tenants' blocks name: what no sandbox of this one may show. Pure; knows no meaning of a directory. What
// `servers` itself names is every tenant's, as written.
import { expandVariables } from './expand-variables.ts';
import { entriesOf, valueAt } from './json-path.ts';

export interface ForeignPlace {
  /** Absolute; it need not be there. */
  readonly path: string;
  readonly access: 'read' | 'write';
}

/** @param document the whole config */
export function listForeignPlaces(
  document: unknown,
  tenant: string,
  variables: Readonly<Record<string, string | undefined>>,
  absolute: (path: string) => string,
): readonly ForeignPlace[] {
  const others = entriesOf(valueAt(document, ['tenants'])).filter(([id]) => id !== tenant);
  return others.flatMap(([, block]) => {
    const servers = entriesOf(valueAt(block, ['servers'])).map(([, server]) => server);
    const isolations = [block, ...servers].map((one) => valueAt(one, ['isolation']));
    const cwds = servers.map((server) => valueAt(server, ['cwd'])).filter((path) => typeof path === 'string');
    const expanded = cwds.map((path) => expandVariables(path, variables));
    return [
      ...isolations.flatMap((isolation) => texts(valueAt(isolation, ['readable']))).map((path) => at(path, 'read')),
      ...isolations.flatMap((isolation) => texts(valueAt(isolation, ['writable']))).map((path) => at(path, 'write')),
      ...expanded.flatMap((path) => (path.ok ? [at(path.text, 'write')] : [])),
    ];
  });

  function at(path: string, access: ForeignPlace['access']): ForeignPlace {
    return { path: absolute(path), access };
  }
}

function texts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
}
