// The policy in force, from real files: the config narrowed by its lock, compiled by the one compiler.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mayApprove, openMachineKey, writeLock } from '../../src/adapters/lock-file.ts';
import { rememberSeenPins } from '../../src/adapters/seen-pins.ts';
import { describeBlocked } from '../../src/cli/blocked-server.ts';
import { findEnding } from '../../src/cli/ending-approval.ts';
import { readKeptOut } from '../../src/cli/kept-by-pins.ts';
import { judge, loadLockedPolicy, readLockedConfig } from '../../src/cli/locked-policy.ts';
import { openRunLock } from '../../src/cli/run-lock.ts';
import { standingOf } from '../../src/cli/scope-standing.ts';
import { NO_CEILINGS } from '../../src/config/ceilings.ts';
import { serverScopeOf } from '../../src/config/server-scope.ts';
import type { PinSet } from '../../src/policy/pins/pin-set.ts';
import { decideTarget, decideUse } from '../../src/policy/scope/scope-decision.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { makeKey } from '../policy/lock/locks.ts';
import { pinsOf } from './approval-scene.ts';
import { startRun } from './start-run.ts';

const NOW = Date.parse('2026-07-28T09:00:00.000Z');
const SERVER = { command: 'node', args: ['s.mjs'], scope: 'files' };
const CONFIG: JsonObject = {
  version: 1,
  servers: { files: SERVER, mail: { command: '$'.concat('{MAIL}') } },
  scopes: { files: { grants: [{ tool: 'read', args: { '/path': { pattern: 'a+' } } }] } },
};
let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'locked-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const place = () => ({ path: join(directory, 'config.json'), origin: 'flag', digest: undefined }) as const;
const context = (env: Record<string, string> = { MAIL: 'mail' }, nowMs = NOW) => ({
  ...{ env, uid: process.getuid?.(), stateDir: join(directory, 'state'), tenant: 'default', nowMs, actor: 'ada' },
  ceilings: NO_CEILINGS,
  identify: async () => undefined,
});
const write = (config: JsonObject): void => fs.writeFileSync(place().path, JSON.stringify(config), { mode: 0o600 });

async function lock(
  policy: JsonObject,
  untilMs?: number,
  pins: ReadonlyMap<string, PinSet> = new Map(),
): Promise<void> {
  const { place: at, document } = await readLockedConfig(place(), context());
  const key = openMachineKey(at);
  const judged = judge(at, document, context());
  await writeLock(at, { judged, policy, pins, who: 'ada', why: 'x', nowMs: NOW, untilMs, key });
}

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

test('a lock that does not count lets nothing be read from it', async () => {
  write(CONFIG);
  await lock(CONFIG);
  fs.appendFileSync(join(directory, 'mcp-guard.lock.json'), '\n');
  await expect(loadLockedPolicy(place(), context())).rejects.toMatchObject({ code: 'lock_edited', exitCode: 77 });
});

test('whose word counts', async () => {
  const [team, stranger] = [makeKey().key, makeKey().key];
  write({ ...CONFIG, approvers: [team] });
  const at = (await readLockedConfig(place(), context())).place;
  const input = (approvers: string[]) => ({ config: { ...CONFIG, approvers }, ceiling: NO_CEILINGS, nowMs: NOW });
  expect(mayApprove(at, input([team]), team)).toBe(true);
  expect(mayApprove(at, input([team]), stranger)).toBe(false);
  const machine = openMachineKey(at).publicKey;
  expect(mayApprove(at, input([]), machine)).toBe(true);
  // a part of the config that leaves its approvers out would be refused at the next start
  expect(mayApprove(at, input([team]), team, CONFIG)).toBe(false);
  expect(mayApprove(at, input([team]), machine, CONFIG)).toBe(true);
  await lock({ ...CONFIG, approvers: [team] });
  // whoever edits the config can take a key away, and add none
  expect(mayApprove(at, input([stranger]), stranger)).toBe(false);
  expect(mayApprove(at, input([]), team)).toBe(false);
});

test('a start: what is locked, what is said, what is recorded', async () => {
  write(CONFIG);
  const first = await startRun(place(), context());
  expect(first.notes).toMatchObject([expect.stringMatching(/^locked `.*config\.json` as it stands/)]);
  expect(first.events).toMatchObject([{ stage: 'first_use', number: 1, who: 'ada', why: 'first use' }]);
  expect(first.ownFiles).toEqual([join(directory, 'state'), place().path, join(directory, 'mcp-guard.lock.json')]);
  const second = await startRun(place(), context());
  expect([second.notes, second.events]).toEqual([[], []]);
  write({
    ...CONFIG,
    servers: { files: { ...SERVER, mode: 'observe' }, mail: { command: 'other' }, new: { command: 'x' } },
  });
  const third = await startRun(place(), context());
  expect(third.notes).toMatchObject([expect.stringMatching(/^3 changes of .* have no effect until approved/)]);
  expect(third.policy.servers.get('files')?.mode).toBe('enforce');
  expect(() => third.refuseUnapproved('files')).not.toThrow();
  expect(() => third.refuseUnapproved(undefined)).not.toThrow();
  expect(() => third.refuseUnapproved('mail')).toThrow(/another `command`/);
  expect(() => third.refuseUnapproved('new')).toThrow(/`new` is new/);
});

test('a reload locks nothing by itself: what a config has become while a session runs is not what a person found there', async () => {
  write(CONFIG);
  const reload = () => startRun(place(), { ...context(), isReload: true });
  await expect(reload()).rejects.toMatchObject({ code: 'lock_required' });
  expect(fs.existsSync(join(directory, 'mcp-guard.lock.json'))).toBe(false);
  await startRun(place(), context());
  expect(await reload()).toMatchObject({ approval: 1, untilMs: Number.POSITIVE_INFINITY, notes: [] });
});

test('what waits for an approval is said of what can widen, at a reload but of servers, which are named by themselves', async () => {
  const scoped = { ...CONFIG, servers: { files: { ...SERVER, scope: 'one' } } };
  const grants = [{ tool: 'a' }, { tool: 'b' }];
  write({ ...scoped, scopes: { one: { grants } } });
  await startRun(place(), context());
  const notesOf = async (config: object, isReload: boolean) => {
    write({ ...scoped, scopes: { one: { grants } }, ...config });
    return (await startRun(place(), { ...context(), isReload })).notes;
  };
  for (const isReload of [true, false])
    expect(await notesOf({ scopes: { one: { grants: [{ tool: 'a' }] } } }, isReload)).toEqual([]);
  const wider = { scopes: { one: { grants: [...grants, { tool: 'c' }] } } };
  expect(await notesOf(wider, true)).toEqual([expect.stringMatching(/^whatever the scopes of .* has no effect until/)]);
  const more = { servers: { ...scoped.servers, new: { command: 'x', scope: 'one' } } };
  expect(await notesOf(more, true)).toEqual([]);
  expect(await notesOf(more, false)).toEqual([expect.stringMatching(/^a change of .* has no effect until/)]);
  expect(await notesOf({ ...more, ...wider }, true)).toHaveLength(1);
});

test('a reload goes over to no lock that is new to this machine, nor to where a link leads now', async () => {
  write(CONFIG);
  await startRun(place(), context());
  const reload = () => startRun(place(), { ...context(), isReload: true });
  const other = join(directory, 'other');
  fs.mkdirSync(other);
  fs.renameSync(place().path, join(other, 'config.json'));
  fs.symlinkSync(join(other, 'config.json'), place().path);
  await startRun({ ...place(), path: join(other, 'config.json') }, context());
  await expect(reload()).rejects.toMatchObject({ code: 'lock_foreign' });
  await expect(startRun(place(), context())).rejects.toMatchObject({ code: 'lock_foreign' });
  fs.renameSync(join(other, 'config.json'), place().path);
  await expect(reload()).resolves.toMatchObject({ approval: 1 });
  fs.rmSync(join(directory, 'state', 'lock', 'seen'), { recursive: true });
  await expect(reload()).rejects.toMatchObject({ code: 'lock_required' });
});

test('what could not be locked is still the config of this name', async () => {
  // a name with room for the lock's, and none for that of its draft
  const at = { ...place(), path: join(directory, `${'x'.repeat(230)}.json`) };
  fs.writeFileSync(at.path, JSON.stringify(CONFIG), { mode: 0o600 });
  const { notes } = await startRun(at, context());
  expect(notes).toMatchObject([expect.stringMatching(/^the policy is not locked.*ENAMETOOLONG/)]);
  fs.renameSync(at.path, join(directory, 'other.json'));
  fs.symlinkSync('other.json', at.path);
  await expect(startRun(at, context())).rejects.toMatchObject({ code: 'lock_foreign' });
});

test('a lock that comes while a guard is about to lock is not approved over', async () => {
  write(CONFIG);
  await lock(CONFIG);
  const at = join(directory, 'mcp-guard.lock.json');
  const text = fs.readFileSync(at, 'utf8');
  fs.rmSync(at);
  fs.rmSync(join(directory, 'state', 'lock', 'seen'), { recursive: true });
  let times = 0;
  const { approval, policy } = await startRun(place(), {
    ...context(),
    // asked for the first reading of the config, then before the second
    get isGuarded() {
      times += 1;
      if (times !== 2) return false;
      fs.writeFileSync(at, text, { mode: 0o600 });
      write({ ...CONFIG, unlisted: 'observe' });
      return false;
    },
  });
  expect([approval, policy.unlisted]).toEqual([1, 'deny']);
});

test('inside a guarded server nothing is locked at its first use', async () => {
  write(CONFIG);
  const inside = () => startRun(place(), { ...context(), isGuarded: true });
  await expect(inside()).rejects.toMatchObject({
    code: 'lock_required',
    hint: expect.stringContaining(`scope approve --config ${place().path} --reason`),
  });
  expect(fs.readdirSync(directory)).toEqual(['config.json']);
  await startRun(place(), context());
  await expect(inside()).resolves.toMatchObject({ approval: 1, notes: [] });
});

test('a clock that is behind is said where an approval ends', async () => {
  write(CONFIG);
  await lock(CONFIG, NOW + 3_600_000);
  await startRun(place(), context(undefined, NOW + 600_000));
  const { notes } = await startRun(place(), context(undefined, NOW));
  expect(notes).toMatchObject([expect.stringContaining('approvals end as if it were 2026-07-28T09:10:00.000Z')]);
});

test('a lock that this machine has not seen is gone by, said and recorded once', async () => {
  write(CONFIG);
  await startRun(place(), context());
  fs.rmSync(join(directory, 'state', 'lock', 'seen'), { recursive: true });
  const first = await startRun(place(), context());
  expect(first.notes).toMatchObject([expect.stringContaining('seen here for the first time')]);
  expect(first.events).toMatchObject([{ stage: 'first_sight', number: 1 }]);
  expect((await startRun(place(), context())).notes).toEqual([]);
});

test('two tenants share a config, and so its lock: the key and the memory are of the machine', async () => {
  write(CONFIG);
  await startRun(place(), context());
  const other = { ...context(), tenant: 'other' };
  expect((await startRun(place(), other)).notes).toEqual([]);
  fs.rmSync(join(directory, 'mcp-guard.lock.json'));
  await expect(startRun(place(), other)).rejects.toMatchObject({ code: 'lock_vanished' });
});

test('what only the lock refuses names the command for this very config', async () => {
  write(CONFIG);
  await lock(CONFIG);
  write({ ...CONFIG, scopes: { files: { grants: [{ tool: 'read' }] } } });
  const locked = await loadLockedPolicy(place(), context());
  const entry = locked.policy.servers.get('files');
  expect(locked.layersOf(entry)).toMatchObject([
    { role: 'lock', mend: `mcp-guard scope approve --server files --config ${place().path} --reason …` },
  ]);
});

test('what fails before anything is started locks nothing; a second try is the first use again', async () => {
  write(CONFIG);
  const opened = await openRunLock(place(), context());
  expect(fs.readdirSync(directory)).toEqual(['config.json']);
  expect([opened.notes, opened.events, opened.approval]).toEqual([[], [], undefined]);
  const said: string[] = [];
  await opened.lockFirst((note) => void said.push(note));
  expect(said).toMatchObject([expect.stringMatching(/^locked `.*config\.json` as it stands/)]);
  expect([opened.events.length, opened.approval]).toEqual([1, 1]);
});

test('of two guards that start at once the second goes by what the first has locked, or not at all', async () => {
  write(CONFIG);
  const [one, two] = [await openRunLock(place(), context()), await openRunLock(place(), context())];
  write({ ...CONFIG, unlisted: 'observe' });
  const other = await openRunLock(place(), context());
  const said: string[] = [];
  const say = (note: string): void => void said.push(note);
  await one.lockFirst(say);
  await two.lockFirst(say);
  expect(said.at(-1)).toMatch(/was made by another guard just now$/);
  expect([two.events, two.approval]).toEqual([[], undefined]);
  await expect(other.lockFirst(say)).rejects.toMatchObject({ code: 'lock_changed' });
  fs.appendFileSync(join(directory, 'mcp-guard.lock.json'), ' ');
  await expect(two.lockFirst(say)).rejects.toMatchObject({ code: 'lock_edited' });
});
