// A server that is only observed: everything passes, and what its scope would have stopped is told, once for each list or answer.
import { expect, test } from 'vitest';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import type { RequestView, Verdict } from '../../../src/core/interceptor.ts';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { layersOf } from './make-scope.ts';

const NOW = { wallMs: Date.UTC(2026, 6, 28, 12), monoMs: 5 };
const SCOPE: ScopeDocument = {
  grants: [
    { tool: 'read_*' },
    { tool: 'write', args: { '/path': { prefix: '/data/' } } },
    { resource: 'file:///data/*' },
  ],
  deny: [{ tool: 'read_secret' }],
};
const URI = { uri: 'file:///data/a' };
const OTHER = { uri: 'file:///etc/a' };

const view = (method: string, params?: JsonObject): RequestView => ({
  ...{ asked: 'client', upstream: 'files', method, params, modern: false },
  tool: method === 'tools/call' && typeof params?.name === 'string' ? params.name : undefined,
});

function observing(document: ScopeDocument) {
  const policy = createScopePolicy(new Map([['files', { mode: 'observe', layers: layersOf(document) }]]));
  return {
    ask: (request: RequestView) => policy.onRequest?.(request, NOW),
    narrow: (request: RequestView, result: JsonObject) => policy.onResponse?.(request, result, NOW),
    note: (method: string, params?: JsonObject) => policy.onNotification?.({ upstream: 'files', method, params }, NOW),
  };
}

const outcome = (verdict: Verdict | undefined): string => {
  if (verdict?.kind !== 'pass') return 'held';
  return verdict.observed === undefined ? 'pass' : `observe ${verdict.observed.reason}`;
};

const observed = observing(SCOPE);

test('all is decided, recorded and let pass', () => {
  expect(outcome(observed.ask(view('tools/call', { name: 'nope' })))).toBe('observe not_granted');
  expect(outcome(observed.ask(view('tools/call', { name: 'write' })))).toBe('observe argument_denied');
  expect(outcome(observed.ask(view('tools/call', { name: 'read_a' })))).toBe('pass');
  expect(outcome(observed.ask(view('Tools/call', {})))).toBe('observe not_granted');
});

const by = 'observe';
const hidden = { rule: 'scopes.files', reason: 'not_shown', by };

test('of a list nothing goes, and one statement names what would', () => {
  const tools = ['nope', 'read_a', 'read_secret'].map((name) => ({ name }));
  expect(observed.narrow(view('tools/list'), { tools: [...tools, 7] })).toEqual([
    {
      ...{ kind: 'observed', what: 'list', subject: '3 tools', observed: hidden },
      detail: { list: 'tools', count: 3, names: '["nope","read_secret",""]' },
    },
  ]);
  expect(observed.narrow(view('tools/list'), { tools: [{ name: 'read_a' }] })).toEqual([]);
  expect(observed.narrow(view('tools/list'), { tools: {} })).toMatchObject([{ kind: 'observed', subject: 'tools' }]);
});

test('the names of ten thousand fit one field of a record', () => {
  const tools = Array.from({ length: 10_000 }, (_, index) => ({ name: `${index}${'é"'.repeat(200)}` }));
  const [told] = observed.narrow(view('tools/list'), { tools }) ?? [];
  if (told?.kind !== 'observed') throw new Error('nothing was told');
  expect(told.detail.count).toBe(10_000);
  const { names } = told.detail;
  expect(String(names).length).toBeLessThanOrEqual(1_000);
  expect(JSON.parse(String(names)).length).toBeGreaterThan(1);
});

test('a list within the result of a task', () => {
  expect(observed.narrow(view('tasks/get'), { result: { tools: [{ name: 'hidden' }] } })).toMatchObject([
    { kind: 'observed', what: 'list', subject: 'tools' },
  ]);
});

test('an answer that would be withheld, capabilities, a notification', () => {
  const inputRequests = { a: { method: 'elicitation/create' } };
  expect(observed.narrow(view('tools/call', { name: 'read_a' }), { inputRequests })).toMatchObject([
    { kind: 'observed', what: 'answer', observed: { rule: 'scopes.files', reason: 'request_denied', by } },
  ]);
  const none = observing({});
  const greeting = { capabilities: { tools: {}, logging: {}, prompts: {} }, instructions: 'use me' };
  expect(none.narrow(view('initialize'), greeting)).toMatchObject([
    { kind: 'observed', what: 'capabilities', detail: { count: 3, names: '["instructions","tools","prompts"]' } },
  ]);
  const note = 'notifications/resources/updated';
  expect(observed.note(note, OTHER)).toEqual({ rule: 'scopes.files', reason: 'not_granted', by });
  expect(observed.note(note, URI)).toBe('pass');
  expect(observed.note(note, {})).toMatchObject({ reason: 'not_granted' });
  expect(observed.note('notifications/tasks/status', { inputRequests })).toMatchObject({ reason: 'request_denied' });
  expect(observed.note('notifications/tasks/status', { inputRequests: 7 })).toMatchObject({ reason: 'not_granted' });
});
