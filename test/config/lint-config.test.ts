// `lint` in a config: rules that exist, ends that are days, nothing else.
import { expect, test } from 'vitest';
import { errorsOf } from './compiled.ts';

const complaints = (lint: unknown): readonly string[] => errorsOf({ version: 1, lint });

const IGNORE = { rule: 'grant-unused', at: '*', reason: 'known', expires: '2026-12-31' };

test('a config may set severities, accept findings for a time, and count days', () => {
  expect(
    complaints({ rules: { 'grant-unused': 'off', 'secret-literal': 'warn' }, ignore: [IGNORE], unusedDays: 7 }),
  ).toEqual([]);
  expect(complaints({ ignore: [{ ...IGNORE, tool: 'read_*', expires: '2026-12-31T10:00:00Z' }] })).toEqual([]);
  expect(complaints({})).toEqual([]);
});

test.each<[unknown, string]>([
  [{ rules: { 'grant-unsued': 'off' } }, 'did you mean `grant-unused`?'],
  [{ rules: { constructor: 'off' } }, 'there is no rule `constructor`'],
  [{ rules: { 'grant-unused': 'on' } }, 'lint.rules.grant-unused'],
  [{ ignore: [{ ...IGNORE, rule: 'secret-litteral' }] }, 'did you mean `secret-literal`?'],
  [{ ignore: [{ ...IGNORE, expires: '2026-02-30' }] }, 'there is no such time as `2026-02-30`'],
  [{ ignore: [{ ...IGNORE, expires: 'never' }] }, 'lint.ignore[0].expires'],
  [{ ignore: [{ rule: 'grant-unused', at: '*', expires: '2026-12-31' }] }, 'lint.ignore[0].reason'],
  [{ ignore: [{ rule: 'grant-unused', at: '*', reason: 'x' }] }, 'lint.ignore[0].expires'],
  [{ ignore: [{ rule: 'grant-unused', reason: 'x', expires: '2026-12-31' }] }, 'lint.ignore[0].at'],
  [{ unusedDays: 0 }, 'lint.unusedDays'],
  [{ 'grant-unused': 'off' }, 'unknown key'],
])('%j: %s', (lint, expected) => {
  expect(complaints(lint).join('\n')).toContain(expected);
});
