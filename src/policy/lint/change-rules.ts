// The rules about what has changed, or goes beyond what was allowed: drift, growth, ceilings. Pure. Where nothing is on record
// to compare with, they find nothing. attacker-controlled: names and definitions.
import type { JsonObject } from '../../wire/json.ts';
import { memberOf, objectOf } from '../../wire/json.ts';
import { approveCommand, diffCommand } from '../lock/lock-command.ts';
import { grantFor, viewScope } from '../lock/scope-view.ts';
import { findDrift } from '../pins/drift.ts';
import { describeChange } from '../pins/drift-text.ts';
import { resolvePins, resolveServerPins } from '../pins/pin-settings.ts';
import { decideTarget } from '../scope/scope-decision.ts';
import type { Layers } from '../scope/scope-layer.ts';
import { countOf, type Found, quoteName, quoteNames } from './finding.ts';
import { DAY_MS } from './grant-rules.ts';
import type { LintInput, LintServer, SurfacePoint } from './lint-input.ts';
import { isWild, overlaps } from './pattern-relation.ts';
import { listCallable, listGrants, matchedTools, serverOf } from './subject.ts';

const MOST_LINES = 3;
const WORDS = { approved: 'approved', first_seen: 'seen first' } as const;

export function findDrifted({ servers, commandOptions }: LintInput): readonly Found[] {
  return servers.flatMap(({ id, definitions, document }): readonly Found[] => {
    if (definitions === undefined) return [];
    const { before, now, since, hasInstructions, isPart } = definitions;
    const settings = resolvePins(document);
    const drift = findDrift(before, now, (tool) => settings(tool).ignored);
    const base = { path: ['servers', id], server: id } as const;
    const mend = `look with \`${diffCommand(commandOptions, id)}\`, then \`${approveCommand(commandOptions, id)}\``;
    const changed = drift.changed
      .filter(({ tool }) => settings(tool).mode !== 'off')
      .map((change): Found => {
        const lines = describeChange(change);
        const more = lines.length > MOST_LINES ? `; and ${lines.length - MOST_LINES} more` : '';
        const text = `is not what was ${WORDS[since]}: ${lines.slice(0, MOST_LINES).join('; ')}${more}`;
        return { ...base, tool: change.tool, text, mend };
      });
    // of a part nobody knows what is gone
    const cloned = (isPart === true ? [] : drift.clones).map(
      ({ from, to }): Found => ({
        ...base,
        tool: to,
        text: `${quoteName(to)} has the definition of ${quoteName(from)}, which was ${WORDS[since]} and is gone`,
        mend,
      }),
    );
    const { mode, ignored } = resolveServerPins(document);
    const isOther =
      hasInstructions && drift.instructions !== undefined && mode !== 'off' && !ignored.has('instructions');
    const text = `its instructions are not what was ${WORDS[since]}`;
    return [...changed, ...cloned, ...(isOther ? [{ ...base, text, mend }] : [])];
  });
}

/** Where the lock does not count, `run` starts nothing: a check before that must say so. */
export function findRefusedLock({ lockRefused, commandOptions }: LintInput): readonly Found[] {
  if (lockRefused === undefined) return [];
  const { what, mend, isElsewhere, isTakeable } = lockRefused;
  const options = `${commandOptions}${isTakeable === true ? ' --take' : ''}`;
  // what no approval mends names none
  const command = isElsewhere === true ? '' : `: \`${approveCommand(options)}\``;
  return [{ path: [], text: what, mend: `${mend}${command}` }];
}

/** What nobody has approved, or nobody can: then a server is held to nothing but what it happened to say first. */
export function findNotPinned({ servers, approved, commandOptions }: LintInput): readonly Found[] {
  return servers.flatMap(({ id, document, pins, definitions, waits }): readonly Found[] => {
    if (resolveServerPins(document).mode === 'off') return [];
    const base = { path: ['servers', id], server: id } as const;
    if (definitions?.isPart === true) {
      const text = `no list of the tools of ${quoteName(id)} ever came to its end: what was not seen cannot be approved`;
      return [{ ...base, text, mend: 'ask who made it; a server that never ends its list may hide what it offers' }];
    }
    if (approved === undefined || pins !== undefined) return [];
    // it cannot be run before that, so nothing of it can be seen
    if (waits !== undefined)
      return [{ ...base, text: waits, mend: `look at it, then \`${approveCommand(commandOptions, id)}\`` }];
    const text = `${quoteName(id)} was approved before its definitions were seen: nobody has approved what it says of its tools`;
    const mend = `run it, then \`${approveCommand(commandOptions, id)}\``;
    return [{ ...base, text, mend }];
  });
}

/** What can be called now and could not be when a person last approved: by a wider scope, or by tools that are new. */
export function findGrowthSinceApproval(input: LintInput): readonly Found[] {
  const { approved, servers, nowMs, commandOptions } = input;
  if (approved === undefined) return [];
  return servers.flatMap((server): readonly Found[] => {
    const { id, pins } = server;
    const view = viewScope(approved, id);
    // what was only observed could be called then, whatever its scope said
    const was = objectOf(memberOf(memberOf(approved, 'servers'), id));
    const wasOpen = memberOf(was, 'mode') === 'observe';
    const wasNamed = (name: string): boolean => wasOpen || grantFor(view, 'tool', name) !== undefined;
    const grown = listCallable(server, nowMs)
      .map(({ tool }) => tool.name)
      .filter((name) => !wasNamed(name) || (pins !== undefined && !pins.tools.has(name)));
    if (grown.length === 0) return [];
    return [
      {
        path: ['servers', id],
        server: id,
        text: describeGrown(grown, server, view, was),
        mend: `narrow the scope, or run \`${approveCommand(commandOptions, id)}\``,
      },
    ];
  });
}

/** What the lock or the pins keep out of use is told apart from what they let pass. */
function describeGrown(
  names: readonly string[],
  { document, scope, waits }: LintServer,
  view: ReturnType<typeof viewScope>,
  was: JsonObject,
): string {
  const [settings, before] = [resolvePins(document), resolvePins(was)];
  // INVARIANT: of config and lock the stricter one holds
  const isLax = memberOf(was, 'mode') === 'observe' && scope !== 'unscoped' && scope.mode === 'observe';
  const isRefused = (name: string): boolean =>
    waits !== undefined ||
    (!isLax &&
      (grantFor(view, 'tool', name) === undefined || [settings, before].some((of) => of(name).mode === 'deny')));
  const [refused, open] = [names.filter(isRefused), names.filter((name) => !isRefused(name))];
  return [
    ...(refused.length === 0
      ? []
      : [
          `${countOf(refused.length, 'tool')} in the scope that nobody has approved, refused until somebody does: ${quoteNames(refused)}`,
        ]),
    ...(open.length === 0
      ? []
      : [`${countOf(open.length, 'tool')} can be called that nobody has approved: ${quoteNames(open)}`]),
  ].join('; ');
}

export function findGrowth({ servers, nowMs }: LintInput): readonly Found[] {
  return servers.flatMap((server): readonly Found[] => {
    const { id, surface, offer } = server;
    const last = surface.at(-1);
    if (last === undefined) return [];
    const tools = offer === undefined ? last.tools : listCallable(server, nowMs).length;
    const grown = [30, 90].flatMap((days) => {
      const then = pointAt(surface, nowMs - days * DAY_MS);
      return then !== undefined && tools > then.tools ? [`${then.tools} ${days} days ago`] : [];
    });
    if (grown.length === 0) return [];
    return [
      {
        path: ['servers', id],
        server: id,
        text: `${countOf(tools, 'tool')} can be called now, and ${grown.join(', ')}`,
        mend: 'see which of them are used; remove what is not',
      },
    ];
  });
}

/** What held at that time; undefined where the record begins later. */
function pointAt(surface: readonly SurfacePoint[], atMs: number): SurfacePoint | undefined {
  return surface.findLast((point) => point.atMs <= atMs);
}

export function findBeyondCeiling(input: LintInput): readonly Found[] {
  return listGrants(input).flatMap((site): readonly Found[] => {
    const { grant, path, servers } = site;
    if (input.nowMs >= grant.expiresAtMs) return [];
    // of servers that share the scope what is the same is said once
    const alike = new Map<string, { readonly by: string; readonly beyond: string; readonly ids: string[] }>();
    for (const server of servers) {
      const beyond = beyondCeiling(server, grant.kind, grant.pattern, input.nowMs);
      if (beyond === undefined) continue;
      const by = quoteNames(voicesOf(server));
      const key = JSON.stringify([by, beyond]);
      alike.set(key, { by, beyond, ids: [...(alike.get(key)?.ids ?? []), server.id] });
    }
    return [...alike.values()].map(({ by, beyond, ids: [id = '', ...more] }): Found => {
      const text = `${grant.kind} ${quoteName(grant.pattern)}: ${by} over ${quoteNames([id, ...more])} does not allow ${beyond}, so it is denied`;
      const server = serverOf(site) ?? (more.length === 0 ? id : undefined);
      return { path, server, text, mend: 'remove the grant, or have the ceiling changed' };
    });
  });
}

function voicesOf({ ceilings }: LintServer): readonly string[] {
  return [...new Set(ceilings.map(({ by, rule }) => by ?? rule))];
}

/** What of a grant the ceilings refuse, in words; undefined where they refuse nothing that is known. */
function beyondCeiling(
  server: LintServer,
  kind: Parameters<typeof decideTarget>[1],
  pattern: string,
  nowMs: number,
): string | undefined {
  const [first, ...rest] = server.ceilings;
  if (first === undefined) return undefined;
  const layers: Layers = [first, ...rest];
  const isAllowed = (name: string): boolean => decideTarget(layers, kind, name, nowMs).granted;
  if (!isWild(pattern)) return isAllowed(pattern) ? undefined : 'it';
  const fits = layers.every(({ grants }) => grants.some((one) => one.kind === kind && overlaps(one.pattern, pattern)));
  if (!fits) return 'any of it';
  const refused = (kind === 'tool' ? matchedTools(server, pattern) : []).filter(({ name }) => !isAllowed(name));
  return refused.length === 0 ? undefined : quoteNames(refused.map(({ name }) => name));
}
