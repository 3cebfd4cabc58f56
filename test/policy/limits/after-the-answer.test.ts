// What a call keeps and owes after nobody waits for it any more: cancelled, out of time, or answered with a task.
import { describe, expect, test } from 'vitest';
import { call, result } from '../../core/playbook.ts';
import { LimitsScene } from './limits-scene.ts';

describe('places', () => {
  const ONE = [{ key: ['tenant' as const], concurrency: 1 }];
  test.each(['cancelled', 'timeout'])('are kept by a call that ended as %s until the server answers it', (how) => {
    const deadline = how === 'timeout' ? { idleMs: 1_000, hardMs: 1_000 } : undefined;
    const scene = new LimitsScene(ONE, { deadline });
    const end = (id: number): void => {
      if (how === 'timeout') scene.book.at(scene.book.nowMs + 1_001).take();
      else scene.book.client({ method: 'notifications/cancelled', params: { requestId: id } }).take();
    };
    expect(scene.line(call(1))).toBe('sent');
    end(1);
    expect(scene.line(call(2))).toMatchObject({ reason: 'concurrency_limited' });
    scene.book.upstream(result(1)).take();
    expect(scene.line(call(3))).toBe('sent');
    end(3);
    // it may obey, and never answer: then for a minute, renewed all the while
    const endedMs = scene.book.nowMs;
    for (let ms = 5_000; ms < 60_000; ms += 5_000) {
      scene.book.at(endedMs + ms).take();
      expect(scene.line(call(ms))).toMatchObject({ reason: 'concurrency_limited' });
    }
    scene.book.at(endedMs + 65_000).take();
    expect(scene.line(call(4))).toBe('sent');
    end(4);
    scene.book.exits().take();
    expect(scene.store.list({ wallMs: 0, monoMs: scene.book.nowMs })).toEqual({ kind: 'listed', keys: [] });
  });

  const task = (id: number, ttl?: number) =>
    result(id, { task: { taskId: `t${id}`, status: 'working', ...(ttl === undefined ? {} : { ttl }) } });

  test('are kept by a task whose result is not ready yet, until it is known to be over', () => {
    const scene = new LimitsScene(ONE);
    const ask = (id: number, method: string, answer: object, more = {}): void => {
      scene.book.client({ id, method, params: { taskId: 't1', ...more } }).take();
      scene.book.upstream({ id, ...answer }).take();
    };
    scene.line(call(1, 'slow', { task: {} }));
    scene.book.upstream(task(1)).take();
    ask(2, 'tasks/result', { error: { code: -32_603, message: 'still running' } });
    ask(3, 'tasks/result', { error: { code: -32_602, message: 'malformed' } });
    ask(4, 'tasks/result', { error: { code: -32_602, message: 'Task not found' } }, { taskId: 't1', odd: 1 });
    ask(5, 'tasks/get', { result: { taskId: 't1', status: 'working' } });
    expect(scene.line(call(6))).toMatchObject({ reason: 'concurrency_limited' });
    ask(7, 'tasks/get', { result: { taskId: 't1', status: 'failed' } });
    ask(8, 'tasks/result', { error: { code: -32_603, message: 'it failed' } });
    expect(scene.line(call(9))).toBe('sent');
  });

  test('are given up by a task that its server does not know any more', () => {
    const scene = new LimitsScene(ONE);
    scene.line(call(1, 'slow', { task: {} }));
    scene.book.upstream(task(1)).take();
    scene.book.client({ id: 2, method: 'tasks/get', params: { taskId: 't1' } }).take();
    scene.book.upstream({ id: 2, error: { code: -32_602, message: 'Task has expired' } }).take();
    expect(scene.line(call(3))).toBe('sent');
  });

  test.each([
    [500, 60_000],
    [120_000, 120_000],
    [1e300, 86_400_000],
  ])('are kept no longer than a task of %d ms: %d ms', (ttl, keptMs) => {
    const scene = new LimitsScene(ONE);
    scene.line(call(1, 'slow', { task: { ttl } }));
    scene.book.upstream(task(1, ttl)).take();
    scene.book.at(1_000 + keptMs - 1).take();
    expect(scene.line(call(2))).toMatchObject({ reason: 'concurrency_limited' });
    scene.book.at(1_000 + keptMs + 5_000).take();
    expect(scene.line(call(3))).toBe('sent');
  });

  test('are not kept by a task that nobody asked for', () => {
    const scene = new LimitsScene(ONE);
    scene.line(call(1));
    scene.book.upstream(task(1)).take();
    expect(scene.line(call(2))).toBe('sent');
  });
});

describe('bytes of a task', () => {
  test('are charged each time that its result comes out', () => {
    const scene = new LimitsScene([{ key: ['tenant'], bytes: { out: '1000/min' } }]);
    scene.line(call(1, 'slow', { task: {} }));
    scene.book.upstream(result(1, { task: { taskId: 't', status: 'working' } }));
    const waits = [7, 8, 9].map((id) => {
      scene.book.client({ id, method: 'tasks/result', params: { taskId: 't' } });
      scene.book.upstream(result(id, { content: [{ type: 'text', text: 'x'.repeat(3_000) }] })).take();
      const refused = scene.line(call(10 * id));
      return typeof refused === 'object' ? (refused.retryAfterMs ?? 0) : 0;
    });
    expect(waits[0]).toBeGreaterThan(120_000);
    expect(waits[0]).toBeLessThan(200_000);
    for (const index of [1, 2]) {
      const grown = (waits[index] ?? 0) - (waits[index - 1] ?? 0);
      // one result more: 3000 bytes of 1000 a minute, once
      expect(grown).toBeGreaterThan(180_000);
      expect(grown).toBeLessThan(200_000);
    }
  });

  test('that come with a notification are charged once', () => {
    const scene = new LimitsScene([{ key: ['tenant'], bytes: { out: '1000/min' } }]);
    scene.line(call(1, 'slow', { task: {} }));
    scene.book.upstream(result(1, { resultType: 'task', taskId: 't', status: 'working' }));
    const params = { taskId: 't', status: 'completed', result: { text: 'x'.repeat(3_000) } };
    for (let again = 0; again < 2; again += 1) scene.book.upstream({ method: 'notifications/tasks', params }).take();
    const refused = scene.line(call(8));
    expect(refused).toMatchObject({ rule: 'limits[0].bytes.out' });
    if (typeof refused === 'object') expect(refused.retryAfterMs).toBeLessThan(200_000);
  });
});
