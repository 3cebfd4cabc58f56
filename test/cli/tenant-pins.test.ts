// What an approval pins where tenants run the servers of one config: one approval for all that run the same, none for another program.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openMachineKey, placeLock, readLock, writeLock } from '../../src/adapters/lock-file.ts';
import { formatApprovalJson, listLines } from '../../src/cli/approval-screen.ts';
import { runScopeDiff } from '../../src/cli/scope-diff.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { NO_CEILINGS } from '../../src/config/ceilings.ts';
import { type PinSet, writePinSet } from '../../src/policy/pins/pin-set.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { pinsOf } from '../policy/pins/pins-of.ts';
import { pictureOf, type Scene, seen, viewOf } from './approval-scene.ts';
import { openScreen } from './screen.ts';
import { startRun } from './start-run.ts';

const MEMORY = { command: 'npx', args: ['-y', '@mcp/memory'] };
const OTHER = { servers: { memory: { args: ['-y', '@mcp/everything'] } } };
const CONFIG: JsonObject = {
  version: 1,
  servers: { memory: MEMORY },
  tenants: { acme: { servers: { memory: { env: { KEY: 'env:ACME' } } } }, globex: OTHER, initech: {} },
};
const KEY = 'memory ["npx","@mcp/everything"]';
const [MINE, THEIRS, NEWER] = [
  pinsOf([{ name: 'remember' }]),
  pinsOf([{ name: 'echo' }]),
  pinsOf([{ name: 'remember', title: 'new' }]),
];
const saw = (by: Readonly<Record<string, PinSet>>): NonNullable<Scene['known']> =>
  Object.fromEntries(
    Object.entries(by).map(([who, set]) => [
      `${who} ${who === 'globex' ? KEY : 'memory'}`,
      { last: seen(set), first: seen(set) },
    ]),
  );
const pinnedBy = (scene: Scene): JsonObject =>
  Object.fromEntries(
    [...pictureOf(CONFIG, { approved: CONFIG, ...scene }).pins].map(([key, set]) => [key, writePinSet(set)]),
  );
const [mine, theirs, newer] = [MINE, THEIRS, NEWER].map(writePinSet);

test('each program has pins of its own, so approving those of one tenant takes nothing from another', () => {
  const known = saw({ acme: MINE, globex: THEIRS });
  expect(pinnedBy({ known, tenant: 'acme' })).toEqual({ memory: mine });
  const pins = new Map([['memory', MINE]]);
  expect(pinnedBy({ known, pins, tenant: 'globex' })).toEqual({ memory: mine, [KEY]: theirs });
  expect(pinnedBy({ known, pins: new Map([...pins, [KEY, THEIRS]]), tenant: 'acme' })).toEqual({
    memory: mine,
    [KEY]: theirs,
  });
  // what nobody runs any more is gone by for nobody
  expect(pinnedBy({ known, pins: new Map([...pins, ['memory ["gone"]', THEIRS]]), tenant: 'acme' })).toEqual({
    memory: mine,
  });
});

test('without a tenant all of them are looked at: one that ran is enough for those that run the same', () => {
  expect(pinnedBy({ known: saw({ initech: MINE, globex: THEIRS }) })).toEqual({ memory: mine, [KEY]: theirs });
  expect(pinnedBy({ known: saw({ globex: THEIRS }) })).toEqual({ [KEY]: theirs });
});

test('what a tenant saw of the program that it ran before is not taken for what it runs now', () => {
  const changed = { ...CONFIG, tenants: { acme: OTHER, globex: OTHER } };
  const pins = new Map([
    ['memory', MINE],
    [KEY, THEIRS],
  ]);
  const { pins: next, servers } = pictureOf(changed, {
    approved: CONFIG,
    known: saw({ acme: MINE, globex: THEIRS }),
    pins,
  });
  expect([...next].map(([key, set]) => [key, writePinSet(set)])).toEqual([[KEY, theirs]]);
  expect(servers).toMatchObject([{ key: KEY, tenants: ['acme', 'globex'], drift: undefined, gap: undefined }]);
});

test('where tenants saw different definitions of one program, those of none are taken for all', () => {
  const scene: Scene = { approved: CONFIG, known: saw({ acme: MINE, initech: NEWER }) };
  expect(pinnedBy(scene)).toEqual({});
  expect(listLines(pictureOf(CONFIG, scene)).map(({ kind, server, text }) => [kind, server, text])).toEqual([
    ['unpinned', 'memory', expect.stringMatching(/^acme, initech saw different definitions/)],
  ]);
  const screen = openScreen(80);
  expect(runScopeDiff({}, screen.io, viewOf(CONFIG, scene))).toBe(1);
  expect(pinnedBy({ ...scene, tenant: 'initech' })).toEqual({ memory: newer });
  // who saw only what is approved has not run it since
  expect(pinnedBy({ ...scene, pins: new Map([['memory', MINE]]) })).toEqual({ memory: newer });
});

test('the screen says whose program it is, within its width', () => {
  const scene: Scene = {
    approved: CONFIG,
    known: saw({ acme: MINE, globex: THEIRS }),
    pins: new Map([['memory', MINE]]),
  };
  const screen = openScreen(80);
  runScopeDiff({}, screen.io, viewOf(CONFIG, scene));
  expect(screen.out()).toContain('\nmemory as globex runs it\n  pins ');
  expect(Math.max(...screen.out().split('\n').map(measureText))).toBeLessThanOrEqual(80);
  expect(JSON.parse(formatApprovalJson(viewOf(CONFIG, scene))).lines).toMatchObject([
    { kind: 'pins', server: 'memory', tenants: ['globex'] },
  ]);
});

test('names read alike only where one session has both', () => {
  const both: JsonObject = { ...CONFIG, servers: { memory: MEMORY, files: { command: 'files' } } };
  const known = {
    ...saw({ globex: pinsOf([{ name: 'read' }]) }),
    'acme files': { last: seen(pinsOf([{ name: 'read' }])) },
  };
  expect(pictureOf(both, { approved: both, known }).shadows).toMatchObject([{ kind: 'same' }]);
  const apart: JsonObject = { ...both, tenants: { acme: {}, globex: OTHER } };
  const alone = { [`globex ${KEY}`]: { last: seen(THEIRS) }, 'acme memory': { last: seen(THEIRS) } };
  expect(pictureOf(apart, { approved: apart, known: alone }).shadows).toEqual([]);
});

test('one server of a tenant is approved alone with its block; other tenants keep theirs', () => {
  const changed = {
    ...CONFIG,
    tenants: { ...(CONFIG.tenants as JsonObject), globex: { servers: { memory: { args: ['x'] } } } },
  };
  const wide = { ...changed, tenants: { ...changed.tenants, acme: {}, hooli: {} } };
  expect(pictureOf(wide, { approved: CONFIG, only: 'memory', tenant: 'globex' }).policy).toEqual(changed);
  const own = { ...CONFIG, tenants: { acme: { servers: { mine: { command: 'mine' } } } } };
  expect(
    pictureOf(own, { approved: own, only: 'mine', known: { 'acme mine ["mine"]': { last: seen(MINE) } } }).pins.size,
  ).toBe(1);
  expect(() => pictureOf(own, { approved: own, only: 'gone' })).toThrow(/no server `gone`/);
});

test('a run is gone by the pins of the program that its tenant runs', async () => {
  const directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'tenant-pins-'));
  try {
    const path = join(directory, 'config.json');
    fs.writeFileSync(path, JSON.stringify(CONFIG), { mode: 0o600 });
    const stateDir = join(directory, 'state');
    const place = placeLock(path, stateDir, 'default');
    await writeLock(place, {
      ...{
        judged: readLock(place, { config: CONFIG, ceiling: NO_CEILINGS, nowMs: 0 }),
        policy: CONFIG,
        who: 'ada',
        why: 'x',
        nowMs: 0,
        untilMs: undefined,
      },
      ...{
        pins: new Map([
          ['memory', MINE],
          [KEY, THEIRS],
        ]),
        key: openMachineKey(place),
      },
    });
    const pinsFor = async (tenant: string) => {
      const context = { env: { ACME: 'x' }, uid: process.getuid?.(), stateDir, tenant, nowMs: 0, actor: 'ada' };
      const { approvedPins, pinKeyOf } = await startRun(
        { path, origin: 'flag', digest: undefined },
        { ...context, ceilings: NO_CEILINGS, identify: async () => undefined },
      );
      expect(pinKeyOf('memory')).toBe(tenant === 'globex' ? KEY : 'memory');
      return [...approvedPins].map(([server, set]) => [server, writePinSet(set)]);
    };
    expect(await pinsFor('acme')).toEqual([['memory', mine]]);
    expect(await pinsFor('initech')).toEqual([['memory', mine]]);
    expect(await pinsFor('globex')).toEqual([['memory', theirs]]);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
});
