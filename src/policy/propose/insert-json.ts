// Puts one member into an object of a JSON text and leaves every other character alone. Pure; knows no config.
// For text that `JSON.parse` accepted and whose objects name no key twice. Whoever calls parses the result again.
import { isJsonObject, type Json } from '../../wire/json.ts';
import { spliceText, valueSpan } from '../../wire/splice.ts';

const LINE_WIDTH = 80;

/** Undefined where there is no object at `path`. INVARIANT: the caller has seen to it that the object has no such key. */
export function insertMember(text: string, path: readonly string[], key: string, value: Json): string | undefined {
  const span = valueSpan(text, path);
  if (span === undefined || text[span.start] !== '{') return undefined;
  const unit = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const outer = indentAt(text, span.start);
  const inner = firstIndent(text.slice(span.start, span.end)) ?? outer + unit;
  const close = span.end - 1;
  const last = text.slice(0, close).trimEnd().length;
  const isEmpty = last === span.start + 1;
  if (!isEmpty && !text.slice(span.start, span.end).includes('\n')) {
    const added = `, ${JSON.stringify(key)}: ${flatten(value)}`;
    return spliceText(text, [{ span: { start: last, end: last }, replacement: added }]);
  }
  const member = `${JSON.stringify(key)}: ${formatJson(value, inner, { unit, lineEnd })}`;
  const replacement = isEmpty ? `${lineEnd}${inner}${member}${lineEnd}${outer}` : `,${lineEnd}${inner}${member}`;
  return spliceText(text, [{ span: { start: last, end: isEmpty ? close : last }, replacement }]);
}

export interface JsonStyle {
  readonly unit: string;
  readonly lineEnd?: string;
  /** Levels that are never on one line. */
  readonly spread?: number;
}

/** As `JSON.stringify`, but what fits on a line stays on one. @param indent of the line that it begins on */
export function formatJson(value: Json, indent: string, { unit, lineEnd = '\n', spread = 0 }: JsonStyle): string {
  const flat = flatten(value);
  if (typeof value !== 'object' || value === null) return flat;
  if ((spread <= 0 || flat === '{}') && indent.length + flat.length <= LINE_WIDTH) return flat;
  const inner = indent + unit;
  const below = { unit, lineEnd, spread: spread - 1 };
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const parts = Array.isArray(value)
    ? value.map((item: Json) => formatJson(item, inner, below))
    : membersOf(value).map(([key, member]) => `${JSON.stringify(key)}: ${formatJson(member, inner, below)}`);
  return `${open}${parts.map((part) => `${lineEnd}${inner}${part}`).join(',')}${lineEnd}${indent}${close}`;
}

function flatten(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(flatten).join(', ')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = membersOf(value).map(([key, member]) => `${JSON.stringify(key)}: ${flatten(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function membersOf(value: Json): readonly (readonly [string, Json])[] {
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, member] as const]));
}

/** Of the line on which `at` stands. */
function indentAt(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

function firstIndent(object: string): string | undefined {
  return /^\{\s*?\n([ \t]*)"/.exec(object)?.[1];
}
