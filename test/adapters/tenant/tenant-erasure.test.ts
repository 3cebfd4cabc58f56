// An erasure that is cut off at any step leaves chains that verify, and done again it comes to the same: headers and hashes, nothing else.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eraseTenant } from '../../../src/adapters/tenant-erasure.ts';
import { readTombstone, TOMBSTONE, writeTombstone } from '../../../src/adapters/tenant-tombstone.ts';
import { verifyTrail } from '../../../src/adapters/trail-verify.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';
import { makeIntent, payloadOf } from '../../audit/sample.ts';
import { endScene, makeScene, type Scene } from '../audit/scene.ts';
import { watchSteps } from '../breaker/fs-steps.ts';

const WORD = 'what-nobody-may-read-again';
let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => {
  endScene(scene);
  fs.rmSync(`${scene.stateDir}-homes`, { recursive: true, force: true });
});
const scope = () => openTenantScope(scene.stateDir, 'default');

/** Two sealed segments, with payloads within and outside; a state, a key, a home with a link in it; another tenant beside. */
function furnish(): void {
  for (const tenant of ['default', 'default', 'other']) {
    const sink = scene.sink({ tenant });
    sink.append([makeIntent({ payload: payloadOf({ WORD }) }), makeIntent({ payload: payloadOf(WORD.repeat(5000)) })]);
    sink.close('done');
    scene.now = { ...scene.now, wallMs: scene.now.wallMs + 1000 };
  }
  const { directory, homes } = scope();
  for (const at of ['keys', 'limits', 'breakers']) fs.mkdirSync(join(directory, at));
  for (const at of ['keys/signing.pem', 'limits/counts', 'breakers/srv.json'])
    fs.writeFileSync(join(directory, at), WORD);
  fs.writeFileSync(join(directory, 'suspended.json'), '{}');
  fs.mkdirSync(join(homes.directory, 'home', '.cache'), { recursive: true });
  fs.writeFileSync(join(homes.directory, 'home', '.cache', 'left'), WORD);
  fs.symlinkSync(openTenantScope(scene.stateDir, 'other').directory, join(homes.directory, 'home', 'theirs'));
}

const roots = (tenant: string) => {
  const { directory, homes } = openTenantScope(scene.stateDir, tenant);
  return [directory, homes.directory].filter((root) => fs.existsSync(root));
};
function filesOf(tenant: string): readonly string[] {
  return roots(tenant)
    .flatMap((root) => fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name)))
    .filter((path) => fs.lstatSync(path).isFile());
}
const still = (tenant: string) => filesOf(tenant).filter((path) => fs.readFileSync(path, 'latin1').includes(WORD));
const salts = () => scene.records().flatMap((records) => records.flatMap(({ salt }) => salt ?? []));
const kept = () => scene.records().map((records) => records.map(({ headerText, hash }) => [headerText, hash]));

test('nothing stays but headers and hashes, and what is another’s', () => {
  furnish();
  const before = kept();
  expect(still('default').length).toBeGreaterThan(4);
  const facts = eraseTenant(scope());
  expect(facts.segments).toBe(2);
  expect(facts.records).toBeGreaterThanOrEqual(4);
  expect(facts.hadMore).toBe(true);
  // once more there is nothing to find
  expect(eraseTenant(scope())).toEqual({ segments: 2, records: 0, hadMore: false });
  expect([still('default'), salts(), kept()]).toEqual([[], [], before]);
  expect([verifyTrail(scene.stateDir).exitCode, fs.existsSync(scope().homes.directory)]).toEqual([0, false]);
  expect(fs.readdirSync(scope().directory).sort()).toEqual(['audit', 'suspended.json']);
  expect(still('other').length).toBeGreaterThan(0);
});

function furnishAnew(): void {
  fs.rmSync(scene.stateDir, { recursive: true });
  fs.mkdirSync(scene.stateDir, { mode: 0o700 });
  furnish();
}

/** @param last the step that is not done any more, nor any after it; undefined: all are @returns how many there were */
function eraseUpTo(last: number | undefined): number {
  let count = 0;
  const restore = watchSteps(() => {
    count += 1;
    // nothing that would mend it is done by who is dead
    if (last !== undefined && count > last) throw Object.assign(new Error('killed'), { code: 'EIO' });
    return undefined;
  });
  try {
    eraseTenant(scope());
  } finally {
    restore();
  }
  return count;
}

test('cut off at each of its steps, and done again', () => {
  furnish();
  const steps = eraseUpTo(undefined);
  expect(steps).toBeGreaterThan(10);
  for (let last = 0; last < steps; last += 1) {
    furnishAnew();
    const before = kept();
    // what cannot be synced at the very end is gone for every reader all the same
    if (last < steps - 1) expect(() => eraseUpTo(last)).toThrow('killed');
    else eraseUpTo(last);
    expect([verifyTrail(scene.stateDir).exitCode, kept()]).toEqual([0, before]);
    expect(fs.existsSync(join(scope().directory, 'suspended.json'))).toBe(true);
    eraseTenant(scope());
    expect([still('default'), salts(), kept()]).toEqual([[], [], before]);
    expect(filesOf('default').filter((path) => path.includes('draft'))).toEqual([]);
    expect(verifyTrail(scene.stateDir).exitCode).toBe(0);
  }
});

test('the torn end of a guard that was killed, drafts and strange files go, and the verdict stays', () => {
  furnish();
  const [first = ''] = scene.segments();
  const whole = fs.readFileSync(first, 'utf8').split('\n');
  // killed while it wrote its second record: half of a payload lies there
  fs.writeFileSync(first, `${whole.slice(0, 1).join('\n')}\n${(whole[1] ?? '').slice(0, -30)}`);
  expect(fs.readFileSync(first, 'utf8')).toContain(WORD);
  const day = join(first, '..');
  for (const stray of [join(day, '.x.jsonl.draft-1-2'), join(day, 'notes.jsonl'), join(scope().trail.audit, 'copy')])
    fs.writeFileSync(stray, WORD);
  const before = verifyTrail(scene.stateDir).exitCode;
  expect(before).not.toBe(0);
  eraseTenant(scope());
  expect(still('default')).toEqual([]);
  expect(verifyTrail(scene.stateDir).exitCode).toBe(before);
  eraseTenant(scope());
  expect(verifyTrail(scene.stateDir).exitCode).toBe(before);
});

test('a line that is none in the middle stays a fault', () => {
  furnish();
  const [first = ''] = scene.segments();
  const [open, ...rest] = fs.readFileSync(first, 'utf8').split('\n');
  fs.writeFileSync(first, [open, WORD, ...rest].join('\n'));
  expect(verifyTrail(scene.stateDir).exitCode).toBe(2);
  eraseTenant(scope());
  expect([still('default'), verifyTrail(scene.stateDir).exitCode]).toEqual([[], 2]);
});

test('a home that its servers have closed is removed all the same, and what it links to is not', () => {
  furnish();
  const { homes } = scope();
  const closed = join(homes.directory, 'home', 'closed');
  fs.mkdirSync(join(closed, 'within'), { recursive: true });
  fs.writeFileSync(join(closed, 'within', 'left'), WORD);
  fs.chmodSync(join(closed, 'within'), 0o000);
  fs.chmodSync(closed, 0o500);
  const isRoot = process.getuid?.() === 0;
  // root could remove it as it is: an ordinary user could not
  if (isRoot) {
    for (const root of [scene.stateDir, `${scene.stateDir}-homes`]) {
      fs.chownSync(root, 7001, 7001);
      for (const name of fs.readdirSync(root, { recursive: true, encoding: 'utf8' }))
        fs.lchownSync(join(root, name), 7001, 7001);
    }
    process.seteuid?.(7001);
  }
  try {
    eraseTenant(scope());
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
  expect(fs.existsSync(homes.directory)).toBe(false);
  expect(still('other').length).toBeGreaterThan(0);
});

test('links in the record go, and what they lead to is untouched; nothing is erased through one', () => {
  furnish();
  const elsewhere = join(scene.stateDir, 'elsewhere');
  fs.mkdirSync(elsewhere);
  fs.writeFileSync(join(elsewhere, 'mine'), WORD);
  const { trail, directory } = scope();
  fs.symlinkSync(elsewhere, join(trail.audit, '2020-01-01'));
  fs.symlinkSync(join(elsewhere, 'mine'), join(scene.segments()[0] ?? '', '..', '0000000000000000.jsonl'));
  eraseTenant(scope());
  expect([still('default'), fs.existsSync(join(trail.audit, '2020-01-01'))]).toEqual([[], false]);
  expect(fs.readFileSync(join(elsewhere, 'mine'), 'utf8')).toBe(WORD);
  fs.rmSync(directory, { recursive: true });
  fs.symlinkSync(elsewhere, directory);
  expect(() => eraseTenant(scope())).toThrow('is a link');
  expect(fs.readFileSync(join(elsewhere, 'mine'), 'utf8')).toBe(WORD);
});

test('a tombstone says when, by whom and why, is kept by a second erasure, and permits nothing', () => {
  furnish();
  expect(readTombstone(scope())).toBeUndefined();
  const tombstone = { version: 1, atMs: 5, actor: 'ada', reason: 'asked for', segments: 2, records: 4 } as const;
  writeTombstone(scope(), tombstone);
  eraseTenant(scope());
  expect(readTombstone(scope())).toEqual(tombstone);
  for (const text of [
    '',
    '[]',
    'null',
    '{"atMs":5}',
    '{"atMs":"5","actor":"a","reason":"r","segments":1,"records":1}',
  ]) {
    fs.writeFileSync(join(scope().directory, TOMBSTONE), text);
    expect(readTombstone(scope())).toBeUndefined();
  }
});
