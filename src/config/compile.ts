// From a parsed document to a frozen policy, or to everything that is wrong with it at once. Pure: knows no file and no
// process; where the file stood, its digest and the variables come in.

import { checkAuth } from './check-auth.ts';
import { checkConstraints } from './check-constraints.ts';
import { checkFleet } from './check-fleet.ts';
import { checkLimits } from './check-limits.ts';
import { checkLint } from './check-lint.ts';
import { checkScopes } from './check-scopes.ts';
import { checkTenants } from './check-tenants.ts';
import { compileAuth, compileRoles } from './compile-auth.ts';
import { checkBreakers, overlayBreaker, readBreaker } from './compile-breaker.ts';
import { compileLimits } from './compile-limits.ts';
import { type CompiledScopes, compileScopes, type PortsFor } from './compile-scope.ts';
import { type Diagnostic, explainIssue, explainNotYet } from './diagnostics.ts';
import { checkPrefixes, readGatewaySettings } from './gateway-settings.ts';
import { compileIsolation } from './isolation-policy.ts';
import { isWithin, showPath } from './json-path.ts';
import { usableKeysAt } from './known-keys.ts';
import { findNotYet } from './not-yet.ts';
import { orderDiagnostics } from './order-diagnostics.ts';
import { type BreakerPolicy, DEFAULTS, type Policy, type ServerPolicy, type ToolPolicy } from './policy.ts';
import { type JsonPath, readShape } from './read-shape.ts';
import type { ConfigDocument, ServerDocument } from './schema.ts';
import { checkSemantics, checkTree } from './semantics.ts';
import { readStructures, type Structure, type Variables } from './structural.ts';

export interface CompileInput {
  readonly document: unknown;
  /** For `${NAME}` in structural values. */
  readonly variables: Variables;
  readonly source: Policy['source'];
  /** Makes a path of the config absolute (relative ones count from the directory of the file). */
  readonly absolute: (path: string) => string;
  /** By the directory in which a server works. Undefined: a grant with constraints fails when it is asked, which denies. */
  readonly portsFor?: PortsFor;
  /** How its scopes are named in rules: `scopes` where nothing is given. */
  readonly scopesAt?: JsonPath;
}

export type Compilation =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export function compilePolicy(input: CompileInput): Compilation {
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => {
    diagnostics.push(diagnostic);
  };
  if (!checkTree(input.document, report)) return { ok: false, diagnostics };
  const notYet = findNotYet(input.document);
  const shape = readShape(input.document);
  if (!shape.ok) {
    // a key that must go anyway needs no second complaint about what is in it
    for (const issue of shape.issues.filter(({ path }) => !notYet.some((above) => isWithin(path, above)))) {
      report(explainIssue(input.document, issue, usableKeysAt));
    }
  }
  for (const path of notYet) report(explainNotYet(path));
  checkSemantics(input.document, report);
  checkBreakers(input.document, report);
  checkFleet(input.document, report);
  checkScopes(input.document, report);
  checkLint(input.document, report);
  checkLimits(input.document, report);
  checkPrefixes(input.document, report);
  checkAuth(input.document, report);
  checkTenants(input.document, input.variables, report);
  const structures = readStructures(input.document, input.variables, report);
  if (!shape.ok || diagnostics.length > 0) {
    if (input.portsFor !== undefined) checkConstraints(input.document, input.portsFor(undefined), report);
    return { ok: false, diagnostics: orderDiagnostics(input.document, diagnostics) };
  }
  const scopes = compileScopes(shape.config, input.portsFor, report, input.scopesAt);
  if (diagnostics.length > 0) return { ok: false, diagnostics: orderDiagnostics(input.document, diagnostics) };
  return { ok: true, policy: buildPolicy(shape.config, structures, scopes, input) };
}

function buildPolicy(
  config: ConfigDocument,
  structures: ReadonlyMap<string, Structure>,
  scopes: CompiledScopes,
  input: CompileInput,
): Policy {
  const servers = new Map<string, ServerPolicy>();
  const breaker = readBreaker(config.breaker);
  for (const [id, server] of Object.entries(config.servers ?? {})) {
    const structure = structures.get(id);
    // INVARIANT: semantics.ts has reported a server without a command, so that no policy is built of it
    if (structure?.command === undefined) throw new Error(`${showPath(['servers', id])} has no structure`);
    servers.set(
      id,
      buildServer({ id, server, structure, command: structure.command, breaker, scopes, absolute: input.absolute }),
    );
  }
  const logFile = config.log?.file;
  return freeze<Policy>({
    source: input.source,
    servers,
    scopes: scopes.all,
    auth: compileAuth(config.auth, input.absolute),
    roles: compileRoles(config, scopes),
    // a config that lists no server says nothing about which ones may run
    unlisted: config.unlisted ?? (servers.size > 0 ? 'deny' : 'observe'),
    breaker,
    limits: compileLimits(config),
    strictPayload: config.strict === 'payload',
    audit: {
      payload: config.audit?.payload ?? DEFAULTS.audit.payload,
      maxBytes: config.audit?.maxBytes ?? DEFAULTS.audit.maxBytes,
      maxAgeDays: config.audit?.maxAgeDays ?? DEFAULTS.audit.maxAgeDays,
      onFailure: config.audit?.onFailure ?? DEFAULTS.audit.onFailure,
      sync: config.audit?.sync ?? DEFAULTS.audit.sync,
      quotaBytes: config.audit?.quota?.maxBytes,
      // the lock's until another is approved: what is compiled in the end is what both permit
      approvedQuotaBytes: config.audit?.quota?.maxBytes,
    },
    model: { id: config.model?.id, metaPaths: (config.model?.metaPaths ?? []).map(readPointer) },
    shutdown: readShutdown(config.shutdown),
    maxLineBytes: config.maxLineBytes ?? DEFAULTS.maxLineBytes,
    log: { level: config.log?.level, file: logFile === undefined ? undefined : input.absolute(logFile) },
  });
}

function buildServer(given: {
  readonly id: string;
  readonly server: ServerDocument;
  readonly structure: Structure;
  readonly command: string;
  /** The top level's. */
  readonly breaker: BreakerPolicy;
  readonly scopes: CompiledScopes;
  readonly absolute: CompileInput['absolute'];
}): ServerPolicy {
  const { id, server, structure, command, breaker, scopes, absolute } = given;
  const cwd = structure.cwd === undefined ? undefined : absolute(structure.cwd);
  return {
    id,
    command,
    args: structure.args,
    cwd,
    env: structure.env,
    passEnv: server.passEnv ?? [],
    onExit: server.onExit,
    restart: {
      maxExits: server.restart?.maxExits ?? DEFAULTS.restart.maxExits,
      withinMs: server.restart?.withinMs ?? DEFAULTS.restart.withinMs,
      firstDelayMs:
        server.restart?.firstDelayMs ?? Math.min(DEFAULTS.restart.firstDelayMs, server.restart?.maxDelayMs ?? Infinity),
      maxDelayMs:
        server.restart?.maxDelayMs ?? Math.max(DEFAULTS.restart.maxDelayMs, server.restart?.firstDelayMs ?? 0),
    },
    deadline: {
      idleMs: server.deadline?.idleMs ?? DEFAULTS.deadline.idleMs,
      hardMs: server.deadline?.hardMs ?? DEFAULTS.deadline.hardMs,
    },
    breaker: overlayBreaker(breaker, readBreaker(server.breaker)),
    scope: scopes.ofServer(id, server.scope, { cwd, home: homeOf(structure), args: structure.args }),
    mode: server.mode ?? 'enforce',
    gateway: readGatewaySettings(id, server),
    isolation: compileIsolation(server.isolation, absolute),
    tools: Object.entries(server.tools ?? {}).map(
      ([pattern, tool]): ToolPolicy => ({
        pattern,
        idleMs: tool.deadline?.idleMs,
        hardMs: tool.deadline?.hardMs,
        breaker: tool.breaker === undefined ? undefined : readBreaker(tool.breaker).tools,
      }),
    ),
  };
}

/** The number that is not written keeps its default, moved as little as the order of the two needs. */
function readShutdown(written: ConfigDocument['shutdown']): Policy['shutdown'] {
  const { termAfterMs, killAfterMs } = DEFAULTS.shutdown;
  return {
    termAfterMs: written?.termAfterMs ?? Math.min(termAfterMs, written?.killAfterMs ?? termAfterMs),
    killAfterMs: written?.killAfterMs ?? Math.max(killAfterMs, written?.termAfterMs ?? killAfterMs),
  };
}

/** RFC 6901: `/a~1b/c` is `["a/b", "c"]`. */
function readPointer(pointer: string): readonly string[] {
  const keys = pointer.slice(1).split('/');
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Freezes every plain value below; a Map keeps its type, its values are frozen. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const child of value instanceof Map ? value.values() : Object.values(value)) freeze(child);
  return Object.freeze(value);
}

/** A home that is a secret is not known before the server is started: then `~` stands for the user's. */
function homeOf({ env }: Structure): string | undefined {
  const home = env.HOME;
  return home?.kind === 'literal' ? home.text : undefined;
}
