// One thing that `scope lint` found, and the words that all rules share. Pure. INVARIANT: every text is inert and bounded, and
// quotes nothing that stands in `env`, `args` or `headers`.
import { showInert } from '../../wire/inert-text.ts';
import type { Path } from './lint-input.ts';
import type { RuleId } from './rule-ids.ts';

/** How a finding can be mended by narrowing alone. */
export type Fix =
  | { readonly kind: 'remove_grant'; readonly path: Path; readonly isOptional: boolean }
  /** The names that were used instead of the pattern; the terms of the grant stay. */
  | { readonly kind: 'name_tools'; readonly path: Path; readonly tools: readonly string[] };

export interface Found {
  readonly path: Path;
  /** The server that it is about; undefined where it is about a scope of several, or about all. */
  readonly server?: string | undefined;
  /** The tool, where it is about one. */
  readonly tool?: string | undefined;
  /** What is wrong, and why that matters; lower case, no full stop. */
  readonly text: string;
  readonly mend: string;
  readonly fix?: Fix | undefined;
}

export interface Finding extends Found {
  readonly rule: RuleId;
}

const LONGEST_NAME = 80;
const MOST_NAMES = 8;

export function quoteName(name: string): string {
  const shown = showInert(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name);
  return `\`${shown.replaceAll('`', "'")}\``;
}

/** `a`, `b` and 3 more */
export function quoteNames(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map(quoteName);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  const last = shown.at(-1) ?? 'none';
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`;
}

export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
