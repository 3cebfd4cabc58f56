// JSON-RPC batches (legal in 2025-03-26 only): every element meets the chain by itself, and one array answers them.
import { describe, expect, it } from 'vitest';
import { type Interceptor, PASS } from '../../src/core/interceptor.ts';
import { Playbook, result } from './playbook.ts';

const element = (id: number | undefined, method: string, params: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });
const noDelete: Interceptor = {
  name: 'no_delete',
  onRequest: ({ tool }) =>
    tool === 'delete' ? { kind: 'deny', reason: 'no', rule: 'r', text: 'No.', retryAfterMs: undefined } : PASS,
};

describe('a batch', () => {
  it('is split: each element goes upstream as a line of its own, and a denied one does not', () => {
    const book = new Playbook({ interceptors: [noDelete] });
    const parts = [
      element(1, 'tools/call', { name: 'read' }),
      element(2, 'tools/call', { name: 'delete' }),
      element(undefined, 'notifications/x'),
    ];
    expect(book.client(`[${parts.join(' , ')}]`).toServer()).toEqual([parts[0], parts[2]]);
  });

  it('is answered by one array, once every request in it is', () => {
    const book = new Playbook({ interceptors: [noDelete] });
    book.client(
      `[${element(1, 'tools/call', { name: 'read' })},${element(2, 'tools/call', { name: 'delete' })},${element(3, 'ping')}]`,
    );
    expect(book.toClient()).toEqual([]);
    expect(book.upstream(result(3, {})).toClient()).toEqual([]);
    const [line, ...more] = book.upstream(result(1)).toClient();
    expect(more).toEqual([]);
    expect(
      JSON.parse(line ?? '')
        .map((one: { id: number }) => one.id)
        .sort(),
    ).toEqual([1, 2, 3]);
  });

  it('of notifications only is answered by nothing', () => {
    const book = new Playbook();
    expect(book.client(`[${element(undefined, 'notifications/x')}]`).toClient()).toEqual([]);
  });

  it('answers an ambiguous element in its place, and drops one without a certain id', () => {
    const book = new Playbook();
    book.client(
      `[${element(1, 'ping')},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","name":"b"}},[],7]`,
    );
    const [line] = book.upstream(result(1, {})).toClient();
    expect(
      JSON.parse(line ?? '').map((one: { id: number; error?: { code: number } }) => [one.id, one.error?.code]),
    ).toEqual(
      expect.arrayContaining([
        [1, undefined],
        [2, -32600],
      ]),
    );
  });

  it('whose last request is cancelled is still answered for the rest', () => {
    const book = new Playbook();
    expect(
      book
        .client(`[${element(1, 'ping')},${element(2, 'ping')}]`)
        .upstream(result(1, {}))
        .toClient(),
    ).toEqual([]);
    const effects = book.client({ method: 'notifications/cancelled', params: { requestId: 2 } }).toClient();
    expect(effects.map((line) => JSON.parse(line))).toMatchObject([[{ id: 1 }]]);
  });

  it('that is empty is refused', () => {
    const book = new Playbook();
    const effects = book.client('[]').take();
    expect(effects.map((effect) => effect.type)).toEqual(['record', 'log']);
  });
});
