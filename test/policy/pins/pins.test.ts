// A definition that is not the approved one is out of use: in lists, in calls, in instructions; and nothing else is.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PinnedServer } from '../../../src/policy/pins/pins.ts';
import type { Json } from '../../../src/wire/json.ts';
import { READ, removed, setUp, WRITE } from './pin-scene.ts';
import { pinsOf } from './pins-of.ts';

test('what was approved passes, whatever the order of its keys', () => {
  const { list, call, pins } = setUp(pinsOf([READ, WRITE]));
  const shuffled = {
    inputSchema: { properties: { path: {} }, type: 'object' },
    description: 'reads a file',
    name: 'read',
  };
  expect(list([shuffled, WRITE])).toBeUndefined();
  expect(call('read')).toEqual({ kind: 'pass' });
  expect(pins.takeFindings()).toEqual([]);
});

test('a call to a pinned tool that was not listed yet passes', () => {
  expect(setUp(pinsOf([READ])).call('read')).toEqual({ kind: 'pass' });
});

describe('a tool whose definition changed', () => {
  test.each([
    ['description', { ...READ, description: 'reads a file and sends it' }],
    ['title', { ...READ, title: 'x' }],
    ['inputSchema', { ...READ, inputSchema: { type: 'object', properties: { path: {}, to: {} } } }],
    ['outputSchema', { ...READ, outputSchema: {} }],
    ['annotations', { ...READ, annotations: { readOnlyHint: true } }],
    ['others', { ...READ, summary: 'send it all' }],
    ['others', { ...READ, ['__proto__']: 'x' }],
    ['a field that is null now', { ...READ, title: null }],
    ['a field that is gone', { name: 'read', inputSchema: READ.inputSchema }],
  ])('%s: it alone is hidden and refused', (_, changed) => {
    const { list, call, pins } = setUp(pinsOf([READ, WRITE]));
    expect(list([WRITE, changed])).toEqual(removed(1));
    expect(call('read')).toMatchObject({ kind: 'deny', reason: 'definition_drift', rule: 'servers.files.pins' });
    expect(call('write')).toEqual({ kind: 'pass' });
    expect(pins.takeFindings()).toMatchObject([{ server: 'files', tool: 'read', kind: 'changed', mode: 'deny' }]);
    expect(pins.takeFindings()).toEqual([]);
  });

  test('the refusal says what, and the commands', () => {
    const { list, call } = setUp(pinsOf([READ]));
    list([{ ...READ, description: 'other', title: 't' }]);
    expect(call('read')).toMatchObject({
      text: 'The definition of `read` on `files` has changed since it was approved (title, description), so mcp-guard keeps it out of use. The call was not sent; do not retry. A person can look at it with `mcp-guard scope diff --server files --config /srv/mcp.json` and approve it with `mcp-guard scope approve --server files --config /srv/mcp.json --reason …`.',
    });
  });

  test('on page 2 only, or twice in one list, is seen', () => {
    const { list, call } = setUp(pinsOf([READ, WRITE]));
    expect(list([READ], { nextCursor: 'a' })).toBeUndefined();
    expect(list([WRITE, { ...READ, description: 'other' }])).toEqual(removed(1));
    expect(call('read')).toMatchObject({ kind: 'deny' });
  });

  test('stays out of use when it shows its approved face again', () => {
    const { list, call } = setUp(pinsOf([READ]));
    list([{ ...READ, description: 'other' }]);
    expect(list([READ])).toEqual(removed(0));
    expect(call('read')).toMatchObject({ kind: 'deny' });
  });

  test('drifts through `list_changed` where nothing was approved yet', () => {
    const { list, call } = setUp(undefined);
    expect(list([READ, WRITE])).toBeUndefined();
    expect(list([{ ...READ, description: 'other' }, WRITE])).toEqual(removed(0));
    expect(call('read')).toMatchObject({ kind: 'deny' });
    expect(call('anything')).toEqual({ kind: 'pass' });
  });

  test('beyond what a session keeps, a tool that was not seen is not in use', () => {
    const { list, call } = setUp(undefined);
    expect(list(Array.from({ length: 20_001 }, (_, index) => ({ name: `x${index}` })))).toEqual(removed(20_000));
    expect(call('x20000')).toMatchObject({ kind: 'deny' });
    expect(call('x19999')).toEqual({ kind: 'pass' });
  });

  test('is not crowded out by any number of invented ones', () => {
    const { list, call } = setUp(pinsOf([READ]));
    const invented = Array.from({ length: 25_000 }, (_, index) => ({ name: `x${index}` }));
    expect(list([...invented, { ...READ, title: 'x' }])?.[0]).toMatchObject({ indexes: { length: 25_001 } });
    expect(call('read')).toMatchObject({ kind: 'deny' });
    expect(call('x24999')).toMatchObject({ kind: 'deny' });
  });
});

describe('a tool that was never approved', () => {
  test('is hidden and refused, listed or not', () => {
    const { list, call, pins } = setUp(pinsOf([READ]));
    expect(call('fresh')).toMatchObject({
      kind: 'deny',
      text: expect.stringContaining('`fresh` is not one of the tools'),
    });
    expect(pins.takeFindings()).toEqual([]);
    expect(list([{ name: 'fresh' }, READ])).toEqual(removed(0));
    list([{ name: 'fresh' }]);
    const [fresh, ...others] = pins.takeFindings();
    expect([fresh?.tool, fresh?.kind, fresh?.like, others]).toEqual(['fresh', 'added', undefined, []]);
    list([{ name: 'reаd' }]);
    expect(pins.takeFindings()).toMatchObject([{ tool: 'reаd', kind: 'added', like: 'read' }]);
  });

  test.each(['__proto__', 'constructor', 'READ', 'read ', 'rea\u200bd', 'rеad'])('%j is not `read`', (name) => {
    const { list, call } = setUp(pinsOf([READ]));
    expect(list([{ ...READ, name }])).toEqual(removed(0));
    expect(call(name)).toMatchObject({ kind: 'deny' });
  });
});

describe('settings', () => {
  const changed = { ...READ, description: 'other' };

  test('`warn` says, and passes', () => {
    const { list, call, pins } = setUp(pinsOf([READ]), { pins: 'warn' });
    expect(list([changed, { name: 'fresh' }])).toBeUndefined();
    expect(call('read')).toEqual({ kind: 'pass' });
    expect(pins.takeFindings()).toMatchObject([
      { tool: 'read', mode: 'warn' },
      { tool: 'fresh', mode: 'warn' },
    ]);
  });

  test('`off` does not look', () => {
    const { list, call, pins } = setUp(pinsOf([READ]), { pins: { mode: 'off' } });
    expect(list([changed])).toBeUndefined();
    expect(call('fresh')).toEqual({ kind: 'pass' });
    expect(pins.takeFindings()).toEqual([]);
  });

  test('by tool', () => {
    const { list, call } = setUp(pinsOf([READ, WRITE]), { tools: { 'r*': { pins: 'off' } } });
    expect(list([changed, { ...WRITE, title: 'x' }])).toEqual(removed(1));
    expect(call('read')).toEqual({ kind: 'pass' });
  });

  test('a field that is ignored may change, another may not', () => {
    const { list } = setUp(pinsOf([READ]), { pins: { ignore: ['description'] } });
    expect(list([changed])).toBeUndefined();
    expect(list([{ ...changed, title: 'x' }])).toEqual(removed(0));
  });

  test('an observed server: said, and nothing is kept back', () => {
    const { list, call, pins } = setUp(pinsOf([READ]), undefined, true);
    expect(list([changed])).toBeUndefined();
    expect(call('read')).toEqual({
      kind: 'pass',
      observed: { rule: 'servers.files.pins', reason: 'definition_drift', by: 'observe' },
    });
    expect(pins.takeFindings()).toHaveLength(1);
  });
});

describe('instructions', () => {
  const drop = [{ kind: 'drop', path: ['instructions'] }];

  test.each(['initialize', 'server/discover'])(
    'in the result of `%s`: withheld where they are not the approved ones',
    (method) => {
      const { answer, call, pins } = setUp(pinsOf([READ], 'be careful'));
      expect(answer(method, { instructions: 'be careful' })).toBeUndefined();
      expect(answer(method, {})).toBeUndefined();
      expect(answer(method, { instructions: 'be careless' })).toEqual(drop);
      answer(method, { instructions: 'be careless' });
      expect(pins.takeFindings()).toMatchObject([{ tool: undefined, kind: 'instructions' }]);
      expect(call('read')).toEqual({ kind: 'pass' });
    },
  );

  test('where none were approved, none are passed on', () => {
    expect(setUp(pinsOf([READ])).answer('initialize', { instructions: 'x' })).toEqual(drop);
  });

  test('that are no text are withheld', () => {
    expect(setUp(undefined).answer('initialize', { instructions: ['x'] })).toEqual(drop);
  });

  test('where nothing was approved yet, the first are what the session goes by', () => {
    const { answer } = setUp(undefined);
    expect(answer('initialize', {})).toBeUndefined();
    expect(answer('initialize', { instructions: 'x' })).toEqual(drop);
  });

  test('`warn` and `ignore`', () => {
    expect(setUp(pinsOf([]), { pins: 'warn' }).answer('initialize', { instructions: 'x' })).toBeUndefined();
    expect(
      setUp(pinsOf([]), { pins: { ignore: ['instructions'] } }).answer('initialize', { instructions: 'x' }),
    ).toBeUndefined();
  });
});

describe('what is no list', () => {
  test.each([null, {}, 'x', 3])('%j is refused as a whole', (tools) => {
    expect(setUp(pinsOf([READ])).list(tools)).toMatchObject([{ kind: 'refuse', deny: { reason: 'definition_drift' } }]);
  });

  test('an entry without a name leaves the list', () => {
    expect(setUp(undefined).list([READ, null, 'read', { name: 7 }, { description: 'x' }])).toEqual(removed(1, 2, 3, 4));
  });

  test('a result without tools, another method, another server, a request of the server: nothing to do', () => {
    const { answer, listFrom, pins, call } = setUp(pinsOf([READ]));
    expect(answer('tools/list', {})).toBeUndefined();
    expect(answer('resources/list', { tools: [{ name: 'x' }] })).toBeUndefined();
    expect(listFrom('other', [{ name: 'x' }])).toBeUndefined();
    expect(call('x', { upstream: 'other' })).toEqual({ kind: 'pass' });
    expect(call('x', { asked: 'server' })).toEqual({ kind: 'pass' });
    expect(pins.takeFindings()).toEqual([]);
  });
});

describe('what was first seen, where nothing was approved', () => {
  const first = (tools: readonly Json[], instructions?: string, hasInstructions = true): Partial<PinnedServer> => ({
    since: 'first_seen',
    known: { pins: pinsOf(tools, instructions), hasInstructions },
  });

  test('is gone by at the next start, and said as such', () => {
    const { list, call, pins } = setUp(undefined, undefined, false, first([READ]));
    expect(list([{ ...READ, title: 'x' }, WRITE])).toEqual(removed(0, 1));
    expect(pins.takeFindings()).toMatchObject([
      { tool: 'read', kind: 'changed', since: 'first_seen' },
      { tool: 'write', kind: 'added', since: 'first_seen' },
    ]);
    expect(call('read')).toMatchObject({
      text: expect.stringContaining('has changed since it was first seen (title)'),
    });
    expect(call('write')).toMatchObject({ text: expect.stringContaining('that were first seen') });
    expect(['read', 'write', 'x'].map((tool) => pins.isInUse('files', tool))).toEqual([false, false, false]);
  });

  test('instructions that no handshake had shown yet are gone by once they are', () => {
    const { answer } = setUp(undefined, undefined, false, first([READ], undefined, false));
    expect(answer('initialize', { instructions: 'x' })).toBeUndefined();
    expect(answer('initialize', { instructions: 'y' })).toEqual([{ kind: 'drop', path: ['instructions'] }]);
  });
});

test('a paused server: as if it were only observed, for as long as it is', () => {
  const { list, call, answer, pause, pins } = setUp(pinsOf([READ]));
  const changed = { ...READ, title: 'x' };
  pause(true);
  expect(list([changed])).toBeUndefined();
  expect(answer('initialize', { instructions: 'x' })).toBeUndefined();
  expect(call('read')).toMatchObject({ kind: 'pass', observed: { reason: 'definition_drift', by: 'pause' } });
  expect(pins.takeFindings()).toHaveLength(2);
  pause(false);
  expect(list([changed])).toEqual(removed(0));
  expect(call('read')).toMatchObject({ kind: 'deny' });
});

test('what a list shows is exactly what may be called', () => {
  const tool = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), title: fc.constantFrom('x', 'y') });
  fc.assert(
    fc.property(
      fc.uniqueArray(tool, { selector: ({ name }) => name }),
      fc.array(fc.uniqueArray(tool, { selector: ({ name }) => name }), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('deny', 'warn', 'off'),
      (approved, pages, mode) => {
        const { list, call } = setUp(pinsOf(approved), { pins: mode });
        for (const page of pages) {
          const narrowing = list(page)?.[0];
          const hidden = narrowing?.kind === 'remove' ? narrowing.indexes : [];
          for (const [index, { name }] of page.entries()) {
            expect(call(name)?.kind).toBe(hidden.includes(index) ? 'deny' : 'pass');
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('10,000 pinned tools are compared within the budget of a list', () => {
  const tools = Array.from({ length: 10_000 }, (_, index) => ({ ...READ, name: `read_${index}` }));
  const { list, call } = setUp(pinsOf(tools));
  const started = performance.now();
  expect(list(tools)).toBeUndefined();
  expect(list(tools)).toBeUndefined();
  for (let index = 0; index < 10_000; index += 1) call(`read_${index}`);
  // measured: 60 ms and 18 ms for the lists, 0.2 µs a call
  expect(performance.now() - started).toBeLessThan(1500);
});

describe('a list that came before, byte for byte', () => {
  const again = (scene: ReturnType<typeof setUp>, tools: Json, repeat: number) => scene.list(tools, undefined, repeat);
  const OTHER = { ...READ, description: 'reads anything' };

  test('is judged as it was, without being read', () => {
    const scene = setUp(pinsOf([READ, WRITE]));
    expect(again(scene, [WRITE, OTHER], 1)).toEqual(removed(1));
    // What the test says of the bytes stands for them: were it read, nothing would be taken out.
    expect(again(scene, [WRITE], 1)).toEqual(removed(1));
    expect(scene.listed).toHaveLength(1);
  });

  test('is read again once another one came in between', () => {
    const scene = setUp(pinsOf([READ, WRITE]));
    expect(again(scene, [READ, WRITE], 1)).toBeUndefined();
    expect(again(scene, [OTHER, WRITE], 2)).toEqual(removed(0));
    // The tool has shown two faces.
    expect(again(scene, [READ, WRITE], 1)).toEqual(removed(0));
    expect(again(scene, [READ, WRITE], 1)).toEqual(removed(0));
  });

  test('is read again where its bytes have no number, after a handshake, and as another page', () => {
    const scene = setUp(pinsOf([READ, WRITE]));
    expect(again(scene, [READ], 1)).toBeUndefined();
    expect(scene.list([OTHER])).toEqual(removed(0));
    const fresh = setUp(pinsOf([READ, WRITE]));
    again(fresh, [READ], 1);
    fresh.answer('initialize', {});
    expect(again(fresh, [OTHER], 1)).toEqual(removed(0));
    const paged = setUp(pinsOf([READ, WRITE]));
    again(paged, [READ], 1);
    expect(paged.page('c', [OTHER], undefined, 1)).toEqual(removed(0));
  });

  test('is passed whole while the server is paused, and kept back after', () => {
    const scene = setUp(pinsOf([READ]));
    scene.pause(true);
    expect(again(scene, [OTHER], 1)).toBeUndefined();
    scene.pause(false);
    expect(again(scene, [OTHER], 1)).toEqual(removed(0));
  });
});
