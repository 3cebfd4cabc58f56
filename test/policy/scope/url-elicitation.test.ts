// A server of 2025-11-25 may answer with an error that asks for a URL to be opened (`-32042`): an elicitation by another door, so it needs
// the grant that the request needs (docs/decisions/0014-scopes.md).
import { expect, test } from 'vitest';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import { call, intents, outcomes, Playbook, recordsOf, SERVER } from '../../core/playbook.ts';
import { layersOf } from './make-scope.ts';

const GRANTS = [{ tool: 'echo' }, { request: 'sampling/createMessage' }];
const ELICITS = { request: 'elicitation/create' };

interface Scene {
  readonly grants?: readonly { readonly request: string }[];
  readonly deny?: { readonly request: string }[];
  readonly mode?: 'enforce' | 'observe';
  readonly isPaused?: boolean;
}

function start({ grants = [], deny = [], mode = 'enforce', isPaused = false }: Scene = {}): Playbook {
  const scope = { layers: layersOf({ grants: [...GRANTS, ...grants], deny }), mode } as const;
  return new Playbook({ interceptors: [createScopePolicy(new Map([[SERVER, scope]]), () => isPaused)] });
}

// odd spacing and a number that a second writer would lose
const ERROR =
  '"error":{ "code":-32042,"message":"url", "data":{"elicitations":[{"mode":"url","elicitationId":"e1","url":"https://x.example/","message":"m"}],"n":9007199254740993}}';
const LINE = `{"jsonrpc":"2.0","id":1, ${ERROR}}`;

function answer(book: Playbook, line: string): string[] {
  book.client(call(1, 'echo')).take();
  return book.upstream(line).toClient();
}

test.each<[string, Scene]>([
  ['with a grant of elicitation', { grants: [ELICITS] }],
  ['while it is only observed', { mode: 'observe' }],
  ['while it is paused', { isPaused: true, deny: [ELICITS] }],
])('the answer reaches the client byte for byte, %s', (_, scene) => {
  expect(answer(start(scene), LINE)).toEqual([LINE]);
});

test.each<[string, Scene]>([
  ['where nothing grants elicitation', {}],
  ['where it is denied beside a grant', { grants: [ELICITS], deny: [ELICITS] }],
])('is withheld whole, %s', (_, scene) => {
  const [told = '', ...others] = answer(start(scene), LINE);
  expect(others).toEqual([]);
  expect(told).toContain('its question was withheld');
  expect(told).not.toContain('x.example');
});

test.each([
  '{"code":-32042,"message":"url"}',
  '{"code":-32042,"message":"url","data":[]}',
  '{"code":-32042,"message":"url","data":{"elicitations":{"0":{"mode":"url"}}}}',
  '{"code":-32042,"message":"url","data":{"elicitations":[{"mode":"form"}]}}',
  '{"code":-32042.0,"message":"url","data":{"elicitations":[null]}}',
])('what cannot be told is withheld even with a grant: %s', (error) => {
  const [told] = answer(start({ grants: [ELICITS] }), `{"jsonrpc":"2.0","id":1,"error":${error}}`);
  expect(told).toContain('something that cannot be read');
});

test('another error passes, whatever its data says', () => {
  const line = LINE.replace('-32042', '-32043');
  expect(answer(start(), line)).toEqual([line]);
});

test('the same in the error of a task that failed', () => {
  const line = `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","taskId":"t","status":"failed",${ERROR}}}`;
  expect(answer(start(), line)[0]).toContain('its question was withheld');
  expect(answer(start({ grants: [ELICITS] }), line)).toEqual([line]);
});

test.each(['"-32042"', '" -32042 "', '-32042.4'])(
  'a code of a task that a client may read as that one, too: %s',
  (code) => {
    const error = ERROR.replace('-32042', code);
    const line = `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","taskId":"t","status":"failed",${error}}}`;
    expect(answer(start(), line)[0]).toContain('its question was withheld');
  },
);

test('what is withheld and what is only observed is on record, and the call itself counts as it went', () => {
  const withheld = start();
  withheld.client(call(1, 'echo'));
  const records = recordsOf(withheld.upstream(LINE).take());
  expect(intents(records)).toHaveLength(1);
  expect(outcomes(records)).toMatchObject([{ settlement: 'error' }]);
  expect(records).toContainEqual(
    expect.objectContaining({ name: 'answer_denied', detail: expect.objectContaining({ reason: 'request_denied' }) }),
  );
  const observed = start({ mode: 'observe' });
  observed.client(call(1, 'echo'));
  expect(recordsOf(observed.upstream(LINE).take())).toContainEqual(
    expect.objectContaining({ name: 'observed', detail: expect.objectContaining({ reason: 'request_denied' }) }),
  );
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
    expect(
      start({ grants: [ELICITS] })
        .upstream(asks)
        .toClient(),
    ).toHaveLength(1);
  }
});
