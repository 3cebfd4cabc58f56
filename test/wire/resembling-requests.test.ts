// What has no id and would be taken for a request by a lenient receiver is refused; other notifications pass.
import { expect, test } from 'vitest';
import { DEFAULT_READ_LIMITS } from '../../src/wire/message.ts';
import { readLine } from '../../src/wire/read-line.ts';

function read(method: string, id = '') {
  const line = Buffer.from(
    `{"jsonrpc":"2.0"${id},"method":${JSON.stringify(method)},"params":{"name":"x","arguments":{}}}\n`,
  );
  return readLine(line, 'client', DEFAULT_READ_LIMITS);
}

test.each([
  'tools/call',
  'Tools/Call',
  ' tools/call',
  'tools\\call',
  'ｔools/call',
  'tool/call',
  'tools/execute',
  'Resources/Read',
])('%s without an id is refused, with one it is read', (method) => {
  expect(read(method)).toMatchObject({ kind: 'refused', refusal: { code: 'bad_envelope' } });
  expect(read(method, ',"id":1')).toMatchObject({ kind: 'message', line: { message: { kind: 'request' } } });
});

test.each(['notifications/cancelled', 'notifications/tools/call', 'x/flood', 'vendor/tools/called'])(
  '%s passes',
  (method) => {
    expect(read(method)).toMatchObject({ kind: 'message', line: { message: { kind: 'notification', method } } });
  },
);
