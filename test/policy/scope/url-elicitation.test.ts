// A server of 2025-11-25 may answer with an error that asks for a URL (`-32042`). It is neither a request nor a result, so it passes as
// it is, either way, whatever is granted; the request that elicits is judged like any other (docs/decisions/0014-scopes.md).
import { expect, test } from 'vitest';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import { call, Playbook, SERVER } from '../../core/playbook.ts';
import { layersOf } from './make-scope.ts';

const GRANTS = [{ tool: 'echo' }, { request: 'sampling/createMessage' }];
const ELICITS = { request: 'elicitation/create' };

function start(...more: readonly { readonly request: string }[]): Playbook {
  const scope = { layers: layersOf({ grants: [...GRANTS, ...more] }), mode: 'enforce' } as const;
  return new Playbook({ interceptors: [createScopePolicy(new Map([[SERVER, scope]]))] });
}

// odd spacing and a number that a second writer would lose
const ERROR =
  '"error":{ "code":-32042,"message":"url", "data":{"elicitations":[{"mode":"url","elicitationId":"e1","url":"https://x.example/","message":"m"}],"n":9007199254740993}}';

test.each([
  ['without a grant of elicitation', []],
  ['with one', [ELICITS]],
])('the answer to a call reaches the client byte for byte, %s', (_, more) => {
  const book = start(...more);
  book.client(call(1, 'echo')).take();
  const line = `{"jsonrpc":"2.0","id":1, ${ERROR}}`;
  expect(book.upstream(line).toClient()).toEqual([line]);
});

test('the answer of a client to a request of the server reaches the server byte for byte', () => {
  const book = start();
  expect(book.upstream({ id: 's', method: 'sampling/createMessage', params: {} }).toClient()).toHaveLength(1);
  const line = `{"jsonrpc":"2.0","id":"s", ${ERROR}}`;
  expect(book.client(line).toServer()).toEqual([line]);
});

test('the end of it is told to the client', () => {
  const note = '{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{ "elicitationId":"e1"}}';
  expect(start().upstream(note).toClient()).toEqual([note]);
});

test('a request that elicits, by URL or by form, needs its grant', () => {
  for (const params of [{ mode: 'url', elicitationId: 'e1', url: 'https://x.example/' }, { mode: 'form' }]) {
    const asks = { id: 's', method: 'elicitation/create', params };
    expect(start().upstream(asks).toServer()).toEqual([
      '{"jsonrpc":"2.0","id":"s","error":{"code":-32601,"message":"Method not found"}}',
    ]);
    expect(start(ELICITS).upstream(asks).toClient()).toHaveLength(1);
  }
});
