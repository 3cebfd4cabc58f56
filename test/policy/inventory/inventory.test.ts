// What is kept of what a server offers: all pages in order, bounded, new lists only, and no answer waits for it.
import { describe, expect, test } from 'vitest';
import { sha256Digest } from '../../../src/adapters/sha256-digest.ts';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { createInventoryWatch } from '../../../src/policy/inventory/inventory.ts';
import { mergeInventory, type Offered, readInventory } from '../../../src/policy/inventory/known-list.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const NOW = { wallMs: 1_700_000_000_000, monoMs: 5 };

function open() {
  const offers: Offered[] = [];
  const held: (() => void)[] = [];
  const watch = createInventoryWatch({
    digest: sha256Digest.text,
    later: (action) => void held.push(action),
    offer: (_, offered) => void offers.push(offered),
  });
  const ask = (method: string, params: JsonObject | undefined, asked: 'client' | 'server' = 'client'): RequestView => {
    const request: RequestView = { asked, upstream: 'files', method, tool: undefined, params, modern: false };
    expect(watch.onRequest?.(request, NOW)).toEqual({ kind: 'pass' });
    // as the core does once a request is sent
    request.params = undefined;
    return request;
  };
  const answer = (request: RequestView, result: JsonObject, now = NOW, repeat?: number) =>
    expect(watch.onResponse?.(request, result, now, repeat)).toBeUndefined();
  const list = (result: JsonObject, cursor?: string, method = 'tools/list', repeat?: number) =>
    answer(ask(method, cursor === undefined ? undefined : { cursor }), result, NOW, repeat);
  const work = () => {
    let steps = 0;
    for (let action = held.shift(); action !== undefined; action = held.shift()) {
      steps += 1;
      action();
    }
    return steps;
  };
  const names = (index = -1, kind: 'tools' | 'resources' | 'prompts' | 'resourceTemplates' = 'tools') =>
    offers.at(index)?.lists[kind]?.entries.map(({ name }) => name);
  return { watch, offers, held, ask, answer, list, work, names };
}

const tool = (name: string, more: JsonObject = {}): JsonObject => ({ name, inputSchema: { type: 'object' }, ...more });

describe('a list', () => {
  test('is told once its last page is there, with what scopes and people ask for', () => {
    const { list, work, offers, answer, ask } = open();
    answer(ask('initialize', {}), { serverInfo: { name: 'srv', version: '1.2' }, capabilities: {} });
    list({
      tools: [tool('a', { title: 'A', description: 'd', annotations: { readOnlyHint: true }, icons: [1] })],
      nextCursor: 'p2',
    });
    work();
    expect(offers).toEqual([]);
    list({ tools: [tool('b')] }, 'p2');
    work();
    expect(offers).toHaveLength(1);
    expect(offers[0]).toMatchObject({
      server: { name: 'srv', version: '1.2' },
      lists: {
        tools: {
          entries: [
            {
              name: 'a',
              definition: {
                title: 'A',
                description: 'd',
                annotations: { readOnlyHint: true },
                inputSchema: { type: 'object' },
              },
            },
            { name: 'b', definition: { inputSchema: { type: 'object' } } },
          ],
          omitted: 0,
          isComplete: true,
          seenAtMs: NOW.wallMs,
          sinceMs: NOW.wallMs,
        },
      },
    });
    expect(offers[0]?.lists.tools?.entries[0]?.definition).not.toHaveProperty('icons');
  });

  test('of resources goes by URI, of templates by their text, of prompts by name', () => {
    const { list, work, names } = open();
    list({ resources: [{ uri: 'file:///a', name: 'x' }] }, undefined, 'resources/list');
    list({ resourceTemplates: [{ uriTemplate: 'file:///{p}', name: 'x' }] }, undefined, 'resources/templates/list');
    list({ prompts: [{ name: 'p' }] }, undefined, 'prompts/list');
    work();
    expect([names(0, 'resources'), names(1, 'resourceTemplates'), names(2, 'prompts')]).toEqual([
      ['file:///a'],
      ['file:///{p}'],
      ['p'],
    ]);
  });

  test('that is the same is told once, one that has changed again', () => {
    const { list, work, offers, names } = open();
    list({ tools: [tool('a')] });
    list({ tools: [tool('a')] });
    work();
    expect(offers).toHaveLength(1);
    list({ tools: [tool('a', { description: 'other' })] });
    list({ tools: [tool('a', { description: 'other' }), tool('b')] });
    work();
    expect(offers).toHaveLength(3);
    expect(names()).toEqual(['a', 'b']);
  });

  test('read by two at once, or from the middle, has no page twice and none of another', () => {
    const { list, work, names, offers } = open();
    list({ tools: [tool('x')] }, 'never given');
    list({ tools: [tool('a')], nextCursor: '2' });
    list({ tools: [tool('a')], nextCursor: '2' });
    list({ tools: [tool('b')] }, '2');
    list({ tools: [tool('b')] }, '2');
    work();
    expect(offers).toHaveLength(1);
    expect(names()).toEqual(['a', 'b']);
  });

  test('that nobody reads to its end is told as such when the session ends', () => {
    const { list, watch, offers } = open();
    list({ tools: [tool('a')], nextCursor: '2' });
    watch.settle();
    expect(offers[0]?.lists.tools).toMatchObject({ isComplete: false, entries: [{ name: 'a' }] });
    watch.settle();
    expect(offers).toHaveLength(1);
  });

  test('of what a server asks of the client is none of its own', () => {
    const { answer, ask, work, offers } = open();
    answer(ask('tools/list', undefined, 'server'), { tools: [tool('a')] });
    work();
    expect(offers).toEqual([]);
  });

  test('knows the server of 2026-07-28 by `_meta`, and cuts what it says of itself', () => {
    const { answer, ask, list, work, offers } = open();
    const info = { name: 'n'.repeat(9999), version: '2' };
    answer(ask('server/discover', {}), { _meta: { 'io.modelcontextprotocol/serverInfo': info } });
    list({ tools: [] });
    work();
    expect(offers[0]?.server).toEqual({ name: 'n'.repeat(256), version: '2' });
  });
});

describe('what is hostile', () => {
  test('a list that is none, entries without a name, names that nothing can grant', () => {
    const { list, work, offers } = open();
    list({ tools: 'no' });
    list({ tools: [null, 1, {}, { name: 7 }, tool('x'.repeat(8193)), tool('ok')] });
    work();
    expect(offers).toHaveLength(1);
    expect(offers[0]?.lists.tools).toMatchObject({ omitted: 5, entries: [{ name: 'ok' }] });
  });

  test('a definition above 64 KiB leaves its parameters, its claims and its digest, and a change of it is still a change', () => {
    const { list, work, offers } = open();
    const annotations = { ...{ readOnlyHint: true, 'x-more': 'y'.repeat(70_000) }, title: 'A' };
    const property = { type: ['string', 'null'], format: 'uri', description: 'z'.repeat(70_000), enum: ['a'] };
    const properties = { path: property, more: { type: 'array', items: { properties: { to: {} } } }, odd: 7 };
    const inputSchema = { type: 'object', properties, required: ['path', 1], additionalProperties: false };
    for (const end of ['x', 'y'])
      list({ tools: [tool('a', { description: `${'é'.repeat(40_000)}${end}`, annotations, inputSchema })] });
    work();
    const entries = offers.map(({ lists }) => lists.tools?.entries[0]);
    const short = {
      description: 'é'.repeat(300),
      annotations: { readOnlyHint: true },
      inputSchema: {
        type: 'object',
        required: ['path'],
        properties: {
          path: { type: ['string', 'null'], format: 'uri', description: 'z'.repeat(300), enum: [] },
          more: { type: 'array', items: { properties: { to: {} } } },
          odd: null,
        },
      },
    };
    expect(entries.map((entry) => entry?.definition)).toEqual([short, short]);
    expect(entries[0]?.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(entries[0]?.digest).not.toBe(entries[1]?.digest);
  });

  test('a definition with more parameters than anybody looks at leaves its digest alone', () => {
    const { list, work, offers } = open();
    const properties = Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [`p${at}`, { type: 'string' }]));
    const nested = { o: { properties } };
    const long = { description: 'x'.repeat(70_000) };
    list({
      tools: [properties, nested].map((all, at) => tool(`t${at}`, { ...long, inputSchema: { properties: all } })),
    });
    work();
    const entries = offers[0]?.lists.tools?.entries ?? [];
    expect(entries.map(({ definition, digest }) => [definition, digest?.length])).toEqual([
      [undefined, 64],
      [undefined, 64],
    ]);
  });

  test('what is still long when it is shortened has its own room, and no more', () => {
    const { list, work, offers } = open();
    const wide = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, { description: 'x'.repeat(300) }]));
    const long = (name: string, count: number) =>
      tool(name, { description: 'y'.repeat(70_000), inputSchema: { properties: wide(count) } });
    list({
      tools: [long('too long', 250), ...Array.from({ length: 20 }, (_, at) => long(`t${at}`, 100)), tool('last')],
    });
    work();
    const { entries = [], omitted } = offers[0]?.lists.tools ?? {};
    const kept = entries.map(({ definition }) => definition !== undefined);
    // 13 of some 33 KiB are what fits
    expect(kept).toEqual([false, ...Array.from({ length: 20 }, (_, at) => at < 13), true]);
    expect([entries.length, omitted]).toEqual([22, 0]);
  });

  test('others do not blind a tool that comes behind them', () => {
    const { list, work, offers } = open();
    const big = Array.from({ length: 40 }, (_, at) => tool(`big${at}`, { description: 'x'.repeat(60_000) }));
    const inputSchema = { properties: { path: { type: 'string' } } };
    list({ tools: [...big, tool('last', { description: 'y'.repeat(59_000), inputSchema })] });
    work();
    expect(offers[0]?.lists.tools?.entries.at(-1)).toMatchObject({ name: 'last', definition: { inputSchema } });
  });

  test('four full lists fit a state document of 4 MiB, whatever is in them', () => {
    const { list, work, offers } = open();
    const fill = (name: (index: number) => JsonObject) => Array.from({ length: 25_000 }, (_, index) => name(index));
    const long = (index: number) => `${index}${'\u0001é"'.repeat(index % 40)}`;
    list({ tools: fill((index) => tool(long(index), { description: 'é'.repeat(index % 300) })) });
    list({ resources: fill((index) => ({ uri: long(index) })) }, undefined, 'resources/list');
    list({ resourceTemplates: fill((index) => ({ uriTemplate: long(index) })) }, undefined, 'resources/templates/list');
    list({ prompts: fill((index) => ({ name: long(index) })) }, undefined, 'prompts/list');
    work();
    const empty = { version: 1, name: 'n'.repeat(300), server: undefined, lists: {} } as const;
    const whole = offers.reduce(mergeInventory, empty);
    const text = JSON.stringify(whole);
    expect(Buffer.byteLength(text)).toBeLessThan(4_194_304);
    expect(Buffer.byteLength(text)).toBeGreaterThan(3_000_000);
    expect(whole.lists.tools?.omitted).toBeGreaterThan(0);
    const { entries = [], omitted = 0 } = whole.lists.tools ?? {};
    expect(entries.length + omitted).toBe(25_000);
    expect(JSON.stringify(readInventory(JSON.parse(text), empty.name)) === text).toBe(true);
  });

  test('of ten thousand tools every name is kept, and of as many as fit the definition', () => {
    const { list, work, offers } = open();
    list({ tools: Array.from({ length: 10_000 }, (_, index) => tool(`t${index}`, { description: 'x'.repeat(500) })) });
    work();
    const { entries = [], omitted } = offers[0]?.lists.tools ?? {};
    expect([entries.length, omitted]).toEqual([10_000, 0]);
    expect(entries.filter(({ definition }) => definition !== undefined).length).toBeGreaterThan(2_000);
    expect(entries.at(-1)).toMatchObject({ name: 't9999', definition: undefined, digest: expect.any(String) });
  });

  test('no step takes more than some hundred entries, and pages that wait are bounded', () => {
    const { list, held, work } = open();
    list({ tools: Array.from({ length: 10_000 }, (_, index) => tool(`t${index}`)) });
    expect(held).toHaveLength(1);
    expect(work()).toBe(50);
    for (let page = 0; page < 100; page += 1)
      list({ tools: [tool('a')], nextCursor: `${page}` }, page === 0 ? undefined : `${page - 1}`);
    expect(work()).toBeLessThanOrEqual(32);
  });

  test('a name of an object is a name like any other', () => {
    const { list, work, names } = open();
    list(
      JSON.parse(
        '{"tools":[{"name":"__proto__","__proto__":{"x":1},"inputSchema":{"__proto__":[]}},{"name":"constructor"}]}',
      ),
    );
    work();
    expect(names()).toEqual(['__proto__', 'constructor']);
  });
});

describe('a list that came before, byte for byte', () => {
  test('is no work; one between makes it work again', () => {
    const { list, work } = open();
    const all = (repeat: number) => {
      list({ tools: [tool('a')] }, undefined, 'tools/list', repeat);
      return work();
    };
    expect(all(1)).toBe(1);
    expect(all(1)).toBe(0);
    expect(all(2)).toBe(1);
    expect(all(1)).toBe(1);
  });

  test('of pages is always read', () => {
    const { list, work, names } = open();
    for (const second of ['b', 'c']) {
      list({ tools: [tool('a')], nextCursor: 'p2' }, undefined, 'tools/list', 1);
      list({ tools: [tool(second)] }, 'p2', 'tools/list', second === 'b' ? 2 : 3);
      work();
      expect(names()).toEqual(['a', second]);
    }
  });
});
