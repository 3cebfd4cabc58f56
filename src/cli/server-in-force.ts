// What of the policy in force is about one server of a run: at its start, and when another policy takes over while it runs. Pure; decides
// which entry counts, and nothing about calls. INVARIANT: a server that had an entry is never unscoped for want of it.
import { type BreakerLookup, createBreakerLookup } from '../config/breaker-lookup.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { type Asked, bareAt, type ResolvedServer, resolveServer } from '../config/resolve-server.ts';
import { restrictionLayers, restrictionsOn } from '../config/restrict-layers.ts';
import { serverScopeOf } from '../config/server-scope.ts';
import { restrictDeadline, toolDeadline } from '../config/tool-deadline.ts';
import { BARE_DEADLINE, type Deadline } from '../core/settings.ts';
import { isGuardError } from '../guard-error.ts';
import type { ServerScope } from '../policy/scope/scope.ts';
import { buildLayer } from '../policy/scope/scope-layer.ts';
import type { Scope } from '../policy/scope/scope-policy.ts';
import type { HeldPolicy } from './open-policy.ts';

export interface ServerInForce {
  /** Undefined: a bare run, an unlisted server, or one that is closed. */
  readonly entry: ServerPolicy | undefined;
  readonly scope: ServerScope;
  readonly breaker: BreakerLookup;
  deadlineOf(tool: string): Deadline;
  /** For a person; undefined where there is nothing to say. */
  readonly note: string | undefined;
  /** It is to be started anew with this entry when nothing is in flight. */
  readonly isMoved: boolean;
}

/** How the host asked for the server. */
export type HowAsked = Pick<Asked, 'serverFlag' | 'command' | 'args'>;

const NOTHING: Scope = { name: '', rule: 'servers', grants: [], denies: [], source: {} };
/** As a ceiling: no pause opens it. */
const CLOSED: ServerScope = { layers: [buildLayer('ceiling', [NOTHING], 'config')], mode: 'enforce' };
const SILENT = { note: undefined, isMoved: false } as const;

export function serverAtStart(held: Pick<HeldPolicy, 'policy' | 'lock'>, server: ResolvedServer): ServerInForce {
  return build(held, server, server.entry, SILENT);
}

/** @param started as it was resolved when it was started */
export function serverAfterReload(held: HeldPolicy, started: ResolvedServer, asked: HowAsked): ServerInForce {
  const { policy } = held;
  // without a config there is none to be listed in
  if (held.lock === undefined || policy === undefined) return build(held, started, undefined, SILENT);
  const found = findAgain(policy, started, asked);
  if (found.kind === 'closed') return closeServer(held, found.why, started);
  const { entry } = found;
  const { entry: before } = started;
  const unapproved = entry === undefined ? undefined : whyUnapproved(held, entry);
  const note = unapproved && describeRefused(started, `${unapproved.what}; ${unapproved.mend}`);
  // what nobody has approved is not started, and nothing is granted to it: its layer of the lock is empty
  const isMoved = note === undefined && entry !== undefined && before !== undefined && !isSameStructure(entry, before);
  return build(held, started, entry, { note, isMoved }, unapproved?.what);
}

/** Nothing is granted to it. Its process stays, and the session with it: another policy may open it again. */
export function closeServer(
  held: Pick<HeldPolicy, 'policy' | 'lock'>,
  why: string,
  server: ResolvedServer,
): ServerInForce {
  const note = describeRefused(server, why);
  return { ...build(held, server, undefined, { note, isMoved: false }), scope: CLOSED };
}

/** As `closeServer`, for one that cannot be started as the config has it now: who asks is told that, and not that there is no such tool. */
export function closeUnstartable(
  held: Pick<HeldPolicy, 'policy' | 'lock'>,
  why: string,
  server: ResolvedServer,
): ServerInForce {
  const layer = { ...buildLayer('ceiling', [NOTHING], 'config'), closed: why };
  return { ...closeServer(held, why, server), scope: { layers: [layer], mode: 'enforce' } };
}

function describeRefused({ name }: ResolvedServer, why: string): string {
  return `every call to \`${name}\` is refused from now on: ${why}`;
}

function build(
  { lock, policy }: Pick<HeldPolicy, 'policy' | 'lock'>,
  server: ResolvedServer,
  entry: ServerPolicy | undefined,
  more: Pick<ServerInForce, 'note' | 'isMoved'>,
  waits?: string,
): ServerInForce {
  const approved = (lock?.layersOf(entry) ?? []).map((layer) => (waits === undefined ? layer : { ...layer, waits }));
  const restrictions = entry === undefined ? restrictionsOn(policy, entry, bareAt(server)) : [];
  return {
    entry,
    scope: serverScopeOf(entry, [...approved, ...restrictionLayers(restrictions)]),
    breaker: createBreakerLookup(policy),
    deadlineOf:
      entry === undefined
        ? (tool) => restrictDeadline(BARE_DEADLINE, restrictions, tool)
        : (tool) => toolDeadline(entry, tool),
    ...more,
  };
}

type Found =
  | { readonly kind: 'found'; readonly entry: ServerPolicy | undefined }
  | { readonly kind: 'closed'; readonly why: string };

function findAgain(policy: Policy, { entry: before }: ResolvedServer, asked: HowAsked): Found {
  if (before !== undefined && !policy.servers.has(before.id))
    return { kind: 'closed', why: `\`${policy.source.path}\` has no server \`${before.id}\` any more` };
  let again: ResolvedServer;
  try {
    again = resolveServer(policy, asked);
  } catch (error) {
    if (!isGuardError(error)) throw error;
    return { kind: 'closed', why: error.message };
  }
  if (before !== undefined && again.entry?.id !== before.id)
    return { kind: 'closed', why: `it was started by another command than \`servers.${before.id}\` has now` };
  return { kind: 'found', entry: again.entry };
}

function whyUnapproved({ lock }: HeldPolicy, { id }: ServerPolicy): { what: string; mend: string } | undefined {
  try {
    lock?.refuseUnapproved(id, 'running');
    return undefined;
  } catch (error) {
    if (!isGuardError(error)) throw error;
    return { what: error.message, mend: error.hint ?? 'approve it' };
  }
}

/** What a server is started with. */
function isSameStructure(a: ServerPolicy, b: ServerPolicy): boolean {
  const keys = ({ command, args, cwd, env, passEnv, isolation }: ServerPolicy) =>
    JSON.stringify([
      command,
      args,
      cwd ?? null,
      Object.entries(env).sort(byName),
      [...passEnv].sort(),
      isolation ?? null,
    ]);
  return keys(a) === keys(b);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
