// What restrictions leave of the settings of breakers and of calls in flight: of each the stricter. Works on settings that are
// filled in, so that a restriction is never looser than a default that nobody wrote. Pure; knows no file and no state.
import type { BreakerSettings } from '../policy/breaker/breaker-settings.ts';
import type { WrittenBreaker } from './policy.ts';
import type { AppliedRestriction } from './restriction.ts';
import { pickStricter } from './stricter-breaker.ts';
import { rulesOf, toolRule } from './tool-rules.ts';

/** What one restriction has written. */
export interface WrittenRestriction {
  readonly server: WrittenBreaker;
  /** Of a tool, with a text that is the same for all tools of which the same is written. */
  ofTool(tool: string): { readonly key: string; readonly written: WrittenBreaker };
}

export interface Restricted {
  readonly settings: BreakerSettings;
  /** So many calls in flight, whatever else holds; undefined where nobody has written it. */
  readonly maxInFlight: number | undefined;
  readonly maxWaitMs: number | undefined;
}

/** Those that say something of breakers. */
export function readRestrictions(applied: readonly AppliedRestriction[]): readonly WrittenRestriction[] {
  return applied.flatMap(({ breaker, tools = [] }) => {
    const patterns = tools.map((tool) => toolRule(tool.pattern, tool.breaker ?? {}));
    if (breaker === undefined && patterns.length === 0) return [];
    const ofTool = (tool: string): { key: string; written: WrittenBreaker } => {
      const { key, settings } = rulesOf(patterns, tool);
      return { key, written: { ...breaker?.tools, ...pickStricter(settings) } };
    };
    return [{ server: breaker?.server ?? {}, ofTool }];
  });
}

/** @param filled what holds without them; a contradiction between two sources is settled towards the stricter */
export function restrictSettings(filled: BreakerSettings, written: readonly WrittenBreaker[]): Restricted {
  const { maxInFlight, maxWaitMs, ...stricter } = pickStricter([filled, ...written]);
  const settings = { ...filled, ...stricter };
  const least = (key: 'escalateTools' | 'escalateShare'): number =>
    Math.min(filled[key], ...written.flatMap((one) => one[key] ?? []));
  const { samples, minimum, consecutiveFaults, toolErrorMinimum, openMs, maxOpenMs } = settings;
  return {
    settings: {
      ...settings,
      samples: Math.max(samples, minimum, consecutiveFaults, toolErrorMinimum),
      maxOpenMs: Math.max(openMs, maxOpenMs),
      escalateTools: least('escalateTools'),
      escalateShare: least('escalateShare'),
    },
    maxInFlight,
    maxWaitMs,
  };
}
