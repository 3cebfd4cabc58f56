// What a person reads on the log of the guard that opens a breaker, and their host hears with it: once for each opening, not for each probe
// that fails. Pure; knows no log.
import { inertName } from '../../wire/inert-text.ts';
import type { BoardTransition } from './board.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import { evidenceText } from './refusal-text.ts';

/** Undefined where there is nothing to say: it moves in another way, or refuses nobody. attacker-controlled: names. */
export function describeOpening(
  server: string,
  { tool, transition }: BoardTransition,
  mode: BreakerSettings['mode'],
): string | undefined {
  const { from, to, evidence, openMs } = transition;
  if (from !== 'closed' || to !== 'open' || mode !== 'enforce') return undefined;
  const what = `${tool === undefined ? '' : `the tool \`${inertName(tool)}\` of `}\`${inertName(server)}\``;
  const seconds = openMs === undefined ? '' : ` for ${Math.max(1, Math.ceil(openMs / 1000))} s`;
  return `${what} is switched off${seconds}, then tried out: ${evidenceText(evidence)}; look with \`mcp-guard breaker status\``;
}
