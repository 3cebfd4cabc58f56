// What of a change a ceiling denies all the same: an approval gives it no effect on this machine. Asks the layers that `run` asks; words only.
// attacker-controlled: names of tools; every line is inert.
import type { Policy } from '../config/policy.ts';
import { restrictionLayers } from '../config/restrict-layers.ts';
import { restrictPolicy } from '../config/restrict-policy.ts';
import type { Restriction } from '../config/restriction.ts';
import type { PolicyDiff } from '../policy/lock/policy-diff.ts';
import { decideTarget } from '../policy/scope/scope-decision.ts';
import { showInert } from '../wire/inert-text.ts';

export interface CeilingNote {
  readonly server: string;
  readonly text: string;
}

const MOST_NAMES = 20;

/** @param policy the config, compiled @param restrictions of the ceilings of this machine */
export function noteCeilings(
  policy: Policy,
  diff: Pick<PolicyDiff, 'scopes'>,
  restrictions: readonly Restriction[],
  nowMs: number,
): readonly CeilingNote[] {
  const { servers } = restrictPolicy(policy, restrictions).policy;
  return diff.scopes.flatMap(({ server, newTools, rules }) => {
    const layers = restrictionLayers(servers.get(server)?.restrictedBy ?? []);
    const wider = rules.filter(({ what, direction }) => what === 'grant' && direction === 'wider');
    // a name is denied as it is, a pattern as a whole: something that it matches may be permitted
    const targets = [
      ...newTools.map(({ tool }) => ({ kind: 'tool', name: tool }) as const),
      ...wider.map(({ kind, pattern }) => ({ kind, name: pattern })),
    ];
    return layers.flatMap((layer) => {
      const denied = targets.filter(({ kind, name }) => !decideTarget([layer], kind, name, nowMs).granted);
      const names = [...new Set(denied.map(({ kind, name }) => shownName(kind, name)))];
      if (names.length === 0) return [];
      const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
      return [
        { server, text: `\`${showInert(layer.by ?? '')}\` keeps back ${names.slice(0, MOST_NAMES).join(', ')}${more}` },
      ];
    });
  });
}

function shownName(kind: string, name: string): string {
  const shown = `${kind === 'tool' ? '' : `${kind} `}\`${showInert(name).replaceAll('`', "'")}\``;
  return /[*?]/.test(name) ? `${shown} (as a whole)` : shown;
}
