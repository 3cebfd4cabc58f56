// What a caller meets under limits, message by message; the counting itself is the stores' contract.
import { describe, expect, test } from 'vitest';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import type { Deny, Interceptor } from '../../../src/core/interceptor.ts';
import type { LimitStore, Take } from '../../../src/ports/limit-store.ts';
import { call, result } from '../../core/playbook.ts';
import { LimitsScene } from './limits-scene.ts';

const TWO = [{ key: ['principal' as const], rate: '60/min', burst: 2 }];

describe('a rate', () => {
  test('refuses with a result that says when to try again, exactly, in words and in `_meta`', () => {
    const scene = new LimitsScene(TWO);
    expect([scene.call(), scene.call()]).toEqual(['sent', 'sent']);
    scene.book.at(1_250);
    expect(scene.call()).toEqual({
      reason: 'rate_limited',
      rule: 'limits[0].rate',
      retryAfterMs: 750,
      text: expect.stringContaining('60 per minute for each principal. This call was not sent. Try again in 750 ms.'),
    });
    scene.book.at(1_999);
    expect(scene.call()).toMatchObject({ retryAfterMs: 1 });
    scene.book.at(2_000);
    expect(scene.call()).toBe('sent');
  });

  test('counts no other request than calls', () => {
    const scene = new LimitsScene([{ key: ['tenant'], rate: '1/day' }]);
    for (const method of ['tools/list', 'ping', 'resources/read'])
      expect(scene.line({ id: method, method })).toBe('sent');
    expect(scene.call()).toBe('sent');
    expect(scene.line({ id: 'again', method: 'tools/list' })).toBe('sent');
  });

  test.each([
    [1, [1, 1], 'The budget of 2 calls a day for each principal is spent. This call was not sent. Try again in'],
    [
      3,
      [],
      'This call costs 3, which is more than is left of the budget of 2 calls a day for each principal. This call was not sent. That is more than there ever is: do something else.',
    ],
  ])('a budget that a call of cost %d does not fit into is told in plain words', (cost, before, text) => {
    const scene = new LimitsScene([
      { key: ['principal'], cost: { dear: cost }, budget: { calls: 2, per: 'day', timeZone: 'UTC' } },
    ]);
    for (const _ of before) expect(scene.call('other')).toBe('sent');
    expect(scene.call('dear')).toMatchObject({ reason: 'budget_spent', text: expect.stringContaining(text) });
  });

  test('what is spent and waits for a place besides says no wrong time, and not that it never will', () => {
    const scene = new LimitsScene([
      { key: ['tenant'], concurrency: 1 },
      { key: ['tenant'], budget: { calls: 1, per: 'day', timeZone: 'UTC' } },
    ]);
    expect(scene.call('a')).toBe('sent');
    expect(scene.call('a')).toMatchObject({
      ...{ reason: 'budget_spent', retryAfterMs: undefined },
      text: expect.stringContaining('1 call a day for each tenant is spent. This call was not sent. Try again later.'),
    });
  });

  test('one place is one call', () => {
    const scene = new LimitsScene([{ key: ['tool'], concurrency: 1 }]);
    expect(scene.call('a')).toBe('sent');
    expect(scene.call('a')).toMatchObject({
      rule: 'limits[0].concurrency',
      text: expect.stringContaining(
        'Only one such call may be under way at a time here for each tool, and one is. This call was not sent. Wait until it has ended, then try again.',
      ),
    });
  });

  test('cost counts by tool: the very name, else the highest that matches; 0 is free', () => {
    const cost = { 'search_*': 2, '*_all': 3, search_none: 0 };
    const scene = new LimitsScene([{ key: ['tenant'], rate: '60/h', burst: 5, cost }]);
    expect(scene.call('search_none')).toBe('sent');
    expect(scene.call('search_all')).toBe('sent');
    expect(scene.call('search_one')).toBe('sent');
    expect(scene.call('other')).toMatchObject({ reason: 'rate_limited' });
    expect(scene.call('search_none')).toBe('sent');
  });
});

describe('all that match', () => {
  test('must pass, and a denial consumes nothing of the others', () => {
    const scene = new LimitsScene([
      { key: ['tenant'], rate: '60/h', burst: 3 },
      { key: ['tool'], rate: '60/h', burst: 1 },
    ]);
    expect(scene.call('a')).toBe('sent');
    for (let again = 0; again < 5; again += 1) expect(scene.call('a')).toMatchObject({ rule: 'limits[1].rate' });
    expect([scene.call('b'), scene.call('c')]).toEqual(['sent', 'sent']);
    expect(scene.call('d')).toMatchObject({ rule: 'limits[0].rate' });
  });

  test('are those whose patterns fit', () => {
    const scene = new LimitsScene([
      { key: ['tenant'], match: { tool: 'write_*', principal: 'local:*' }, rate: '1/day' },
    ]);
    expect([scene.call('read'), scene.call('write_a'), scene.call('read')]).toEqual(['sent', 'sent', 'sent']);
    expect(scene.call('write_b')).toMatchObject({ reason: 'rate_limited' });
    const other = new LimitsScene([{ key: ['tenant'], match: { principal: 'ci-*' }, rate: '1/day' }]);
    expect([other.call(), other.call()]).toEqual(['sent', 'sent']);
  });
});

describe('what never left', () => {
  const deny: Deny = { kind: 'deny', reason: 'no', rule: 'r', text: 'No.', retryAfterMs: undefined };
  test('is given back, whoever refused it further down', () => {
    let isOpen = false;
    const gate: Interceptor = { name: 'gate', onRequest: () => (isOpen ? { kind: 'pass' } : deny) };
    const scene = new LimitsScene(
      [{ ...TWO[0], key: ['tenant'], budget: { calls: 2, per: 'day', timeZone: 'UTC' }, concurrency: 2 }],
      { after: [gate] },
    );
    for (let again = 0; again < 9; again += 1) expect(scene.call()).toMatchObject({ rule: 'r' });
    isOpen = true;
    expect([scene.call(), scene.call()]).toEqual(['sent', 'sent']);
    expect(scene.call()).toMatchObject({ rule: expect.stringMatching(/^limits/) });
  });

  test('is given back where it was cancelled while it waited', () => {
    const gate: Interceptor = { name: 'gate', onRequest: () => ({ kind: 'wait', why: 'test' }) };
    const scene = new LimitsScene([{ key: ['tenant'], rate: '1/day' }], { after: [gate] });
    for (let id = 1; id < 4; id += 1) {
      expect(scene.line(call(id))).toBe('held');
      scene.book.client({ method: 'notifications/cancelled', params: { requestId: id } }).take();
    }
    expect(scene.line(call(9))).toBe('held');
    expect(scene.line(call(10))).toMatchObject({ reason: 'rate_limited' });
  });

  test.each([
    ['given back', 86_000_000],
    ['not given back: stores have forgotten by then what others were given', 86_400_000],
  ])('after less than a day, or more, is %s', (what, afterMs) => {
    const gate: Interceptor = { name: 'gate', onRequest: () => ({ kind: 'wait', why: 'test' }) };
    const scene = new LimitsScene([{ key: ['tenant'], budget: { calls: 1, per: 'month', timeZone: 'UTC' } }], {
      after: [gate],
    });
    expect(scene.line(call(1))).toBe('held');
    scene.book
      .at(afterMs)
      .client({ method: 'notifications/cancelled', params: { requestId: 1 } })
      .take();
    const next = scene.line(call(2));
    if (what === 'given back') expect(next).toBe('held');
    else expect(next).toMatchObject({ reason: 'budget_spent' });
  });

  test('but what left counts, however it ended', () => {
    const scene = new LimitsScene([{ key: ['tenant'], rate: '1/day', burst: 2 }]);
    scene.line(call(1));
    scene.book.client({ method: 'notifications/cancelled', params: { requestId: 1 } }).take();
    scene.line(call(2));
    scene.book.upstream({ id: 2, error: { code: -1, message: 'no' } }).take();
    expect(scene.call()).toMatchObject({ reason: 'rate_limited' });
  });
});

describe('places', () => {
  const ONE = [{ key: ['tenant' as const], concurrency: 1 }];
  test('are free again when the call has ended', () => {
    const scene = new LimitsScene(ONE);
    expect(scene.line(call(1))).toBe('sent');
    expect(scene.line(call(2))).toMatchObject({
      reason: 'concurrency_limited',
      rule: 'limits[0].concurrency',
      retryAfterMs: undefined,
    });
    scene.book.upstream(result(1)).take();
    expect(scene.line(call(3))).toBe('sent');
  });

  test('are kept by a task until it has ended, and by one that has no end until its server ends', () => {
    const scene = new LimitsScene(ONE);
    scene.line(call(1, 'slow', { task: {} }));
    scene.book.upstream(result(1, { task: { taskId: 't', status: 'working' } })).take();
    expect(scene.line(call(2))).toMatchObject({ reason: 'concurrency_limited' });
    scene.book.client({ id: 3, method: 'tasks/result', params: { taskId: 't' } }).take();
    scene.book.upstream(result(3, { content: [] })).take();
    expect(scene.line(call(4, 'slow', { task: {} }))).toBe('sent');
    scene.book.upstream(result(4, { task: { taskId: 'u', status: 'working' } })).take();
    expect(scene.line(call(5))).toMatchObject({ reason: 'concurrency_limited' });
    scene.book.exits().take();
    const store = scene.store.list({ wallMs: 0, monoMs: scene.book.nowMs });
    expect(store).toEqual({ kind: 'listed', keys: [] });
  });

  test('are renewed for as long as the call lasts, and kept no longer than that', () => {
    const scene = new LimitsScene(ONE);
    scene.line(call(1));
    for (let ms = 5_000; ms <= 120_000; ms += 5_000) {
      expect(scene.book.session.wakeAtMs).toBeLessThanOrEqual(1_000 + ms);
      scene.book.at(1_000 + ms).take();
      expect(scene.line(call(ms))).toMatchObject({ reason: 'concurrency_limited' });
    }
    scene.book.upstream(result(1)).take();
    scene.book.at(200_000);
    expect(scene.book.session.wakeAtMs).toBeGreaterThan(1_000_000);
  });
});

describe('bytes', () => {
  test('in: a call that is larger than the limit can never be sent, one that fits is paid by its size', () => {
    const scene = new LimitsScene([{ key: ['tenant'], bytes: { in: '1000/min' } }]);
    expect(scene.call('a', { arguments: { text: 'x'.repeat(600) } })).toBe('sent');
    const refused = scene.call('a', { arguments: { text: 'x'.repeat(600) } });
    expect(refused).toMatchObject({ rule: 'limits[0].bytes.in', reason: 'rate_limited' });
    if (typeof refused === 'object') expect(refused.retryAfterMs).toBeGreaterThan(10_000);
    expect(scene.call('a', { arguments: { text: 'x'.repeat(2_000) } })).toMatchObject({
      ...{
        retryAfterMs: undefined,
        text: expect.stringContaining('than all that may be sent in that time (1000 bytes)'),
      },
    });
  });

  test('out: what has come is charged, also by an error and by the result of a task, and the next call waits for it', () => {
    const answers = [
      (scene: LimitsScene) => scene.book.upstream(result(1, { content: [{ type: 'text', text: 'x'.repeat(3_000) }] })),
      (scene: LimitsScene) => scene.book.upstream({ id: 1, error: { code: 1, message: 'x'.repeat(3_000) } }),
      (scene: LimitsScene) => {
        scene.book.upstream(result(1, { task: { taskId: 't', status: 'working' } }));
        scene.book.client({ id: 7, method: 'tasks/result', params: { taskId: 't' } });
        scene.book.upstream(result(7, { content: [{ type: 'text', text: 'x'.repeat(3_000) }] }));
      },
    ];
    for (const answer of answers) {
      const scene = new LimitsScene([{ key: ['tenant'], bytes: { out: '1000/min' } }]);
      scene.line(call(1));
      answer(scene);
      scene.book.take();
      const refused = scene.line(call(8));
      expect(refused).toMatchObject({ rule: 'limits[0].bytes.out' });
      if (typeof refused === 'object') expect(refused.retryAfterMs).toBeGreaterThan(120_000);
    }
  });
});

describe('around a limit there is no way', () => {
  test('by a batch: each element is a call', () => {
    const scene = new LimitsScene(TWO);
    const parts = [1, 2, 3, 4].map((id) => JSON.stringify({ jsonrpc: '2.0', ...call(id) }));
    expect(scene.book.client(`[${parts.join(',')}]`).toServer()).toHaveLength(2);
  });

  test('by other ids, or the same again', () => {
    const scene = new LimitsScene(TWO);
    const sent = [1, '1', 1, 'x'].map((id) => scene.line({ ...call(0), id }));
    expect(sent.map((one) => (typeof one === 'object' ? one.reason : one)).slice(0, 2)).toEqual(['sent', 'sent']);
    expect(sent.slice(2).filter((one) => one === 'sent')).toEqual([]);
  });

  test('by retries of `input_required`: each is a call', () => {
    const scene = new LimitsScene(TWO);
    scene.line(call(1));
    scene.book.upstream(result(1, { resultType: 'input_required', inputRequests: {}, requestState: 's' })).take();
    expect(scene.call('read', { inputResponses: {}, requestState: 's' })).toBe('sent');
    expect(scene.call('read', { inputResponses: {}, requestState: 's' })).toMatchObject({ reason: 'rate_limited' });
  });

  test('by tasks: asking for one is a call', () => {
    const scene = new LimitsScene([{ key: ['tenant'], rate: '1/day' }]);
    expect(scene.call('read', { task: {} })).toBe('sent');
    const lines = scene.book.client({ ...call(50, 'read', { task: {} }) }).toClient();
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: { code: -31_001, data: expect.anything() } });
  });

  test.each(['Read', 'READ', ' read', 'read ', 'ｒｅａｄ', 're\u200bad', 'read\u2060', 'read \u200b', 're\u00adad'])(
    'by another spelling of a tool: %j',
    (spelling) => {
      const scene = new LimitsScene([{ key: ['tool'], match: { tool: 'read' }, rate: '1/day' }]);
      expect(scene.call('read')).toBe('sent');
      expect(scene.call(spelling)).not.toBe('sent');
    },
  );

  test('by a spelling that has another price', () => {
    const scene = new LimitsScene([{ key: ['tenant'], rate: '10/day', cost: { buy: 10 } }]);
    expect(scene.call('Buy')).toBe('sent');
    expect(scene.call('read')).toMatchObject({ reason: 'rate_limited' });
  });

  test('by a name that is too long to be matched: it is not sent, whatever it costs or counts for', () => {
    const scene = new LimitsScene([{ key: ['tenant'], match: { tool: 'x*' }, rate: '1/day', cost: { 'list_*': 0 } }]);
    for (const name of [`list_${'x'.repeat(4_092)}`, 'x'.repeat(4_097), 'y'.repeat(100_000)])
      expect(scene.call(name)).toMatchObject({ reason: 'name_too_long', rule: 'limits', retryAfterMs: undefined });
    expect([scene.call('x'.repeat(4_096)), scene.call(`list_${'x'.repeat(4_091)}`)]).toEqual(['sent', 'sent']);
    expect(scene.call('x')).toMatchObject({ reason: 'rate_limited' });
    expect(new LimitsScene([]).call('x'.repeat(4_097))).toBe('sent');
  });

  test('by denied calls: they give nothing back', () => {
    const scene = new LimitsScene(TWO);
    for (let again = 0; again < 50; again += 1) scene.call();
    scene.book.at(2_000);
    expect([scene.call(), scene.call()]).toEqual(['sent', expect.anything()]);
  });

  test('by another session or another guard of the same store; another tenant or principal has counts of its own', () => {
    const store = openMemoryLimitStore();
    const one = new LimitsScene(TWO, { store });
    const other = new LimitsScene(TWO, { store });
    expect([one.call(), other.call()]).toEqual(['sent', 'sent']);
    expect([one.call(), other.call()]).toEqual([expect.anything(), expect.anything()]);
    expect(typeof other.call()).toBe('object');
    const tenant = new LimitsScene(TWO, { store, who: { tenant: 'acme', principal: 'local:ada' } });
    expect(tenant.call()).toBe('sent');
    const principal = new LimitsScene(TWO, { store, who: { tenant: 'default', principal: 'local:bob' } });
    expect(principal.call()).toBe('sent');
  });

  test('by a client or model that is named in the key only for who says so', () => {
    const scene = new LimitsScene([
      { key: ['principal', 'model'], rate: '1/day' },
      { key: ['principal'], rate: '2/day' },
    ]);
    const as = (model: string) => ({ _meta: { 'x-codex-turn-metadata': { model } } });
    expect(scene.call('read', as('a'))).toBe('sent');
    expect(scene.call('read', as('a'))).toMatchObject({ rule: 'limits[0].rate' });
    expect(scene.call('read', as('b'))).toBe('sent');
    expect(scene.call('read', as('c'))).toMatchObject({ rule: 'limits[1].rate' });
  });
});

describe('a store that answers later', () => {
  class Later {
    readonly inner = openMemoryLimitStore();
    readonly answers: (() => void)[] = [];
    readonly store: LimitStore = {
      ...this.inner,
      take: (charges, now) =>
        new Promise<Take>((resolve) => {
          this.answers.push(() => resolve(this.inner.take(charges, now)));
        }),
    };
    /** The next answer arrives, and what it lets go has gone. */
    async arrive(): Promise<void> {
      this.answers.shift()?.();
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    }
  }

  test('holds the call, and lets it go or refuses it as it says', async () => {
    const later = new Later();
    const scene = new LimitsScene([{ key: ['tenant'], rate: '1/day' }], later);
    expect([scene.line(call(1)), scene.line(call(2))]).toEqual(['held', 'held']);
    await later.arrive();
    expect(scene.book.toServer()).toHaveLength(1);
    await later.arrive();
    const lines = scene.book.toClient();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('rate_limited');
  });

  test('a call that was cancelled meanwhile costs nothing', async () => {
    const later = new Later();
    const scene = new LimitsScene([{ key: ['tenant'], rate: '1/day' }], later);
    scene.line(call(1));
    scene.book.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
    await later.arrive();
    expect(scene.book.toServer()).toEqual([]);
    scene.line(call(2));
    await later.arrive();
    expect(scene.book.toServer()).toHaveLength(1);
  });

  test('what there is no room to count is not sent, by a name of its own', () => {
    const scene = new LimitsScene([{ key: ['tool'], rate: '1/min' }], { store: openMemoryLimitStore(1) });
    expect(scene.call('a')).toBe('sent');
    expect(scene.call('b')).toMatchObject({ reason: 'limit_store_full', rule: 'limitStore', retryAfterMs: 60_000 });
    expect(scene.call('a')).toMatchObject({ reason: 'rate_limited' });
  });

  test('what cannot be counted is not sent', async () => {
    const away: LimitStore = {
      ...openMemoryLimitStore(),
      take: async () => ({ kind: 'unavailable', why: 'nobody there' }),
    };
    const scene = new LimitsScene(TWO, { store: away });
    expect(scene.line(call(1))).toBe('held');
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    const lines = scene.book.toClient();
    expect(lines[0]).toContain('limit_store_down');
    // hosts and paths are for who runs the guard
    expect(lines[0]).not.toContain('nobody there');
    expect(lines[0]).toContain("The guard's log says why; try again in 5 s.");
    expect(scene.book.toServer()).toEqual([]);
  });
});
