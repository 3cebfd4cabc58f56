// Whether one entry of a list has the shape that the protocol says. One that has not makes a strict client refuse the merged list,
// those of every other server with it. Pure. Source: the schemas of 2025-11-25 and 2026-07-28. attacker-controlled throughout.
import { isJsonObject, type Json, type JsonObject, memberOf } from '../../wire/json.ts';
import type { ListKind } from './settings.ts';

type Check = (value: Json) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isSwitch: Check = (value) => typeof value === 'boolean';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isObject: Check = (value) => isJsonObject(value);
const isShare: Check = (value) => typeof value === 'number' && value >= 0 && value <= 1;
const isTime: Check = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(value);
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((one: Json) => check(one));
const shape =
  (needed: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check =>
  (value) =>
    isJsonObject(value) &&
    Object.entries(needed).every(([key, check]) => Object.hasOwn(value, key) && holds(value, key, check)) &&
    Object.entries(optional).every(([key, check]) => holds(value, key, check));

function holds(object: JsonObject, key: string, check: Check): boolean {
  const value = memberOf(object, key);
  return value === undefined || check(value);
}

const isIcon = shape({ src: isText }, { mimeType: isText, sizes: listOf(isText), theme: oneOf('light', 'dark') });
const isAnnotation = shape(
  {},
  { audience: listOf(oneOf('user', 'assistant')), priority: isShare, lastModified: isTime },
);
/** JSON Schema has `true` and `false` as well; the schema of the protocol takes objects only. */
const isProperties: Check = (value) => isJsonObject(value) && Object.values(value).every((one) => isJsonObject(one));
const isSchema = shape({ type: oneOf('object') }, { properties: isProperties, required: listOf(isText) });
const isHints = shape(
  {},
  {
    title: isText,
    readOnlyHint: isSwitch,
    destructiveHint: isSwitch,
    idempotentHint: isSwitch,
    openWorldHint: isSwitch,
  },
);
const isExecution = shape({}, { taskSupport: oneOf('required', 'optional', 'forbidden') });
const isArgument = shape({ name: isText }, { title: isText, description: isText, required: isSwitch });
const DESCRIBED = { title: isText, description: isText, icons: listOf(isIcon), _meta: isObject };
const isStatus = oneOf('working', 'input_required', 'completed', 'failed', 'cancelled');

const SHAPES: Readonly<Record<ListKind, Check>> = {
  tools: shape(
    { name: isText, inputSchema: isSchema },
    { ...DESCRIBED, outputSchema: isSchema, annotations: isHints, execution: isExecution },
  ),
  prompts: shape({ name: isText }, { ...DESCRIBED, arguments: listOf(isArgument) }),
  resources: shape(
    { uri: isText, name: isText },
    { ...DESCRIBED, mimeType: isText, size: isNumber, annotations: isAnnotation },
  ),
  resourceTemplates: shape(
    { uriTemplate: isText, name: isText },
    { ...DESCRIBED, mimeType: isText, annotations: isAnnotation },
  ),
  tasks: shape(
    { taskId: isText },
    { status: isStatus, statusMessage: isText, createdAt: isText, lastUpdatedAt: isText, pollInterval: isNumber },
  ),
};

export function isWellFormed(kind: ListKind, entry: Json): boolean {
  return SHAPES[kind](entry);
}
