// What is wrong with `lint` beyond its shape: rules that do not exist, ends that are no day. Works on an unchecked document, so
// that its findings come together with those of the schema. Knows the names of the rules, and none of them.
import { isRuleId, RULE_IDS } from '../policy/lint/rule-ids.ts';
import { checkExpiry } from './check-scopes.ts';
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, showPath, valueAt } from './json-path.ts';
import { nearestWord } from './nearest-word.ts';
import type { JsonPath } from './read-shape.ts';

type Report = (diagnostic: Diagnostic) => void;

export function checkLint(document: unknown, report: Report): void {
  for (const [id] of entriesOf(valueAt(document, ['lint', 'rules']))) checkRule(id, ['lint', 'rules', id], report);
  const ignored = valueAt(document, ['lint', 'ignore']);
  for (const [index, one] of (Array.isArray(ignored) ? ignored : []).entries()) {
    const path = ['lint', 'ignore', index];
    const [rule, expires] = [valueAt(one, ['rule']), valueAt(one, ['expires'])];
    if (typeof rule === 'string') checkRule(rule, [...path, 'rule'], report);
    checkExpiry(expires, [...path, 'expires'], report);
  }
}

function checkRule(word: string, path: JsonPath, report: Report): void {
  if (isRuleId(word)) return;
  const near = nearestWord(word, RULE_IDS);
  report({
    path: showPath(path),
    what: `there is no rule ${word.length <= 64 ? `\`${word}\`` : 'of this name'}`,
    why: 'a rule that is not known would be switched on or off in vain',
    mend: near === undefined ? 'the rules stand in docs/lint.md' : `did you mean \`${near}\`?`,
  });
}
