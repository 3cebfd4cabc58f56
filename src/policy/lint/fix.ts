// What of the findings can be mended by narrowing alone, as edits of the config's text, and the proof that they only narrow.
// INVARIANT: a grant is removed, or a pattern of tools gives way to names that it matches; nothing else of the document changes.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, listOf, memberOf, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { type Edit, removalEdits, spliceText, valueSpan } from '../../wire/splice.ts';
import { compilePattern } from '../pattern.ts';
import type { Fix } from './finding.ts';
import { isWild } from './pattern-relation.ts';

/** @param withUnused also what is only believed not to be needed */
export function chooseFixes(fixes: readonly (Fix | undefined)[], withUnused: boolean): readonly Fix[] {
  const chosen = new Map<string, Fix>();
  for (const fix of fixes) {
    if (fix === undefined || (fix.kind === 'remove_grant' && fix.isOptional && !withUnused)) continue;
    const key = JSON.stringify(fix.path);
    // a grant that goes needs no names
    if (fix.kind === 'remove_grant' || !chosen.has(key)) chosen.set(key, fix);
  }
  return [...chosen.values()];
}

/** Edits of a JSON text that `JSON.parse` accepts and in which no key stands twice. */
export function planEdits(text: string, fixes: readonly Fix[]): readonly Edit[] {
  const byList = new Map<string, { readonly list: readonly (string | number)[]; readonly fixes: Fix[] }>();
  for (const fix of fixes) {
    const list = fix.path.slice(0, -1);
    const key = JSON.stringify(list);
    const known = byList.get(key);
    if (known === undefined) byList.set(key, { list, fixes: [fix] });
    else known.fixes.push(fix);
  }
  return [...byList.values()].flatMap(({ list, fixes: own }): readonly Edit[] => {
    const span = valueSpan(text, list);
    if (span === undefined) return [];
    const removed = own.filter(({ kind }) => kind === 'remove_grant').map(({ path }) => Number(path.at(-1)));
    const named = own.flatMap((fix) => (fix.kind === 'name_tools' ? [nameTools(text, fix)] : []));
    return [...removalEdits(text, span, new Set(removed)), ...named.filter((edit) => edit !== undefined)];
  });
}

/** One grant for each name, with the terms and the layout of the one that had the pattern. */
function nameTools(text: string, { path, tools }: Extract<Fix, { kind: 'name_tools' }>): Edit | undefined {
  const grant = valueSpan(text, path);
  const tool = valueSpan(text, [...path, 'tool']);
  if (grant === undefined || tool === undefined) return undefined;
  const line = text.slice(text.lastIndexOf('\n', grant.start) + 1, grant.start);
  const between = /^\s*$/.test(line) && text.includes('\n') ? `,\n${line}` : ', ';
  const before = text.slice(grant.start, tool.start);
  const after = text.slice(tool.end, grant.end);
  const replacement = tools.map((name) => `${before}${JSON.stringify(name)}${after}`).join(between);
  return { span: grant, replacement };
}

/** The text with the edits, where it is certain that it only narrows; undefined where it is not. */
export function narrowText(text: string, edits: readonly Edit[]): string | undefined {
  const fixed = spliceText(text, edits);
  try {
    const [before, after]: readonly [Json, Json] = [JSON.parse(text), JSON.parse(fixed)];
    return isNarrowing(before, after) ? fixed : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether `after` permits nothing that `before` does not: equal but for the grants of scopes, and each grant there is one of
 * before, or one of before with the exact name of a tool that its pattern matches. Says no where it cannot tell.
 */
export function isNarrowing(before: Json, after: Json): boolean {
  if (!isJsonObject(before) || !isJsonObject(after)) return false;
  const [scopesBefore, scopesAfter] = [objectOf(before.scopes), objectOf(after.scopes)];
  if (!isSameJson(withoutGrants(before), withoutGrants(after))) return false;
  return Object.entries(scopesAfter).every(([name, scope]) => {
    const old = listOf(memberOf(memberOf(scopesBefore, name), 'grants'));
    return listOf(memberOf(scope, 'grants')).every((grant) => old.some((one) => isSameOrNamed(one, grant)));
  });
}

function isSameOrNamed(before: Json, after: Json): boolean {
  if (isSameJson(before, after)) return true;
  if (!isJsonObject(before) || !isJsonObject(after)) return false;
  const [pattern, name] = [memberOf(before, 'tool'), memberOf(after, 'tool')];
  if (typeof pattern !== 'string' || typeof name !== 'string' || isWild(name)) return false;
  return compilePattern(pattern).matches(name) && isSameJson({ ...before, tool: name }, after);
}

/** The document with every list of grants emptied; a key that is absent stays absent. */
function withoutGrants(document: JsonObject): JsonObject {
  if (!isJsonObject(document.scopes)) return document;
  const scopes = Object.entries(document.scopes).map(([name, scope]): [string, Json | undefined] => [
    name,
    isJsonObject(scope) && Array.isArray(scope.grants) ? { ...scope, grants: [] } : scope,
  ]);
  return { ...document, scopes: Object.fromEntries(scopes) };
}

/** Where the edits change lines, for a person: what goes (`-`) and what comes (`+`), each with the number of its first line. */
export function showEdits(
  text: string,
  edits: readonly Edit[],
): readonly { line: number; gone: string[]; come: string[] }[] {
  const lines: { start: number; end: number }[] = [];
  for (let start = 0; start <= text.length; ) {
    const end = text.indexOf('\n', start);
    lines.push({ start, end: end === -1 ? text.length : end });
    start = end === -1 ? text.length + 1 : end + 1;
  }
  const lineOf = (at: number): number => lines.findIndex(({ end }) => at <= end);
  const hunks: { from: number; to: number; edits: Edit[] }[] = [];
  for (const edit of [...edits].sort((left, right) => left.span.start - right.span.start)) {
    const [from, to] = [lineOf(edit.span.start), lineOf(edit.span.end)];
    const last = hunks.at(-1);
    if (last !== undefined && from <= last.to) {
      last.to = Math.max(last.to, to);
      last.edits.push(edit);
    } else hunks.push({ from, to, edits: [edit] });
  }
  return hunks.map(({ from, to, edits: own }) => {
    const [start, end] = [lines[from]?.start ?? 0, lines[to]?.end ?? text.length];
    const before = text.slice(start, end);
    const shifted = own.map(({ span, replacement }) => ({
      span: { start: span.start - start, end: span.end - start },
      replacement,
    }));
    const gone = before.split('\n');
    const come = spliceText(before, shifted).split('\n');
    let line = from + 1;
    while (gone.length > 0 && come.length > 0 && gone[0] === come[0]) {
      gone.shift();
      come.shift();
      line += 1;
    }
    while (gone.length > 0 && come.length > 0 && gone.at(-1) === come.at(-1)) {
      gone.pop();
      come.pop();
    }
    return { line, gone, come: come.filter((one, index) => one.trim() !== '' || index > 0) };
  });
}
