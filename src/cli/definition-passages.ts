// What a person reads of definitions before they approve them: every text in full, what changed as it was and as it is. Judges nothing;
// knows no screen and no width. attacker-controlled: every name and text, and none is made inert here (passage-screen.ts does).
import type { Definition } from '../policy/pins/definition.ts';
import type { Drift, FieldChange } from '../policy/pins/drift.ts';
import { describeDrift } from '../policy/pins/drift-text.ts';
import type { PinSet } from '../policy/pins/pin-set.ts';
import { showInert } from '../wire/inert-text.ts';
import type { Json } from '../wire/json.ts';
import { isJsonObject } from '../wire/json.ts';
import { isSameJson } from '../wire/same-json.ts';

/** A text in full, and what it is. */
export interface Passage {
  readonly label: string;
  readonly text: string;
}

export interface PassageLine {
  /** Inert and short: what the passages below it are about. */
  readonly text: string;
  readonly passages: readonly Passage[];
}

/** What fits into a line with both sides, uncut; as excerpt.ts has it. */
const SHORT = 60;
const MOST_LEAVES = 2_000;

/** @param isWhole schemas as they stand, too */
export function listDrift(drift: Drift, before: PinSet, after: PinSet, isWhole: boolean): readonly PassageLine[] {
  const cloned = new Set(drift.clones.map(({ to }) => to));
  const changed = drift.changed.flatMap((change) => {
    const [was, now] = [before, after].map(({ tools }) => tools.get(change.tool)?.fields ?? {});
    const one = { ...EMPTY, changed: [{ ...change, fields: [] }] };
    return [
      ...describeDrift(one).map(bare),
      ...change.fields.flatMap((field) =>
        listField(change.tool, field, was?.[field.field], now?.[field.field], isWhole),
      ),
    ];
  });
  const added = drift.added
    .filter((name) => !cloned.has(name))
    .flatMap((name) => {
      const definition = after.tools.get(name);
      const passages = definition === undefined ? [] : readAloud(definition, isWhole);
      return describeDrift({ ...EMPTY, added: [name], alike: drift.alike }).map((text) => ({ text, passages }));
    });
  const cloneNames = { added: [...cloned], removed: drift.clones.map(({ from }) => from), clones: drift.clones };
  const gone = drift.removed.filter((name) => drift.clones.every(({ from }) => from !== name));
  return [
    ...changed,
    ...describeDrift({ ...EMPTY, ...cloneNames }).map(bare),
    ...added,
    ...describeDrift({ ...EMPTY, removed: gone }).map(bare),
    ...(drift.instructions === undefined ? [] : listInstructions(drift, before.instructions, after.instructions)),
  ];
}

/** Of tools that nobody has looked at yet, and the instructions of their server. */
export function listFirst({ tools, instructions }: PinSet, isWhole: boolean): readonly Passage[] {
  const all = [...tools.values()].flatMap((definition) =>
    readAloud(definition, isWhole).map(({ label, text }) => ({ label: `${definition.name} ${label}`, text })),
  );
  return instructions === undefined ? all : [...all, { label: 'instructions', text: instructions }];
}

const EMPTY: Drift = { changed: [], added: [], alike: new Map(), removed: [], clones: [], instructions: undefined };
const bare = (text: string): PassageLine => ({ text, passages: [] });

function listInstructions(
  { instructions }: Drift,
  before: string | undefined,
  after: string | undefined,
): readonly PassageLine[] {
  if (instructions === undefined) return [];
  if (isShort(before) && isShort(after))
    return describeDrift({ ...EMPTY, instructions: { before: inertOf(before), after: inertOf(after) } }).map(bare);
  return [{ text: 'instructions:', passages: wasAndNow(before, after) }];
}

function listField(
  tool: string,
  change: FieldChange,
  before: Json | undefined,
  after: Json | undefined,
  isWhole: boolean,
): readonly PassageLine[] {
  const told = (field: FieldChange): string =>
    describeDrift({ ...EMPTY, changed: [{ tool, fields: [field], flips: [] }] })[0] ?? '';
  const headOf = (at: string): string =>
    told({ ...change, before: '', after: '' }).replace(/ [^ ]+: "" → ""$/, ` ${at}:`);
  if (!isJsonObject(before) && !isJsonObject(after)) {
    if (isShort(before) && isShort(after))
      return [bare(told({ ...change, before: inertOf(before), after: inertOf(after) }))];
    return [{ text: headOf(change.field), passages: wasAndNow(before, after) }];
  }
  const [old, fresh] = [leavesOf(before), leavesOf(after)];
  const keys = [...new Set([...old.keys(), ...fresh.keys()])].filter((key) => old.get(key) !== fresh.get(key));
  const passages = keys.flatMap((key) => [
    ...(old.has(key) ? [{ label: `${key} was`, text: old.get(key) ?? '' }] : []),
    ...(fresh.has(key) ? [{ label: `${key} now`, text: fresh.get(key) ?? '' }] : []),
  ]);
  return [{ text: headOf(change.field), passages: [...passages, ...(isWhole ? wasAndNow(before, after) : [])] }];
}

/** The parts that a model reads first, then everything else that the definition says. */
function readAloud({ fields }: Definition, isWhole: boolean): readonly Passage[] {
  const { title, description, inputSchema, ...others } = fields;
  const rest = [
    ['inputSchema', withoutSummary(inputSchema)],
    // INVARIANT: no field that is pinned is left out
    ...Object.entries(others),
  ] as const;
  const lines = rest.flatMap(([name, value]) =>
    [...leavesOf(value)].map(([at, text]) => `${joinPath(name, at)}: ${text}`),
  );
  return [
    ...(title === undefined ? [] : [{ label: 'title', text: textOf(title) }]),
    { label: 'description', text: description === undefined ? '(none)' : textOf(description) },
    ...named('parameters', summarize(inputSchema)),
    ...named('also says', lines),
    ...(isWhole ? [{ label: 'definition', text: JSON.stringify(fields, undefined, 2) }] : []),
  ];
}

function named(label: string, lines: readonly string[]): readonly Passage[] {
  return lines.length === 0 ? [] : [{ label, text: lines.join('\n') }];
}

/** One line a parameter. What it leaves out stands in `withoutSummary`. */
function summarize(schema: Json | undefined): readonly string[] {
  const required = isJsonObject(schema) && Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(propertiesOf(schema)).map(([name, property]) => {
    const { type, description } = isJsonObject(property) ? property : {};
    const words = [typeof type === 'string' ? type : 'any', ...(required.includes(name) ? ['required'] : [])];
    return `${name} (${words.join(', ')})${typeof description === 'string' ? `: ${description}` : ''}`;
  });
}

/** The schema but for what `summarize` says of it, and words that every schema has. */
function withoutSummary(schema: Json | undefined): Json | undefined {
  if (!isJsonObject(schema)) return schema;
  const { $schema, type, properties: given, required, additionalProperties, ...rest } = schema;
  const properties = Object.entries(propertiesOf(schema)).map(([name, property]) => {
    if (!isJsonObject(property)) return [name, property] as const;
    const said = Object.entries(property).filter(
      ([key, value]) => !((key === 'type' || key === 'description') && typeof value === 'string'),
    );
    return [name, Object.fromEntries(said)] as const;
  });
  const left = properties.filter(([, value]) => !isSameJson(value, {}));
  const names = new Set(properties.map(([name]) => name));
  const isPlain = Array.isArray(required) && required.every((name) => typeof name === 'string' && names.has(name));
  return {
    ...rest,
    ...(typeof $schema === 'string' && /^https?:\/\/json-schema\.org\/[\w./#-]{1,40}$/.test($schema)
      ? {}
      : { $schema }),
    ...(type === 'object' ? {} : { type }),
    ...(isPlain ? {} : { required }),
    ...(typeof additionalProperties === 'boolean' ? {} : { additionalProperties }),
    ...(isJsonObject(given)
      ? left.length > 0
        ? { properties: Object.fromEntries(left) }
        : {}
      : { properties: given }),
  };
}

function propertiesOf(schema: Json | undefined): { readonly [key: string]: Json | undefined } {
  return isJsonObject(schema) && isJsonObject(schema.properties) ? schema.properties : {};
}

/** Every scalar by its path, keys in order. What comes after the first 2,000 is one more. */
function leavesOf(value: Json | undefined): ReadonlyMap<string, string> {
  const leaves = new Map<string, string>();
  const walk = (item: Json | undefined, at: string): void => {
    if (item === undefined) return;
    const members = Array.isArray(item) ? item.map((one, index) => [String(index), one] as const) : membersOf(item);
    if (members === undefined || members.length === 0 || leaves.size >= MOST_LEAVES) leaves.set(at, textOf(item));
    else for (const [key, one] of members) walk(one, joinPath(at, key));
  };
  // `{}` as a whole says nothing
  if (!isJsonObject(value) || Object.keys(value).length > 0) walk(value, '');
  return leaves;
}

function membersOf(item: Json): readonly (readonly [string, Json | undefined])[] | undefined {
  return isJsonObject(item) ? Object.entries(item) : undefined;
}

function joinPath(at: string, key: string): string {
  return at === '' ? key : key === '' ? at : `${at}/${key}`;
}

function wasAndNow(before: Json | undefined, after: Json | undefined): readonly Passage[] {
  return [
    { label: 'was', text: before === undefined ? '(nothing)' : textOf(before) },
    { label: 'now', text: after === undefined ? '(nothing)' : textOf(after) },
  ];
}

function inertOf(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : showInert(textOf(value));
}

function isShort(value: Json | undefined): boolean {
  return value === undefined || textOf(value).length <= SHORT;
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
}
