// What leaves and what must not: retention, its tombstones, several guards at it. And whose directories are used at all.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOwnIdentity } from '../../../src/adapters/process-identity.ts';
import { enforceRetention } from '../../../src/adapters/retention.ts';
import { findStale } from '../../../src/adapters/stale-segments.ts';
import { makePrivateDir, resolveStateDir } from '../../../src/adapters/state-paths.ts';
import { StatePathError } from '../../../src/tenant/state-path-error.ts';
import { makeIntent, origin, payloadOf } from '../../audit/sample.ts';
import { endScene, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const DAY = 86_400_000;
const holder = readOwnIdentity();
const big = payloadOf('y'.repeat(100_000));

/** One sealed segment a day, each with 100 kB outside; returns their names, oldest first. */
function writeDays(count: number): string[] {
  for (let day = 0; day < count; day++) {
    const at = { wallMs: START + day * DAY, monoMs: 1 };
    scene.now = at;
    const sink = scene.sink();
    sink.append([makeIntent({ at, payload: big })]);
    sink.close('done');
  }
  return scene.segments().map((path) => path.slice(-22, -6));
}
const enforce = (limits: { maxBytes: number; maxAgeDays: number }, now = START + 5 * DAY) =>
  enforceRetention({ paths: scene.paths, limits, now, holder });
const left = () => scene.segments().map((path) => path.slice(-22, -6));

describe('retention', () => {
  it('takes the oldest until the rest fits, payloads and all, and leaves tombstones', async () => {
    const segments = writeDays(5);
    expect(await enforce({ maxBytes: 150_000, maxAgeDays: 999 })).toEqual(segments.slice(0, 3));
    expect(left()).toEqual(segments.slice(3));
    expect(fs.readdirSync(scene.paths.payload).sort()).toEqual(segments.slice(3));
    const tombstone = JSON.parse(fs.readFileSync(join(scene.paths.tombstones, `${segments[0]}.json`), 'utf8'));
    expect(tombstone).toMatchObject({
      v: 1,
      segment: segments[0],
      count: 3,
      sealed: true,
      head: expect.stringMatching(/^[0-9a-f]{64}$/),
      why: 'more than 150000 bytes',
    });
    expect(scene.verdicts()).toEqual(['intact', 'intact']); // what points at the removed ones is content with the tombstone
    fs.rmSync(join(scene.paths.tombstones, `${segments[2]}.json`));
    expect(scene.verdicts()).toEqual(['intact', 'intact', expect.stringContaining('the segment is gone')]);
    expect(await enforce({ maxBytes: 150_000, maxAgeDays: 999 })).toEqual([]);
  });

  it('takes what is older than it may be', async () => {
    const segments = writeDays(5);
    expect(await enforce({ maxBytes: 1e9, maxAgeDays: 2 }, Date.parse('2026-03-05T00:00:00Z'))).toEqual(
      segments.slice(0, 2),
    );
    expect(left()).toEqual(segments.slice(2));
  });

  it('never takes an open segment, nor one that may be', async () => {
    const sink = scene.sink();
    sink.append([makeIntent({ at: { wallMs: START, monoMs: 1 }, payload: big })]);
    const now = Date.now();
    expect(await enforce({ maxBytes: 0, maxAgeDays: 0 }, now + 2 * DAY)).toEqual([]);
    const [segment = ''] = left();
    fs.rmSync(scene.paths.marker(segment));
    expect(await enforce({ maxBytes: 0, maxAgeDays: 0 }, now)).toEqual([]);
    // Without a marker and without a seal it counts as dead once nothing was written for a day.
    expect(await enforce({ maxBytes: 0, maxAgeDays: 0 }, now + 2 * DAY)).toEqual([segment]);
    expect(left()).toEqual([]);
  });

  it('is done once by several at a time, and finishes what one left half done', async () => {
    const segments = writeDays(4);
    fs.rmSync(scene.paths.lastSeal);
    const removed = await Promise.all(Array.from({ length: 8 }, () => enforce({ maxBytes: 0, maxAgeDays: 999 })));
    expect(removed.flat().sort()).toEqual(segments);
    expect(fs.readdirSync(scene.paths.audit).filter((name) => name.startsWith('retention'))).toEqual([]);
    const again = writeDays(1);
    fs.rmSync(scene.paths.lastSeal);
    fs.writeFileSync(join(scene.paths.tombstones, `${again[0]}.json`), '{}');
    expect(await enforce({ maxBytes: 0, maxAgeDays: 999 })).toEqual(again);
  });

  it('waits for a living guard that is at it, not for a dead one', async () => {
    const segments = writeDays(1);
    fs.rmSync(scene.paths.lastSeal);
    const lock = join(scene.paths.audit, 'retention.lock');
    fs.writeFileSync(lock, JSON.stringify(holder));
    expect(await enforce({ maxBytes: 0, maxAgeDays: 999 })).toEqual([]);
    fs.writeFileSync(lock, JSON.stringify({ ...holder, startTime: '1' }));
    expect(await enforce({ maxBytes: 0, maxAgeDays: 999 })).toEqual(segments);
  });

  it('runs when a segment is sealed', async () => {
    const segments = writeDays(3);
    const at = { wallMs: START + 3 * DAY, monoMs: 1 };
    scene.now = at;
    const sink = scene.sink({ retention: { maxBytes: 150_000, maxAgeDays: 999 } });
    sink.append([makeIntent({ at })]);
    sink.close('done');
    await sink.idle();
    expect(left().slice(0, -1)).toEqual(segments.slice(2));
    expect(scene.said).toEqual(['info: 2 old audit segments were removed']);
  });
});

describe('a flood', () => {
  const { tenant: _tenant, pid: _pid, startTime: _start, bootId: _boot, ...rest } = origin;
  let wallMs = START;
  /** Appends `kilobytes` to a segment of its own; returns its name. */
  function write(server: string, session: string, kilobytes: number, seals = true): string {
    wallMs += 1;
    scene.now = { wallMs, monoMs: 1 };
    const sink = scene.sink({ origin: { ...rest, servers: [server], session } });
    const intent = makeIntent({ at: scene.now, payload: payloadOf('y'.repeat(kilobytes * 1000)) });
    sink.append([intent]);
    if (seals) sink.close('done');
    return intent.ref?.segment ?? '';
  }
  const evict = (maxBytes: number) => enforce({ maxBytes, maxAgeDays: 999 });

  it('pushes out its own records, not those of another server, however old', async () => {
    const history = [write('files', 's1', 100), write('files', 's2', 100)];
    const flood = [1, 2, 3, 4].map((n) => write('noisy', `n${n}`, 100));
    const last = write('noisy', 'n5', 100);
    expect(await evict(450_000)).toEqual(flood.slice(0, 2));
    expect(left()).toEqual([...history, ...flood.slice(2), last]);
  });

  it('pushes out its own session, not what its server did before', async () => {
    const before = write('noisy', 's1', 100);
    const flood = [write('noisy', 's2', 100), write('noisy', 's2', 100), write('noisy', 's2', 100)];
    const last = write('files', 's3', 1);
    expect(await evict(250_000)).toEqual(flood.slice(0, 2));
    expect(left()).toEqual([before, flood[2], last]);
  });

  it('pushes nothing out by the segment sealed last, nor by one still open', async () => {
    const before = write('files', 's1', 1);
    const open = write('noisy', 's2', 300, false);
    const last = write('noisy', 's3', 300);
    expect(await evict(100_000)).toEqual([]);
    expect(left()).toEqual([before, open, last]);
    const next = write('files', 's4', 1);
    expect(await evict(100_000)).toEqual([last]);
    expect(left()).toEqual([before, open, next]);
  });

  it('is not one that is still open, even beside a larger server', async () => {
    const before = write('files', 's1', 100);
    const open = write('noisy', 's2', 80, false);
    const last = write('files', 's3', 1);
    expect(await evict(150_000)).toEqual([]);
    expect(left()).toEqual([before, open, last]);
  });

  it('of segments whose owner cannot be read is one of one server', async () => {
    const before = write('files', 's1', 100);
    const odd = [write('noisy', 's2', 100), write('noisy', 's3', 100)];
    write('files', 's4', 1);
    for (const path of scene.segments().slice(1, 3))
      fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('{"h":', '{"g":'));
    expect(await evict(250_000)).toEqual(odd.slice(0, 1));
    expect(left()).toContain(before);
  });
});

describe('markers', () => {
  it('of the dead are stale; of the living, the unseen and the unreadable they are not', () => {
    scene.sink().append([makeIntent({ at: { wallMs: START, monoMs: 1 } })]);
    const [segment = ''] = left();
    const marker = scene.paths.marker(segment);
    const judge = (over: object, now = Date.now()) => {
      fs.writeFileSync(marker, JSON.stringify({ v: 1, path: `2026-03-01/${segment}.jsonl`, ...holder, ...over }));
      return findStale(scene.paths, now).length;
    };
    expect(judge({})).toBe(0);
    expect(judge({ startTime: '1' })).toBe(1);
    expect(judge({ pid: 2 ** 22 + 7 })).toBe(1);
    expect(judge({ bootId: 'another' })).toBe(1);
    expect(judge({ pidNamespace: 'pid:[1]' })).toBe(0);
    expect(judge({ pidNamespace: 'pid:[1]' }, Date.now() + 2 * DAY)).toBe(1);
    for (const bad of [
      { pid: 'x' },
      { pid: -1 },
      { path: '../../../etc/passwd' },
      { path: 7 },
      { path: '2026-03-01/other.jsonl' },
    ])
      expect(judge({ startTime: '1', ...bad })).toBe(0);
  });
});

describe('the state directory', () => {
  it('is where the environment says, else where XDG says', () => {
    expect(resolveStateDir({ MCP_GUARD_STATE_DIR: '/s', XDG_STATE_HOME: '/x' }, '/h')).toBe('/s');
    expect(resolveStateDir({ XDG_STATE_HOME: '/x' }, '/h')).toBe('/x/mcp-guard');
    expect(resolveStateDir({ XDG_STATE_HOME: 'x' }, '/h')).toBe('/h/.local/state/mcp-guard');
    expect(() => resolveStateDir({ MCP_GUARD_STATE_DIR: 'rel' }, '/h')).toThrow(StatePathError);
  });

  const refused = (why: string) => {
    const sink = scene.sink();
    expect(sink.append([makeIntent()])).toBe(false);
    expect(scene.said.join()).toContain(why);
  };

  it('is refused where others may write to it', () => {
    fs.chmodSync(scene.stateDir, 0o777);
    refused('is open to other users');
  });

  it.each(['default', 'default/audit', 'default/audit/open'])(
    'is refused where `%s` is open to others, a link, or a file',
    (below) => {
      const path = join(scene.stateDir, below);
      fs.mkdirSync(path, { recursive: true, mode: 0o700 });
      fs.chmodSync(path, 0o755);
      refused('is open to other users');
      fs.rmSync(path, { recursive: true });
      fs.symlinkSync('/tmp', path);
      refused('is not a directory');
      fs.rmSync(path);
      fs.writeFileSync(path, '');
      refused('is not a directory');
    },
  );

  it.skipIf(process.getuid?.() !== 0)('is refused where it belongs to another user', () => {
    makePrivateDir(scene.stateDir, ['default']);
    fs.chownSync(join(scene.stateDir, 'default'), 12345, 12345);
    refused('belongs to another user');
  });

  it('is not read where a segment is a link', () => {
    makePrivateDir(scene.stateDir, ['default', 'audit', 'open']);
    const victim = join(scene.stateDir, 'victim');
    fs.writeFileSync(victim, 'mine');
    fs.symlinkSync(victim, scene.paths.lastSeal);
    const sink = scene.sink();
    sink.append([makeIntent()]);
    sink.close('done');
    expect(fs.readFileSync(victim, 'utf8')).toBe('mine');
  });
});
