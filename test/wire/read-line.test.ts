// What one line means: a message, noise, a batch; and how deep and how wide it may be.
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_LIMITS } from '../../src/wire/message.ts';
import { MAX_BATCH, readLine } from '../../src/wire/read-line.ts';
import { call, limitsWith, messageOf, read, refusalOf } from './reading.ts';

describe('messages', () => {
  it.each([
    [
      'request',
      '{"jsonrpc":"2.0","id":7,"method":"ping"}',
      { kind: 'request', id: 7, method: 'ping', params: undefined },
    ],
    [
      'string id',
      '{"jsonrpc":"2.0","id":"7","method":"ping"}',
      { kind: 'request', id: '7', method: 'ping', params: undefined },
    ],
    [
      'empty id',
      '{"jsonrpc":"2.0","id":"","method":"ping"}',
      { kind: 'request', id: '', method: 'ping', params: undefined },
    ],
    [
      'negative id',
      '{"jsonrpc":"2.0","id":-5,"method":"ping"}',
      { kind: 'request', id: -5, method: 'ping', params: undefined },
    ],
    [
      'largest id',
      '{"jsonrpc":"2.0","id":9007199254740991,"method":"x"}',
      { kind: 'request', id: 9007199254740991, method: 'x', params: undefined },
    ],
    [
      'notification',
      '{"jsonrpc":"2.0","method":"notifications/x","params":{"a":1}}',
      { kind: 'notification', method: 'notifications/x', params: { a: 1 } },
    ],
    ['result', '{"jsonrpc":"2.0","id":0,"result":null}', { kind: 'response', id: 0, result: null, error: undefined }],
    [
      'error',
      '{"jsonrpc":"2.0","id":0,"error":{"code":1,"message":"x"}}',
      { kind: 'response', id: 0, result: undefined, error: { code: 1, message: 'x' } },
    ],
    [
      'unknown members',
      '{"jsonrpc":"2.0","id":7,"method":"ping","extra":[1]}',
      { kind: 'request', id: 7, method: 'ping', params: undefined },
    ],
    [
      'white space, id after non-ASCII text',
      '{ "method":"é" ,"jsonrpc":"2.0", "id": 7 }',
      { kind: 'request', id: 7, method: 'é', params: undefined },
    ],
  ])('%s', (_, text, message) => {
    const line = messageOf(read(text));
    expect(line).toEqual({ bytes: Buffer.from(`${text}\n`), text, message, sloppy: 0 });
  });

  it('keeps the very buffer, and ends a line that has no LF', () => {
    const bytes = Buffer.from('{"jsonrpc":"2.0","id":7,"method":"ping"}\n');
    expect(messageOf(readLine(bytes, 'client', DEFAULT_READ_LIMITS)).bytes).toBe(bytes);
    expect(messageOf(readLine(bytes.subarray(0, -1), 'client', DEFAULT_READ_LIMITS)).bytes).toEqual(bytes);
  });

  it.each(['', ' \t', '\r'])('blank %j', (text) => {
    expect(read(text).kind).toBe('blank');
  });
});

describe('noise', () => {
  it.each([
    ['a banner', 'Server listening'],
    ['a log line', '[2026-11-22] INFO ready'],
    ['a progress bar', 'Loading 10%\rLoading 20%'],
    ['latin1', Buffer.from('caf\xe9', 'latin1')],
    ['a BOM and text', '\ufeffhello'],
  ])('%s', (_, line) => {
    const [kind, , id] = refusalOf(read(line, 'upstream'));
    expect([kind, id]).toEqual(['noise', undefined]);
  });
});

describe('batches', () => {
  it('gives the exact bytes of each element', () => {
    const reading = read('[ {"jsonrpc":"2.0","id":1,"method":"é,]"} ,[], 2.0]');
    expect(reading.kind === 'batch' && reading.elements.map(String)).toEqual([
      '{"jsonrpc":"2.0","id":1,"method":"é,]"}\n',
      '[]\n',
      '2.0\n',
    ]);
  });

  it('refuses an array in an array, empty or not', () => {
    for (const inner of ['[]\n', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n']) {
      const reading = readLine(Buffer.from(inner), 'client', DEFAULT_READ_LIMITS, 'element');
      expect(refusalOf(reading)).toEqual(['refused', 'nested_batch', undefined, 'unknown']);
    }
  });

  it('bounds how many there are', () => {
    const of = (count: number) => read(`[${Array(count).fill('1').join()}]`).kind;
    expect([of(MAX_BATCH), of(MAX_BATCH + 1)]).toEqual(['batch', 'refused']);
  });
});

describe('limits', () => {
  it('answers what is too deep', () => {
    const nested = (levels: number) =>
      call(`{"name":"a","arguments":{"x":${'['.repeat(levels)}${']'.repeat(levels)}}}`);
    const limits = limitsWith({ maxDepth: 10 });
    expect(read(nested(7), 'client', limits).kind).toBe('message');
    expect(refusalOf(read(nested(8), 'client', limits))).toEqual(['refused', 'too_deep', 7, 'request']);
    expect(refusalOf(read(nested(100_000)))).toEqual(['refused', 'too_deep', 7, 'request']);
  });

  it('answers what has too many keys, and never parses it', () => {
    const limits = limitsWith({ maxKeys: 10 });
    const keys = (count: number) =>
      call(`{"name":"a","arguments":{${Array.from({ length: count }, (_, n) => `"k${n}":1`).join()}}}`);
    expect(read(keys(4), 'client', limits).kind).toBe('message');
    expect(refusalOf(read(keys(5), 'client', limits))).toEqual(['refused', 'too_many_keys', 7, 'request']);
    expect(refusalOf(read(call(`{"name":"a","arguments":{"x":[${'[],'.repeat(9)}[]]}}`), 'client', limits))[1]).toBe(
      'too_many_keys',
    );
    expect(refusalOf(read('['.repeat(11), 'client', limits))[1]).toBe('too_many_keys');
  });
});
