// The interceptor that keeps every request away from the guard's own files, in every mode: one that could edit the policy or the
// trail would be the last one they say anything about. Knows no scope; what counts as such a path is own-paths of constraints.
import type { Deny, Interceptor, RequestView } from '../core/interceptor.ts';
import { PASS } from '../core/interceptor.ts';
import { isJsonObject, type Json, type JsonObject } from '../wire/json.ts';
import { REQUEST_METHODS } from '../wire/protocol-keys.ts';
import { createOwnPathFinder, type OwnPathFinder } from './constraint/own-paths.ts';
import type { OwnPathPorts, OwnPaths } from './constraint/own-reach.ts';

export interface OwnPathsParts {
  /** As the disk shows them now. Asked at the start and after each change of the policy. */
  own(): OwnPaths;
  /** Whether there are others by now. Asked before each request is looked at; absent: never but by a change of the policy. */
  hasChanged?(monoMs: number): boolean;
  /** By the server that will read the argument: relative paths count from where it works. Other ports where it works elsewhere. */
  portsOf(server: string): OwnPathPorts;
}

/**
 * In methods of the protocol: its names, and what a server itself gave out to be handed back unread: no paths, whatever they look
 * like. Everything else is looked at, and everything in methods that nobody knows.
 */
const UNREAD = new Set(['_meta', 'name', 'task', 'taskId', 'cursor', 'requestState']);

export function createOwnPathsPolicy({ own: readOwn, portsOf, hasChanged }: OwnPathsParts): Interceptor {
  const finders = new Map<string, { readonly ports: OwnPathPorts; readonly find: OwnPathFinder }>();
  let own = readOwn();
  const readAnew = (): void => {
    own = readOwn();
    finders.clear();
  };
  const finderOf = (server: string): OwnPathFinder => {
    const ports = portsOf(server);
    const known = finders.get(server);
    // INVARIANT: a finder is for the directories that it was made with
    if (known?.ports === ports) return known.find;
    const find = createOwnPathFinder(own, ports);
    finders.set(server, { ports, find });
    return find;
  };
  return {
    name: 'own-paths',
    // links may have been turned round while a call waited for its place
    asksAgain: true,
    onRequest(request, { monoMs }) {
      if (request.asked !== 'client' || request.params === undefined || request.method === 'initialize') return PASS;
      if (hasChanged?.(monoMs) === true) readAnew();
      const find = finderOf(request.upstream);
      for (const part of listParts(request, request.params)) {
        const found = find(part, monoMs);
        if (found === undefined) continue;
        return {
          kind: 'deny',
          reason: 'own_path',
          rule: 'own_paths',
          text: `mcp-guard did not send this ${request.tool === undefined ? 'request' : 'call'}: ${found.text}.`,
          retryAfterMs: undefined,
        } satisfies Deny;
      }
      return PASS;
    },
    onPolicyChange: readAnew,
  };
}

/** The arguments of a call by themselves, since pointers to them begin there; then whatever else there is. */
function listParts({ tool, method }: RequestView, params: JsonObject): readonly JsonObject[] {
  const args = tool !== undefined && Object.hasOwn(params, 'arguments') ? params.arguments : undefined;
  const isApart = isJsonObject(args);
  const isKnown = REQUEST_METHODS.has(method);
  const others = Object.keys(params).filter(
    (key) => !(isKnown && UNREAD.has(key)) && !(isApart && key === 'arguments'),
  );
  if (others.length === 0) return isApart ? [args] : [];
  // no prototype: a member may be called `__proto__`
  const rest: Record<string, Json> = Object.create(null);
  for (const key of others) rest[key] = params[key] ?? null;
  return isApart ? [args, rest] : [rest];
}
