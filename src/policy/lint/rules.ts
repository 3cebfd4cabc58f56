// Which function finds what each rule is about: one literal table. Judges nothing itself.
import {
  findBeyondCeiling,
  findDrifted,
  findGrowth,
  findGrowthSinceApproval,
  findNotPinned,
  findRefusedLock,
} from './change-rules.ts';
import { findShadowed, findToxic } from './exposure-rules.ts';
import type { Found } from './finding.ts';
import { findExpired, findExpiring, findSwallowing, findUnmatched, findUnused } from './grant-rules.ts';
import type { LintInput } from './lint-input.ts';
import type { RuleId } from './rule-ids.ts';
import { findNotAsked, findSecrets, findUnpinned, findUnscoped, findWideEnvironment } from './server-rules.ts';
import { findExpiredSuppressions } from './suppression.ts';
import { findContradictory, findDestructive, findNotLookedAt, findUnconstrained } from './tool-rules.ts';
import { findUnreachable } from './unreachable-rules.ts';

export const FINDERS: Readonly<Record<RuleId, (input: LintInput) => readonly Found[]>> = {
  'server-without-scope': findUnscoped,
  'server-not-asked': findNotAsked,
  'lock-refused': findRefusedLock,
  'wildcard-swallows': findSwallowing,
  'grant-matches-nothing': findUnmatched,
  'grant-unused': findUnused,
  'grant-expired': findExpired,
  'grant-expiring': findExpiring,
  'destructive-without-approval': findDestructive,
  'unconstrained-argument': findUnconstrained,
  'rule-can-never-match': findUnreachable,
  'definition-drift': findDrifted,
  'definition-not-looked-at': findNotLookedAt,
  'definitions-not-pinned': findNotPinned,
  'annotation-contradiction': findContradictory,
  'growth-since-approval': findGrowthSinceApproval,
  'growth-30-90': findGrowth,
  'wider-than-ceiling': findBeyondCeiling,
  'unpinned-command': findUnpinned,
  'secret-literal': findSecrets,
  'environment-wider-than-needed': findWideEnvironment,
  'toxic-combination': findToxic,
  'shadowed-names': findShadowed,
  'suppression-expired': findExpiredSuppressions,
};
