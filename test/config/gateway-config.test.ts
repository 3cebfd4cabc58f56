// The keys of a server behind a gateway: what they default to, and prefixes that cannot stand beside each other.
import { expect, test } from 'vitest';
import { checkPrefixes, readGatewaySettings } from '../../src/config/gateway-settings.ts';

const faults = (servers: unknown): string[] => {
  const found: string[] = [];
  checkPrefixes({ servers }, ({ path, what }) => found.push(`${path}: ${what}`));
  return found;
};

test('a prefix is the id and two underscores, unless something else is written; an empty one needs no separator', () => {
  const prefixOf = (server: object) => readGatewaySettings('files', server).prefix;
  expect(
    [{}, { prefix: 'f' }, { separator: '-' }, { prefix: 'f', separator: '' }, { prefix: '', separator: '__' }].map(
      prefixOf,
    ),
  ).toEqual(['files__', 'f__', 'files-', 'f', '']);
  expect(readGatewaySettings('files', {})).toMatchObject({
    start: 'eager',
    startTimeoutMs: 5000,
    idleStopMs: Number.POSITIVE_INFINITY,
  });
});

test.each<[string, object, string]>([
  [
    'two that are written',
    { a: { prefix: 'p' }, b: { prefix: 'p' } },
    'servers.b.prefix: `a` has the same prefix, `p__`',
  ],
  ['one that is another’s id', { a: {}, b: { prefix: 'a' } }, 'servers.b.prefix: `a` has the same prefix, `a__`'],
  [
    'one by another way',
    { a: { prefix: 'a_', separator: '_' }, b: { prefix: 'a' } },
    'servers.b.prefix: `a` has the same prefix, `a__`',
  ],
  [
    'two empty ones',
    { a: { prefix: '' }, b: { prefix: '', separator: '-' } },
    'servers.b.prefix: `a` has no prefix either',
  ],
])('%s are an error that names both', (_, servers, expected) => {
  expect(faults(servers)).toEqual([expected]);
});

test('what may not stand in a name is refused; what may is not', () => {
  expect(faults({ a: { prefix: 'a b' }, b: { separator: '/' } })).toHaveLength(2);
  expect(faults({ a: { prefix: 'A.b-c_9', separator: '.' }, b: {}, c: 5 })).toEqual([]);
});
