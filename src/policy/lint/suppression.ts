// Findings that a config accepts for a time. Pure. INVARIANT: a suppression that has expired hides nothing.
import { compilePattern } from '../pattern.ts';
import { type Finding, type Found, quoteName } from './finding.ts';
import { daysBetween } from './grant-rules.ts';
import type { LintInput, Suppression } from './lint-input.ts';

/** The suppression that is alive and means this finding. */
export function suppressionOf(finding: Finding, input: LintInput): Suppression | undefined {
  const { suppressions, nowMs, showPath } = input;
  const place = showPath(finding.path);
  return suppressions.find(
    ({ rule, at, tool, expiresAtMs }) =>
      rule === finding.rule &&
      nowMs < expiresAtMs &&
      compilePattern(at).matches(place) &&
      (tool === undefined || (finding.tool !== undefined && compilePattern(tool).matches(finding.tool))),
  );
}

export function findExpiredSuppressions({ suppressions, nowMs }: LintInput): readonly Found[] {
  return suppressions.flatMap(({ rule, at, expiresAtMs }, index): readonly Found[] => {
    if (nowMs < expiresAtMs) return [];
    const text = `the suppression of ${quoteName(rule)} at ${quoteName(at)} expired ${daysBetween(expiresAtMs, nowMs)} ago`;
    return [{ path: ['lint', 'ignore', index], text, mend: 'mend what it was for, or decide again until when' }];
  });
}
