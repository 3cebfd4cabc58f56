// What is known of a server's lists: read back as it was written or not at all, and merged with what it offers now.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeInventory, readInventory } from '../../../src/policy/inventory/known-list.ts';

describe('a document', () => {
  const entries = fc.array(
    fc.oneof(
      fc.record({ name: fc.string(), definition: fc.dictionary(fc.string(), fc.jsonValue()) }),
      fc.record({ name: fc.string(), digest: fc.string() }),
    ),
  );
  const list = fc.record({
    entries,
    omitted: fc.nat(),
    isComplete: fc.boolean(),
    digest: fc.string(),
    sinceMs: fc.nat(),
    seenAtMs: fc.nat(),
  });

  test('comes back as it was written, for any list', () => {
    fc.assert(
      fc.property(fc.record({ tools: list, prompts: list }, { requiredKeys: [] }), (lists) => {
        const written = JSON.parse(JSON.stringify({ version: 1, name: 'files', lists }));
        expect(JSON.parse(JSON.stringify(readInventory(written, 'files')))).toEqual(written);
      }),
      { numRuns: 100 },
    );
  });

  const good = { version: 1, name: 'files', server: { name: 's', version: '1' }, lists: {} };
  const goodList = {
    entries: [{ name: 'a', definition: {} }],
    omitted: 0,
    isComplete: true,
    digest: 'd',
    sinceMs: 1,
    seenAtMs: 1,
  };
  const withList = (more: object) => ({ ...good, lists: { tools: { ...goodList, ...more } } });

  test('that is good is read', () => {
    expect(readInventory(good, 'files')).toBeDefined();
    expect(readInventory(withList({}), 'files')).toBeDefined();
  });

  test.each([
    ['null', null],
    ['another server’s', { ...good, name: 'other' }],
    ['of another version', { ...good, version: 2 }],
    ['without lists', { ...good, lists: undefined }],
    ['with a server that is none', { ...good, server: { name: 's' } }],
    ['with a list that is none', { ...good, lists: { tools: [] } }],
    ['with entries that are none', withList({ entries: {} })],
    ['with an entry without a name', withList({ entries: [{ definition: {} }] })],
    ['with an entry of nothing', withList({ entries: [{ name: 'a' }] })],
    ['with a definition that is none', withList({ entries: [{ name: 'a', definition: [] }] })],
    ['with a count that is none', withList({ omitted: -1 })],
    ['with a time that is none', withList({ seenAtMs: 8.64e15 + 1 })],
    ['with a beginning that is none', withList({ sinceMs: '1' })],
    ['with a flag that is none', withList({ isComplete: 1 })],
    ['without a digest', withList({ digest: 1 })],
  ])('%s is refused', (_, value) => {
    expect(readInventory(value, 'files')).toBeUndefined();
  });
});

describe('a newer look', () => {
  const DAY = 86_400_000;
  const list = (digest: string, more: object = {}) => ({
    entries: [],
    omitted: 0,
    isComplete: true,
    digest,
    sinceMs: 0,
    seenAtMs: 0,
    ...more,
  });
  const known = {
    version: 1,
    name: 'files',
    server: { name: 's', version: '1' },
    lists: { tools: list('a'), prompts: list('p') },
  } as const;

  test('that shows the same changes nothing, but the day', () => {
    const seen = (seenAtMs: number) => ({
      server: known.server,
      lists: { tools: list('a', { seenAtMs, sinceMs: seenAtMs }) },
    });
    expect(mergeInventory(known, seen(DAY - 1))).toBe(known);
    expect(mergeInventory(known, seen(DAY)).lists.tools).toMatchObject({ sinceMs: 0, seenAtMs: DAY });
    expect(mergeInventory(known, { server: undefined, lists: {} })).toBe(known);
  });

  test('replaces the lists that it saw, and leaves the others', () => {
    const merged = mergeInventory(known, { server: known.server, lists: { tools: list('b') } });
    expect(merged.lists).toEqual({ tools: list('b'), prompts: list('p') });
  });

  test('that is a part replaces no whole, unless the server is another one', () => {
    const part = { tools: list('b', { isComplete: false }) };
    expect(mergeInventory(known, { server: known.server, lists: part })).toBe(known);
    expect(mergeInventory(known, { server: { name: 's', version: '2' }, lists: part })).toMatchObject({
      server: { version: '2' },
      lists: { tools: { digest: 'b' }, prompts: { digest: 'p' } },
    });
    const ofPart = { ...known, lists: { tools: list('c', { isComplete: false }) } };
    expect(mergeInventory(ofPart, { server: undefined, lists: part }).lists.tools?.digest).toBe('b');
  });
});
