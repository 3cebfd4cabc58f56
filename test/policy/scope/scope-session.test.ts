// A scope inside a whole session: what the client, the server and the record get to see, byte by byte.
import { describe, expect, test } from 'vitest';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import type { Effect } from '../../../src/core/effects.ts';
import { createScopePolicy, type ServerScope } from '../../../src/policy/scope/scope.ts';
import { call, intents, Playbook, recordsOf, result, SERVER, sentToServer } from '../../core/playbook.ts';
import { layersOf } from './make-scope.ts';

const linesOf = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) =>
    effect.type === 'to_client' && Buffer.isBuffer(effect.bytes) ? [effect.bytes.toString().trimEnd()] : [],
  );

const SCOPE: ScopeDocument = {
  grants: [{ tool: 'echo' }, { tool: 'write', args: { '/text': { prefix: '/data/' } } }],
};

function start(mode: 'enforce' | 'observe' = 'enforce', document = SCOPE): Playbook {
  const scope: ServerScope = { layers: layersOf(document), mode };
  return new Playbook({ interceptors: [createScopePolicy(new Map([[SERVER, scope]]))] });
}

describe('a session under a scope', () => {
  test('answers for a hidden tool exactly as for one that never was, and the record knows why', () => {
    const book = start('enforce', { ...SCOPE, deny: [{ tool: 'secret' }] });
    const hidden = book.client(call(1, 'secret')).take();
    expect(sentToServer(hidden)).toEqual([]);
    expect(intents(recordsOf(hidden))).toMatchObject([
      { decision: 'deny', reason: 'scope_denied', rule: 'scopes.files.deny[0]', subject: 'secret' },
    ]);
    expect(start().client(call(1, 'secret')).toClient()).toEqual([
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool: secret"}}',
    ]);
    expect(book.client(call(2, 'secret')).toClient()).toEqual([
      '{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"Unknown tool: secret"}}',
    ]);
  });

  test('takes what is hidden out of every page and leaves every other byte', () => {
    const book = start();
    for (const id of [1, 2]) {
      book.client({ id, method: 'tools/list', params: id === 1 ? {} : { cursor: 'a' } }).take();
      const page = `{"jsonrpc":"2.0","id":${id},"result":{"tools":[ {"name":"secret"}, {"name":"echo","x":1.0} ,{"name":"other"}],"nextCursor":"b"}}`;
      const [line] = book.upstream(page).toClient();
      expect(JSON.parse(line ?? '').result).toEqual({ tools: [{ name: 'echo', x: 1 }], nextCursor: 'b' });
      expect(line).toContain('{"name":"echo","x":1.0}');
    }
  });

  test('tells the model which rule its arguments break, and what is allowed', () => {
    const [line] = start().client(call(1, 'write')).toClient();
    const { result: told } = JSON.parse(line ?? '');
    expect(told.isError).toBe(true);
    expect(told.content[0].text).toContain('`/text` must be a string that begins with `/data/`. (record seg:1)');
    expect(told._meta['mcp-guard/decision']).toEqual({
      reason: 'argument_denied',
      rule: 'scopes.files.grants[1].args["/text"].prefix',
      record: 'seg:1',
    });
  });

  test('drops capabilities from the greeting', () => {
    const book = start();
    book.client({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {} } }).take();
    const capabilities = { logging: {}, tools: {}, prompts: {}, resources: {} };
    const [line] = book.upstream(result(1, { protocolVersion: '2025-06-18', capabilities })).toClient();
    expect(JSON.parse(line ?? '').result.capabilities).toEqual({ logging: {}, tools: {} });
  });

  test('and instructions of a server of which nothing is granted, and its tasks', () => {
    const book = start('enforce', {});
    book.client({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {} } }).take();
    const told = { protocolVersion: '2025-06-18', capabilities: { tasks: {}, logging: {} }, instructions: 'use me' };
    const [line] = book.upstream(result(1, told)).toClient();
    expect(JSON.parse(line ?? '').result).toEqual({ protocolVersion: '2025-06-18', capabilities: { logging: {} } });
  });

  test('answers a server that asks for more with -32601, and the client hears nothing of it', () => {
    const asked = start().upstream({ id: 's', method: 'elicitation/create', params: {} }).take();
    expect(asked.filter(({ type }) => type === 'to_client')).toEqual([]);
    expect(sentToServer(asked)).toEqual([
      '{"jsonrpc":"2.0","id":"s","error":{"code":-32601,"message":"Method not found"}}',
    ]);
    const roots = start().upstream({ id: 's', method: 'roots/list', params: {} });
    expect(roots.toClient()).toHaveLength(1);
  });

  test('withholds an answer that asks the client for more', () => {
    const book = start();
    book.client(call(1)).take();
    const inputRequests = { a: { method: 'elicitation/create', params: { message: 'your password' } } };
    const [line] = book.upstream(result(1, { resultType: 'input_required', inputRequests })).toClient();
    expect(line).toContain('"reason":"request_denied"');
    expect(line).not.toContain('password');
  });

  test('drops news of a resource that is not granted', () => {
    const note = (uri: string) => ({ method: 'notifications/resources/updated', params: { uri } });
    const book = start('enforce', { grants: [{ resource: 'file:///data/*' }] });
    expect(book.upstream(note('file:///etc/a')).toClient()).toEqual([]);
    expect(book.upstream(note('file:///data/a')).toClient()).toHaveLength(1);
  });

  test('lets everything pass in observe mode, and says so in the record', () => {
    const effects = start('observe').client(call(1, 'secret')).take();
    expect(sentToServer(effects)).toHaveLength(1);
    expect(intents(recordsOf(effects))).toMatchObject([
      { decision: 'observe', reason: 'not_granted', rule: 'scopes.files' },
    ]);
    // its own record says it, once
    expect(recordsOf(effects)).toHaveLength(1);
  });

  test('in observe mode: a list is shown whole, and the record says what of it would be hidden', () => {
    const book = start('observe');
    book.client({ id: 1, method: 'tools/list', params: {} }).take();
    const page = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"sec\\u001bret","x":1.0},{"name":"echo"}]}}';
    const effects = book.upstream(page).take();
    const events = recordsOf(effects).filter(({ type }) => type === 'event');
    expect(events).toMatchObject([
      {
        ...{ type: 'event', name: 'observed', server: SERVER },
        detail: {
          ...{ what: 'list', method: 'tools/list', rule: 'scopes.files', reason: 'not_shown', by: 'observe' },
          ...{ list: 'tools', count: 1, names: '["sec\\u001bret"]', record: 'seg:1' },
        },
      },
    ]);
    expect(linesOf(effects)).toEqual([page]);
    const order = effects.map(({ type }) => type);
    expect(order.indexOf('record')).toBeLessThan(order.indexOf('to_client'));
  });

  test('in observe mode: an answer and a notification go on, and are on record', () => {
    const book = start('observe');
    book.client(call(1)).take();
    const inputRequests = { a: { method: 'elicitation/create', params: {} } };
    const asked = book.upstream(result(1, { resultType: 'input_required', inputRequests })).take();
    expect(linesOf(asked)[0]).toContain('"elicitation/create"');
    expect(recordsOf(asked)).toContainEqual(
      expect.objectContaining({
        name: 'observed',
        detail: expect.objectContaining({ what: 'answer', reason: 'request_denied', record: 'seg:1' }),
      }),
    );
    const note = { method: 'notifications/resources/updated', params: { uri: 'file:///x' } };
    const counts = Array.from({ length: 5 }, () => {
      const effects = book.upstream(note).take();
      expect(linesOf(effects)).toHaveLength(1);
      return recordsOf(effects).map((entry) => (entry.type === 'event' ? entry.detail.count : undefined));
    });
    // a server can repeat it for ever
    expect(counts).toEqual([[1], [2], [], [4], []]);
  });

  test('in observe mode: stderr hears of each rule, ever more seldom, and no name steers it', () => {
    const book = start('observe');
    const said = [1, 2, 3, 4].flatMap((id) =>
      book
        .client(call(id, 'x\u001b[2J'))
        .take()
        .flatMap((effect) => (effect.type === 'log' ? [`${effect.level} ${effect.text}`] : [])),
    );
    const line =
      'warn `srv`: `x\\u{1b}[2J` would be denied by `scopes.files` (not_granted) and goes on: `mode: observe`';
    expect(said).toEqual([line, `${line} (2 times so far)`, `${line} (4 times so far)`]);
  });

  test('denies where it fails itself', () => {
    const book = new Playbook({ interceptors: [createScopePolicy(new Map())] });
    const effects = book.client(call(1)).take();
    expect(sentToServer(effects)).toEqual([]);
    expect(intents(recordsOf(effects))).toMatchObject([{ decision: 'deny', reason: 'guard_fault', rule: 'scope' }]);
  });
});
