// What a message asks for, as scopes name it. Knows the methods of the protocol that reach a tool, a resource or a prompt;
// decides nothing. attacker-controlled throughout.
import type { RequestView } from '../../core/interceptor.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, objectAt, stringAt } from '../../wire/json.ts';
import { REQUEST_METHODS } from '../../wire/protocol-keys.ts';
import type { TargetKind } from './scope-policy.ts';
import { readUri } from './uri-readings.ts';

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
  const args = params !== undefined && Object.hasOwn(params, 'arguments') ? params.arguments : undefined;
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
  if (values === undefined || !Object.values(values).every(staysInside)) return undefined;
  return named('resource', stringAt(ref, 'uri'), undefined);
}

/** No segment of dots, in any reading of it as a part of a URI. */
function staysInside(value: Json | undefined): boolean {
  return typeof value === 'string' && readUri(`x:/${value}`).isPlain;
}

/** What is given so far, the argument that is completed included: it may reach as far as that of a request. */
function completedArguments(params: JsonObject | undefined): JsonObject | undefined {
  const context = memberAt(params, 'context');
  const given = isJsonObject(context) ? memberAt(context, 'arguments') : context;
  if (given !== undefined && !isJsonObject(given)) return undefined;
  const completed = memberAt(params, 'argument');
  if (completed === undefined) return given ?? {};
  if (!isJsonObject(completed)) return undefined;
  const [name, value] = [stringAt(completed, 'name'), stringAt(completed, 'value')];
  if (name === undefined || value === undefined) return undefined;
  // the server gets both, and may heed either
  const before = memberAt(given, name);
  return before === undefined || before === value ? { ...given, [name]: value } : undefined;
}

function memberAt(object: JsonObject | undefined, key: string): Json | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
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

const LONGEST_METHOD = 1024;

const POLICED: readonly string[] = [
  ...['tools/call', 'prompts/get', 'resources/read', 'resources/subscribe', 'resources/unsubscribe'],
  ...['completion/complete', 'subscriptions/listen', 'tool/call', 'prompt/get', 'resource/read'],
  ...['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'],
].map(bareMethod);

/** A lenient server may take ` Tools/Call` for `tools/call`: no grant of a method may let that in. */
export function isDisguised(method: string): boolean {
  return method.length > LONGEST_METHOD || POLICED.includes(bareMethod(method));
}

function bareMethod(method: string): string {
  return method
    .slice(0, LONGEST_METHOD)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z]/g, '');
}

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
  const responses = memberAt(params, 'inputResponses');
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

/** The error of 2025-11-25 by which a server asks its client to have a URL opened. */
const URL_ELICITATION_REQUIRED = -32042;
const ELICITS: readonly string[] = ['elicitation/create'];
const NOTHING: readonly string[] = [];

/** The methods that an error asks of the client: a URL to open is an elicitation; undefined where it cannot be told what for. */
export function errorRequestsOf(error: JsonObject | undefined): readonly string[] | undefined {
  // as a client reads it that turns a text or a fraction into an integer
  if (error === undefined || Math.trunc(Number(error.code)) !== URL_ELICITATION_REQUIRED) return NOTHING;
  const data = objectAt(error, 'data');
  const asked = data !== undefined && Object.hasOwn(data, 'elicitations') ? data.elicitations : undefined;
  if (!Array.isArray(asked)) return undefined;
  return asked.every((one) => isJsonObject(one) && stringAt(one, 'mode') === 'url') ? ELICITS : undefined;
}

/**
 * The methods that a result or a task asks of the client: 2026-07-28 `inputRequests`, and the error of a task that failed; also in the
 * tasks of a list, and in a result within a result. Undefined where they cannot be told.
 */
export function inputRequestsOf(holder: JsonObject): readonly string[] | undefined {
  const methods: string[] = [];
  const places: JsonObject[] = [holder];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    for (const below of [memberAt(place, 'task'), memberAt(place, 'result'), ...tasksAt(place)])
      if (isJsonObject(below)) places.push(below);
    const elicited = errorRequestsOf(objectAt(place, 'error'));
    const asked = requestedAt(place);
    if (elicited === undefined || asked === undefined) return undefined;
    for (const one of [...elicited, ...asked]) methods.push(one);
  }
  return methods;
}

function tasksAt(place: JsonObject): readonly (Json | undefined)[] {
  const tasks = memberAt(place, 'tasks');
  return Array.isArray(tasks) ? tasks : [];
}

function requestedAt(place: JsonObject): readonly string[] | undefined {
  const asked = memberAt(place, 'inputRequests');
  if (asked === null || asked === undefined) return NOTHING;
  if (typeof asked !== 'object') return undefined;
  const methods: string[] = [];
  for (const one of Object.values(asked)) {
    const method = isJsonObject(one) ? stringAt(one, 'method') : undefined;
    if (method === undefined) return undefined;
    methods.push(method);
  }
  return methods;
}
