// Whether a limit is about a call, and what the call costs in it. A server may be laxer about names than the guard, so a name that
// only differs in case, width or blanks around it is judged both as it is and as what it may be read as. Pure.
import { foldKey } from '../../wire/confusable.ts';
import { compilePattern, type Pattern } from '../pattern.ts';
import type { Dimension, Limit, Subject } from './limit.ts';

/** No tool has a longer name, and what a client calls itself is not searched beyond it: it counts as matched by every pattern. */
export const LONGEST_SEARCHED = 4_096;

/** INVARIANT: asked about tools whose name is not longer than LONGEST_SEARCHED. */
export interface Applies {
  to(subject: Subject): boolean;
  /** At least 0. */
  costOf(tool: string): number;
}

/** What nobody sees, and what readers of C cut off or leave out. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu;

/** What a lenient server may take a tool's name for: one bucket for all of its spellings. */
export function foldName(name: string): string {
  return foldKey(name.normalize('NFKC').replace(UNSEEN, '').trim());
}

interface NamePattern {
  readonly plain: Pattern;
  readonly folded: Pattern;
}

function compileName(source: string): NamePattern {
  return { plain: compilePattern(source), folded: compilePattern(foldName(source)) };
}

function matchesName({ plain, folded }: NamePattern, name: string, foldedName: string): boolean {
  return plain.matches(name) || folded.matches(foldedName);
}

export function compileApplies(limit: Limit): Applies {
  const match = Object.entries(limit.match).map(
    ([dimension, source]) => [dimension as Dimension, compileName(source)] as const, // the keys of its type
  );
  const { place } = limit;
  const inTool = place?.tool === undefined ? undefined : compileName(place.tool.pattern);
  const others = new Set(place?.tool?.others.filter((one) => one !== place.tool?.pattern));
  const costs = Object.entries(limit.cost).map(([source, cost]) => ({ ...compileName(source), source, cost }));
  return {
    to(subject) {
      if (place !== undefined && place.server !== subject.server) return false;
      const folded = foldName(subject.tool);
      if (inTool !== undefined && (others.has(subject.tool) || !matchesName(inTool, subject.tool, folded)))
        return false;
      return match.every(([dimension, pattern]) => {
        if (dimension === 'tool') return matchesName(pattern, subject.tool, folded);
        const value = subject[dimension] ?? '';
        return value.length > LONGEST_SEARCHED || pattern.plain.matches(value);
      });
    },
    costOf(tool) {
      const folded = foldName(tool);
      const exact = costs.find(({ source }) => source === tool);
      if (exact !== undefined) return exact.cost;
      const matching = costs.filter((one) => matchesName(one, tool, folded)).map(({ cost }) => cost);
      return matching.length === 0 ? 1 : Math.max(...matching);
    },
  };
}
