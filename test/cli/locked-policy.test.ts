// The policy in force, from real files: the config narrowed by its lock, compiled by the one compiler.
import { expect, test } from 'vitest';
import { rememberSeenPins } from '../../src/adapters/seen-pins.ts';
import { describeBlocked } from '../../src/cli/blocked-server.ts';
import { findEnding } from '../../src/cli/ending-approval.ts';
import { readKeptOut } from '../../src/cli/kept-by-pins.ts';
import { loadLockedPolicy, readLockedConfig } from '../../src/cli/locked-policy.ts';
import { standingOf } from '../../src/cli/scope-standing.ts';
import { serverScopeOf } from '../../src/config/server-scope.ts';
import { decideTarget, decideUse } from '../../src/policy/scope/scope-decision.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { pinsOf } from '../policy/pins/pins-of.ts';
import { CONFIG, NOW, openLockedStage, SERVER } from './locked-stage.ts';
import { startRun } from './start-run.ts';

const { place, context, write, lock } = openLockedStage();

async function decide(tool: string, args: JsonObject = {}, at = context()) {
  const locked = await loadLockedPolicy(place(), at);
  const entry = locked.policy.servers.get('files');
  const scope = serverScopeOf(entry, locked.layersOf(entry));
  if (scope === 'unscoped') return 'unscoped';
  const decision = decideUse(scope.layers, 'tool', tool, args, NOW);
  return decision.granted ? 'granted' : `${decision.refusal.kind} ${decision.refusal.rule}`;
}

test('both are evaluated, constraints included; the lock names its own rules', async () => {
  write(CONFIG);
  await lock(CONFIG);
  const grants = [{ tool: 'read' }, { tool: 'write' }];
  write({ ...CONFIG, scopes: { files: { grants } } });
  expect(await decide('read', { path: 'aaa' })).toBe('granted');
  // the constraint was taken out of the config, and holds until that is approved
  expect(await decide('read', { path: 'b' })).toBe('unapproved lock.scopes.files.grants[0].args["/path"].pattern');
  expect(await decide('write')).toBe('unapproved lock.scopes.files');
  expect(await decide('other')).toBe('absent scopes.files');
});

test('where both say the same nothing is asked twice', async () => {
  write(CONFIG);
  await lock(CONFIG);
  const { layersOf, policy } = await loadLockedPolicy(place(), context());
  expect(layersOf(policy.servers.get('files'))).toEqual([]);
  expect(await decide('read', { path: 'b' })).toMatch(/^arguments scopes/);
});

test('a scope that is taken off leaves the lock to decide', async () => {
  write(CONFIG);
  await lock(CONFIG);
  write({ version: 1, servers: { files: { command: 'node', args: ['s.mjs'] } } });
  expect(await decide('read', { path: 'aaa' })).toBe('granted');
  expect(await decide('write')).toBe('unapproved lock.scopes.files');
});

test('a server that left the config, and whose variables are gone, keeps nobody from starting', async () => {
  write(CONFIG);
  await lock(CONFIG);
  write({ ...CONFIG, servers: { files: SERVER } });
  expect(await decide('read', { path: 'aaa' }, context({}))).toBe('granted');
});

test('a server that the lock does not know is granted nothing', async () => {
  write({ ...CONFIG, servers: { files: SERVER } });
  await lock({ version: 1, servers: {}, unlisted: 'deny' });
  const { layersOf, policy } = await loadLockedPolicy(place(), context());
  const [layer, ...more] = layersOf(policy.servers.get('files'));
  if (layer === undefined) throw new Error('no layer');
  expect(decideTarget([layer, ...more], 'tool', 'read', NOW)).toMatchObject({
    granted: false,
    refusal: { kind: 'unapproved' },
  });
  expect(layersOf(undefined)).toEqual([]);
});

test('what the lock holds must compile', async () => {
  write(CONFIG);
  await lock({ ...CONFIG, breaker: { openMs: -1 } });
  await expect(loadLockedPolicy(place(), context())).rejects.toMatchObject({ code: 'lock_outdated' });
});

test('what an approval that has ended leaves', async () => {
  write(CONFIG);
  await lock(CONFIG);
  const wider = { ...CONFIG, scopes: { files: { grants: [{ tool: 'read' }, { tool: 'write' }] } } };
  write(wider);
  await lock(wider, NOW + 1000);
  expect(await decide('write')).toBe('granted');
  const late = context(undefined, NOW + 1000);
  expect(await decide('write', {}, late)).toBe('unapproved lock.scopes.files');
  // and is told as that, not as never given
  const endedIn = async (at: ReturnType<typeof context>) => {
    const locked = await loadLockedPolicy(place(), at);
    return locked.layersOf(locked.policy.servers.get('files')).map(({ ended }) => ended);
  };
  expect(await endedIn(late)).toEqual(['approval 2 ended at 2026-07-28T09:00:01Z']);
  write({ ...wider, unlisted: 'observe' });
  expect(await endedIn(context())).toEqual([undefined]);
});

test('what an approval that ends will leave, and that a start after its end names it', async () => {
  write(CONFIG);
  await lock(CONFIG);
  const endingAt = async (nowMs: number) => {
    const at = context(undefined, nowMs);
    return findEnding(await loadLockedPolicy(place(), at), place(), at, ({ policy, layersOf }, server) =>
      standingOf(policy, server, layersOf),
    );
  };
  expect(await endingAt(NOW)).toBeUndefined();
  const wider = { ...CONFIG, scopes: { files: { grants: [{ tool: 'read' }, { tool: 'write' }] } } };
  write(wider);
  await lock(wider, NOW + 1000);
  const ending = await endingAt(NOW);
  expect(ending).toMatchObject({ number: 2, endMs: NOW + 1000 });
  const standing = ending?.standingOf('files');
  if (standing?.kind !== 'scoped') throw new Error('it is scoped');
  const granted = (tool: string) => decideTarget(standing.scope.layers, 'tool', tool, NOW).granted;
  expect([granted('read'), granted('write')]).toEqual([true, false]);
  expect(await endingAt(NOW + 1000)).toBeUndefined();
  const [before, after] = [await startRun(place(), context()), await startRun(place(), context(undefined, NOW + 1000))];
  expect([before.ended, before.notes]).toEqual([undefined, []]);
  expect(after.ended).toBe('approval 2 ended at 2026-07-28T09:00:01Z');
  expect(after.notes).toEqual([after.ended, expect.stringContaining('has no effect until approved')]);
});

test('what pins keep out of use, by what was approved and what was last seen', async () => {
  write(CONFIG);
  await lock(CONFIG);
  const keptOut = async (server = 'files') => {
    const complaints: string[] = [];
    const locked = await loadLockedPolicy(place(), context());
    const kept = readKeptOut(server, locked, 'default', (why) => complaints.push(why));
    return { complaints, of: (tool: string) => kept?.tool(tool)?.reason };
  };
  expect((await keptOut()).of('read')).toBeUndefined();
  const at = (await readLockedConfig(place(), context())).place;
  const seen = (description: string) => ({ pins: pinsOf([{ name: 'read', description }]), hasInstructions: true });
  await rememberSeenPins(at, 'files', seen('one'));
  expect((await keptOut()).of('read')).toBeUndefined();
  await rememberSeenPins(at, 'files', seen('two'));
  expect((await keptOut()).of('read')).toBe('definition_drift');
  expect((await keptOut('mail')).of('read')).toBeUndefined();
  expect((await keptOut('other')).of('read')).toBeUndefined();
  await lock(CONFIG, undefined, new Map([['files', seen('two').pins]]));
  expect((await keptOut()).of('read')).toBeUndefined();
  expect((await keptOut()).of('new')).toBe('definition_drift');
  write({ ...CONFIG, servers: { files: { ...SERVER, mode: 'observe' } } });
  await lock({ ...CONFIG, servers: { files: { ...SERVER, mode: 'observe' } } }, undefined, new Map());
  expect((await keptOut()).of('new')).toBeUndefined();
});

test('a limit that only the lock has is called by its place there', async () => {
  const limit = (burst: number) => ({ key: ['tool'], rate: '60/min', burst });
  write({ ...CONFIG, limits: [limit(8)] });
  await lock({ ...CONFIG, limits: [limit(8)] });
  write({ ...CONFIG, limits: [limit(80)] });
  const { policy } = await loadLockedPolicy(place(), context());
  expect(policy.limits.limits.map(({ rule, rate }) => [rule, rate?.burst])).toEqual([
    ['limits[0]', 80],
    ['lock.limits[0]', 8],
  ]);
  write({ ...CONFIG, limits: [limit(2)] });
  expect((await startRun(place(), context())).notes).toEqual([]);
});

test('why a server waits', async () => {
  write(CONFIG);
  await lock(CONFIG);
  write({ ...CONFIG, servers: { files: { ...SERVER, args: ['other.mjs'] }, new: { command: 'x' } } });
  const { judgement } = await loadLockedPolicy(place(), context());
  expect(['files', 'new', 'mail'].map((id) => describeBlocked(judgement, id, 'is not started'))).toEqual([
    '`files` has another `args` than was approved, and is not started before somebody approves that',
    '`new` is new, and is not started before somebody approves that',
    undefined,
  ]);
});
