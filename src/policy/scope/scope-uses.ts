// What a message asks for, as scopes name it. Knows the methods of the protocol that reach a tool, a resource or a prompt;
// decides nothing. attacker-controlled throughout.
import type { RequestView } from '../../core/interceptor.ts';
import type { JsonObject } from '../../wire/json.ts';
import { isJsonObject, memberOf, objectAt, stringAt } from '../../wire/json.ts';
import { REQUEST_METHODS } from '../../wire/protocol-keys.ts';
import { isDisguised } from './method-readings.ts';
import type { TargetKind } from './scope-policy.ts';
import { staysInTemplate } from './template-readings.ts';

export interface Use {
  readonly kind: TargetKind;
  readonly name: string;
  readonly args: JsonObject | undefined;
}

/**
 * What a scope must allow before this request goes on: nothing (`[]`), one or several things; undefined where it asks for
 * something that cannot be told, which no scope allows.
 */
export function usesOf(request: RequestView): readonly Use[] | undefined {
  const { method, params, asked } = request;
  if (asked === 'server') {
    // tasks belong to a request of the server's that was granted
    const isFree = method === 'ping' || method.startsWith('tasks/');
    return isFree ? [] : [{ kind: 'request', name: method, args: undefined }];
  }
  switch (method) {
    case 'tools/call':
      return named('tool', request.tool, params);
    case 'prompts/get':
      return named('prompt', stringAt(params, 'name'), params);
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return named('resource', stringAt(params, 'uri'), undefined);
    case 'completion/complete':
      return referred(objectAt(params, 'ref'), params);
    case 'subscriptions/listen':
      return listened(objectAt(params, 'notifications'));
    default:
      if (REQUEST_METHODS.has(method)) return [];
      // whatever it does there is no list that it would be missing from, and no tool that it would be known as
      return isDisguised(method) ? undefined : [{ kind: 'method', name: method, args: undefined }];
  }
}

function named(kind: TargetKind, name: string | undefined, params: JsonObject | undefined): readonly Use[] | undefined {
  if (name === undefined) return undefined;
  const args = memberOf(params, 'arguments');
  if (args !== undefined && !isJsonObject(args)) return undefined;
  return [{ kind, name, args }];
}

/** A completion is asked for a prompt by name, or for a resource template by its text. */
function referred(ref: JsonObject | undefined, params: JsonObject | undefined): readonly Use[] | undefined {
  const type = stringAt(ref, 'type');
  if (type === 'ref/prompt') {
    const args = completedArguments(params);
    const name = stringAt(ref, 'name');
    return args === undefined || name === undefined ? undefined : [{ kind: 'prompt', name, args }];
  }
  if (type !== 'ref/resource') return undefined;
  // a template is granted as it is written: what is put in must not lead out of it
  const values = completedArguments(params);
  const template = stringAt(ref, 'uri');
  if (values === undefined || template === undefined || !staysInTemplate(template, values)) return undefined;
  return named('resource', template, undefined);
}

/** What is given so far, the argument that is completed included: it may reach as far as that of a request. */
function completedArguments(params: JsonObject | undefined): JsonObject | undefined {
  const context = memberOf(params, 'context');
  const given = isJsonObject(context) ? memberOf(context, 'arguments') : context;
  if (given !== undefined && !isJsonObject(given)) return undefined;
  const completed = memberOf(params, 'argument');
  if (completed === undefined) return given ?? {};
  if (!isJsonObject(completed)) return undefined;
  const [name, value] = [stringAt(completed, 'name'), stringAt(completed, 'value')];
  if (name === undefined || value === undefined) return undefined;
  // the server gets both, and may heed either
  const before = memberOf(given, name);
  return before === undefined || before === value ? { ...given, [name]: value } : undefined;
}

/** 2026-07-28: one request for notifications of many kinds; of resources by URI. */
function listened(filter: JsonObject | undefined): readonly Use[] | undefined {
  const uris =
    filter !== undefined && Object.hasOwn(filter, 'resourceSubscriptions') ? filter.resourceSubscriptions : [];
  if (!Array.isArray(uris)) return undefined;
  const uses: Use[] = [];
  for (const uri of uris) {
    if (typeof uri !== 'string') return undefined;
    uses.push({ kind: 'resource', name: uri, args: undefined });
  }
  return uses;
}

const NOTHING: readonly string[] = [];

const ROOTS_KEYS: ReadonlySet<string> = new Set(['roots', 'resultType', '_meta']);
/** Of each kind of answer the members that no other kind has. Source: `ElicitResult`, `CreateMessageResult`, `ListRootsResult`. */
const ANSWER_MARKS: readonly (readonly [method: string, marks: readonly string[]])[] = [
  ['elicitation/create', ['action']],
  ['sampling/createMessage', ['role', 'model', 'stopReason']],
  ['roots/list', ['roots']],
];

/**
 * The methods that a client says it answers (2026-07-28 `inputResponses`), told by what each answer holds; undefined where that cannot
 * be told. They reach the server beside the arguments, so they need what the questions needed.
 */
export function inputResponsesOf(params: JsonObject | undefined): readonly string[] | undefined {
  const responses = memberOf(params, 'inputResponses');
  if (responses === undefined || responses === null) return NOTHING;
  if (!isJsonObject(responses)) return undefined;
  const methods = new Set<string>();
  for (const one of Object.values(responses)) {
    const method = isJsonObject(one) ? answeredBy(one) : undefined;
    if (method === undefined) return undefined;
    methods.add(method);
  }
  return [...methods];
}

/** INVARIANT: an answer that fits two questions is none: what is granted for the one would carry the other. */
function answeredBy(answer: JsonObject): string | undefined {
  const has = (key: string): boolean => Object.hasOwn(answer, key);
  const [method, ...others] = ANSWER_MARKS.flatMap(([one, marks]) => (marks.some(has) ? [one] : []));
  if (others.length > 0) return undefined;
  if (method === 'sampling/createMessage') return has('role') && has('content') ? method : undefined;
  if (method === 'roots/list') return Object.keys(answer).every((key) => ROOTS_KEYS.has(key)) ? method : undefined;
  return method;
}
