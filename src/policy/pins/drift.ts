// How what a server offers differs from what was approved of it. Pure; knows no mode, no wire, and no words for people.
import type { Json } from '../../wire/json.ts';
import { memberOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { type Definition, definitionText, isSameDefinition, PINNED_FIELDS, type PinnedField } from './definition.ts';
import { type Excerpt, excerptChange } from './excerpt.ts';
import type { PinSet } from './pin-set.ts';
import { indexNames } from './shadow.ts';

export interface FieldChange extends Excerpt {
  readonly field: PinnedField;
}

/** An annotation whose word turned: `readOnlyHint` true → false. */
export interface Flip {
  readonly hint: string;
  readonly before: boolean | undefined;
  readonly after: boolean | undefined;
  /** Towards what a caller should be told: less read-only, more destructive, less idempotent, more open. */
  readonly isWorse: boolean;
}

export interface ToolChange {
  readonly tool: string;
  readonly fields: readonly FieldChange[];
  readonly flips: readonly Flip[];
}

export interface Drift {
  readonly changed: readonly ToolChange[];
  readonly added: readonly string[];
  /** Of those that were added and read like one that was approved, that one. */
  readonly alike: ReadonlyMap<string, string>;
  readonly removed: readonly string[];
  /** One that was removed and one that was added with its definition: a rename, or a tool under a new name. */
  readonly clones: readonly { readonly from: string; readonly to: string }[];
  readonly instructions: Excerpt | undefined;
}

/** What each hint means where it is absent. Source: `ToolAnnotations` of schema.json. */
const HINTS: Readonly<Record<string, { readonly absent: boolean; readonly worse: boolean }>> = {
  readOnlyHint: { absent: false, worse: false },
  destructiveHint: { absent: true, worse: true },
  idempotentHint: { absent: false, worse: false },
  openWorldHint: { absent: true, worse: true },
};

/** Undefined where they are the same but for `ignored` fields. */
export function compareDefinitions(
  before: Definition,
  after: Definition,
  ignored: ReadonlySet<string>,
): ToolChange | undefined {
  if (isSameDefinition(before, after, ignored)) return undefined;
  const fields = PINNED_FIELDS.filter(
    (field) => !ignored.has(field) && !isSameJson(before.fields[field], after.fields[field]),
  ).map((field) => ({ field, ...excerptChange(before.fields[field], after.fields[field]) }));
  const flips = ignored.has('annotations') ? [] : findFlips(before.fields.annotations, after.fields.annotations);
  return { tool: after.name, fields, flips };
}

/** @param offered everything that the server lists, over all pages @param ignoredOf the fields of a tool that may change */
export function findDrift(approved: PinSet, offered: PinSet, ignoredOf: (tool: string) => ReadonlySet<string>): Drift {
  const changed: ToolChange[] = [];
  const added: string[] = [];
  for (const definition of offered.tools.values()) {
    const pinned = approved.tools.get(definition.name);
    if (pinned === undefined) {
      added.push(definition.name);
      continue;
    }
    const change = compareDefinitions(pinned, definition, ignoredOf(definition.name));
    if (change !== undefined) changed.push(change);
  }
  const removed = [...approved.tools.keys()].filter((name) => !offered.tools.has(name));
  return {
    changed,
    added,
    alike: findAlike(added, approved.tools.keys()),
    removed,
    clones: findClones(approved, offered, removed, added),
    instructions:
      approved.instructions === offered.instructions
        ? undefined
        : excerptChange(approved.instructions, offered.instructions),
  };
}

/** Whether there is anything to say. */
export function isDrift({ changed, added, removed, instructions }: Drift): boolean {
  return changed.length + added.length + removed.length > 0 || instructions !== undefined;
}

function findAlike(added: readonly string[], approved: Iterable<string>): Drift['alike'] {
  // most lists bring nothing new, and a list may have very many names
  if (added.length === 0) return new Map();
  const likeOf = indexNames(approved);
  return new Map(
    added.flatMap((name): (readonly [string, string])[] => {
      const like = likeOf(name);
      return like === undefined ? [] : [[name, like]];
    }),
  );
}

function findClones(
  approved: PinSet,
  offered: PinSet,
  removed: readonly string[],
  added: readonly string[],
): Drift['clones'] {
  const gone = new Map<string, string>();
  for (const name of removed) {
    const definition = approved.tools.get(name);
    if (definition !== undefined) gone.set(definitionText(definition), name);
  }
  return added.flatMap((to) => {
    const definition = offered.tools.get(to);
    const from = definition === undefined ? undefined : gone.get(definitionText(definition));
    return from === undefined ? [] : [{ from, to }];
  });
}

function findFlips(before: Json | undefined, after: Json | undefined): readonly Flip[] {
  return Object.entries(HINTS).flatMap(([hint, { absent, worse }]) => {
    const [old, fresh] = [hintOf(before, hint), hintOf(after, hint)];
    if ((old ?? absent) === (fresh ?? absent)) return [];
    return [{ hint, before: old, after: fresh, isWorse: (fresh ?? absent) === worse }];
  });
}

function hintOf(annotations: Json | undefined, hint: string): boolean | undefined {
  const value = memberOf(annotations, hint);
  return typeof value === 'boolean' ? value : undefined;
}
