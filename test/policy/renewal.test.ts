// What is meant for a server that is about to be started anew waits until it is back, and no longer than a host would.
import { describe, expect, it } from 'vitest';
import type { RequestView } from '../../src/core/interceptor.ts';
import { createRenewal } from '../../src/policy/renewal.ts';

const at = (monoMs: number) => ({ wallMs: 0, monoMs });
const view = (method: string, more: Partial<RequestView> = {}): RequestView => ({
  ...{ asked: 'client', upstream: 'a', method, tool: undefined, params: undefined, modern: false },
  ...more,
});

describe('the gate before a renewal', () => {
  it.each([
    ...['tools/call', 'resources/read', 'resources/subscribe', 'prompts/get', 'completion/complete', 'tools/list'],
    ...['resources/unsubscribe', 'subscriptions/listen', 'logging/setLevel', 'vendor/x', 'tasks/x', 'Ping'],
  ])('holds %s of that server until it is back', (method) => {
    const gate = createRenewal();
    expect(gate.onRequest?.(view(method), at(0))).toEqual({ kind: 'pass' });
    gate.begin('a');
    const request = view(method);
    expect(gate.onRequest?.(request, at(0))).toMatchObject({ kind: 'wait' });
    expect(gate.onRequest?.(view(method, { upstream: 'b' }), at(0))).toEqual({ kind: 'pass' });
    expect(gate.onRequest?.(view(method, { asked: 'server' }), at(0))).toEqual({ kind: 'pass' });
    expect(gate.takeReady?.(at(1))).toEqual([]);
    gate.onFate?.('a', 'back', at(2));
    expect(gate.wakeAtMs).toBe(0);
    expect(gate.takeReady?.(at(2))).toEqual([{ request, outcome: 'go' }]);
    expect(gate.onWaited?.(request, 'go', at(2))).toEqual({ kind: 'pass' });
    expect(gate.onRequest?.(view(method), at(3))).toEqual({ kind: 'pass' });
    expect(gate.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    'ping',
    'initialize',
    'server/discover',
    'tasks/get',
    'tasks/result',
    'tasks/update',
    'tasks/cancel',
    'tasks/list',
  ])('lets %s go on', (method) => {
    const gate = createRenewal();
    gate.begin('a');
    expect(gate.onRequest?.(view(method), at(0))).toEqual({ kind: 'pass' });
  });

  it('refuses what has waited 30 s, and what waits when the server is gone for good', () => {
    const gate = createRenewal();
    gate.begin('a');
    const [first, second, cancelled] = [view('tools/call'), view('tools/call'), view('tools/call')];
    gate.onRequest?.(first, at(0));
    gate.onRequest?.(second, at(10));
    gate.onRequest?.(cancelled, at(10));
    expect(gate.wakeAtMs).toBe(30_000);
    expect(gate.takeReady?.(at(29_999))).toEqual([]);
    expect(gate.takeReady?.(at(30_000))).toEqual([{ request: first, outcome: 'refused' }]);
    expect(gate.onWaited?.(first, 'refused', at(30_000))).toMatchObject({
      kind: 'deny',
      reason: 'server_away',
      retryAfterMs: 5_000,
    });
    gate.onAbandoned?.(cancelled, at(30_001));
    gate.onFate?.('a', 'gone', at(30_002));
    expect(gate.takeReady?.(at(40_000))).toEqual([{ request: second, outcome: 'refused' }]);
  });
});
