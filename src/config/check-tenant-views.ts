// What is wrong with a config as a tenant has it, for every tenant: for `config check`, since a start looks at its own alone. Reads no file.
import type { JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';
import type { Diagnostic } from './diagnostics.ts';
import { showPath } from './json-path.ts';
import { compileDocument, type LoadContext } from './load-config.ts';
import type { Policy } from './policy.ts';
import { readShape } from './read-shape.ts';
import { readTenantRestrictions } from './tenant-restriction.ts';
import { viewForTenant } from './tenant-view.ts';

/** @param document one that compiles as it stands */
export function checkTenantViews(
  document: JsonObject,
  source: Policy['source'],
  context: LoadContext,
): readonly Diagnostic[] {
  const shape = readShape(document);
  if (!shape.ok) return [];
  return Object.keys(objectOf(memberOf(document, 'tenants'))).flatMap((tenant): readonly Diagnostic[] => {
    const found: Diagnostic[] = [];
    const view = viewForTenant(document, tenant);
    const compiled = view.kind === 'tenant' ? compileDocument(view.document, source, context) : undefined;
    // it is a place in what the tenant has, not in the file
    const say = (one: Diagnostic): Diagnostic => ({
      ...one,
      what: `for \`${tenant}\` \`${one.path}\` is wrong: ${one.what}`,
      path: showPath(['tenants', tenant]),
    });
    if (compiled?.ok === false) found.push(...compiled.diagnostics.map(say));
    readTenantRestrictions(shape.config, tenant, context.portsFor, (one) => found.push(one));
    return found;
  });
}
