// Openings are shared over the redis of `limitStore`: where there is none, a config that says so is wrong. Works on an unchecked document.
// Knows no connection and no default.
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, showPath, valueAt } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';

export function checkFleet(document: unknown, report: (diagnostic: Diagnostic) => void): void {
  if (valueAt(document, ['limitStore', 'kind']) === 'redis') return;
  for (const path of placesOf(document)) {
    if (valueAt(document, path) !== 'fleet') continue;
    report({
      path: showPath(path),
      what: 'there is nothing to share openings over',
      why: 'the machines of a fleet have a redis in common, and `limitStore` names none',
      mend: 'add `"limitStore": { "kind": "redis", "url": "env:NAME" }`, or write `machine`',
    });
  }
}

function placesOf(document: unknown): readonly JsonPath[] {
  const roots: JsonPath[] = [[], ...entriesOf(valueAt(document, ['tenants'])).map(([tenant]) => ['tenants', tenant])];
  const owners = roots.flatMap((root): readonly JsonPath[] => {
    const servers = entriesOf(valueAt(document, [...root, 'servers'])).map(([id]) => [...root, 'servers', id]);
    const tools = servers.flatMap((server) =>
      entriesOf(valueAt(document, [...server, 'tools'])).map(([pattern]) => [...server, 'tools', pattern]),
    );
    return [root, ...servers, ...tools];
  });
  return owners.flatMap((owner) => [
    [...owner, 'breaker', 'share'],
    [...owner, 'breaker', 'server', 'share'],
  ]);
}
