// A start under a lock, from real files: what is locked first, whose word counts, what is said and what is recorded.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mayApprove, openMachineKey } from '../../src/adapters/lock-file.ts';
import { loadLockedPolicy, readLockedConfig } from '../../src/cli/locked-policy.ts';
import { openRunLock } from '../../src/cli/run-lock.ts';
import { NO_CEILINGS } from '../../src/config/ceilings.ts';
import { makeKey } from '../policy/lock/locks.ts';
import { CONFIG, NOW, openLockedStage, SERVER } from './locked-stage.ts';
import { startRun } from './start-run.ts';

const { directory, place, context, write, lock } = openLockedStage();

test('a lock that does not count lets nothing be read from it', async () => {
  write(CONFIG);
  await lock(CONFIG);
  fs.appendFileSync(join(directory(), 'mcp-guard.lock.json'), '\n');
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
  expect(first.ownFiles).toEqual([join(directory(), 'state'), place().path, join(directory(), 'mcp-guard.lock.json')]);
  const second = await startRun(place(), context());
  expect([second.notes, second.events]).toEqual([[], []]);
  write({
    ...CONFIG,
    servers: { files: { ...SERVER, mode: 'observe' }, mail: { command: 'other' }, new: { command: 'x' } },
  });
  const third = await startRun(place(), context());
  expect(third.notes).toMatchObject([expect.stringMatching(/^3 changes of .* have no effect until approved/)]);
  // servers that wait say so by themselves, wherever what stands is shown
  expect(third.waiting).toMatch(/^a change has no effect until approved: look with `mcp-guard scope diff --config /);
  expect([first.waiting, second.waiting]).toEqual([undefined, undefined]);
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
  expect(fs.existsSync(join(directory(), 'mcp-guard.lock.json'))).toBe(false);
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
  expect(await notesOf(wider, true)).toEqual([
    expect.stringMatching(/^whatever the scopes and roles of .* has no effect until/),
  ]);
  const more = { servers: { ...scoped.servers, new: { command: 'x', scope: 'one' } } };
  expect(await notesOf(more, true)).toEqual([]);
  expect(await notesOf(more, false)).toEqual([expect.stringMatching(/^a change of .* has no effect until/)]);
  expect(await notesOf({ ...more, ...wider }, true)).toHaveLength(1);
});

test('a reload goes over to no lock that is new to this machine, nor to where a link leads now', async () => {
  write(CONFIG);
  await startRun(place(), context());
  const reload = () => startRun(place(), { ...context(), isReload: true });
  const other = join(directory(), 'other');
  fs.mkdirSync(other);
  fs.renameSync(place().path, join(other, 'config.json'));
  fs.symlinkSync(join(other, 'config.json'), place().path);
  await startRun({ ...place(), path: join(other, 'config.json') }, context());
  await expect(reload()).rejects.toMatchObject({ code: 'lock_foreign' });
  await expect(startRun(place(), context())).rejects.toMatchObject({ code: 'lock_foreign' });
  fs.renameSync(join(other, 'config.json'), place().path);
  await expect(reload()).resolves.toMatchObject({ approval: 1 });
  fs.rmSync(join(directory(), 'state', 'lock', 'seen'), { recursive: true });
  await expect(reload()).rejects.toMatchObject({ code: 'lock_required' });
});

test('what could not be locked is still the config of this name', async () => {
  // a name with room for the lock's, and none for that of its draft
  const at = { ...place(), path: join(directory(), `${'x'.repeat(230)}.json`) };
  fs.writeFileSync(at.path, JSON.stringify(CONFIG), { mode: 0o600 });
  const { notes } = await startRun(at, context());
  expect(notes).toMatchObject([expect.stringMatching(/^the policy is not locked.*ENAMETOOLONG/)]);
  fs.renameSync(at.path, join(directory(), 'other.json'));
  fs.symlinkSync('other.json', at.path);
  await expect(startRun(at, context())).rejects.toMatchObject({ code: 'lock_foreign' });
});

test('a lock that comes while a guard is about to lock is not approved over', async () => {
  write(CONFIG);
  await lock(CONFIG);
  const at = join(directory(), 'mcp-guard.lock.json');
  const text = fs.readFileSync(at, 'utf8');
  fs.rmSync(at);
  fs.rmSync(join(directory(), 'state', 'lock', 'seen'), { recursive: true });
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
  expect(fs.readdirSync(directory())).toEqual(['config.json']);
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
  fs.rmSync(join(directory(), 'state', 'lock', 'seen'), { recursive: true });
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
  fs.rmSync(join(directory(), 'mcp-guard.lock.json'));
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
  expect(fs.readdirSync(directory())).toEqual(['config.json']);
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
  fs.appendFileSync(join(directory(), 'mcp-guard.lock.json'), ' ');
  await expect(two.lockFirst(say)).rejects.toMatchObject({ code: 'lock_edited' });
});
