// A state directory of its own, a sink in it, and a file system that can be told to fail.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJsonlSink, type JsonlSink, type JsonlSinkOptions } from '../../../src/adapters/jsonl-sink.ts';
import { nodeTrailFiles, type TrailFiles } from '../../../src/adapters/trail-files.ts';
import { listDays, listSegments } from '../../../src/adapters/trail-listing.ts';
import { verifyTrail } from '../../../src/adapters/trail-verify.ts';
import { readRecord, type TrailRecord } from '../../../src/audit/record.ts';
import type { Instant } from '../../../src/ports/clock.ts';
import { trailPaths } from '../../../src/tenant/trail-paths.ts';
import { origin } from '../../audit/sample.ts';

export const START = Date.parse('2026-03-01T12:00:00Z');

export interface Scene {
  readonly stateDir: string;
  readonly paths: ReturnType<typeof trailPaths>;
  readonly said: string[];
  /** Timers of the sync, run by hand. */
  readonly timers: (() => void)[];
  now: Instant;
  sink(over?: Partial<JsonlSinkOptions>): JsonlSink;
  /** Every segment's records, oldest segment first. */
  records(): TrailRecord[][];
  segments(): string[];
  verdicts(): string[];
}

export function makeScene(): Scene {
  const stateDir = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-trail-'));
  const paths = trailPaths(join(stateDir, 'default'));
  const said: string[] = [];
  const timers: (() => void)[] = [];
  const { tenant: _tenant, pid: _pid, startTime: _start, bootId: _boot, ...rest } = origin;
  const segments = () => listDays(paths).flatMap((day) => listSegments(paths, day).map((place) => place.path));
  const scene: Scene = {
    stateDir,
    paths,
    said,
    timers,
    now: { wallMs: START, monoMs: 1 },
    sink: (over) =>
      createJsonlSink({
        stateDir,
        tenant: 'default',
        origin: rest,
        clock: { now: () => scene.now },
        log: { write: (level, text) => said.push(`${level}: ${text}`) },
        later: (action) => timers.push(action),
        ...over,
      }),
    records: () =>
      segments().map((path) =>
        fs
          .readFileSync(path, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => readRecord(line) ?? fail(`not a record: ${line}`)),
      ),
    segments,
    verdicts: () => {
      const { segments: verified, faults } = verifyTrail(stateDir);
      return [...verified.map(({ report: { verdict } }) => showVerdict(verdict)), ...faults.map(({ why }) => why)];
    },
  };
  return scene;
}

const showVerdict = (verdict: { kind: string; record?: number; why?: string }) =>
  verdict.kind === 'broken' ? `broken at ${verdict.record}: ${verdict.why}` : verdict.kind;

export function endScene(scene: Scene): void {
  fs.rmSync(scene.stateDir, { recursive: true, force: true });
}

export function fail(why: string): never {
  throw new Error(why);
}

export function errno(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: it failed`), { code });
}

export type Call = keyof TrailFiles;

/**
 * The real files, but call number `at` (from 1, counting only `calls`) fails as `fault` does. `forever`: all later ones too.
 * `short` writes a part and says so; an error on a write leaves a part as well, which is the worst that can happen.
 */
export function failing(
  calls: readonly Call[],
  at: number,
  fault: string,
  forever = false,
): { files: TrailFiles; count: () => number; heal: () => void } {
  let count = 0;
  let healed = false;
  const hits = (call: Call) => calls.includes(call) && (++count === at || (forever && count > at)) && !healed;
  const guard = <A extends unknown[], R>(call: Call, run: (...args: A) => R) => {
    return (...args: A): R => {
      if (hits(call)) throw errno(fault);
      return run(...args);
    };
  };
  const files: TrailFiles = {
    makeDir: guard('makeDir', nodeTrailFiles.makeDir),
    create: guard('create', nodeTrailFiles.create),
    write: (fd, content) => {
      if (!hits('write')) return nodeTrailFiles.write(fd, content);
      const bytes = Buffer.from(content);
      const taken = fault === 'EROFS' ? 0 : nodeTrailFiles.write(fd, bytes.subarray(0, Math.floor(bytes.length / 2)));
      if (fault === 'short') return taken;
      throw errno(fault);
    },
    truncate: guard('truncate', nodeTrailFiles.truncate),
    sync: guard('sync', nodeTrailFiles.sync),
    syncLater: (fd, done) => {
      if (hits('syncLater')) done(errno(fault));
      else nodeTrailFiles.syncLater(fd, done);
    },
    openDir: guard('openDir', nodeTrailFiles.openDir),
    close: guard('close', nodeTrailFiles.close),
    remove: guard('remove', nodeTrailFiles.remove),
    rename: guard('rename', nodeTrailFiles.rename),
  };
  return {
    files,
    count: () => count,
    heal: () => {
      healed = true;
    },
  };
}
