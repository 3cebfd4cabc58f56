// Asks every rule that is on, tells what a suppression accepts from the rest, and says where a rule could not look. Pure.
import { type Finding, quoteNames } from './finding.ts';
import type { LintInput, Suppression } from './lint-input.ts';
import { LINT_RULES, RULE_IDS, type RuleId } from './rule-ids.ts';
import { FINDERS } from './rules.ts';
import { suppressionOf } from './suppression.ts';

export interface RatedFinding extends Finding {
  readonly severity: 'error' | 'warn';
}

export interface LintReport {
  /** By severity, then by rule; within a rule in the order of the config. */
  readonly findings: readonly RatedFinding[];
  readonly suppressed: readonly { readonly finding: RatedFinding; readonly by: Suppression }[];
  /** What could not be looked at, and why: silence of these rules means nothing. */
  readonly blind: readonly string[];
}

export function lintConfig(input: LintInput): LintReport {
  const findings: RatedFinding[] = [];
  const suppressed: { finding: RatedFinding; by: Suppression }[] = [];
  for (const rule of RULE_IDS) {
    const severity = severityOf(rule, input);
    if (severity === 'off') continue;
    for (const found of FINDERS[rule](input)) {
      const finding = { ...found, rule, severity };
      const by = suppressionOf(finding, input);
      if (by === undefined) findings.push(finding);
      else suppressed.push({ finding, by });
    }
  }
  findings.sort((left, right) => rank(left) - rank(right));
  return { findings, suppressed, blind: listBlind(input) };
}

const rank = ({ severity }: RatedFinding): number => (severity === 'error' ? 0 : 1);

function severityOf(rule: RuleId, { severities }: LintInput): 'error' | 'warn' | 'off' {
  const written = Object.hasOwn(severities, rule) ? severities[rule] : undefined;
  return written === 'error' || written === 'warn' || written === 'off' ? written : LINT_RULES[rule].severity;
}

function listBlind(input: LintInput): readonly string[] {
  const { servers, approved } = input;
  const unused = servers.filter(({ use }) => use === undefined).map(({ id }) => id);
  const unknown = servers.filter(({ offer }) => offer === undefined).map(({ id }) => id);
  const partial = servers.filter(({ offer }) => offer?.isComplete === false).map(({ id }) => id);
  return [
    ...(unknown.length === 0
      ? []
      : [
          `what ${quoteNames(unknown)} ${unknown.length === 1 ? 'offers' : 'offer'} is not known: tools were judged by the names of grants alone`,
        ]),
    ...(partial.length === 0 ? [] : [`of the tools of ${quoteNames(partial)} some pages are not known`]),
    ...(unused.length === 0
      ? []
      : [`no use of ${quoteNames(unused)} is on record: nothing can be said of grants that nobody uses`]),
    ...(approved === undefined ? ['nothing was approved yet: no growth can be seen'] : []),
  ];
}
