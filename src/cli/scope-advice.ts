// What would change a decision of a scope: the grant that is nearest, the denial that wins, a date, an approval. Pure; decides
// nothing. Names are shown inert.
import { nearestWord } from '../config/nearest-word.ts';
import type { Inventory, ListKind } from '../policy/inventory/known-list.ts';
import { compilePattern } from '../policy/pattern.ts';
import type { Refusal } from '../policy/scope/scope-decision.ts';
import type { Grant, TargetKind } from '../policy/scope/scope-policy.ts';
import { makeInert } from './inert-text.ts';
import type { Question } from './scope-request.ts';
import type { Standing } from './scope-standing.ts';
import { describeArguments, findSource, showExpiry } from './scope-words.ts';

type Scoped = Extract<Standing, { kind: 'scoped' }>;

const LISTS: Readonly<Record<Exclude<TargetKind, 'request' | 'method'>, readonly ListKind[]>> = {
  tool: ['tools'],
  resource: ['resources', 'resourceTemplates'],
  prompt: ['prompts'],
};

/** One sentence each, lower case. attacker-controlled: what the server offers. */
export function adviseOnRefusal(refusal: Refusal, asked: Question, standing: Scoped): readonly string[] {
  const { kind, name } = asked;
  const scope = standing.entry?.scope;
  const grants = standing.scope.layers.flatMap((layer) => layer.grants).filter((grant) => grant.kind === kind);
  const matching = grants.filter(({ pattern }) => compilePattern(pattern).matches(name));
  if ('by' in refusal && refusal.by !== undefined) {
    const allowed = refusal.kind === 'arguments' ? ' with these arguments' : '';
    return [
      `\`${makeInert(refusal.by)}\` does not allow it${allowed} (\`${makeInert(refusal.rule)}\`): no grant and no approval can, whoever writes that has to`,
    ];
  }
  switch (refusal.kind) {
    case 'absent':
      switch (refusal.why) {
        case 'denied': {
          const reason = scope?.denies.find(({ rule }) => rule === refusal.rule)?.reason;
          const [first] = matching;
          return [
            `a denial wins over every grant: take \`${refusal.rule}\` away, or make it narrower${reason === undefined ? '' : ` (its reason: ${makeInert(reason)})`}`,
            first === undefined ? `no grant names it, either` : `then \`${first.rule}\` would decide`,
          ];
        }
        case 'expired':
          return matching.flatMap(({ rule, expiresAtMs }) =>
            Number.isFinite(expiresAtMs)
              ? [`\`${rule}\` ended with ${showExpiry(expiresAtMs)}: give it a later \`expires\``]
              : [],
          );
        case 'not_plain':
          return [
            `it may mean another ${asked.kind} than it says, which no wildcard grants (\`${refusal.rule}\` matches it): ask for its plain form, or grant exactly this text`,
          ];
        case 'not_granted':
          return adviseOnAbsence(asked, standing, grants);
      }
      break;
    case 'unapproved':
      if (refusal.waits !== undefined)
        return [
          `it is the server that waits, not this: a person has to run \`${refusal.mend ?? 'mcp-guard scope approve'}\``,
        ];
      return [
        `the scope allows it and the lock does not ${refusal.ended === undefined ? 'yet' : 'any more'}: a person has to run \`${refusal.mend ?? 'mcp-guard scope approve'}\``,
        ...(refusal.violations ?? []).map(({ text }) => `approved so far: ${makeInert(text)}`),
      ];
    case 'approval':
      return [
        `\`${refusal.rule}\` needs a person's approval for each use, and this version cannot ask for it: take \`approve\` out, or grant it under conditions (\`args\`, \`expires\`)`,
      ];
    case 'arguments':
      return matching.flatMap((grant) => describeGrant(grant, standing));
  }
}

/** Under which conditions it is allowed, where the arguments decide: one line for each grant and each of its constraints. */
export function listConditions(grants: readonly Grant[], standing: Scoped): readonly string[] {
  return grants.flatMap((grant) => describeGrant(grant, standing));
}

/** What is odd about the name itself: nobody offers it. Undefined where the list is not known to its end. */
export function noteOnOffer({ kind, name, server }: Question, inventory: Inventory | undefined): string | undefined {
  if (kind === 'request' || kind === 'method') return undefined;
  const lists = LISTS[kind].flatMap((list) => inventory?.lists[list] ?? []);
  if (lists.length === 0 || lists.some(({ isComplete, omitted }) => !isComplete || omitted > 0)) return undefined;
  const names = lists.flatMap(({ entries }) => entries.map((entry) => entry.name));
  if (names.includes(name)) return undefined;
  const near = nearestWord(name, names);
  const meant = near === undefined ? '' : `: did you mean \`${makeInert(near)}\`?`;
  return `\`${makeInert(server)}\` offers no ${kind} of this name${meant}`;
}

function adviseOnAbsence({ kind, name }: Question, standing: Scoped, grants: readonly Grant[]): readonly string[] {
  const scope = standing.entry?.scope;
  if (scope?.name === '') return ['the server names no scope: set `scope` in its entry of the config'];
  const near = nearestWord(
    name,
    grants.map(({ pattern }) => pattern),
  );
  const nearest = near === undefined ? undefined : grants.find(({ pattern }) => pattern === near);
  const grant = makeInert(JSON.stringify({ [kind]: name }));
  return [
    ...(nearest === undefined ? [] : [`the nearest grant is \`${makeInert(nearest.pattern)}\` (\`${nearest.rule}\`)`]),
    `a grant would: add \`${grant}\` to \`${scope?.rule ?? standing.scope.layers[0].rule}.grants\``,
  ];
}

function describeGrant(grant: Grant, { entry }: Scoped): readonly string[] {
  const source = findSource(entry?.scope, grant);
  const words = source === undefined ? [] : describeArguments(source);
  return words.length === 0 ? [] : [`\`${grant.rule}\` allows it where`, ...words.map((word) => `- ${word}`)];
}
