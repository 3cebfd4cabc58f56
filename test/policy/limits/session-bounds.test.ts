// What bounds one session: the same call in a row, and how far it may reach.
import { describe, expect, test } from 'vitest';
import type { Interceptor } from '../../../src/core/interceptor.ts';
import { createBlastRadius } from '../../../src/policy/limits/blast-radius.ts';
import { createLoopGuard } from '../../../src/policy/limits/loop-guard.ts';
import { call, Playbook, result } from '../../core/playbook.ts';
import { digest } from './limits-scene.ts';

class Bounded {
  readonly book: Playbook;
  #id = 0;
  constructor(...interceptors: Interceptor[]) {
    this.book = new Playbook({ interceptors });
  }
  /** Sent to the server, or the reason why not. */
  ask(tool: string, more = {}): string {
    this.#id += 1;
    const effects = this.book.client(call(this.#id, tool, more)).take();
    if (effects.some(({ type }) => type === 'to_upstream')) return 'sent';
    const [answer] = effects.flatMap((one) => (one.type === 'to_client' ? [one.bytes] : []));
    const line = typeof answer === 'function' ? answer().toString() : '';
    return /"reason":"(\w+)"/.exec(line)?.[1] ?? line;
  }
}
const shut: Interceptor = {
  name: 'shut',
  onRequest: () => ({ kind: 'deny', reason: 'shut', rule: 'r', text: 'No.', retryAfterMs: undefined }),
};

describe('the loop guard', () => {
  const guard = (repeats = 2) => createLoopGuard({ repeats: () => repeats, digest });
  test('lets so many go in a row, and answers the next with a result that says so', () => {
    const bounded = new Bounded(guard());
    const asked = Array.from({ length: 4 }, () => bounded.ask('read', { arguments: { path: '/a', n: 1 } }));
    expect(asked).toEqual(['sent', 'sent', 'loop_detected', 'loop_detected']);
    expect(bounded.ask('read', { arguments: { path: '/b', n: 1 } })).toBe('sent');
    expect(bounded.ask('read', { arguments: { path: '/a', n: 1 } })).toBe('sent');
  });
  test('is not misled by the order of keys, a token for progress, or the spelling of the tool', () => {
    const bounded = new Bounded(guard());
    bounded.ask('read', { arguments: { a: 1, b: 2 } });
    bounded.ask('read', { arguments: { b: 2, a: 1 }, _meta: { progressToken: 7 } });
    expect(bounded.ask('READ', { arguments: { a: 1, b: 2 } })).toBe('loop_detected');
  });
  test.each([{ requestState: 's' }, {}])('an answer to `input_required` is none of them, once: %j', (state) => {
    const bounded = new Bounded(guard(1));
    const retry = { inputResponses: { a: 1 }, ...state };
    expect(bounded.ask('read')).toBe('sent');
    bounded.book.upstream(result(1, { resultType: 'input_required', inputRequests: {}, ...state })).take();
    expect(bounded.ask('read', retry)).toBe('sent');
    bounded.book.upstream(result(2, { resultType: 'input_required', inputRequests: {}, ...state })).take();
    expect(bounded.ask('read', retry)).toBe('sent');
    expect(bounded.ask('read', retry)).toBe('loop_detected');
    expect(bounded.ask('read')).toBe('loop_detected');
  });
  test('an answer or a state that no server has asked for makes no other call', () => {
    const bounded = new Bounded(guard(1));
    expect(bounded.ask('read')).toBe('sent');
    expect(bounded.ask('read', { requestState: 'junk' })).toBe('loop_detected');
    expect(bounded.ask('read', { inputResponses: { a: 1 } })).toBe('loop_detected');
    bounded.book.upstream(result(1, { resultType: 'input_required', inputRequests: {}, requestState: 's' })).take();
    expect(bounded.ask('read', { requestState: 'junk' })).toBe('loop_detected');
    expect(bounded.ask('read', { arguments: { other: 1 }, requestState: 's' })).toBe('sent');
    expect(bounded.ask('read', { requestState: 's' })).toBe('sent');
  });
  test('does not count what never left', () => {
    const bounded = new Bounded(guard(1), shut);
    expect(['a', 'a', 'a'].map((tool) => bounded.ask(tool))).toEqual(['shut', 'shut', 'shut']);
  });
  test('is off until configured', () => {
    const bounded = new Bounded(guard(Number.POSITIVE_INFINITY));
    expect(new Set(Array.from({ length: 20 }, () => bounded.ask('read')))).toEqual(new Set(['sent']));
  });
});

describe('the blast radius', () => {
  const ANY = Number.POSITIVE_INFINITY;
  test('bounds the calls of a session', () => {
    const bounded = new Bounded(createBlastRadius(() => ({ tools: ANY, calls: 2 })));
    expect(['a', 'b', 'a'].map((tool) => bounded.ask(tool))).toEqual(['sent', 'sent', 'blast_radius']);
  });
  test('bounds its different tools, whatever their spelling', () => {
    const bounded = new Bounded(createBlastRadius(() => ({ tools: 2, calls: ANY })));
    expect(['a', 'b', 'A', 'c', 'a'].map((tool) => bounded.ask(tool))).toEqual([
      'sent',
      'sent',
      'sent',
      'blast_radius',
      'sent',
    ]);
  });
  test('does not count what never left', () => {
    let isShut = true;
    const gate: Interceptor = {
      name: 'gate',
      onRequest: (...given) => (isShut ? (shut.onRequest?.(...given) ?? { kind: 'pass' }) : { kind: 'pass' }),
    };
    const bounded = new Bounded(
      createBlastRadius(() => ({ tools: 1, calls: 1 })),
      gate,
    );
    expect(['a', 'b'].map((tool) => bounded.ask(tool))).toEqual(['shut', 'shut']);
    isShut = false;
    expect(['b', 'b'].map((tool) => bounded.ask(tool))).toEqual(['sent', 'blast_radius']);
  });
});
