// What is kept of lists, page by page: for the session, for the next start, for an approval. A server that never ends its list, or lists
// more than can be kept, gains nothing by it.
import { describe, expect, test } from 'vitest';
import type { PinnedServer } from '../../../src/policy/pins/pins.ts';
import type { Json } from '../../../src/wire/json.ts';
import { READ, removed, setUp, WRITE } from './pin-scene.ts';
import { pinsOf } from './pins-of.ts';

describe('where no list ever came to its end', () => {
  const part = (tools: readonly Json[]): Partial<PinnedServer> => ({
    since: 'first_seen',
    known: { pins: pinsOf(tools), hasInstructions: true, isPart: true },
  });

  test('what was seen stays what it was, and what was not is learnt', () => {
    const { page, call, pins } = setUp(undefined, undefined, false, part([READ]));
    expect(page(undefined, [{ ...READ, description: 'other' }, WRITE], 'two')).toEqual(removed(0));
    expect(['read', 'write', 'unlisted'].map((tool) => call(tool)?.kind)).toEqual(['deny', 'pass', 'pass']);
    expect(pins.takeFindings()).toMatchObject([{ tool: 'read', kind: 'changed' }]);
    expect(page('two', [{ ...WRITE, title: 'x' }])).toEqual(removed(0));
  });

  test('what was learnt before takes its room', () => {
    const { list } = setUp(undefined, undefined, false, part([{ ...READ, description: 'x'.repeat(11_999_000) }]));
    expect(list([{ ...WRITE, description: 'x'.repeat(2_000) }])).toEqual(removed(0));
  });
});

describe('what an approval would pin', () => {
  test('is everything over all pages, as the server offers it now', () => {
    const { page, answer, listed } = setUp(pinsOf([READ]));
    answer('initialize', { instructions: 'be careful' });
    page(undefined, [{ ...READ, title: 'x' }], 'two');
    expect(listed).toEqual([
      { pins: pinsOf([{ ...READ, title: 'x' }], 'be careful'), hasInstructions: true, isPart: true },
    ]);
    page('two', [WRITE]);
    const seen = { pins: pinsOf([{ ...READ, title: 'x' }, WRITE], 'be careful'), hasInstructions: true };
    expect(listed.slice(1)).toEqual([seen]);
  });

  test('a page out of its order, or a list without its start, is a part, and never makes a list whole', () => {
    const { page, listed } = setUp(undefined);
    page('two', [WRITE]);
    expect(listed).toEqual([{ pins: pinsOf([WRITE]), hasInstructions: false, isPart: true }]);
    page(undefined, [READ], 'two');
    page('three', [WRITE]);
    expect(listed.map(({ isPart }) => isPart)).toEqual([true, true, true]);
    expect(listed[2]?.pins).toEqual(pinsOf([WRITE]));
    page('two', []);
    expect(listed[3]).toEqual({ pins: pinsOf([READ]), hasInstructions: false });
  });

  test('of a name that stands twice the first counts', () => {
    const { list, listed } = setUp(undefined);
    expect(list([READ, { ...READ, title: 'x' }])).toEqual(removed(0, 1));
    expect(listed).toEqual([{ pins: pinsOf([READ]), hasInstructions: false }]);
  });

  test('of a name that stands twice and differs, neither is shown: at once, from memory, and in `warn` both', () => {
    const twice = [READ, { ...READ, description: 'other' }, WRITE, READ];
    const { list, call } = setUp(pinsOf([READ, WRITE]));
    expect([list(twice, {}, 1), list(twice, {}, 1), list(twice)]).toEqual([
      removed(0, 1, 3),
      removed(0, 1, 3),
      removed(0, 1, 3),
    ]);
    expect(call('read')?.kind).toBe('deny');
    expect(setUp(pinsOf([READ, WRITE])).list([READ, WRITE, READ])).toBeUndefined();
    expect(setUp(pinsOf([READ, WRITE]), { pins: 'warn' }).list(twice)).toBeUndefined();
  });

  test('is as much as there is room for, and the rest is not in use: by number and by length', () => {
    const many = setUp(undefined);
    many.list(Array.from({ length: 20_001 }, (_, index) => ({ name: `x${index}` })));
    expect(many.listed[0]?.pins.tools.size).toBe(20_000);
    const { list, call, listed, pins } = setUp(undefined);
    const huge = { name: 'pad', description: 'x'.repeat(12_000_000) };
    expect(list([READ, huge, WRITE])).toEqual(removed(1, 2));
    expect(listed).toEqual([{ pins: pinsOf([READ]), hasInstructions: false }]);
    expect(['read', 'pad', 'write', 'any'].map((tool) => call(tool)?.kind)).toEqual(['pass', 'deny', 'deny', 'deny']);
    expect(pins.takeFindings()).toMatchObject([{ tool: 'pad' }, { tool: 'write' }]);
  });

  test('is room for ten thousand tools as servers describe them', () => {
    const { list, listed } = setUp(undefined);
    const description = 'What it does, when to use it, and what it gives back. '.repeat(18);
    list(Array.from({ length: 10_000 }, (_, index) => ({ name: `tool_${index}`, description })));
    expect(listed[0]?.pins.tools.size).toBe(10_000);
  });

  test('is no instructions that are too long to keep: they are withheld', () => {
    const { answer, list, listed } = setUp(undefined);
    const drop = [{ kind: 'drop', path: ['instructions'] }];
    expect(answer('initialize', { instructions: 'x'.repeat(500_001) })).toEqual(drop);
    list([READ]);
    expect(listed).toEqual([{ pins: pinsOf([READ]), hasInstructions: true }]);
    expect(setUp(undefined).answer('initialize', { instructions: 'x'.repeat(500_000) })).toBeUndefined();
  });
});

describe('a list that comes as the result of a task', () => {
  const other = { ...READ, description: 'other' };

  test('is narrowed, and what it shows is drift', () => {
    const { answer, call, list, listed, pins } = setUp(pinsOf([READ, WRITE]));
    expect(list([READ, WRITE], {}, 1)).toBeUndefined();
    expect(answer('tasks/result', { tools: [READ, WRITE] })).toEqual([]);
    expect(answer('tasks/result', { tools: [WRITE, other] })).toEqual(removed(1));
    expect(pins.takeFindings()).toMatchObject([{ tool: 'read', kind: 'changed' }]);
    expect(call('read')?.kind).toBe('deny');
    // nor does the list that is remembered show it any more
    expect(list([READ, WRITE], {}, 1)).toEqual(removed(0));
    expect(listed).toHaveLength(2);
  });

  test('within the result goes as a whole', () => {
    const { answer } = setUp(pinsOf([READ, WRITE]));
    expect(answer('tasks/get', { result: { tools: [READ] } })).toEqual([]);
    expect(answer('tasks/get', { result: { tools: [READ, other] } })).toEqual([
      { kind: 'drop', path: ['result', 'tools'] },
    ]);
  });

  test('of a call is none', () => {
    const { answer } = setUp(pinsOf([READ]));
    expect(answer('tools/call', { tools: [other] })).toBeUndefined();
    expect(answer('tasks/result', { content: [], tools: 'x' })).toBeUndefined();
  });
});
