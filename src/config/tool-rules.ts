// Which entries of `tools` say something of a tool: one that is its very name decides alone, else all patterns that match. Pure;
// knows no setting.
import { compilePattern, type Pattern } from '../policy/pattern.ts';

export interface ToolRule<Setting> {
  readonly pattern: Pattern;
  readonly setting: Setting;
}

/** A longer name is not searched: it counts as matched by every pattern, so that the strictest holds for it. */
const LONGEST_SEARCHED = 4_096;

export function toolRule<Setting>(pattern: string, setting: Setting): ToolRule<Setting> {
  return { pattern: compilePattern(pattern), setting };
}

/** attacker-controlled: `tool`. @returns `key`: the same for all tools of which the same rules hold */
export function rulesOf<Setting>(
  rules: readonly ToolRule<Setting>[],
  tool: string,
): { readonly key: string; readonly settings: readonly Setting[] } {
  const exact = rules.filter(({ pattern }) => pattern.source === tool);
  const isLong = tool.length > LONGEST_SEARCHED;
  const found = exact.length > 0 ? exact : rules.filter(({ pattern }) => isLong || pattern.matches(tool));
  return { key: found.map((rule) => rules.indexOf(rule)).join(), settings: found.map(({ setting }) => setting) };
}
