// Real processes: killed at any moment, and eight at once. Nothing that was acknowledged is lost or torn.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readRecentCalls } from '../../../src/adapters/recent-calls.ts';
import { findStale } from '../../../src/adapters/stale-segments.ts';
import { findRecord } from '../../../src/adapters/trail-reader.ts';
import { verifyTrail } from '../../../src/adapters/trail-verify.ts';
import { readRef } from '../../../src/audit/segment-id.ts';
import { makeIntent } from '../../audit/sample.ts';
import { endScene, fail, makeScene, type Scene } from './scene.ts';

let scene: Scene;
let built: string;
const running = new Set<ChildProcess>();
beforeAll(async () => {
  built = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-writer-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'trail-writer.ts')],
    outfile: join(built, 'writer.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
});
afterAll(() => fs.rmSync(built, { recursive: true }));
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  endScene(scene);
});

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(built, 'writer.mjs'), scene.stateDir, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Kills it after `calls` acknowledgements; returns all that came through until its end. */
async function killAfter(child: ChildProcess, calls: number): Promise<string[]> {
  const acknowledged: string[] = [];
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout ?? fail('no stdout') })) {
    if (acknowledged.push(line) === calls) child.kill('SIGKILL');
  }
  await ended;
  return acknowledged;
}

describe('a guard that is killed', () => {
  it.each([
    [1, 50],
    [7, 50],
    [133, 50],
    [400, 50],
    [5, 60_000],
    [9, 300_000],
    [3, 2_000_000],
  ])('after %d calls of %d bytes loses nothing that it acknowledged', async (calls, bytes) => {
    const acknowledged = await killAfter(start('0', String(bytes)), calls);
    expect(acknowledged.length).toBeGreaterThanOrEqual(calls);
    const report = verifyTrail(scene.stateDir);
    const kinds = report.segments.map(({ report: { verdict } }) => verdict.kind);
    expect(report.faults).toEqual([]);
    expect(kinds.slice(0, -1)).toEqual(kinds.slice(1).map(() => 'intact'));
    // Intact only where it hit the moment between the seal and the next segment.
    expect(calls < 10 && bytes === 50 ? ['unclean', 'torn'] : ['unclean', 'torn', 'intact']).toContain(kinds.at(-1));
    expect(report.exitCode).toBe(kinds.at(-1) === 'intact' ? 0 : 1);
    const ids = new Map<string, unknown>();
    for (const [index, path] of scene.segments().entries()) {
      for (const { header } of scene.records()[index] ?? [])
        if (header.type === 'intent') ids.set(`${path.slice(-22, -6)}:${header.seq}`, header.id);
    }
    // The last line may have been cut where the process died: it was then not said.
    for (const [ref = '', id] of acknowledged.slice(0, -1).map((line) => line.split(' ')))
      expect(String(ids.get(ref))).toBe(id);
  });

  it('is put on record by the next one, once, and never touched', async () => {
    await killAfter(start('0', '50'), 30);
    const left = scene.segments().at(-1) ?? fail('no segment');
    fs.appendFileSync(left, '{"h":{"torn');
    const before = fs.readFileSync(left);
    const found = findStale(scene.paths, Date.now());
    expect(found.map(({ segment }) => segment)).toEqual([left.slice(-22, -6)]);
    const [first, second] = [scene.sink(), scene.sink()];
    for (const sink of [first, second]) sink.recover(found);
    expect(fs.readdirSync(scene.paths.open)).toHaveLength(1); // no chain of ours yet: the marker stays
    for (const sink of [first, second])
      expect(sink.append([makeIntent({ at: { wallMs: Date.now(), monoMs: 1 } })])).toBe(true);
    for (const sink of [first, second]) sink.close('done');
    const recovered = scene
      .records()
      .flat()
      .filter(({ header }) => header.type === 'recover');
    expect(recovered).toHaveLength(1);
    expect(recovered[0]?.header).toMatchObject({
      claim: { segment: left.slice(-22, -6), sealed: false },
      tailBytes: 11,
      tailHash: expect.any(String),
    });
    expect(fs.readFileSync(left).equals(before)).toBe(true);
    expect(fs.readdirSync(scene.paths.open)).toEqual([]);
    expect(findStale(scene.paths, Date.now())).toEqual([]);
    expect(verifyTrail(scene.stateDir)).toMatchObject({ exitCode: 1, faults: [] });
    // Whoever cuts it off afterwards is found out by the record.
    const lines = before.toString().split('\n');
    fs.writeFileSync(left, `${lines.slice(0, -3).join('\n')}\n`);
    expect(verifyTrail(scene.stateDir)).toMatchObject({
      exitCode: 2,
      faults: [{ why: expect.stringContaining('the end was cut off') }],
    });
  });
});

describe('eight guards at once', () => {
  it('write eight intact chains, which are read as one', async () => {
    const calls = 150;
    const children = Array.from({ length: 8 }, () => start(String(calls), '50'));
    const said = await Promise.all(children.map((child) => killAfter(child, -1)));
    expect(said.map((lines) => lines.at(-1))).toEqual(Array(8).fill('finished'));
    const report = verifyTrail(scene.stateDir);
    expect(report).toMatchObject({ exitCode: 0, faults: [] });
    expect(fs.readdirSync(scene.paths.open)).toEqual([]);
    const all = readRecentCalls(scene.stateDir, 10_000, {});
    expect(all).toHaveLength(8 * calls);
    expect(all.every(({ state }) => state === 'ok')).toBe(true);
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort((a, b) => a - b));
    expect(new Set(all.map(({ session }) => session)).size).toBe(8);
    expect(readRecentCalls(scene.stateDir, 20, {}).map(({ ref }) => ref)).toEqual(all.slice(-20).map(({ ref }) => ref));
    // A call whose outcome went into the next segment is whole again.
    const ref = readRef(said[3]?.[77]?.split(' ')[0] ?? '') ?? fail('no ref');
    expect(findRecord(scene.stateDir, ref)).toMatchObject({ kind: 'call', call: { rpcId: 78, state: 'ok' } });
  });

  it('are live, not unclean, while they run', async () => {
    const child = start('3', '50', 'stay');
    const lines = createInterface({ input: child.stdout ?? fail('no stdout') });
    for await (const line of lines) if (line === 'finished') break;
    expect(verifyTrail(scene.stateDir)).toMatchObject({
      exitCode: 0,
      segments: [{ isLive: true, report: { verdict: { kind: 'unclean' } } }],
    });
    expect(findStale(scene.paths, Date.now())).toEqual([]);
    child.stdin?.end();
    await once(child, 'exit');
    expect(verifyTrail(scene.stateDir)).toMatchObject({
      exitCode: 0,
      segments: [{ isLive: false, report: { verdict: { kind: 'intact' } } }],
    });
  });
});
