// Methods that a server may come from to one of the protocol's: only their very name grants them.
import { describe, expect, test } from 'vitest';
import { isDisguised, readMethod } from '../../../src/policy/scope/method-readings.ts';
import { decideTarget } from '../../../src/policy/scope/scope-decision.ts';
import { denyUse } from '../../../src/policy/scope/scope-denial.ts';
import { layersOf } from './make-scope.ts';

const LEADS_ELSEWHERE = [
  ...[
    'vendor/../tools/call',
    'vendor/%2e%2e/x',
    'vendor/./x',
    'vendor\\..\\x',
    'vendor/..',
    '../x',
    'vendor/\u2024\u2024/x',
  ],
  ...['vendor/tools/call', 'vendor.tools.call', 'vendor:Tools/Call', 'vendor//tools/ca\u200bll', 'a/b/prompts/get'],
  ...['vendor/resources/templates/list', 'vendor/completion-complete', `vendor/${'x'.repeat(1_024)}`],
];
const PLAIN = [
  'vendor/thing',
  'vendor/tools/execute',
  'vendor/tools/call/status',
  'vendor/call',
  'vendor/v1.2/x',
  'mytools/call',
];

const decide = (name: string, ...patterns: string[]) =>
  decideTarget(layersOf({ grants: patterns.map((method) => ({ method })) }), 'method', name, 0);

describe('a wildcard', () => {
  test.each(LEADS_ELSEWHERE)('does not grant %s, its very name does', (method) => {
    expect(readMethod(method).isPlain).toBe(false);
    expect(decide(method, '*', 'vendor/*')).toMatchObject({ granted: false, refusal: { why: 'not_plain' } });
    if (!/[*?]/.test(method) && method.length < 1_000) expect(decide(method, method).granted).toBe(true);
  });

  test.each(PLAIN)('grants %s', (method) => {
    expect(decide(method, '*').granted).toBe(true);
  });
});

test('who asks is told that there is none, the record why', () => {
  const found = decide('vendor/tools/call', 'vendor/*');
  if (found.granted) throw new Error('granted');
  const asked = {
    asked: 'client',
    upstream: 'files',
    modern: false,
    method: 'vendor/tools/call',
    prefix: undefined,
  } as const;
  expect(denyUse(found.refusal, asked, 'method', 'vendor/tools/call')).toMatchObject({
    reason: 'not_granted',
    text: '`vendor/tools/call` may mean another method than it says, and no grant names it so',
    error: { code: -32601, message: 'Method not found' },
  });
});

test('in disguise is what is nothing but one of them', () => {
  expect([' Tools/Call', 'tools.call', 'tools/ca\u200bll', 'tool/call'].every(isDisguised)).toBe(true);
  expect([...PLAIN, 'vendor/tools/call'].some(isDisguised)).toBe(false);
});
