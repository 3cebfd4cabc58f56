// Reads the one config file and compiles it. Imported only when there is a file: a bare `run` never pays for the parser
// and the schema. Knows neither how the file was found nor who enforces what it says.
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { GuardError } from '../guard-error.ts';
import type { JsonObject } from '../wire/json.ts';
import { checkUsers } from './check-tenants.ts';
import { type Compilation, compilePolicy } from './compile.ts';
import type { PortsFor } from './compile-scope.ts';
import { countErrors, type Diagnostic, explainIssue, listRules, showDiagnostic } from './diagnostics.ts';
import type { ConfigPlace } from './find-config.ts';
import { type ForeignPlace, listForeignPlaces } from './foreign-places.ts';
import { isPlainObject } from './json-path.ts';
import { usableKeysAt } from './known-keys.ts';
import { parseConfig } from './parse-config.ts';
import type { Policy } from './policy.ts';
import { type JsonPath, readShape } from './read-shape.ts';
import type { Restriction } from './restriction.ts';
import { quoteWord } from './shell-word.ts';
import { readTenantRestrictions } from './tenant-restriction.ts';
import { withoutOthers } from './tenant-view.ts';
import { readTrustedFile } from './trusted-file.ts';

// One chunk with what it needs: a run under both reads them with the same parser and schema library.
export { loadCeilings } from './load-ceilings.ts';

const MAX_CONFIG_BYTES = 1_048_576;

export interface LoadContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number | undefined;
  /** For constraints, by the directory in which a server works. Undefined: a grant that has any fails when it is asked. */
  readonly portsFor?: PortsFor;
  /** No block of a tenant is looked at: a start looks at its own, later (`loadTenantView`). */
  readonly isWithoutTenants?: boolean;
}

/** A policy and the document that it was compiled from: what a lock holds is compared with the document. */
export interface LoadedConfig {
  readonly policy: Policy;
  readonly document: JsonObject;
}

export type Loading =
  | ({ readonly ok: true } & LoadedConfig)
  | { readonly ok: false; readonly path: string; readonly digest: string; readonly diagnostics: readonly Diagnostic[] };

/** @throws GuardError (exit 78) with every diagnostic in its message */
export function loadPolicy(place: ConfigPlace, context: LoadContext): Policy {
  return loadConfig(place, context).policy;
}

/** As `loadPolicy`. */
export function loadConfig(place: ConfigPlace, context: LoadContext): LoadedConfig {
  const loading = tryLoad(place, context);
  if (loading.ok) return loading;
  const { diagnostics, path } = loading;
  const lines = [...diagnostics.map(showDiagnostic), ...listRules(diagnostics)].map((line) => `  ${line}`);
  throw new GuardError('config_invalid', [`\`${path}\` has ${countErrors(diagnostics)}:`, ...lines].join('\n'), {
    hint: `mend ${diagnostics.length === 1 ? 'it' : 'them'}, then run \`mcp-guard config check --config ${quoteWord(path)}\``,
  });
}

/** As `loadPolicy`, with what is wrong inside the file as a value. @throws GuardError where the file itself is not usable */
export function tryLoad(place: ConfigPlace, context: LoadContext): Loading {
  const { text, digest } = readConfigFile(place, context.uid);
  const { path } = place;
  const parsed = parseConfig(path, text);
  const { document } = parsed;
  // untyped input enters here; what is no object is refused as it is
  const isBare = context.isWithoutTenants === true && isPlainObject(document);
  const looked = isBare ? withoutOthers(document as JsonObject, undefined) : document;
  const compiled = compileDocument(looked, { path, digest }, context);
  const diagnostics = [...parsed.diagnostics, ...(compiled.ok ? [] : compiled.diagnostics)];
  if (!compiled.ok || diagnostics.length > 0) return { ok: false, path, digest, diagnostics };
  // untyped input enters here: the schema admits plain JSON only
  return { ...compiled, document: parsed.document as JsonObject };
}

/** Compiles a document as if it stood in the file of `source`: what a lock makes of a config. @param scopesAt how its scopes are named in rules */
export function compileDocument(
  document: unknown,
  source: Policy['source'],
  context: LoadContext,
  scopesAt?: JsonPath,
): Compilation {
  return compilePolicy({
    document,
    variables: context.env,
    source,
    absolute: (relative) => resolve(dirname(source.path), relative),
    ...(context.portsFor === undefined ? {} : { portsFor: context.portsFor }),
    ...(scopesAt === undefined ? {} : { scopesAt }),
  });
}

/**
 * The config of one tenant, and its block where it stands.
 *
 * @param document the whole config, and as it was approved where a lock holds @param view what `viewForTenant` makes of it
 * @throws GuardError config_invalid (78) with every diagnostic
 */
export function loadTenantView(
  { config: document, lock }: { readonly config: JsonObject; readonly lock?: JsonObject | undefined },
  view: JsonObject,
  tenant: string,
  source: Policy['source'],
  context: LoadContext,
): Policy {
  const diagnostics: Diagnostic[] = [];
  const own = compileDocument(withoutOthers(document, tenant), source, context);
  if (!own.ok) diagnostics.push(...own.diagnostics);
  checkUsers(document, (one) => diagnostics.push(one));
  if (diagnostics.length > 0) throw invalidFor(tenant, source.path, diagnostics);
  const compiled = compileDocument(view, source, context);
  if (!compiled.ok) throw invalidFor(tenant, source.path, compiled.diagnostics);
  const absolute = (path: string): string => resolve(dirname(source.path), path);
  let known: readonly ForeignPlace[] | undefined;
  const foreignPlaces = (): readonly ForeignPlace[] => {
    known ??= [
      ...listForeignPlaces({ config: document, lock }, tenant, context.env, absolute),
      // what it says of the others is not for this one's servers
      { path: source.path, access: 'write' },
    ];
    return known;
  };
  return { ...compiled.policy, foreignPlaces };
}

/** Where a document was read: what is wrong with it is said of that file. */
export interface ReadFrom {
  readonly kind: 'config' | 'lock';
  readonly path: string;
}

/** What the block of a tenant takes away. @throws GuardError config_invalid (78) with every diagnostic, lock_outdated (77) */
export function loadTenantRestrictions(
  document: JsonObject,
  tenant: string,
  from: ReadFrom,
  context: LoadContext,
): readonly Restriction[] {
  const looked = withoutOthers(document, tenant);
  const shape = readShape(looked);
  const diagnostics: Diagnostic[] = shape.ok
    ? []
    : shape.issues.map((issue) => explainIssue(looked, issue, usableKeysAt));
  const restrictions = shape.ok
    ? readTenantRestrictions(shape.config, tenant, context.portsFor, (one) => diagnostics.push(one))
    : [];
  const [first] = diagnostics;
  if (first === undefined) return restrictions;
  if (from.kind === 'config') throw invalidFor(tenant, from.path, diagnostics);
  throw new GuardError(
    'lock_outdated',
    `\`${from.path}\` holds a policy that cannot be used: ${first.path}: ${first.what}`,
    {
      hint: 'use the version of mcp-guard that approved it, or look at the config and approve it anew',
    },
  );
}

function invalidFor(tenant: string, path: string, diagnostics: readonly Diagnostic[]): GuardError {
  const lines = [...diagnostics.map(showDiagnostic), ...listRules(diagnostics)].map((line) => `  ${line}`);
  return new GuardError(
    'config_invalid',
    [`for the tenant \`${tenant}\` the config \`${path}\` has ${countErrors(diagnostics)}:`, ...lines].join('\n'),
    {
      hint: `mend ${diagnostics.length === 1 ? 'it' : 'them'}, then run \`mcp-guard config check --config ${quoteWord(path)}\``,
    },
  );
}

/** The text of the file and the digest of its bytes. @throws GuardError */
export function readConfigFile(place: ConfigPlace, uid: number | undefined): { text: string; digest: string } {
  const { path } = place;
  const read = readTrustedFile(path, { uid, maxBytes: MAX_CONFIG_BYTES, secret: false });
  if (read.kind === 'absent') {
    if (place.digest !== undefined) throw changed(path, 'has vanished');
    const source = place.origin === 'environment' ? '`MCP_GUARD_CONFIG`' : 'the command line';
    throw new GuardError('config_missing', `there is no config file \`${path}\``, {
      hint: `check the path in ${source}`,
    });
  }
  if (read.kind === 'unreadable') {
    throw new GuardError('config_unreadable', `cannot read the config file \`${path}\`: ${read.why}`, {
      hint: 'name a regular file of at most 1 MiB that this user can read',
    });
  }
  if (read.kind === 'untrusted') {
    throw new GuardError('config_untrusted', `the config file \`${path}\` cannot be trusted: ${read.why}`, {
      hint: read.mend,
    });
  }
  const digest = createHash('sha256').update(read.bytes).digest('hex');
  if (place.digest !== undefined && place.digest !== digest) throw changed(path, 'has changed');
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(read.bytes), digest };
  } catch {
    throw new GuardError('config_unparsable', `the config file \`${path}\` is no valid UTF-8`, {
      hint: 'save it as UTF-8',
    });
  }
}

function changed(path: string, how: 'has changed' | 'has vanished'): GuardError {
  const allow = `mcp-guard config allow ${quoteWord(path)}`;
  const mend = how === 'has changed' ? `look at it, then run \`${allow}\` again` : 'put it back as it was';
  return new GuardError('config_changed', `\`${path}\` ${how} since it was allowed`, {
    hint: `${mend}, or run \`mcp-guard config allow --forget ${quoteWord(path)}\` to go on without it`,
  });
}
