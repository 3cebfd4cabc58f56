// What the session does for a policy beside asking it: results, notifications, exits, tasks. Waits: held-requests.test.ts.
import { describe, expect, it } from 'vitest';
import type { IntentEntry } from '../../src/audit/entry.ts';
import type { ChangedList, Deny, Interceptor, Narrowing, Settled } from '../../src/core/interceptor.ts';
import { call, Playbook, result, SERVER } from './playbook.ts';

const DENY: Deny = { kind: 'deny', reason: 'no', rule: 'test.rule', text: 'Not this.', retryAfterMs: undefined };

const LIST = { id: 1, method: 'tools/list', params: {} };
const tools = (...names: string[]) => ({ id: 1, result: { tools: names.map((name) => ({ name })), nextCursor: 'c' } });

function narrowing(...narrowings: readonly Narrowing[]): Playbook {
  return new Playbook({ interceptors: [{ name: 'narrow', onResponse: () => narrowings }] });
}
const removed = (...indexes: readonly number[]): Narrowing => ({ kind: 'remove', array: ['tools'], indexes });

describe('a result', () => {
  it('loses what a policy takes out, and keeps every other byte and the order', () => {
    const book = narrowing(removed(0, 2));
    book.client(LIST).take();
    const [line] = book
      .upstream(
        '{"jsonrpc":"2.0","id":1,"result":{ "tools" : [ {"name":"a"} , {"n":1.0,"name":"b"}, {"name":"c"}],"x":1e2}}',
      )
      .toClient();
    expect(line).toBe('{"jsonrpc":"2.0","id":1,"result":{ "tools" : [ {"n":1.0,"name":"b"}],"x":1e2}}');
  });

  it('loses what any of several policies takes out', () => {
    const book = new Playbook({
      interceptors: [
        { name: 'one', onResponse: () => [removed(0)] },
        { name: 'two', onResponse: () => [removed(2), { kind: 'drop', path: ['nextCursor'] }] },
        { name: 'three', onResponse: () => undefined },
      ],
    });
    book.client(LIST).take();
    const [line] = book.upstream(tools('a', 'b', 'c')).toClient();
    expect(line).toBe('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"b"}]}}');
  });

  it('loses a whole member, and what another policy names inside it goes with it', () => {
    const book = narrowing({ kind: 'drop', path: ['tools'] }, removed(0));
    book.client(LIST).take();
    expect(book.upstream(tools('a', 'b')).toClient()).toEqual(['{"jsonrpc":"2.0","id":1,"result":{"nextCursor":"c"}}']);
  });

  it('gets the id of its asker, too, where that one was taken', () => {
    const book = narrowing(removed(0));
    book.client(LIST).client(LIST);
    const [first, second] = book.serverHears().map(({ id }) => id);
    book.upstream({ ...tools('a', 'b'), id: first }).upstream({ ...tools('a', 'é'), id: second });
    expect(book.clientHears()).toEqual([
      { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'b' }], nextCursor: 'c' } },
      { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'é' }], nextCursor: 'c' } },
    ]);
  });

  it('is withheld where a policy refuses it, and that is on record', () => {
    const book = narrowing({ kind: 'refuse', deny: DENY });
    book.client(call(1)).take();
    const effects = book.upstream(result(1)).take();
    expect(effects.map((effect) => effect.type)).toEqual(['record', 'record', 'to_client']);
    expect(effects[1]).toMatchObject({
      entry: {
        name: 'answer_denied',
        server: SERVER,
        detail: { method: 'tools/call', rule: 'test.rule', reason: 'no' },
      },
    });
    const [line] = lines(effects);
    expect(line.result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('Not this.') }] });
  });

  it.each([
    ['throws', () => boom()],
    ['names what is not there', () => [{ kind: 'remove', array: ['prompts'], indexes: [0] } as const]],
    ['wants to drop an element', () => [{ kind: 'drop', path: ['tools', 0] } as const]],
  ])('is withheld where a policy %s', (_, onResponse) => {
    const book = new Playbook({ interceptors: [{ name: 'broken', onResponse }] });
    book.client(LIST).take();
    const effects = book.upstream(tools('secret')).take();
    expect(effects.map((one) => one.type === 'record' && one.entry)).toContainEqual(
      expect.objectContaining({ name: 'answer_denied', detail: expect.objectContaining({ reason: 'guard_fault' }) }),
    );
    const [line] = lines(effects);
    expect(JSON.stringify(line)).not.toContain('secret');
    expect(line.error.data['mcp-guard/decision'].reason).toBe('guard_fault');
    expect(book.faults).toHaveLength(1);
  });

  it('is shown to those alone who passed its request', () => {
    const seen: string[] = [];
    const of = (name: string): Interceptor => ({ name, onResponse: () => void seen.push(name) as undefined });
    const book = new Playbook({ interceptors: [of('first'), { name: 'deny', onRequest: () => DENY }, of('last')] });
    book.client(call(1)).take();
    expect(seen).toEqual([]);
    new Playbook({ interceptors: [of('first'), of('last')] }).client(call(1)).upstream(result(1));
    expect(seen).toEqual(['first', 'last']);
  });
});

describe('a notification of a server', () => {
  const note = { method: 'notifications/resources/updated', params: { uri: 'x:1' } };

  it('is kept back where a policy says so, and the others are not asked any more', () => {
    const asked: string[] = [];
    const book = new Playbook({
      interceptors: [
        { name: 'one', onNotification: ({ params }) => (params?.uri === 'x:1' ? 'drop' : 'pass') },
        {
          name: 'two',
          onNotification: ({ method }) => {
            asked.push(method);
            return 'pass';
          },
        },
      ],
    });
    expect(book.upstream(note).toClient()).toEqual([]);
    expect(book.upstream({ ...note, params: { uri: 'x:2' } }).toClient()).toHaveLength(1);
    expect(asked).toEqual([note.method]);
  });

  it('is kept back where a policy throws', () => {
    const book = new Playbook({ interceptors: [{ name: 'broken', onNotification: () => boom() }] });
    expect(book.upstream(note).toClient()).toEqual([]);
    expect(book.faults).toEqual(['broken']);
  });
});

describe('a plain error instead of a refusal', () => {
  it('carries its code and text, and no trace of the guard', () => {
    const error = { code: -32602, message: 'Unknown tool: x' };
    const book = new Playbook({ interceptors: [{ name: 'scope', onRequest: () => ({ ...DENY, error }) }] });
    const effects = book.client(call(1)).take();
    expect(lines(effects)).toEqual([{ jsonrpc: '2.0', id: 1, error }]);
    const [record] = effects.flatMap((effect) => (effect.type === 'record' ? [effect.entry as IntentEntry] : []));
    expect(record).toMatchObject({ decision: 'deny', rule: 'test.rule', reason: 'no' });
  });
});

describe('an end', () => {
  function watcher(): { book: Playbook; ends: Partial<Settled>[]; told: string[] } {
    const ends: Settled[] = [];
    const told: string[] = [];
    const one: Interceptor = {
      name: 'watcher',
      onSettle: (_, settled) => {
        told.push('settle');
        ends.push(settled);
      },
      onExit: (upstream) => void told.push(`exit ${upstream}`),
      onTaskEnd: (upstream, taskId, settled) => {
        told.push(`task ${upstream} ${taskId}`);
        ends.push(settled);
      },
    };
    return { book: new Playbook({ interceptors: [one], deadline: { idleMs: 100, hardMs: 500 } }), ends, told };
  }

  it('is told with what the server answered', () => {
    const { book, ends } = watcher();
    book.client(call(1)).client(call(2)).client(call(3));
    book.at(1040).upstream({ id: 1, error: { code: -32603, message: 'x' } });
    book.upstream({ id: 2, result: { content: [], isError: true } });
    book.upstream({ id: 3, result: { resultType: 'input_required', inputRequests: {} } });
    expect(ends).toMatchObject([
      { settlement: 'error', errorCode: -32603, isError: undefined, durationMs: 40 },
      { settlement: 'result', errorCode: undefined, isError: true },
      { settlement: 'result', isError: false, resultType: 'input_required' },
    ]);
  });

  it('by a deadline says whether the server sent anything since', () => {
    const { book, ends } = watcher();
    book.upstream({ method: 'notifications/message', params: { level: 'info', data: 'before' } });
    book.client(call(1)).at(1100);
    book
      .client(call(2))
      .upstream({ method: 'notifications/message', params: { level: 'info', data: 'x' } })
      .at(1200);
    expect(ends).toMatchObject([
      { settlement: 'timeout', heard: false },
      { settlement: 'timeout', heard: true },
    ]);
  });

  it('by a deadline: a server that answers the guard while it is silent about the call has been heard', () => {
    const { book, ends } = watcher();
    book.client(call(1)).client(call(2)).take();
    const [ping, ...others] = book.at(1050).toServer();
    expect([JSON.parse(ping ?? '').method, others]).toEqual(['ping', []]);
    expect(book.upstream({ id: JSON.parse(ping ?? '').id, error: { code: -32601, message: 'x' } }).toClient()).toEqual(
      [],
    );
    book.at(1100);
    expect(ends).toMatchObject([
      { settlement: 'timeout', heard: true },
      { settlement: 'timeout', heard: true },
    ]);
  });

  it('by a deadline: nobody is asked who has been heard', () => {
    const { book } = watcher();
    book
      .client(call(1))
      .upstream({ method: 'notifications/message', params: { level: 'info', data: 'x' } })
      .take();
    expect(book.at(1050).take()).toEqual([]);
  });

  it('of a server is told once, before its requests settle', () => {
    const { book, told } = watcher();
    book.client(call(1)).client(call(2)).exits();
    expect(told).toEqual([`exit ${SERVER}`, 'settle', 'settle']);
  });

  it.each([
    ['the guard brought about', (book: Playbook) => book.exits({ byGuard: true })],
    ['followed the client', (book: Playbook) => book.event({ type: 'client_ended' }).exits()],
  ])('of a server that %s is nobody’s failure', (_, end) => {
    const { book, told } = watcher();
    end(book.client(call(1)));
    expect(told).toEqual(['settle']);
  });

  it.each([
    ['tasks/result', { id: 2, result: { content: [], isError: true } }, { settlement: 'result', isError: true }],
    ['tasks/result', { id: 2, error: { code: -32603, message: 'x' } }, { settlement: 'error', errorCode: -32603 }],
    [
      'tasks/get',
      { id: 2, result: { taskId: 't', status: 'completed', result: { content: [], isError: true } } },
      { settlement: 'result', isError: true },
    ],
    [
      'tasks/get',
      { id: 2, result: { taskId: 't', status: 'failed', error: { code: -32000, message: 'x' } } },
      { settlement: 'error', errorCode: -32000 },
    ],
    ['tasks/cancel', { id: 2, result: { taskId: 't', status: 'cancelled' } }, { settlement: 'cancelled' }],
  ])('of a task is told as the end of its call: %s', (method, answer, end) => {
    const { book, ends, told } = watcher();
    book.client(call(1)).upstream({ id: 1, result: { task: { taskId: 't', status: 'working' } } });
    // before, an error may say no more than that it is not ready
    if (method === 'tasks/result')
      book.upstream({ method: 'notifications/tasks/status', params: { taskId: 't', status: 'failed' } });
    book.client({ id: 2, method, params: { taskId: 't' } }).upstream(answer);
    expect(told).toEqual(['settle', `task ${SERVER} t`, 'settle']);
    expect(ends[1]).toMatchObject(end);
  });

  it('of a task by a notification, too', () => {
    const { book, ends } = watcher();
    book.client(call(1)).upstream({ id: 1, result: { task: { taskId: 't', status: 'working' } } });
    const params = { taskId: 't', status: 'completed', result: { content: [] } };
    book.upstream({ method: 'notifications/tasks/status', params });
    expect(ends[1]).toMatchObject({ settlement: 'result', isError: false });
  });
});

describe('a request that leaves', () => {
  it('is told to those who passed it, when it does, and its deadline begins then', () => {
    const sent: string[] = [];
    const book = new Playbook({
      interceptors: [{ name: 'one', onSent: (request) => void sent.push(String(request.tool)) }],
      deadline: { idleMs: 1000, hardMs: 1000 },
      onExit: 'restart',
    });
    book.client(call(1, 'first'));
    expect(sent).toEqual(['first']);
    book.exits().client(call(2, 'second'));
    expect(sent).toEqual(['first']);
    expect(book.at(60_000).toClient()).toHaveLength(1);
    book.event({ type: 'upstream_started', upstream: SERVER, pid: 1 }).take();
    expect(sent).toEqual(['first', 'second']);
    expect(book.at(60_999).toClient()).toEqual([]);
    expect(book.at(61_000).toClient()).toHaveLength(1);
  });

  it('is not told where the guard itself has asked', () => {
    const sent: string[] = [];
    const book = new Playbook({
      interceptors: [{ name: 'one', onSent: ({ method }) => void sent.push(method) }],
      deadline: { idleMs: 100, hardMs: 100 },
    });
    expect(book.client(call(1)).at(1050).toServer()).toHaveLength(2);
    expect(sent).toEqual(['tools/call']);
  });
});

describe('a list that a policy has changed', () => {
  function changing(): { book: Playbook; lister: { changed: ChangedList[] } & Interceptor } {
    const lister = {
      name: 'lister',
      changed: [] as ChangedList[],
      wakeAtMs: 1,
      takeChangedLists() {
        const taken = this.changed;
        this.changed = [];
        return taken;
      },
    };
    return { book: new Playbook({ interceptors: [lister] }), lister };
  }
  const hello = (book: Playbook, listChanged: boolean) =>
    book
      .client({ id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25' } })
      .upstream({ id: 0, result: { protocolVersion: '2025-11-25', capabilities: { tools: { listChanged } } } })
      .client({ method: 'notifications/initialized' });

  it('is announced where the server may announce it', () => {
    const { book, lister } = changing();
    hello(book, true).take();
    lister.changed = [{ upstream: SERVER, list: 'tools' }];
    expect(book.at(2000).toClient()).toEqual(['{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}']);
  });

  it.each([
    ['the server never said that it would', (book: Playbook) => hello(book, false)],
    ['the client has not finished its greeting', (book: Playbook) => book],
  ])('is not announced where %s', (_, prepare) => {
    const { book, lister } = changing();
    prepare(book).take();
    lister.changed = [{ upstream: SERVER, list: 'tools' }];
    expect(book.at(2000).toClient()).toEqual([]);
  });
});

it('what a policy wants on record is recorded', () => {
  const detail = { tool: 'x', from: 'closed', to: 'open' };
  const [effect] = new Playbook().event({ type: 'noted', name: 'config', server: SERVER, detail }).take();
  expect(effect).toMatchObject({ type: 'record', entry: { type: 'event', name: 'config', server: SERVER, detail } });
});

function boom(): never {
  throw new Error('a policy fails');
}

function lines(effects: ReturnType<Playbook['take']>) {
  return effects.flatMap((effect) =>
    effect.type === 'to_client'
      ? [JSON.parse(String(typeof effect.bytes === 'function' ? effect.bytes() : effect.bytes))]
      : [],
  );
}
