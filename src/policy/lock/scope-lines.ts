// Differences of scopes and roles as lines for a person. Pure; decides nothing. attacker-controlled: names of tools and patterns; every line
// is inert.
import { inertName } from '../../wire/inert-text.ts';
import type { JsonObject } from '../../wire/json.ts';
import { memberOf, objectOf } from '../../wire/json.ts';
import type { DiffLine } from './diff-line.ts';
import { findLifted, type Lifted } from './lifted.ts';
import type { RoleLine } from './role-diff.ts';
import { compareRules, type RuleChange, type ScopeDiff } from './scope-diff.ts';
import type { ScopeView } from './scope-view.ts';
import { changedValue, cut } from './value-words.ts';

const MOST_TOOLS = 20;

export function roleLine(line: RoleLine): DiffLine {
  const about = line.role === undefined ? 'roles' : `role \`${inertName(line.role)}\``;
  if (line.kind === 'lifted')
    return { kind: 'possible', server: undefined, text: `${about}: ${liftedText(line.lifted)}` };
  if (line.kind === 'limits') {
    const [then, now] = [line.before, line.after].map((limits) => changedValue(['limits'], limits));
    const kind = line.direction === 'wider' ? 'possible' : 'holds';
    return { kind, server: undefined, text: `${about}: limits: ${then} → ${now}` };
  }
  if (line.kind !== 'rule') return { kind: line.kind, server: undefined, text: `${about}: ${line.text}` };
  const kind = line.change.direction === 'wider' ? 'possible' : 'holds';
  return { kind, server: undefined, text: `${about}: ${ruleText(line.change)}` };
}

/** Of one scope by its own name. @param about whose they are */
export function ruleLines(
  about: string,
  before: Pick<ScopeView, 'grants' | 'denies'> | undefined,
  after: Pick<ScopeView, 'grants' | 'denies'> | undefined,
): readonly DiffLine[] {
  const changes = [
    ...compareRules('grant', before?.grants ?? [], after?.grants ?? []),
    ...compareRules('deny', before?.denies ?? [], after?.denies ?? []),
  ];
  const line = (kind: DiffLine['kind'], text: string): DiffLine => ({
    kind,
    server: undefined,
    text: `${about}: ${text}`,
  });
  return [
    ...changes.map((change) => line(change.direction === 'wider' ? 'possible' : 'holds', ruleText(change))),
    ...findLifted(before?.grants ?? [], after?.grants ?? [], []).map((one) => line('possible', liftedText(one))),
  ];
}

/** @param isKnown the lock has this server */
export function scopeLines(scope: ScopeDiff, isKnown: boolean): readonly DiffLine[] {
  const { server, before, after, rules, lifted, newTools, lostTools } = scope;
  const line = (kind: DiffLine['kind'], text: string): DiffLine => ({ kind, server, text });
  const lines: DiffLine[] = [];
  if (before !== after || !isKnown) {
    const [then, now] = [BREADTH.indexOf(before), BREADTH.indexOf(after)];
    if (after === 'all') lines.push(line('possible', 'unscoped: every tool, resource, prompt and request'));
    else if (isKnown && before === 'all') lines.push(line('holds', 'scoped from now on'));
    else if (isKnown && now < then) lines.push(line('holds', 'no scope: nothing is granted'));
  }
  for (const rule of rules) lines.push(line(rule.direction === 'wider' ? 'possible' : 'holds', ruleText(rule)));
  for (const one of lifted) lines.push(line('possible', liftedText(one)));
  for (const by of ['name', 'wildcard', 'unscoped'] as const) {
    const tools = newTools.filter((one) => one.by === by).map(({ tool }) => tool);
    if (tools.length > 0) lines.push(line('possible', `${ASKED[by]}: ${listNames(tools)}`));
  }
  if (lostTools.length > 0) lines.push(line('holds', `no longer to be called: ${listNames(lostTools)}`));
  return lines;
}

const BREADTH = ['none', 'scope', 'all'];
const ASKED = {
  name: 'newly callable, asked for by name',
  wildcard: 'newly callable, swallowed by a wildcard',
  unscoped: 'newly callable, because nothing restricts it',
};

function ruleText({ what, kind, pattern, before, after, within }: RuleChange): string {
  const target = `${what} ${kind} \`${inertName(pattern)}\``;
  const by = within === undefined ? '' : `, within what \`${inertName(within)}\` grants`;
  if (before === undefined) return `${target} added${termsText(after)}${by}`;
  if (after === undefined) return `${target} removed${termsText(before)}`;
  return `${target} changed:${termsText(before) || ' without terms'} →${termsText(after) || ' without terms'}${by}`;
}

function liftedText({ kind, name, terms, by, hasTerms }: Lifted): string {
  const args = Object.entries(objectOf(memberOf(terms, 'args'))).map(
    ([pointer, constraint]) => `\`${inertName(pointer)}\` ${cut(JSON.stringify(constraint ?? null))}`,
  );
  const rest = Object.entries(terms).filter(([key]) => key !== 'args');
  const shown = [...args, ...rest.map(([key, value]) => `${key} ${cut(JSON.stringify(value ?? null))}`)].join(', ');
  const target = `${kind === 'tool' ? '' : `${kind} `}\`${inertName(name)}\``;
  return hasTerms
    ? `${target}: besides its constraints (${shown}) those of grant \`${inertName(by)}\` let it pass, too`
    : `${target}: its constraints (${shown}) hold nobody back any more: grant \`${inertName(by)}\` has none`;
}

function termsText(terms: JsonObject | undefined): string {
  return terms === undefined || Object.keys(terms).length === 0 ? '' : ` ${cut(JSON.stringify(terms))}`;
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MOST_TOOLS).map((name) => `\`${inertName(name)}\``);
  return `${shown.join(', ')}${names.length > MOST_TOOLS ? ` and ${names.length - MOST_TOOLS} more` : ''}`;
}
