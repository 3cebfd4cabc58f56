// A server that ends and comes back: after a probe that killed it, and by a restart. What it hears again, what it was spared.
import { describe, expect, it } from 'vitest';
import { call, INITIALIZE, Playbook, result, sentToServer } from './playbook.ts';

describe('a server that answers `server/discover` and then exits', () => {
  const probe = {
    id: 'p',
    method: 'server/discover',
    params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
  };

  it('is shielded, too: the greeting that met its death goes to the new one', () => {
    const book = new Playbook();
    book
      .client(probe)
      .upstream({ id: 'p', error: { code: -32601, message: 'no' } })
      .client(INITIALIZE)
      .take();
    const effects = book.exits().take();
    expect(effects.some((effect) => effect.type === 'to_client' || effect.type === 'finish')).toBe(false);
    expect(
      book
        .starts()
        .serverHears()
        .map(({ method }) => method),
    ).toEqual(['initialize']);
    expect(book.upstream(result(0, {})).toClient()).toHaveLength(1);
  });

  it('for the third time is believed', () => {
    const book = new Playbook();
    for (let index = 0; index < 2; index += 1) {
      book
        .client({ ...probe, id: index })
        .exits()
        .starts();
    }
    book.client({ ...probe, id: 9 }).take();
    expect(book.exits().take().at(-1)).toMatchObject({ type: 'finish' });
  });

  it('after the greeting was accepted is no probe any more', () => {
    const book = new Playbook();
    book
      .client(probe)
      .upstream({ id: 'p', error: { code: -32601, message: 'no' } })
      .client(INITIALIZE)
      .upstream(result(0, {}))
      .take();
    expect(book.exits().take().at(-1)).toMatchObject({ type: 'finish' });
  });
});

describe('a server that is restarted', () => {
  const up = (book: Playbook) => book.starts();
  function greeted(options = {}): Playbook {
    const book = new Playbook({ onExit: 'restart', ...options });
    book
      .client(INITIALIZE)
      .upstream(result(0, { protocolVersion: '2025-06-18' }))
      .client({ method: 'notifications/initialized' });
    book.client({ id: 1, method: 'logging/setLevel', params: { level: 'debug' } }).upstream(result(1, {}));
    book.client({ id: 2, method: 'resources/subscribe', params: { uri: 'a://1' } }).upstream(result(2, {}));
    book.client({ id: 3, method: 'resources/subscribe', params: { uri: 'a://2' } }).upstream(result(3, {}));
    book
      .client({ id: 4, method: 'resources/unsubscribe', params: { uri: 'a://1' } })
      .upstream(result(4, {}))
      .take();
    return book;
  }

  it('hears the handshake again, then the log level and the subscriptions, then what was held; the client hears none of it', () => {
    const book = greeted();
    const [restart] = book
      .exits()
      .take()
      .filter((effect) => effect.type === 'start_upstream');
    expect(restart).toMatchObject({ delayMs: 250 });
    expect(book.client(call(9)).toServer()).toEqual([]);
    const [initialize] = up(book).serverHears();
    expect(initialize).toMatchObject({ method: 'initialize', params: INITIALIZE.params });
    const effects = book.upstream(result(initialize.id, { protocolVersion: '2025-06-18' })).take();
    expect(effects.some((effect) => effect.type === 'to_client')).toBe(false);
    const lines = sentToServer(effects).map((line) => JSON.parse(line));
    expect(lines.map(({ method, params }) => [method, params?.uri ?? params?.level ?? params?.name])).toEqual([
      ['notifications/initialized', undefined],
      ['logging/setLevel', 'debug'],
      ['resources/subscribe', 'a://2'],
      ['tools/call', 'echo'],
    ]);
    for (const { id, method } of lines) {
      if (method === 'logging/setLevel' || method === 'resources/subscribe')
        expect(book.upstream(result(id, {})).toClient()).toEqual([]);
    }
    expect(book.upstream(result(9)).toClient()).toHaveLength(1);
  });

  it('that does not answer the greeting, or refuses it, is ended, and counts as another exit', () => {
    for (const how of ['silent', 'refuses', 'ambiguous'] as const) {
      const book = greeted();
      book.exits().take();
      book.client(call(9)).take();
      const [initialize] = up(book).serverHears();
      if (how === 'silent') book.at(book.nowMs + 30_000);
      else if (how === 'refuses') book.upstream({ id: initialize.id, error: { code: -32603, message: 'no' } });
      else book.upstream(`{"jsonrpc":"2.0","id":${initialize.id},"result":{},"result":{}}`);
      const effects = book.take();
      expect(effects.some((effect) => effect.type === 'stop_upstream')).toBe(true);
      expect(effects.some((effect) => effect.type === 'to_client')).toBe(false);
      expect(
        book
          .exits()
          .take()
          .some((effect) => effect.type === 'start_upstream'),
      ).toBe(true);
    }
  });

  it('cannot answer what it was not sent', () => {
    const book = greeted();
    book.exits().take();
    book.client(call(9)).take();
    const [initialize] = up(book).serverHears();
    expect(book.upstream(result(9)).toClient()).toEqual([]);
    book.upstream(result(initialize.id, {})).take();
    expect(book.upstream(result(9)).toClient()).toHaveLength(1);
  });

  it('is not waited for with more than is held: the rest is refused', () => {
    const book = greeted();
    book.exits().take();
    const big = 'x'.repeat(20 * 1024 * 1024);
    for (const id of [11, 12, 13]) expect(book.client(call(id, 'echo', { arguments: { big } })).toClient()).toEqual([]);
    expect(book.client(call(14, 'echo', { arguments: { big } })).toClient()[0]).toContain('server_away');
  });

  it('is given up after a crash loop, with longer waits before', () => {
    const book = greeted({ restart: { maxExits: 4, firstDelayMs: 100, maxDelayMs: 250 } });
    const delays: number[] = [];
    const said: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      book.nowMs += 10;
      const effects = book.exits().take();
      for (const effect of effects) {
        if (effect.type === 'start_upstream') delays.push(effect.delayMs);
        if (effect.type === 'finish') delays.push(-1);
        if (effect.type === 'log' && effect.level === 'error') said.push(effect.text);
      }
      up(book).take();
    }
    expect(delays).toEqual([100, 200, 250, -1]);
    expect(said.at(-1)).toContain('exited 4 times within 60 s');
  });

  it('is said to have exited once for each exit', () => {
    const saidOf = (book: ReturnType<typeof greeted>, exit: Parameters<Playbook['exits']>[0] = {}) =>
      book
        .exits(exit)
        .take()
        .flatMap((effect) => (effect.type === 'log' ? [`${effect.level}: ${effect.text}`] : []));
    const again = greeted({ restart: { maxExits: 2, firstDelayMs: 100 } });
    expect(saidOf(again)).toEqual([
      expect.stringMatching(/^warn: .* exited \(code 1\); it is started again in 100 ms$/),
    ]);
    up(again).take();
    expect(saidOf(again)).toEqual([
      expect.stringMatching(/^warn: .* exited \(code 1\)$/),
      expect.stringMatching(/^error: .* exited 2 times within 60 s and is not started again/),
    ]);
    expect(saidOf(greeted({ onExit: 'exit' }))).toEqual([expect.stringMatching(/^warn: .* exited \(code 1\)$/)]);
    // What the guard has done is nobody's news; what never ran has not exited.
    expect(saidOf(greeted({ onExit: 'exit' }), { byGuard: true })).toEqual([]);
    expect(saidOf(greeted({ onExit: 'exit' }), { kind: 'unstartable', text: 'cannot start it' })).toEqual([
      'error: cannot start it',
    ]);
  });

  it('is not said to be given up when it follows its client', () => {
    const book = greeted();
    book.exits();
    up(book).take();
    const effects = book.event({ type: 'client_ended' }).exits({ status: 0, text: 'code 0' }).take();
    expect(effects.some((effect) => effect.type === 'log' && effect.level === 'error')).toBe(false);
    expect(effects.at(-1)).toMatchObject({ type: 'finish' });
  });

  it('forgets old exits', () => {
    const book = greeted({ restart: { maxExits: 2, withinMs: 1000 } });
    for (let index = 0; index < 5; index += 1) {
      book.nowMs += 1000;
      expect(
        book
          .exits()
          .take()
          .some((effect) => effect.type === 'start_upstream'),
      ).toBe(true);
      up(book).take();
    }
  });

  it('does not run late what was cancelled while it was away', () => {
    const book = greeted();
    book.exits().take();
    book
      .client(call(9))
      .client({ method: 'notifications/cancelled', params: { requestId: 9 } })
      .take();
    const [initialize] = up(book).serverHears();
    const methods = book
      .upstream(result(initialize.id, {}))
      .serverHears()
      .map(({ method }) => method);
    expect(methods).not.toContain('tools/call');
  });

  it('answers what it cannot keep when it dies again for good', () => {
    const book = greeted({ restart: { maxExits: 2 } });
    book.exits().take();
    book.client(call(9)).take();
    const lines = book.exits().clientHears();
    expect(lines).toMatchObject([{ id: 9, result: { isError: true } }]);
  });
});
