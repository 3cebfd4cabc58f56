// Which parts of which requests the guard's own files are looked for in, and from where once a server works elsewhere.
import { expect, test } from 'vitest';
import { Chain } from '../../src/core/chain.ts';
import { type Interceptor, PASS, type RequestView } from '../../src/core/interceptor.ts';
import type { OwnPathPorts, OwnPaths } from '../../src/policy/constraint/own-reach.ts';
import { createOwnPathsPolicy } from '../../src/policy/own-paths.ts';
import type { JsonObject } from '../../src/wire/json.ts';

const NOW = { wallMs: 0, monoMs: 0 };
const at = (cwd: string): OwnPathPorts => ({
  realPath: (path) => path,
  homeDir: '/home/me',
  bases: () => [cwd],
  windows: false,
});
const own = (place: string) => (): OwnPaths => ({ places: [place], tails: new Set() });

function ask(method: string, params: JsonObject | undefined, asked: RequestView['asked'] = 'client') {
  const policy = createOwnPathsPolicy({ own: own('/state'), portsOf: () => at('/site') });
  const tool = method === 'tools/call' ? 'write' : undefined;
  return policy.onRequest?.({ asked, upstream: 'files', method, tool, params, modern: false }, NOW);
}

test.each<readonly [string, JsonObject, string]>([
  ['tools/call', { name: 'write', arguments: { path: '/state/key' } }, '/path'],
  [
    'tools/call',
    { name: 'write', arguments: { a: 'b' }, inputResponses: { w: { path: '/state/x' } } },
    '/inputResponses/w/path',
  ],
  ['tools/call', { name: 'write', arguments: ['/state/x'] }, '/arguments/0'],
  ['tools/call', JSON.parse('{"name":"write","__proto__":{"p":"/state/x"}}'), '/__proto__/p'],
  ['resources/read', { uri: 'file:///state/key' }, '/uri'],
  ['resources/subscribe', { uri: 'file:///state/key' }, '/uri'],
  [
    'subscriptions/listen',
    { notifications: { resourceSubscriptions: ['file:///state'] } },
    '/notifications/resourceSubscriptions/0',
  ],
  ['prompts/get', { name: 'p', arguments: { path: '/state/key' } }, '/arguments/path'],
  [
    'completion/complete',
    { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'path', value: '/state/' } },
    '/argument/value',
  ],
  [
    'completion/complete',
    { ref: { type: 'ref/resource', uri: 'file:///state/{x}' }, argument: { name: 'x', value: 'y' } },
    '/ref/uri',
  ],
  ['completion/complete', { context: { arguments: { path: '/state/x' } } }, '/context/arguments/path'],
  ['nobody/knows', { calls: [{ path: '/state/x' }] }, '/calls/0/path'],
])('%s %j', (method, params, pointer) => {
  const what = method === 'tools/call' ? 'call' : 'request';
  expect(ask(method, params)).toMatchObject({
    kind: 'deny',
    reason: 'own_path',
    text: `mcp-guard did not send this ${what}: \`${pointer}\` leads to files of the guard itself, which no tool may touch; any other path may be given.`,
  });
});

test.each<readonly [string, JsonObject | undefined]>([
  [
    'tools/call',
    { name: '/state/x', arguments: { path: '/elsewhere' }, requestState: '/state/x', task: { x: '/state/x' } },
  ],
  ['tools/call', { name: 'write', _meta: { progressToken: '/state/x' } }],
  ['tools/list', { cursor: '/state/x' }],
  ['tasks/get', { taskId: '/state/x' }],
  ['initialize', { clientInfo: { name: '/state/x' } }],
  ['ping', undefined],
])('what is no path is not taken for one: %s %j', (method, params) => {
  expect(ask(method, params)?.kind).toBe('pass');
});

test.each<JsonObject>([
  { name: '/state/x' },
  { cursor: '/state/x' },
  { task: { x: '/state/x' } },
  { _meta: { x: '/state/x' } },
  { taskId: '/state/x' },
])('in a method that nobody knows nothing is a name: %j', (params) => {
  expect(ask('vendor/x', params)?.kind).toBe('deny');
});

test('who waited for a place is looked at once more before the call goes out', () => {
  let turned = false;
  const realPath = (path: string) => (turned ? path.replace(/^\/site\/sub/, '/state') : path);
  const guard = createOwnPathsPolicy({ own: own('/state'), portsOf: () => ({ ...at('/site'), realPath }) });
  const waits: Interceptor = { name: 'place', onRequest: () => ({ kind: 'wait', why: 'place' }), onWaited: () => PASS };
  const chain = new Chain([guard, waits], () => {});
  const params = { name: 'read', arguments: { path: '/site/sub/key' } };
  const asked: Pick<RequestView, 'asked'> = { asked: 'client' };
  const view: RequestView = { ...asked, upstream: 's', method: 'tools/call', tool: 'read', params, modern: false };
  const progress = { entered: 0 };
  expect(chain.enter(view, progress, NOW).kind).toBe('wait');
  turned = true;
  expect(chain.resume(view, progress, 'go', { wallMs: 5, monoMs: 5 })).toMatchObject({
    kind: 'deny',
    reason: 'own_path',
  });
});

test('what a server asks is its own business', () => {
  expect(ask('elicitation/create', { path: '/state/x' }, 'server')?.kind).toBe('pass');
});

test('a relative path counts from where the server works now, and the files are where they are now', () => {
  let ports = at('/site');
  let place = '/proj/team.json';
  const policy = createOwnPathsPolicy({ own: () => own(place)(), portsOf: () => ports });
  const params = { name: 'write', arguments: { path: './team.json' } };
  const request: RequestView = {
    asked: 'client',
    upstream: 's',
    method: 'tools/call',
    tool: 'write',
    params,
    modern: false,
  };
  const decide = () => policy.onRequest?.(request, NOW).kind;
  expect(decide()).toBe('pass');
  ports = at('/proj');
  expect(decide()).toBe('deny');
  place = '/site/team.json';
  policy.onPolicyChange?.(NOW);
  expect(decide()).toBe('pass');
  ports = at('/site');
  expect(decide()).toBe('deny');
});

test('what becomes its own while a session runs is looked for from then on', () => {
  let place = '/state';
  const changes = new Map([[5, '/tokens/ci']]);
  const policy = createOwnPathsPolicy({
    own: () => ({ places: [place], tails: new Set() }),
    hasChanged(monoMs) {
      const next = changes.get(monoMs);
      place = next ?? place;
      return next !== undefined;
    },
    portsOf: () => at('/site'),
  });
  const read = (monoMs: number) => {
    const params = { name: 'write', arguments: { path: '/tokens/ci' } };
    const request = {
      asked: 'client',
      upstream: 'files',
      method: 'tools/call',
      tool: 'write',
      params,
      modern: false,
    } as const;
    return policy.onRequest?.(request, { wallMs: 0, monoMs })?.kind;
  };
  expect([read(4), read(5), read(6)]).toEqual(['pass', 'deny', 'deny']);
});
