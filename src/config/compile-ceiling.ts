// From a parsed ceiling to what it takes away, or to everything that is wrong with it at once. Pure; knows no file. Where it stood
// comes in. INVARIANT: whatever a ceiling says, `restrict-policy.ts` can only narrow by it.
import { readPinRule } from '../policy/lock/pin-rules.ts';
import { compilePattern } from '../policy/pattern.ts';
import type { DenyRule } from '../policy/scope/scope-policy.ts';
import { checkConstraints } from './check-constraints.ts';
import { checkLimits } from './check-limits.ts';
import { checkRules, checkScopes } from './check-scopes.ts';
import { checkBreakers, readBreaker } from './compile-breaker.ts';
import { type CompiledScopes, compileScope, compileScopes, type PortsFor } from './compile-scope.ts';
import { type Diagnostic, explainIssue } from './diagnostics.ts';
import { entriesOf, showPath, valueAt } from './json-path.ts';
import { keysIn, usableKeysAt } from './known-keys.ts';
import type { ToolPolicy } from './policy.ts';
import { type JsonPath, readShapeBy, type ShapeIssue } from './read-shape.ts';
import type { Restriction, ServerRestriction } from './restriction.ts';
import { buildCeilingJsonSchema, buildCeilingSchema, type CeilingDocument } from './schema-ceiling.ts';
import { checkDeadlines, checkTree } from './semantics.ts';

type Report = (diagnostic: Diagnostic) => void;
type ServerBlock = NonNullable<CeilingDocument['servers']>[string];

export interface CeilingInput {
  readonly document: unknown;
  /** For a person: its file. */
  readonly by: string;
  /** Its word in rules: `ceiling` makes `ceiling.scopes.baseline.grants[0]`. */
  readonly word: string;
  readonly portsFor: PortsFor | undefined;
}

/** What one file says. */
export interface Ceiling {
  readonly restrictions: readonly Restriction[];
  readonly lock: 'required' | undefined;
  /** The only keys that may approve; undefined: whoever else may. */
  readonly approvers: readonly string[] | undefined;
}

export type CeilingCompilation =
  | { readonly ok: true; readonly ceiling: Ceiling }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export function compileCeiling(input: CeilingInput): CeilingCompilation {
  const { document, portsFor, word } = input;
  const diagnostics: Diagnostic[] = [];
  const report: Report = (diagnostic) => void diagnostics.push(diagnostic);
  if (!checkTree(document, report)) return { ok: false, diagnostics };
  const shape = readShapeBy(buildCeilingSchema(), document);
  if (!shape.ok) for (const issue of shape.issues) report(explainCeilingIssue(document, issue));
  checkRules(valueAt(document, ['deny']), ['deny'], report);
  for (const [pattern, block] of entriesOf(valueAt(document, ['servers']))) {
    checkRules(valueAt(block, ['deny']), ['servers', pattern, 'deny'], report);
    checkDeadlines(document, ['servers', pattern], report);
  }
  checkScopes(document, report);
  checkBreakers(document, report);
  checkLimits(document, report);
  if (!shape.ok || diagnostics.length > 0) {
    if (portsFor !== undefined) checkConstraints(document, portsFor(undefined), report);
    return { ok: false, diagnostics };
  }
  // rules say which ceiling; the places in its file do not
  const reportHere: Report = (one) => report({ ...one, path: one.path.replace(`${word}.`, '') });
  const scopes = compileScopes({ scopes: shape.value.scopes ?? {} }, portsFor, reportHere, [word, 'scopes']);
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  return { ok: true, ceiling: buildCeiling(shape.value, scopes, input) };
}

function buildCeiling(document: CeilingDocument, scopes: CompiledScopes, { by, word }: CeilingInput): Ceiling {
  const { unlisted, strict, maxLineBytes, audit, deny, breaker, limits, servers = {}, lock, approvers } = document;
  const everywhere: ServerRestriction = {
    denies: readDenies(deny, [word]),
    ...(breaker === undefined ? {} : { breaker: readBreaker(breaker) }),
    ...(limits === undefined ? {} : { limits }),
  };
  const top: Restriction = {
    by,
    ...(unlisted === undefined ? {} : { unlisted }),
    ...(strict === undefined ? {} : { strictPayload: true }),
    ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
    ...(audit === undefined ? {} : { audit: written(audit) }),
    ofServer: () => everywhere,
  };
  const blocks = Object.entries(servers).map(([pattern, block]): Restriction => {
    const { matches } = compilePattern(pattern);
    const fixed = readBlock(block, [word, 'servers', pattern]);
    return {
      by,
      ofServer: (server) => {
        if (!matches(server.id)) return {};
        const scope = block.scope === undefined ? undefined : scopes.ofServer(server.id, block.scope, server);
        return scope === undefined ? fixed : { ...fixed, scopes: [[scope]] };
      },
    };
  });
  return { restrictions: [top, ...blocks], lock, approvers };
}

/** All of a block but its scope, which depends on where the server works. */
function readBlock(block: ServerBlock, at: JsonPath): ServerRestriction {
  const { mode, deadline, breaker, tools, pins, isolation, deny } = block;
  return {
    denies: readDenies(deny, at),
    ...(mode === undefined ? {} : { mode }),
    ...(deadline === undefined ? {} : { deadline: written(deadline) }),
    ...(breaker === undefined ? {} : { breaker: readBreaker(breaker) }),
    ...(tools === undefined ? {} : { tools: Object.entries(tools).map(readTool) }),
    ...(pins === undefined ? {} : { pins: readPinRule(written(pins)) }),
    ...(isolation === undefined ? {} : { isolation: isolation.required }),
  };
}

function readTool([pattern, tool]: readonly [string, NonNullable<ServerBlock['tools']>[string]]): ToolPolicy {
  return {
    pattern,
    idleMs: tool.deadline?.idleMs,
    hardMs: tool.deadline?.hardMs,
    breaker: tool.breaker === undefined ? undefined : readBreaker(tool.breaker).tools,
  };
}

function readDenies(deny: CeilingDocument['deny'], at: JsonPath): readonly DenyRule[] {
  return deny === undefined ? [] : compileScope('deny', { deny }, undefined, () => {}, at).denies;
}

/** The schema gives no key the value `undefined`, which its type cannot say. */
function written<T extends object | string>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return value as { [Key in keyof T]: Exclude<T[Key], undefined> };
}

function explainCeilingIssue(document: unknown, issue: ShapeIssue): Diagnostic {
  const above = issue.path.slice(0, -1);
  if (issue.kind === 'unknown_key' && usableKeysAt(above).includes(issue.expected)) {
    return {
      path: showPath(issue.path),
      what: `\`${issue.expected}\` is no key of a ceiling`,
      why: 'a ceiling only takes away, and this can do more than that',
      mend: 'write it in a config, or remove it',
    };
  }
  return explainIssue(document, issue, (path) => keysIn(buildCeilingJsonSchema(), path));
}
