// The linter as a whole: every rule finds what was planted for it and nothing else, none speaks of a clean config; severities and
// suppressions do what the config says; the page and the code are one list.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LINT_RULES, RULE_IDS } from '../../../src/policy/lint/rule-ids.ts';
import { inputOf, lint, namesOf } from './lint-scene.ts';
import { CLEAN, CLEAN_FACTS, EXPECTED, PLANTED, PLANTED_FACTS } from './planted.ts';

test('one planted instance of every rule is found, and nothing else', () => {
  const { findings, suppressed } = lint(PLANTED, PLANTED_FACTS);
  expect([...namesOf(findings)].toSorted()).toEqual([...EXPECTED].toSorted());
  expect(new Set(findings.map(({ rule }) => rule))).toEqual(new Set(RULE_IDS));
  expect(suppressed).toEqual([]);
});

test('a clean config is met with silence', () => {
  const { findings, suppressed, blind } = lint(CLEAN, CLEAN_FACTS);
  expect(namesOf(findings)).toEqual([]);
  expect(suppressed).toEqual([]);
  expect(blind).toEqual([]);
});

test('what could not be looked at is said', () => {
  const { blind } = lint(CLEAN);
  expect(blind.map((text) => text.slice(0, 30))).toEqual([
    'what `notes` and `clock` offer',
    'no use of `notes` and `clock` ',
    'nothing was approved yet: no g',
  ]);
  const { notes } = CLEAN_FACTS.offers ?? {};
  if (notes === undefined) throw new Error('the scene has no `notes`');
  const partial = lint(CLEAN, {
    ...CLEAN_FACTS,
    offers: { ...CLEAN_FACTS.offers, notes: { ...notes, isComplete: false } },
  });
  expect(partial.blind).toEqual(['of the tools of `notes` some pages are not known']);
});

describe('severities', () => {
  test('are the rules own unless the config says otherwise; errors come first', () => {
    const { findings } = lint(PLANTED, PLANTED_FACTS);
    for (const { rule, severity } of findings) expect(severity).toBe(LINT_RULES[rule].severity);
    const order = findings.map(({ severity }) => severity);
    expect(order).toEqual([...order].sort());
  });

  test('`off` switches a rule off, `error` and `warn` rate it', () => {
    const rules = { 'grant-unused': 'off', 'grant-expired': 'error', 'secret-literal': 'warn' };
    const { findings } = lint({ ...PLANTED, lint: { rules } }, PLANTED_FACTS);
    const rated = new Map(findings.map(({ rule, severity }) => [rule, severity]));
    expect(rated.has('grant-unused')).toBe(false);
    expect([rated.get('grant-expired'), rated.get('secret-literal')]).toEqual(['error', 'warn']);
  });
});

describe('suppressions', () => {
  const one = {
    rule: 'destructive-without-approval',
    at: 'scopes.files.grants[6]',
    reason: 'known',
    expires: '2026-12-31',
  };
  const rest = (ignore: readonly object[]) => {
    const report = lint({ ...PLANTED, lint: { ignore } }, PLANTED_FACTS);
    return { hidden: namesOf(report.suppressed.map(({ finding }) => finding)), left: namesOf(report.findings) };
  };
  const hit = 'destructive-without-approval scopes.files.grants[6] delete_all';

  test.each([
    ['as it is', one],
    ['a pattern of places', { ...one, at: 'scopes.*' }],
    ['its tool', { ...one, tool: 'delete_*' }],
  ])('hides what it names: %s', (_, ignore) => {
    const { hidden, left } = rest([ignore]);
    expect(hidden).toEqual([hit]);
    expect(left).not.toContain(hit);
  });

  test.each([
    ['another rule', { ...one, rule: 'grant-unused' }],
    ['another place', { ...one, at: 'scopes.files.grants[66]' }],
    ['part of the place', { ...one, at: 'scopes.files' }],
    ['another tool', { ...one, tool: 'x' }],
    ['its day is over', { ...one, expires: '2026-06-30' }],
  ])('hides nothing else: %s', (_, ignore) => {
    const { hidden, left } = rest([ignore]);
    expect(hidden).toEqual([]);
    expect(left).toContain(hit);
  });

  test('one for a tool hides no finding that is about none', () => {
    expect(rest([{ ...one, rule: 'grant-expired', at: '*', tool: '*' }]).hidden).toEqual([]);
  });
});

describe('docs/lint.md', () => {
  const page = readFileSync(new URL('../../../docs/lint.md', import.meta.url), 'utf8');
  const sections = new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split('\n')[0] ?? '', section]),
  );

  test('has a section for each rule, in the order of the code, and for nothing else that looks like one', () => {
    expect([...sections.keys()].filter((title) => /^[a-z0-9]+(-[a-z0-9]+)+$/.test(title))).toEqual([...RULE_IDS]);
  });

  test.each(RULE_IDS)('%s: severity and summary of the code, an example, a mend', (id) => {
    const section = sections.get(id) ?? '';
    const { severity, summary } = LINT_RULES[id];
    expect(section).toContain(`\n\n*${severity}* · ${summary}.`);
    expect(section).toMatch(/\n\nExample: .{20}/s);
    expect(section).toMatch(/\n\nMend: .{10}/s);
  });
});

test('the example config has no error', () => {
  const example: object = JSON.parse(
    readFileSync(new URL('../../../mcp-guard.config.example.json', import.meta.url), 'utf8'),
  );
  const { findings } = lint(example);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(inputOf(example).servers).toHaveLength(1);
});
