// The interceptor: which messages a scope is asked about, what is answered, what is taken out of results and notifications.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import type { RequestView, Verdict } from '../../../src/core/interceptor.ts';
import { createScopePolicy, type ServerScope } from '../../../src/policy/scope/scope.ts';
import { decideTarget } from '../../../src/policy/scope/scope-decision.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { layersOf, makeLayer } from './make-scope.ts';

const NOW = { wallMs: Date.UTC(2026, 6, 28, 12), monoMs: 5 };

const view = (method: string, params?: JsonObject, more: Partial<RequestView> = {}): RequestView => ({
  asked: 'client',
  upstream: 'files',
  method,
  tool: method === 'tools/call' && typeof params?.name === 'string' ? params.name : undefined,
  params,
  modern: false,
  ...more,
});

function policyOf(scope: ServerScope | ScopeDocument) {
  const made: ServerScope =
    scope === 'unscoped' || 'layers' in scope ? scope : { layers: layersOf(scope), mode: 'enforce' };
  const policy = createScopePolicy(new Map([['files', made]]));
  return {
    ask: (request: RequestView): Verdict | undefined => policy.onRequest?.(request, NOW),
    narrow: (request: RequestView, result: JsonObject) => policy.onResponse?.(request, result, NOW),
    note: (method: string, params?: JsonObject) => policy.onNotification?.({ upstream: 'files', method, params }, NOW),
  };
}

const outcome = (verdict: Verdict | undefined): string => {
  if (verdict?.kind === 'pass') return verdict.observed === undefined ? 'pass' : `observe ${verdict.observed.reason}`;
  if (verdict?.kind !== 'deny') return 'none';
  const { error } = verdict;
  return error === undefined ? verdict.reason : `${verdict.reason} ${error.code} ${error.message}`;
};

const SCOPE: ScopeDocument = {
  grants: [
    { tool: 'read_*' },
    { tool: 'write', args: { '/path': { prefix: '/data/' } } },
    { tool: 'move', approve: 'always' },
    { tool: 'old', expires: '2026-01-01' },
    { resource: 'file:///data/*' },
    { prompt: 'sum', args: { '/topic': { prefix: 'a' } } },
    { request: 'sampling/createMessage' },
  ],
  deny: [{ tool: 'read_secret' }],
};
const URI = { uri: 'file:///data/a' };
const OTHER = { uri: 'file:///etc/a' };
const TEMPLATE = { ref: { type: 'ref/resource', uri: 'file:///data/{path}' } };

describe('a request of the client', () => {
  const server = policyOf(SCOPE);

  test.each<[string, JsonObject | undefined, string]>([
    ['tools/call', { name: 'read_a', arguments: { any: 1 } }, 'pass'],
    ['tools/call', { name: 'nope' }, 'not_granted -32602 Unknown tool: nope'],
    ['tools/call', { name: 'read_secret' }, 'scope_denied -32602 Unknown tool: read_secret'],
    ['tools/call', { name: 'old' }, 'grant_expired -32602 Unknown tool: old'],
    ['tools/call', { name: 'Read_a' }, 'not_granted -32602 Unknown tool: Read_a'],
    ['tools/call', { name: 'write', arguments: { path: '/data/a' } }, 'pass'],
    ['tools/call', { name: 'write', arguments: { path: '/etc' } }, 'argument_denied'],
    ['tools/call', { name: 'write' }, 'argument_denied'],
    ['tools/call', { name: 'write', arguments: [] }, 'not_granted -32602 Invalid params'],
    ['tools/call', {}, 'not_granted -32602 Invalid params'],
    ['tools/call', { name: 'move' }, 'approval_required'],
    ['resources/read', URI, 'pass'],
    ['resources/read', OTHER, 'not_granted -32002 Resource not found'],
    ['resources/read', { uri: 'file:///data/../etc' }, 'uri_not_plain -32002 Resource not found'],
    ['resources/read', { uri: 7 }, 'not_granted -32602 Invalid params'],
    ['resources/subscribe', URI, 'pass'],
    ['resources/subscribe', OTHER, 'not_granted -32002 Resource not found'],
    ['resources/unsubscribe', OTHER, 'not_granted -32002 Resource not found'],
    ['prompts/get', { name: 'sum', arguments: { topic: 'ab' } }, 'pass'],
    ['prompts/get', { name: 'sum', arguments: { topic: 'b' } }, 'argument_denied'],
    ['prompts/get', { name: 'other' }, 'not_granted -32602 Unknown prompt: other'],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'sum' } }, 'argument_denied'],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'other' } }, 'not_granted -32602 Unknown prompt: other'],
    ['completion/complete', { ref: { type: 'ref/resource', uri: 'file:///data/{path}' } }, 'pass'],
    ['completion/complete', { ...TEMPLATE, argument: { name: 'path', value: 'no' } }, 'pass'],
    [
      'completion/complete',
      { ...TEMPLATE, argument: { name: 'path', value: '../../etc/' } },
      'not_granted -32602 Invalid params',
    ],
    [
      'completion/complete',
      { ...TEMPLATE, argument: { name: 'path', value: 'a%2f..%2f' } },
      'not_granted -32602 Invalid params',
    ],
    [
      'completion/complete',
      { ...TEMPLATE, argument: { name: 'path', value: 'a' }, context: { arguments: { other: '..' } } },
      'not_granted -32602 Invalid params',
    ],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'file:///{path}' } },
      'not_granted -32002 Resource not found',
    ],
    ['completion/complete', { ref: { type: 'ref/tool', name: 'read_a' } }, 'not_granted -32602 Invalid params'],
    ['completion/complete', {}, 'not_granted -32602 Invalid params'],
    ['subscriptions/listen', { notifications: { toolsListChanged: true } }, 'pass'],
    ['subscriptions/listen', undefined, 'pass'],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: [URI.uri] } }, 'pass'],
    [
      'subscriptions/listen',
      { notifications: { resourceSubscriptions: [URI.uri, OTHER.uri] } },
      'not_granted -32002 Resource not found',
    ],
    [
      'subscriptions/listen',
      { notifications: { resourceSubscriptions: OTHER.uri } },
      'not_granted -32602 Invalid params',
    ],
    [
      'subscriptions/listen',
      { notifications: { resourceSubscriptions: [[OTHER.uri]] } },
      'not_granted -32602 Invalid params',
    ],
    ['tools/list', undefined, 'pass'],
    ['initialize', {}, 'pass'],
    ['tasks/result', { taskId: 'x' }, 'pass'],
    ['vendor/thing', { name: 'nope' }, 'not_granted -32601 Method not found'],
    ['logging/setLevel', { level: 'info' }, 'pass'],
    ['ping', undefined, 'pass'],
    ['Tools/Call', { name: 'nope' }, 'not_granted -32601 Method not found'],
    [' tools/call', { name: 'nope' }, 'not_granted -32601 Method not found'],
    ['tools//call', { name: 'nope' }, 'not_granted -32601 Method not found'],
    ['ｔools/list', undefined, 'not_granted -32601 Method not found'],
    ['resources/templates/LIST', undefined, 'not_granted -32601 Method not found'],
  ])('%s %j: %s', (method, params, expected) => {
    expect(outcome(server.ask(view(method, params)))).toBe(expected);
  });

  test('of 2026-07-28 for an unknown resource gets the code of that revision', () => {
    expect(outcome(server.ask(view('resources/read', OTHER, { modern: true })))).toBe(
      'not_granted -32602 Resource not found',
    );
  });

  test('hidden and unknown tools cannot be told apart', () => {
    const asked = ['nope', 'old', 'read_secret'].map((name) => server.ask(view('tools/call', { name })));
    const told = asked.map((verdict) => (verdict?.kind === 'deny' ? verdict.error?.message.replace(/: .*/, '') : ''));
    expect(new Set(told)).toEqual(new Set(['Unknown tool']));
  });

  test('that breaks a constraint is told which rule, and what each grant would allow', () => {
    const both = policyOf({
      grants: [
        { tool: 'w*', args: { '/path': { prefix: '/tmp/' } } },
        { tool: 'write', args: { '/path': { prefix: '/data/' } } },
      ],
    });
    expect(both.ask(view('tools/call', { name: 'write', arguments: { path: '/etc' } }))).toEqual({
      kind: 'deny',
      reason: 'argument_denied',
      rule: 'scopes.files.grants[1].args["/path"].prefix',
      text: 'mcp-guard did not send this call of `write`: `/path` must be a string that begins with `/data/`. Or, by another rule: `/path` must be a string that begins with `/tmp/`.',
      retryAfterMs: undefined,
    });
  });

  test('with a hostile name is shown inert and cut', () => {
    const name = `read_secret\`\u001b[2J\u202e${'x'.repeat(5_000)}`;
    const verdict = policyOf({ grants: [{ tool: '*', approve: 'always' }] }).ask(view('tools/call', { name }));
    if (verdict?.kind !== 'deny') throw new Error('it passed');
    expect(verdict.text).not.toMatch(/[\u001b\u202e]/);
    expect(verdict.text.length).toBeLessThan(700);
    expect(outcome(server.ask(view('tools/call', { name }))).length).toBeGreaterThan(0);
    const hidden = policyOf({}).ask(view('tools/call', { name }));
    expect(hidden?.kind === 'deny' ? hidden.error?.message.length : 0).toBeLessThan(300);
  });
});

describe('a request of the server', () => {
  const asked = (method: string) => view(method, {}, { asked: 'server' });

  test.each([
    ['sampling/createMessage', 'pass'],
    ['elicitation/create', 'not_granted -32601 Method not found'],
    ['roots/list', 'pass'],
    ['ping', 'pass'],
    ['tasks/get', 'pass'],
    ['vendor/ask', 'not_granted -32601 Method not found'],
    ['Sampling/CreateMessage', 'not_granted -32601 Method not found'],
    ['tools/call', 'not_granted -32601 Method not found'],
  ])('%s: %s', (method, expected) => {
    expect(outcome(policyOf(SCOPE).ask(asked(method)))).toBe(expected);
  });

  test('never learns that a person could allow it', () => {
    const approve = policyOf({ grants: [{ request: '*', approve: 'once' }] });
    expect(outcome(approve.ask(asked('elicitation/create')))).toBe('approval_required -32601 Method not found');
    const lock = policyOf({
      mode: 'enforce',
      layers: [makeLayer({ grants: [{ request: '*' }] }), makeLayer({}, 'lock')],
    });
    expect(outcome(lock.ask(asked('elicitation/create')))).toBe('not_approved -32601 Method not found');
  });
});

test('what only the lock refuses is answered with the command to run', () => {
  const lock = policyOf({ mode: 'enforce', layers: [makeLayer({ grants: [{ tool: '*' }] }), makeLayer({}, 'lock')] });
  const verdict = lock.ask(view('tools/call', { name: 'a' }));
  expect(outcome(verdict)).toBe('not_approved');
  expect(verdict).toMatchObject({ rule: 'scopes.lock', text: expect.stringContaining('`mcp-guard scope approve`') });
});

test('an unscoped server may do anything, and a server that is not named nothing', () => {
  const free = policyOf('unscoped');
  expect(outcome(free.ask(view('tools/call', { name: 'nope' })))).toBe('pass');
  expect(outcome(free.ask(view('elicitation/create', {}, { asked: 'server' })))).toBe('pass');
  expect(free.narrow(view('tools/list'), { tools: [{ name: 'nope' }] })).toBeUndefined();
  expect(free.note('notifications/resources/updated', OTHER)).toBe('pass');
  const other = { upstream: 'other' };
  expect(() => free.ask(view('tools/call', { name: 'a' }, other))).toThrow('no scope was made for `other`');
  expect(() => free.narrow(view('tools/list', {}, other), {})).toThrow('no scope');
});

describe('a list', () => {
  const server = policyOf(SCOPE);
  const removed = (method: string, result: JsonObject) => server.narrow(view(method), result);

  test.each<[string, JsonObject, unknown]>([
    [
      'tools/list',
      {
        tools: [
          { name: 'nope' },
          { name: 'read_a' },
          { name: 'old' },
          { name: 'move' },
          { name: 'read_secret' },
          { name: 'write' },
        ],
      },
      [{ kind: 'remove', array: ['tools'], indexes: [0, 2, 4] }],
    ],
    ['tools/list', { tools: [{ name: 'read_a' }], nextCursor: 'x' }, []],
    [
      'tools/list',
      { tools: [7, null, {}, { name: 5 }, { Name: 'read_a' }, ['read_a']] },
      [{ kind: 'remove', array: ['tools'], indexes: [0, 1, 2, 3, 4, 5] }],
    ],
    ['tools/list', { tools: { name: 'nope' } }, [{ kind: 'drop', path: ['tools'] }]],
    ['tools/list', {}, []],
    ['tools/list', { prompts: [{ name: 'nope' }] }, [{ kind: 'remove', array: ['prompts'], indexes: [0] }]],
    [
      'prompts/list',
      { prompts: [{ name: 'sum' }, { name: 'x' }] },
      [{ kind: 'remove', array: ['prompts'], indexes: [1] }],
    ],
    [
      'resources/list',
      { resources: [URI, OTHER, { name: 'x' }, { uri: 'file:///data/%2e%2e/a' }] },
      [{ kind: 'remove', array: ['resources'], indexes: [1, 2, 3] }],
    ],
    [
      'resources/templates/list',
      {
        resourceTemplates: [
          { uriTemplate: 'file:///data/{path}' },
          { uriTemplate: 'file:///{path}' },
          { uri: 'file:///data/a' },
        ],
      },
      [{ kind: 'remove', array: ['resourceTemplates'], indexes: [1, 2] }],
    ],
  ])('%s %j', (method, result, expected) => {
    expect(removed(method, result)).toEqual(expected);
  });

  test('shows exactly the tools whose tool-level decision passes, in their order', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '*', '?'), minLength: 1, maxLength: 3 });
    const rule = fc.record({ tool: pattern });
    const document = fc.record({ grants: fc.array(rule, { maxLength: 5 }), deny: fc.array(rule, { maxLength: 2 }) });
    fc.assert(
      fc.property(document, document, fc.array(name, { maxLength: 12 }), (one, other, names) => {
        const layers = [makeLayer(one), makeLayer(other, 'ceiling')] as const;
        const policy = policyOf({ mode: 'enforce', layers });
        const [narrowing] = policy.narrow(view('tools/list'), { tools: names.map((tool) => ({ name: tool })) }) ?? [];
        const gone = narrowing?.kind === 'remove' ? narrowing.indexes : [];
        const shown = names.filter((_, index) => !gone.includes(index));
        expect(shown).toEqual(names.filter((tool) => decideTarget(layers, 'tool', tool, NOW.wallMs).granted));
        for (const tool of names) {
          const verdict = policy.ask(view('tools/call', { name: tool }));
          expect(verdict?.kind === 'pass').toBe(shown.includes(tool));
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('the greeting', () => {
  const capabilities = {
    tools: { listChanged: true },
    prompts: {},
    resources: { subscribe: true },
    completions: {},
    logging: {},
    tasks: { list: {}, requests: { tools: { call: {} } } },
    extensions: { 'io.modelcontextprotocol/tasks': {}, 'com.example/other': {} },
  };
  const dropped = (document: ScopeDocument, method = 'initialize') =>
    policyOf(document)
      .narrow(view(method), { capabilities })
      ?.map((one) => (one.kind === 'drop' ? one.path.join('.') : one.kind));

  test.each(['initialize', 'server/discover'])('%s loses what could only be refused', (method) => {
    expect(dropped({ grants: [{ tool: 'a' }, { prompt: 'a' }, { resource: 'a:*' }] }, method)).toEqual([]);
    expect(dropped({ grants: [{ tool: 'a' }] }, method)).toEqual([
      'capabilities.prompts',
      'capabilities.resources',
      'capabilities.completions',
    ]);
    expect(dropped({ grants: [{ resource: 'a:*' }] }, method)).toEqual([
      'capabilities.tools',
      'capabilities.prompts',
      'capabilities.tasks',
      'capabilities.extensions.io.modelcontextprotocol/tasks',
    ]);
  });

  test.each<[boolean, ScopeDocument]>([
    [false, { grants: [{ tool: 'a' }] }],
    [false, { grants: [{ prompt: 'a*' }] }],
    [false, { grants: [{ resource: 'a:*' }] }],
    [true, {}],
    [true, { grants: [{ request: 'elicitation/create' }, { method: 'x/y' }] }],
    [true, { grants: [{ tool: '*' }, { prompt: 'a', expires: '2020-01-01' }], deny: [{ tool: '*' }] }],
  ])('loses the instructions where nothing can be used: %s', (isLost, document) => {
    for (const method of ['initialize', 'server/discover']) {
      const found = policyOf(document).narrow(view(method), { instructions: 'use me' });
      expect(found).toEqual(isLost ? [{ kind: 'drop', path: ['instructions'] }] : []);
    }
  });

  test('without capabilities stays as it is', () => {
    expect(policyOf({}).narrow(view('initialize'), {})).toEqual([]);
    expect(policyOf({}).narrow(view('initialize'), { capabilities: { logging: {} } })).toEqual([]);
  });
});

describe('an answer that asks the client', () => {
  const server = policyOf(SCOPE);
  const sampling = { method: 'sampling/createMessage' };
  const elicitation = { method: 'elicitation/create' };

  test.each<[string, JsonObject, string | undefined]>([
    ['for what is granted', { inputRequests: { a: sampling, b: { method: 'roots/list' } } }, undefined],
    ['for nothing', { resultType: 'input_required', requestState: 'x' }, undefined],
    ['for nothing, said so', { inputRequests: null }, undefined],
    ['for what is not', { inputRequests: { a: sampling, b: elicitation } }, 'scopes.files'],
    ['in a task', { task: { inputRequests: { a: elicitation } } }, 'scopes.files'],
    ['in the result of a task', { result: { inputRequests: { a: elicitation } } }, 'scopes.files'],
    ['in a result within a result', { result: { result: { inputRequests: { a: elicitation } } } }, 'scopes.files'],
    ['in a task within a task', { task: { task: { inputRequests: { a: elicitation } } } }, 'scopes.files'],
    ['in a list of tasks', { tasks: ['x', {}, { inputRequests: { a: elicitation } }] }, 'scopes.files'],
    ['in the error of one of them', { tasks: [{ error: { code: -32042 } }] }, 'scopes.files'],
    ['in a list of tasks, for what is granted', { tasks: [{ inputRequests: { a: sampling } }] }, undefined],
    ['in a list', { inputRequests: [elicitation] }, 'scopes.files'],
    ['without a method', { inputRequests: { a: {} } }, 'scopes.files'],
    ['with no request', { inputRequests: { a: 'elicitation/create' } }, 'scopes.files'],
    ['in no form', { inputRequests: 'elicitation/create' }, 'scopes.files'],
  ])('%s', (_, result, rule) => {
    for (const method of ['tools/call', 'prompts/get', 'resources/read', 'tasks/get', 'vendor/x', 'tools/list']) {
      const narrowed = server.narrow(view(method), result) ?? [];
      const refused = narrowed.map((one) => (one.kind === 'refuse' ? `${one.deny.reason} ${one.deny.rule}` : one.kind));
      expect(refused).toEqual(rule === undefined ? [] : [`request_denied ${rule}`]);
    }
  });

  test('is the client’s own where a server asked', () => {
    expect(
      server.narrow(view('roots/list', {}, { asked: 'server' }), { inputRequests: { a: elicitation } }),
    ).toBeUndefined();
  });
});

test.each<[string, JsonObject | undefined, string]>([
  ['notifications/resources/updated', URI, 'pass'],
  ['notifications/resources/updated', OTHER, 'drop'],
  ['notifications/resources/updated', { uri: 5 }, 'drop'],
  ['notifications/resources/updated', undefined, 'drop'],
  ['notifications/tools/list_changed', undefined, 'pass'],
  ['notifications/message', { level: 'info', data: 'x' }, 'pass'],
  ['notifications/tasks', { inputRequests: { a: { method: 'sampling/createMessage' } } }, 'pass'],
  ['notifications/tasks', { inputRequests: { a: { method: 'elicitation/create' } } }, 'drop'],
  ['notifications/tasks', { inputRequests: 'x' }, 'drop'],
])('the notification %s %j: %s', (method, params, expected) => {
  expect(policyOf(SCOPE).note(method, params)).toBe(expected);
});
