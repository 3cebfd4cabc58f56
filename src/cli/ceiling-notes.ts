// What of a change a ceiling takes back all the same: an approval gives it no effect on this machine. Asks the layers that `run` asks; words only.
// attacker-controlled: names of tools; every line is inert.
import { listDecided } from '../config/decided-values.ts';
import type { Policy } from '../config/policy.ts';
import { restrictionLayers } from '../config/restrict-layers.ts';
import { restrictPolicy } from '../config/restrict-policy.ts';
import type { Restriction } from '../config/restriction.ts';
import { combineDocuments } from '../policy/lock/combine.ts';
import type { LockJudgement } from '../policy/lock/lock-judgement.ts';
import type { PolicyDiff } from '../policy/lock/policy-diff.ts';
import { compilePattern } from '../policy/pattern.ts';
import { decideTarget } from '../policy/scope/scope-decision.ts';
import { showInert } from '../wire/inert-text.ts';
import type { JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';

export interface CeilingNote {
  /** Undefined: of all servers. */
  readonly server: string | undefined;
  readonly text: string;
}

const MOST_NAMES = 20;
const NOTHING: JsonObject = { version: 1, servers: {}, unlisted: 'deny' };

export interface CeilingQuestion {
  /** The config, compiled; and as a document, what would be approved. */
  readonly policy: Policy;
  readonly document: JsonObject;
  readonly judgement: LockJudgement;
  readonly diff: Pick<PolicyDiff, 'scopes'>;
  /** Of the ceilings of this machine. */
  readonly restrictions: readonly Restriction[];
  readonly nowMs: number;
}

/** Of a change, what comes to nothing: names that are denied, and values that are not those of the config. */
export function noteCeilings(question: CeilingQuestion): readonly CeilingNote[] {
  return question.restrictions.length === 0 ? [] : [...noteNames(question), ...noteValues(question)];
}

function noteNames({ policy, diff, restrictions, nowMs }: CeilingQuestion): readonly CeilingNote[] {
  const { servers } = restrictPolicy(policy, restrictions).policy;
  return diff.scopes.flatMap(({ server, newTools, rules }) => {
    const applied = servers.get(server)?.restrictedBy ?? [];
    const layers = restrictionLayers(applied);
    const wider = rules.filter(({ what, direction }) => what === 'grant' && direction === 'wider');
    // a name that a ceiling denies, and that nobody may have offered yet
    const named = applied
      .flatMap(({ denies = [] }) => denies)
      .filter(({ kind, pattern }) => !/[*?]/.test(pattern) && wider.some((one) => isWithin(one, kind, pattern)));
    // a name is denied as it is, a pattern as a whole: something that it matches may be permitted
    const targets = [
      ...newTools.map(({ tool }) => ({ kind: 'tool', name: tool }) as const),
      ...wider.map(({ kind, pattern }) => ({ kind, name: pattern })),
      ...named.map(({ kind, pattern }) => ({ kind, name: pattern })),
    ];
    // a file may have several voices
    return [...new Set(layers.map(({ by }) => by))].flatMap((by) => {
      const own = layers.filter((layer) => layer.by === by);
      const denied = targets.filter(({ kind, name }) =>
        own.some((layer) => !decideTarget([layer], kind, name, nowMs).granted),
      );
      const names = [...new Set(denied.map(({ kind, name }) => shownName(kind, name)))];
      if (names.length === 0) return [];
      const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
      return [
        { server, text: `\`${showInert(by ?? '')}\` keeps back ${names.slice(0, MOST_NAMES).join(', ')}${more}` },
      ];
    });
  });
}

/** Values that the change would move, and that a ceiling decides otherwise. */
function noteValues({ policy, document, judgement, restrictions }: CeilingQuestion): readonly CeilingNote[] {
  const serverDocument = (id: string): JsonObject => objectOf(memberOf(memberOf(document, 'servers'), id));
  const { differences } = combineDocuments(document, judgement.kind === 'holds' ? judgement.policy : NOTHING);
  const moved = differences.filter(({ direction }) => direction !== 'narrower').map(({ path }) => path.join('.'));
  const isMoved = (path: string): boolean =>
    moved.some(
      (one) => isBelow(path, one) || isBelow(path.replace(/^servers\.[^.]*\./, ''), one) || isBelow(one, path),
    );
  const last = new Map(
    listDecided({ policy, restrictions, serverDocument })
      .filter(({ path }) => isMoved(path))
      .map((one) => [one.path, one]),
  );
  return [...last.values()].map(({ path, is, by }) => {
    const server = [...policy.servers.keys()].find((id) => path.startsWith(`servers.${id}.`));
    const key = server === undefined ? path : path.slice(`servers.${server}.`.length);
    return { server, text: `\`${showInert(by)}\` keeps \`${showInert(key)}\` at \`${showInert(String(is))}\`` };
  });
}

function isBelow(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}.`);
}

function isWithin(grant: { readonly kind: string; readonly pattern: string }, kind: string, name: string): boolean {
  return grant.kind === kind && compilePattern(grant.pattern).matches(name);
}

function shownName(kind: string, name: string): string {
  const shown = `${kind === 'tool' ? '' : `${kind} `}\`${showInert(name).replaceAll('`', "'")}\``;
  return /[*?]/.test(name) ? `${shown} (as a whole)` : shown;
}
