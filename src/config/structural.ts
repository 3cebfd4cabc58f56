// The structural values of each server (command, args, cwd, env) with variables expanded and references read. Works on
// an unchecked document, so that its findings come together with those of the schema.
import type { Diagnostic } from './diagnostics.ts';
import { type EnvValue, readEnvValue } from './env-value.ts';
import { isOwnName } from './environment.ts';
import { expandVariables } from './expand-variables.ts';
import { entriesOf, isPlainObject, showPath } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';

export interface Structure {
  readonly command: string | undefined;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, EnvValue>>;
}

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The structure of every server; what cannot be read is left out and told to `report`.
 *
 * @param below where `document` stands in the config
 */
export function readStructures(
  document: unknown,
  variables: Variables,
  report: (diagnostic: Diagnostic) => void,
  below: JsonPath = [],
): ReadonlyMap<string, Structure> {
  const structures = new Map<string, Structure>();
  const servers = isPlainObject(document) ? document.servers : undefined;
  for (const [id, server] of entriesOf(servers)) {
    if (!isPlainObject(server)) continue;
    const path = [...below, 'servers', id];
    const expand = (raw: unknown, key: JsonPath): string | undefined => {
      if (typeof raw !== 'string') return undefined;
      const expanded = expandVariables(raw, variables);
      if (expanded.ok) return expanded.text;
      report({
        path: showPath([...path, ...key]),
        what: 'cannot be expanded',
        why: expanded.why,
        mend: expanded.mend,
      });
      return undefined;
    };
    const args = Array.isArray(server.args) ? server.args : [];
    structures.set(id, {
      command: expand(server.command, ['command']),
      args: args.flatMap((raw, index) => expand(raw, ['args', index]) ?? []),
      cwd: expand(server.cwd, ['cwd']),
      env: readEnv(server.env, [...path, 'env'], variables, report),
    });
    checkPassEnv(server.passEnv, [...path, 'passEnv'], report);
  }
  return structures;
}

function checkPassEnv(names: unknown, path: JsonPath, report: (diagnostic: Diagnostic) => void): void {
  for (const [index, name] of (Array.isArray(names) ? names : []).entries()) {
    if (typeof name === 'string' && isOwnName(name)) report(explainOwnName([...path, index], 'remove it'));
  }
}

/** Quotes no more of the name than what makes it the guard's: `MCP_GUARD_X=secret` is such a name, too. */
function explainOwnName(path: JsonPath, mend: string): Diagnostic {
  const why = 'variables of the guard itself are never handed to a server';
  return { path: showPath(path), what: 'a name that begins with `MCP_GUARD_` is reserved', why, mend };
}

function readEnv(
  env: unknown,
  path: JsonPath,
  variables: Variables,
  report: (diagnostic: Diagnostic) => void,
): Readonly<Record<string, EnvValue>> {
  const values: [string, EnvValue][] = [];
  for (const [name, raw] of entriesOf(env)) {
    if (isOwnName(name)) report(explainOwnName([...path, name], 'use another name'));
    if (typeof raw !== 'string') continue;
    const reading = readEnvValue(raw, variables);
    const isOwn = reading.ok && reading.value.kind === 'env' && isOwnName(reading.value.name);
    if (isOwn) report(explainOwnName([...path, name], 'refer to another variable'));
    else if (reading.ok) values.push([name, reading.value]);
    else report({ path: showPath([...path, name]), what: reading.what, why: reading.why, mend: reading.mend });
  }
  return Object.fromEntries(values);
}
