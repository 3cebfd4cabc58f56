// What reaches a server beside the arguments of a call: the argument that is completed, answers to questions (`inputResponses`), methods
// that nearly are those that a scope is asked about. And methods that MCP does not define, which need a grant.
import { describe, expect, test } from 'vitest';
import { checkScopes, TARGET_KINDS } from '../../../src/config/check-scopes.ts';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import type { RequestView, Verdict } from '../../../src/core/interceptor.ts';
import { diffScopes } from '../../../src/policy/lock/scope-diff.ts';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import { decideUse } from '../../../src/policy/scope/scope-decision.ts';
import { buildOpenLayer, type ScopeLayer } from '../../../src/policy/scope/scope-layer.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { REQUEST_METHODS } from '../../../src/wire/protocol-keys.ts';
import { layersOf, makeLayer, makeScope } from './make-scope.ts';

type Grants = readonly NonNullable<ScopeDocument['grants']>[number][];

function decide(method: string, params: JsonObject, more: Grants, modern: boolean): Verdict | undefined {
  const layers = layersOf({
    grants: [
      { tool: 'read', args: { '/path': { prefix: '/data/', optional: true } }, additional: false },
      { prompt: 'sum', args: { '/topic': { prefix: 'a', optional: true } }, additional: false },
      { prompt: 'free' },
      ...more,
    ],
  });
  const policy = createScopePolicy(new Map([['files', { layers, mode: 'enforce' }]]));
  const tool = method === 'tools/call' ? String(params.name) : undefined;
  const view: RequestView = { asked: 'client', upstream: 'files', method, tool, params, modern };
  return policy.onRequest?.(view, { wallMs: 0, monoMs: 0 });
}

function ask(method: string, params: JsonObject, more: Grants = []): string {
  const verdict = decide(method, params, more, true);
  return verdict?.kind === 'deny' ? verdict.reason : (verdict?.kind ?? 'none');
}

/** The plain error that the client reads instead of a text. */
function errorOf(method: string, params: JsonObject, more: Grants, modern = true) {
  const verdict = decide(method, params, more, modern);
  if (verdict?.kind !== 'deny') throw new Error(`${verdict?.kind}`);
  return verdict.error;
}

describe('a completion', () => {
  const complete = (name: string, more: JsonObject): string =>
    ask('completion/complete', { ref: { type: 'ref/prompt', name }, ...more });

  test.each<[string, JsonObject, string]>([
    ['of a value within the constraint', { argument: { name: 'topic', value: 'ab' } }, 'pass'],
    ['of a value beyond it', { argument: { name: 'topic', value: '/etc/' } }, 'argument_denied'],
    ['of an empty value', { argument: { name: 'topic', value: '' } }, 'argument_denied'],
    ['of an argument that is not allowed', { argument: { name: 'other', value: 'a' } }, 'argument_denied'],
    [
      'with another argument beyond it',
      { argument: { name: 'topic', value: 'a' }, context: { arguments: { other: 'b' } } },
      'argument_denied',
    ],
    ['without an argument', {}, 'pass'],
    ['that hides a value in its context', { context: { arguments: { topic: '/etc' } } }, 'argument_denied'],
    [
      'of an argument that its context has otherwise',
      { argument: { name: 'topic', value: 'ab' }, context: { arguments: { topic: '/etc' } } },
      'not_granted',
    ],
    [
      'of an argument that its context has, too',
      { argument: { name: 'topic', value: 'ab' }, context: { arguments: { topic: 'ab' } } },
      'pass',
    ],
    ['whose argument is none', { argument: ['topic', '/etc'] }, 'not_granted'],
    ['whose value is no text', { argument: { name: 'topic', value: ['/etc'] } }, 'not_granted'],
    ['whose context is none', { argument: { name: 'topic', value: 'a' }, context: [] }, 'not_granted'],
  ])('%s: %j → %s', (_, more, expected) => {
    expect(complete('sum', more)).toBe(expected);
  });

  test.each([
    ['file:///srv/{a}', 'x', 'pass'],
    ['file:///srv/{a}', '../x', 'not_granted'],
    ['file:///srv/.{a}./etc', '', 'not_granted'],
  ])('of the template %s with %j: %s', (uri, value, expected) => {
    const params = { ref: { type: 'ref/resource', uri }, argument: { name: 'a', value } };
    expect(ask('completion/complete', params, [{ resource: 'file:///srv/*' }])).toBe(expected);
  });

  test('of a prompt without constraints passes, whatever it holds', () => {
    expect(complete('free', { argument: { name: '__proto__', value: '/etc/' } })).toBe('pass');
  });
});

describe('answers beside the arguments', () => {
  const ELICITED = { action: 'accept', content: { path: '/etc/passwd' } };
  const SAMPLED = { role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' };
  const ROOTS = { roots: [{ uri: 'file:///data' }] };
  const ELICITS = { request: 'elicitation/create' };
  const SAMPLES = { request: 'sampling/createMessage' };

  test.each<[string, unknown, readonly { readonly request: string }[], string]>([
    ['to nothing', {}, [], 'pass'],
    ['to an elicitation', { a: ELICITED }, [], 'request_denied'],
    ['to an elicitation that is granted', { a: ELICITED }, [ELICITS], 'pass'],
    ['to a sampling', { a: SAMPLED }, [ELICITS], 'request_denied'],
    ['to both', { a: ELICITED, b: SAMPLED }, [ELICITS, SAMPLES], 'pass'],
    ['to the roots, which are granted', { a: ROOTS }, [], 'pass'],
    ['to the roots, and more', { a: { ...ROOTS, path: '/etc' } }, [ELICITS, SAMPLES], 'request_denied'],
    ['to something unknown', { a: { path: '/etc' } }, [ELICITS, SAMPLES], 'request_denied'],
    ['to one of two questions', { a: { ...ELICITED, ...SAMPLED } }, [ELICITS, SAMPLES], 'request_denied'],
    ['to an elicitation, with a model', { a: { ...ELICITED, model: 'm' } }, [ELICITS, SAMPLES], 'request_denied'],
    ['to an elicitation, with the roots', { a: { ...ELICITED, ...ROOTS } }, [ELICITS, SAMPLES], 'request_denied'],
    ['to a sampling, with the roots', { a: { ...SAMPLED, ...ROOTS } }, [ELICITS, SAMPLES], 'request_denied'],
    ['to a sampling, without a role', { a: { model: 'm', content: {} } }, [ELICITS, SAMPLES], 'request_denied'],
    ['that are no objects', { a: '/etc' }, [ELICITS, SAMPLES], 'request_denied'],
    ['that are a list', [ELICITED], [ELICITS, SAMPLES], 'request_denied'],
  ])('%s: %j', (_, inputResponses, grants, expected) => {
    // what a JSON document may hold
    const params = { inputResponses } as JsonObject;
    expect(ask('tools/call', { name: 'read', arguments: {}, ...params }, grants)).toBe(expected);
    expect(ask('tasks/update', { taskId: 't', ...params }, grants)).toBe(expected);
  });

  test.each([{ a: 12_345 }, { a: { path: '/etc' } }, [ELICITED]])(
    'answers that no server could read: %j',
    (inputResponses) => {
      const params = { name: 'read', arguments: {}, inputResponses } as JsonObject;
      expect(errorOf('tools/call', params, [ELICITS])).toEqual({
        code: -32602,
        message: 'Invalid params: `inputResponses` holds what is no answer to a question',
      });
      // an answer to what was never granted is told to the model: it may go on without
      expect(errorOf('tools/call', { ...params, inputResponses: { a: SAMPLED } }, [ELICITS])).toBe(undefined);
    },
  );
});

describe.each(['resources/subscribe', 'resources/unsubscribe'])('%s', (method) => {
  test.each([{}, { uri: 'file:///elsewhere' }])('is a method of 2025-11-25, and of 2026-07-28 none: %j', (params) => {
    expect(errorOf(method, params, [], true)).toEqual({ code: -32601, message: 'Method not found' });
    expect(errorOf(method, params, [], false)?.code).toBe('uri' in params ? -32002 : -32602);
  });
});

test.each(['tool/call', 'Tool/Call', 'prompt/get', 'resource/read'])('%s is nearly a method of the scope', (method) => {
  expect(ask(method, { name: 'danger' })).toBe('not_granted');
});

describe('a method that MCP does not define', () => {
  const BEYOND = ['tools/execute', 'tools/call_many', 'vendor/thing', 'notifications/thing', '', 'x'.repeat(2_000)];

  test.each(BEYOND)('%s needs a grant', (method) => {
    expect(ask(method, { name: 'danger' })).toBe('not_granted');
    // by name or pattern, and by nothing else
    expect(ask(method, { name: 'danger' }, [{ tool: '*' }, { request: '*' }, { prompt: '*' }])).toBe('not_granted');
  });

  test('is granted by name or pattern', () => {
    expect(ask('vendor/thing', {}, [{ method: 'vendor/*' }])).toBe('pass');
    expect(ask('vendor/thing', {}, [{ method: 'vendor/thing' }])).toBe('pass');
    expect(ask('other/thing', {}, [{ method: 'vendor/*' }])).toBe('not_granted');
  });

  test('in disguise stays out, whatever is granted', () => {
    for (const method of [' Tools/Call', 'tools/ca\u200bll', 'tool/call'])
      expect(ask(method, { name: 'danger' }, [{ method: '*' }])).toBe('not_granted');
  });

  test.each(
    [...REQUEST_METHODS].filter(
      (method) =>
        !/^(tools\/call|prompts\/get|completion\/|subscriptions\/|resources\/(read|(un)?subscribe))/.test(method),
    ),
  )('%s is one that it does define: it needs none', (method) => {
    expect(ask(method, {})).toBe('pass');
  });

  test('the lock must have it, too, and a ceiling that does not grant it takes it away', () => {
    const own = makeLayer({ grants: [{ method: '*' }] });
    const decide = (...more: ScopeLayer[]): string => {
      const decision = decideUse([own, ...more], 'method', 'vendor/x', undefined, 0);
      return decision.granted ? 'granted' : decision.refusal.kind;
    };
    expect(decide()).toBe('granted');
    expect(decide(makeLayer({ grants: [{ tool: '*' }] }, 'lock'))).toBe('unapproved');
    expect(decide(makeLayer({ grants: [{ tool: '*' }] }, 'ceiling'))).toBe('absent');
    expect(decide(buildOpenLayer([], '/etc/ceiling.json'))).toBe('granted');
    expect(decide(buildOpenLayer(makeScope({ deny: [{ method: 'vendor/*' }] }).denies, '/c'))).toBe('absent');
  });

  test('is shown before it is approved, like every other kind', () => {
    const config = (grants: JsonObject[]): JsonObject => ({
      ...{ version: 1, servers: { a: { command: 'a', scope: 's' } } },
      scopes: { s: { grants } },
    });
    const { rules } = diffScopes(config([]), config(TARGET_KINDS.map((kind) => ({ [kind]: 'x/*' }))), 'a', []);
    expect(rules.map(({ kind, direction }) => `${kind} ${direction}`)).toEqual(
      TARGET_KINDS.map((kind) => `${kind} wider`),
    );
  });

  test('a config that names one of the protocol is wrong', () => {
    const found: string[] = [];
    checkScopes(
      { scopes: { a: { grants: [{ method: 'tools/call' }, { method: 'tools/execute' }] } } },
      ({ path, what }) => found.push(`${path} ${what}`),
    );
    expect(found).toEqual(['scopes.a.grants[0].method `tools/call` is a method of the protocol']);
  });
});
