// A call that is taken back between the store's answer and its turn in the chain: what was granted is given back, once.
import { expect, test } from 'vitest';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { LimitSet } from '../../../src/policy/limits/limit-set.ts';
import { createLimits } from '../../../src/policy/limits/limits.ts';
import type { LimitStore } from '../../../src/ports/limit-store.ts';
import { digest, limit } from './limits-scene.ts';

test('what was granted is given back, and the next one has it', async () => {
  const memory = openMemoryLimitStore();
  const now = { wallMs: 0, monoMs: 0 };
  const store: LimitStore = { ...memory, take: async (charges, at) => memory.take(charges, at) };
  const set = new LimitSet(
    [limit({ key: ['tool'], budget: { calls: 1, per: 'day', timeZone: 'UTC' } }, { rule: 'limits[0]' })],
    digest,
  );
  const resumed: RequestView[] = [];
  const policy = createLimits({
    ...{ set: () => set, store: () => store, who: { tenant: 'default', principal: 'local:ada' } },
    ...{ model: { operator: undefined, metaPaths: [] }, lease: () => '0'.repeat(24) },
    // its turn has not come yet
    resume: (request) => void resumed.push(request),
  });
  const ask = async (): Promise<RequestView> => {
    const request: RequestView = {
      ...{ asked: 'client', upstream: 'files', method: 'tools/call', tool: 'read', params: undefined, modern: false },
    };
    expect(policy.onRequest?.(request, now)).toMatchObject({ kind: 'wait' });
    await expect.poll(() => resumed.includes(request)).toBe(true);
    return request;
  };
  const first = await ask();
  policy.onAbandoned?.(first, now);
  policy.onAbandoned?.(first, now);
  expect(policy.onWaited?.(await ask(), 'go', now)).toEqual({ kind: 'pass' });
  expect(policy.onWaited?.(await ask(), 'refused', now)).toMatchObject({ kind: 'deny' });
});
