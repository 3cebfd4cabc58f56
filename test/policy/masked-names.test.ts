// No policy that keeps names is told a secret that stands in one; what is sent, and whom an answer is for, stays as it was.
import { expect, test } from 'vitest';
import { type Interceptor, PASS, type RequestView } from '../../src/core/interceptor.ts';
import { createMaskedNames, maskResult } from '../../src/policy/masked-names.ts';
import type { JsonObject } from '../../src/wire/json.ts';

const mask = (text: string): string =>
  text.replaceAll('s3cret-77', '[secret KEY]').replaceAll('48291037', '[secret PIN]');
const request = (more: Partial<RequestView> = {}): RequestView => ({
  ...{ asked: 'client', upstream: 'srv', method: 'tools/call', tool: 't_s3cret-77', params: { a: 1 }, modern: false },
  ...more,
});

function spy(): { inner: Interceptor; seen: unknown[] } {
  const seen: unknown[] = [];
  const inner: Interceptor = {
    name: 'spy',
    onRequest: (view) => {
      seen.push(view);
      return PASS;
    },
    onSettle: (view) => void seen.push(view),
    onResponse: (_, result) => void seen.push(result),
    takeReady: () => [{ request: seen[0] as RequestView, outcome: 'go' }], // what it was asked about
  };
  return { inner, seen };
}
const settled = { settlement: 'result', errorCode: undefined, isError: false } as never; // nothing looks at it
const now = { wallMs: 0, monoMs: 0 };

test('a name is seen masked, the same object each time, and is told back as the session knows it', () => {
  const { inner, seen } = spy();
  const names = createMaskedNames(mask);
  const wrapped = names.wrap(inner);
  const call = request();
  expect(wrapped.onRequest?.(call, now)).toBe(PASS);
  wrapped.onSettle?.(call, settled, now);
  expect(seen[0]).toBe(seen[1]);
  expect(seen[0]).toMatchObject({ tool: 't_[secret KEY]' });
  const view = seen[0] as RequestView; // as it was asked
  expect([view.method, view.upstream, view.params]).toEqual(['tools/call', 'srv', { a: 1 }]);
  call.params = undefined;
  expect(view.params).toBeUndefined();
  expect(call.tool).toBe('t_s3cret-77');
  expect(wrapped.takeReady?.(now)[0]?.request).toBe(call);
  expect(names.original(view)).toBe(call);
});

test('what has no secret is handed on itself; without secrets nothing is wrapped', () => {
  const { inner, seen } = spy();
  const call = request({ tool: 'plain' });
  createMaskedNames(mask).wrap(inner).onRequest?.(call, now);
  expect(seen[0]).toBe(call);
  expect(createMaskedNames(undefined).wrap(inner)).toBe(inner);
  expect(createMaskedNames(mask).wrap({ name: 'x', wakeAtMs: 7 })).toMatchObject({ name: 'x', wakeAtMs: 7 });
});

test('lists and handshakes are seen masked, names of members and numbers too; a cursor and other results as they are', () => {
  const { inner, seen } = spy();
  const wrapped = createMaskedNames(mask).wrap(inner);
  const result: JsonObject = {
    tools: [{ name: 's3cret-77', 'k s3cret-77': [48291037, 'plain', null, true] }],
    nextCursor: 'after s3cret-77',
  };
  wrapped.onResponse?.(request({ method: 'tools/list', tool: undefined }), result, now);
  wrapped.onResponse?.(request({ method: 'tools/call' }), result, now);
  expect(seen[0]).toEqual({
    tools: [{ name: '[secret KEY]', 'k [secret KEY]': ['[secret PIN]', 'plain', null, true] }],
    nextCursor: 'after s3cret-77',
  });
  expect(seen[1]).toBe(result);
  // a list that comes as the result of a task is one; whatever else a task came to stays as it is
  wrapped.onResponse?.(request({ method: 'tasks/result', tool: undefined }), result, now);
  wrapped.onResponse?.(request({ method: 'tasks/get', tool: undefined }), { result }, now);
  expect(seen[2]).toEqual(seen[0]);
  expect(JSON.stringify(seen[3])).toContain('[secret KEY]');
  const other = { content: 's3cret-77' };
  wrapped.onResponse?.(request({ method: 'tasks/result', tool: undefined }), other, now);
  expect(seen[4]).toBe(other);
  const plain = { tools: [{ name: 'plain' }] };
  expect(maskResult(plain, mask)).toBe(plain);
});
