// Which entry holds for a running server under another policy, and that want of one never opens it.
import { expect, it } from 'vitest';
import type { HeldPolicy } from '../../src/cli/open-policy.ts';
import { PolicyInForce } from '../../src/cli/policy-in-force.ts';
import type { RunLock } from '../../src/cli/run-lock.ts';
import { serverAfterReload, serverAtStart } from '../../src/cli/server-in-force.ts';
import { compilePolicy } from '../../src/config/compile.ts';
import { resolveServer } from '../../src/config/resolve-server.ts';
import { GuardError } from '../../src/guard-error.ts';
import { lockLayers, UNAPPROVED } from '../../src/policy/lock/lock-layers.ts';
import { createScopePolicy } from '../../src/policy/scope/scope.ts';
import { decideTarget } from '../../src/policy/scope/scope-decision.ts';

const ENTRY = { command: 'srv', args: ['a'], scope: 'one', deadline: { hardMs: 5_000 } };
const BASE = { version: 1, servers: { srv: ENTRY }, scopes: { one: { grants: [{ tool: '*' }] } } };
const BY_WORDS = { serverFlag: undefined, command: 'srv', args: ['a'] };
const BY_NAME = { serverFlag: 'srv', command: undefined, args: [] };

function held(document: object, lock: Partial<RunLock> = {}): HeldPolicy {
  const source = { path: '/c.json', digest: 'd' };
  const portsFor = () => ({
    compilePattern: () => () => true,
    realPath: (path: string) => path,
    homeDir: '/',
    bases: () => ['/'],
    windows: false,
  });
  const compiled = compilePolicy({ document, variables: {}, source, absolute: (path) => `/${path}`, portsFor });
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ what }) => what).join());
  const { policy } = compiled;
  // as much of a lock as is asked here
  const whole = { policy, layersOf: () => [], refuseUnapproved: () => {}, ...lock } as unknown as RunLock;
  return { lock: whole, policy, watched: [], signature: '', untilMs: Number.POSITIVE_INFINITY };
}

function after(
  document: object,
  asked: typeof BY_WORDS | typeof BY_NAME,
  before: object = BASE,
  lock?: Partial<RunLock>,
) {
  const started = resolveServer(held(before).policy, asked);
  const holds = serverAfterReload(held(document, lock), started, asked);
  const { scope } = holds;
  const passes = scope === 'unscoped' || decideTarget(scope.layers, 'tool', 'x', 0).granted;
  return { ...holds, passes };
}

it.each([
  ['the same', BASE, BY_WORDS, true, false],
  ['the same, by name', BASE, BY_NAME, true, false],
  ['another scope', { ...BASE, scopes: { one: { grants: [] } } }, BY_NAME, false, false],
  ['its server gone', { ...BASE, servers: {} }, BY_WORDS, false, false],
  [
    'its server gone, where what is not listed is observed',
    { ...BASE, servers: {}, unlisted: 'observe' },
    BY_WORDS,
    false,
    false,
  ],
  ['its server under another name', { ...BASE, servers: { other: ENTRY } }, BY_WORDS, false, false],
  [
    'another command than the host gives',
    { ...BASE, servers: { srv: { ...ENTRY, args: ['b'] } } },
    BY_WORDS,
    false,
    false,
  ],
  [
    'the same, unlisted ones observed',
    { ...BASE, servers: { srv: { ...ENTRY, args: ['b'] } }, unlisted: 'observe' },
    BY_WORDS,
    false,
    false,
  ],
  ['another command, by name', { ...BASE, servers: { srv: { ...ENTRY, args: ['b'] } } }, BY_NAME, true, true],
  ['another directory', { ...BASE, servers: { srv: { ...ENTRY, cwd: 'd' } } }, BY_WORDS, true, true],
  ['another environment', { ...BASE, servers: { srv: { ...ENTRY, env: { A: 'b' } } } }, BY_NAME, true, true],
  ['two that could be meant', { ...BASE, servers: { srv: ENTRY, twin: ENTRY } }, BY_WORDS, false, false],
] as const)('%s', (_, document, asked, passes, isMoved) => {
  expect(after(document, asked)).toMatchObject({ passes, isMoved });
});

it('a server that is closed stays closed while it is paused', () => {
  const { scope } = after({ ...BASE, servers: {} }, BY_WORDS);
  const policy = createScopePolicy({ get: () => scope }, () => true);
  const request = {
    asked: 'client',
    upstream: 'srv',
    method: 'tools/call',
    tool: 'x',
    params: { name: 'x' },
    modern: false,
  } as const;
  expect(policy.onRequest?.(request, { wallMs: 0, monoMs: 0 })).toMatchObject({
    kind: 'deny',
    error: { message: 'Unknown tool: x' },
  });
});

it('a person is told why a server is closed', () => {
  expect(after({ ...BASE, servers: {} }, BY_WORDS).note).toContain('`/c.json` has no server `srv` any more');
  expect(after({ ...BASE, servers: { srv: { ...ENTRY, args: ['b'] } } }, BY_WORDS).note).toContain('is no server of');
});

it('what nobody has approved is not started, and a person is told', () => {
  const moved = { ...BASE, servers: { srv: { ...ENTRY, args: ['b'] } } };
  const refuseUnapproved = () => {
    throw new GuardError('server_unapproved', 'it has other `args`', { hint: 'approve it' });
  };
  expect(after(moved, BY_NAME, BASE, { refuseUnapproved })).toMatchObject({
    isMoved: false,
    note: 'every call to `srv` is refused from now on: it has other `args`; approve it',
  });
});

it('who asks for one that nobody has approved reads what has changed of it, and not that its scope is not approved', () => {
  const asked: unknown[] = [];
  const holds = after(BASE, BY_NAME, BASE, {
    layersOf: () => lockLayers(UNAPPROVED, 'approve it'),
    refuseUnapproved: (_, how) => {
      asked.push(how);
      throw new GuardError('server_unapproved', '`srv` has another `prefix`', { hint: 'approve it' });
    },
  });
  const { scope } = holds;
  const policy = createScopePolicy({ get: () => scope }, () => false);
  const request = { asked: 'client', upstream: 'srv', method: 'tools/call', tool: 'x', params: { name: 'x' } };
  expect(policy.onRequest?.({ ...request, asked: 'client', modern: false }, { wallMs: 0, monoMs: 0 })).toMatchObject({
    reason: 'not_approved',
    text: '`x` was not sent: `srv` has another `prefix`. A person can run `approve it`; until then do not retry.',
  });
  expect(asked).toEqual(['running']);
});

it('a server that was not listed gets the entry that is written for it, and none where there is none', () => {
  const before = { version: 1, unlisted: 'observe' };
  expect(after(before, BY_WORDS, before)).toMatchObject({ scope: 'unscoped', entry: undefined });
  expect(after({ ...BASE, scopes: { one: { grants: [] } } }, BY_WORDS, before)).toMatchObject({ passes: false });
  expect(after({ ...BASE, servers: { x: { command: 'y' } } }, BY_WORDS, before)).toMatchObject({ passes: false });
});

it('the deadlines and breakers are those of the entry that holds', () => {
  const next = { ...BASE, servers: { srv: { ...ENTRY, deadline: { hardMs: 7 }, breaker: { mode: 'off' } } } };
  const holds = after(next, BY_NAME);
  expect(holds.deadlineOf('x').hardMs).toBe(7);
  expect(holds.breaker.settingsOf('srv', 'x').mode).toBe('off');
  expect(serverAtStart(held(BASE), resolveServer(held(BASE).policy, BY_NAME)).deadlineOf('x').hardMs).toBe(5_000);
});

it('all followers take a policy over, or none of them does', async () => {
  const inForce = new PolicyInForce(held(BASE));
  const done: string[] = [];
  const next = held(BASE);
  const close = () => {};
  inForce.follow({ close, prepare: () => ({ notes: ['n'], commit: () => void done.push('first') }) });
  expect(await inForce.swap(next)).toEqual(['n']);
  expect(inForce.held).toBe(next);
  inForce.follow({ close, prepare: () => Promise.reject(new Error('cannot')) });
  await expect(inForce.swap(held(BASE))).rejects.toThrow('cannot');
  expect(inForce.held).toBe(next);
  expect(done).toEqual(['first']);
});

it('what is not wanted any more when it is ready is not taken over', async () => {
  const inForce = new PolicyInForce(held(BASE));
  const first = inForce.held;
  const done: string[] = [];
  inForce.follow({ close: () => {}, prepare: () => ({ notes: [], commit: () => void done.push('x') }) });
  await inForce.swap(held(BASE), () => false);
  expect([inForce.held === first, done]).toEqual([true, []]);
});
