// Who pays for too much: whoever wrote most, and nobody who holds no more than an equal share.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Evictable, orderEviction } from '../../../src/adapters/eviction-order.ts';

const segment = fc.record({
  bytes: fc.integer({ min: 1, max: 1000 }),
  server: fc.constantFrom('a', 'b', 'c'),
  session: fc.constantFrom('1', '2', '3'),
});
function evict(segments: readonly Evictable[], limit: number): Set<Evictable> {
  const order = orderEviction(segments);
  const gone = new Set<Evictable>();
  let total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  for (let next = order.next(); next !== undefined && total > limit; next = order.next()) {
    gone.add(next);
    total -= next.bytes;
  }
  return gone;
}
const sizeOf = (segments: readonly Evictable[]) => segments.reduce((sum, { bytes }) => sum + bytes, 0);

describe('the order of eviction', () => {
  it('gives every segment once, of each session the oldest first', () => {
    fc.assert(
      fc.property(fc.array(segment), (segments) => {
        const order = orderEviction(segments);
        const given: Evictable[] = [];
        for (let next = order.next(); next !== undefined; next = order.next()) given.push(next);
        expect(new Set(given)).toEqual(new Set(segments));
        expect(given).toHaveLength(segments.length);
        const of = (list: readonly Evictable[], one: Evictable) =>
          list.filter(({ server, session }) => server === one.server && session === one.session);
        for (const one of segments) expect(of(given, one)).toEqual(of(segments, one));
      }),
    );
  });

  it('weighs by bytes, not by the number of segments', () => {
    const few = { bytes: 900, server: 'a', session: '2' };
    const many = [100, 200, 300].map((bytes) => ({ bytes, server: 'a', session: '1' }));
    const others = [1, 1, 1, 1].map((bytes) => ({ bytes, server: 'b', session: '3' }));
    expect(orderEviction([...others, ...many, few]).next()).toBe(few);
  });

  it('takes nothing from a server that holds no more than its share', () => {
    fc.assert(
      fc.property(fc.array(segment), fc.integer({ min: 0, max: 5000 }), (segments, limit) => {
        const servers = new Set(segments.map(({ server }) => server));
        const gone = evict(segments, limit);
        for (const server of servers) {
          const own = segments.filter((one) => one.server === server);
          if (sizeOf(own) <= limit / servers.size) expect(own.filter((one) => gone.has(one))).toEqual([]);
        }
      }),
    );
  });
});
