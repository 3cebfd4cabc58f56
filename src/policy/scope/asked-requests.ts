// What an answer asks of the client by the way, as scopes name it: questions before a call goes on, URLs to open. Knows where such may
// stand in an answer, at any depth; decides nothing. attacker-controlled throughout.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, memberOf, objectAt, stringAt } from '../../wire/json.ts';

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
 *
 * INVARIANT: the keys of every object that is read here were compared as lenient readers do (`ASKING` in wire/policed-objects.ts).
 */
export function inputRequestsOf(holder: JsonObject): readonly string[] | undefined {
  const methods: string[] = [];
  const places: JsonObject[] = [holder];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const tasks = memberOf(place, 'tasks');
    // neither one task nor a list of tasks: who knows what a reader makes of it
    if (isJsonObject(tasks)) return undefined;
    for (const below of [memberOf(place, 'task'), memberOf(place, 'result'), tasks]) addObjects(below, places);
    const asked = requestedAt(place);
    if (asked === undefined) return undefined;
    for (const one of asked) methods.push(one);
    const errors: JsonObject[] = [];
    addObjects(memberOf(place, 'error'), errors);
    for (const error of errors) {
      const elicited = errorRequestsOf(error);
      if (elicited === undefined) return undefined;
      for (const one of elicited) methods.push(one);
    }
  }
  return methods;
}

/** A list where an object is meant stands for its elements: who reads it at all reads those. */
function addObjects(value: Json | undefined, to: JsonObject[]): void {
  if (isJsonObject(value)) to.push(value);
  else if (Array.isArray(value)) for (const one of value) addObjects(one, to);
}

function requestedAt(place: JsonObject): readonly string[] | undefined {
  const asked = memberOf(place, 'inputRequests');
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
