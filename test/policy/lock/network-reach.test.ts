// What two voices about the network leave, checked on concrete hosts.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWithin, type NetworkReach, narrowReach, readReach } from '../../../src/policy/lock/network-reach.ts';

const HOSTS = ['a.com', 'x.a.com', 'y.x.a.com', 'b.org', 'x.b.org', 'xa.com'];
const PORTS = ['443', '80'];
/** Another way to say what a pattern means. */
const permits = (reach: NetworkReach, host: string, port: string): boolean =>
  typeof reach === 'boolean'
    ? reach
    : reach.some((pattern) => {
        const [name = '', only] = pattern.split(':');
        const text = `^${name.replaceAll('.', '\\.').replace('*', '[^/]+')}$`;
        return (only === undefined || only === port) && new RegExp(text).test(host);
      });
const domain = fc
  .tuple(fc.constantFrom(...HOSTS, '*.a.com', '*.x.a.com', '*.b.org'), fc.constantFrom('', ':443', ':80'))
  .map(([host, port]) => host + port);
const reach: fc.Arbitrary<NetworkReach> = fc.oneof(fc.boolean(), fc.array(domain, { minLength: 1, maxLength: 4 }));
const each = HOSTS.flatMap((host) => PORTS.map((port) => [host, port] as const));

describe('of two voices', () => {
  test('what both permit is permitted, and nothing else', () => {
    fc.assert(
      fc.property(reach, reach, (one, other) => {
        const both = narrowReach(one, other);
        for (const [host, port] of each)
          expect([host, port, permits(both, host, port)]).toEqual([
            host,
            port,
            permits(one, host, port) && permits(other, host, port),
          ]);
      }),
    );
  });

  test('within says what it says', () => {
    fc.assert(
      fc.property(reach, reach, (one, other) => {
        if (isWithin(one, other))
          for (const [host, port] of each) expect(permits(one, host, port) && !permits(other, host, port)).toBe(false);
        expect(isWithin(narrowReach(one, other), one)).toBe(true);
      }),
    );
  });

  test('from nothing to a list to everything it grows', () => {
    expect([isWithin(false, ['a.com']), isWithin(['a.com'], true), isWithin(false, true)]).toEqual([true, true, true]);
    expect([isWithin(['a.com'], false), isWithin(true, ['a.com']), isWithin(true, false)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(isWithin(['*.a.com'], ['x.a.com'])).toBe(false);
    expect(narrowReach(['a.com'], ['b.org'])).toBe(false);
  });
});

test.each<[unknown, NetworkReach]>([
  [undefined, false],
  [true, true],
  [['a.com'], ['a.com']],
  [[], false],
  [['a.com', 7], false],
  ['a.com', false],
])('read: %j', (written, read) => {
  expect(readReach(written as Parameters<typeof readReach>[0])).toEqual(read); // what no schema would let pass, too
});
