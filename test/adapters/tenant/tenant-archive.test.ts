// What a customer is given: it verifies where nothing else is known, it is signed, and nothing gets into it through a link or another name.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTarArchive } from '../../../src/adapters/tar-archive.ts';
import { type ArchiveFacts, writeTenantArchive } from '../../../src/adapters/tenant-archive.ts';
import { verifyTrail } from '../../../src/adapters/trail-verify.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';
import { makeIntent, payloadOf } from '../../audit/sample.ts';
import { endScene, makeScene, type Scene, START } from '../audit/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const path = () => join(scene.stateDir, 'out.tar');
const write = (tenant = 'default'): ArchiveFacts =>
  writeTenantArchive({ scope: openTenantScope(scene.stateDir, tenant), path: path(), nowMs: START, guard: '1.2.3' });

/** One sealed segment: a payload within, one outside. */
function record(tenant: string, word: string): void {
  const sink = scene.sink({ tenant });
  sink.append([makeIntent({ payload: payloadOf({ word }) }), makeIntent({ payload: payloadOf(word.repeat(20_000)) })]);
  sink.close('done');
  scene.now = { ...scene.now, wallMs: scene.now.wallMs + 1000 };
}
function unpack(): string {
  const into = fs.mkdtempSync(join(scene.stateDir, 'unpacked-'));
  execFileSync('tar', ['xf', path(), '-C', into]);
  return join(into, 'mcp-guard-export');
}
const manifestOf = (root: string) => JSON.parse(fs.readFileSync(join(root, 'manifest.json'), 'utf8'));
const everything = () => fs.readFileSync(path(), 'latin1');

test('verifies after unpacking, with nothing else at hand', () => {
  record('default', 'first-of-mine');
  record('globex', 'not-for-others');
  record('default', 'second-of-mine');
  const facts = write();
  expect(facts).toMatchObject({ segments: 2, verdict: 0, leftOut: [] });
  expect(facts.sha256).toBe(createHash('sha256').update(fs.readFileSync(path())).digest('hex'));
  expect(fs.statSync(path()).mode & 0o777).toBe(0o600);
  const root = unpack();
  const { exitCode, segments, faults } = verifyTrail(root);
  expect([exitCode, faults, segments.map(({ report }) => report.removed)]).toEqual([0, [], [0, 0]]);
  expect(everything()).toContain('second-of-mine');
  expect(everything()).not.toContain('not-for-others');
  for (const { path: name, sha256, bytes } of manifestOf(root).files) {
    const content = fs.readFileSync(join(root, name));
    expect([createHash('sha256').update(content).digest('hex'), content.length]).toEqual([sha256, bytes]);
  }
  // the words and the key; two segments, and the payload outside of each
  expect(manifestOf(root).files).toHaveLength(6);
  expect(manifestOf(root).segments.map(({ head }: { head: string }) => head)).toEqual(
    segments.map(({ report }) => report.end.head),
  );
  fs.appendFileSync(segments[0]?.path ?? '', '{}\n');
  expect(verifyTrail(root).exitCode).toBe(2);
});

test('is signed by a key of the tenant’s own, as openssl checks it', () => {
  record('default', 'mine');
  record('globex', 'theirs');
  const { publicKey } = write();
  const root = unpack();
  const check = () =>
    spawnSync(
      'openssl',
      [
        'pkeyutl',
        '-verify',
        '-pubin',
        '-inkey',
        'key.pem',
        '-rawin',
        '-in',
        'manifest.json',
        '-sigfile',
        'manifest.sig',
      ],
      { cwd: root },
    ).status;
  expect(check()).toBe(0);
  expect(manifestOf(root).publicKey).toBe(publicKey);
  expect(fs.readFileSync(join(root, 'README.txt'), 'utf8')).toContain(publicKey);
  fs.appendFileSync(join(root, 'manifest.json'), ' ');
  expect(check()).not.toBe(0);
  fs.rmSync(path());
  expect(write().publicKey).toBe(publicKey);
  fs.rmSync(path());
  expect(write('globex').publicKey).not.toBe(publicKey);
});

test('what retention took away is missed by nobody', () => {
  record('default', 'first');
  record('default', 'second');
  const [first] = verifyTrail(scene.stateDir).segments;
  if (first === undefined) throw new Error('nothing is on record');
  fs.mkdirSync(scene.paths.tombstones, { mode: 0o700 });
  const { end } = first.report;
  const tombstone = { v: 1, segment: first.segment, count: end.seq, head: end.head, sealed: true };
  fs.writeFileSync(join(scene.paths.tombstones, `${first.segment}.json`), JSON.stringify(tombstone));
  fs.rmSync(first.path);
  expect(write()).toMatchObject({ segments: 1, verdict: 0 });
  expect(verifyTrail(unpack())).toMatchObject({ exitCode: 0, faults: [] });
});

test('what is still being written is left out, and said to be', () => {
  record('default', 'sealed');
  const sink = scene.sink();
  sink.append([makeIntent()]);
  expect(write()).toMatchObject({ segments: 1, verdict: 0, leftOut: [{ why: 'it is still being written' }] });
  expect(verifyTrail(unpack())).toMatchObject({ exitCode: 0, faults: [] });
  sink.close('done');
});

test.each<[string, (theirs: string, mine: string) => void]>([
  [
    'a segment of theirs under a name of its own',
    (theirs, mine) => fs.copyFileSync(theirs, mine.replace(/[0-9a-z]{6}\.jsonl$/, 'zzzzzz.jsonl')),
  ],
  [
    'a second name of their file',
    (theirs, mine) => fs.linkSync(theirs, mine.replace(/[0-9a-z]{6}\.jsonl$/, 'zzzzzz.jsonl')),
  ],
])('%s gets in nowhere', (_, plant) => {
  record('default', 'mine-alone');
  record('globex', 'not-for-others');
  const { segments } = verifyTrail(scene.stateDir);
  const of = (tenant: string) => segments.find((segment) => segment.tenant === tenant)?.path ?? '';
  plant(of('globex'), of('default'));
  expect(write()).toMatchObject({ segments: 1, verdict: 2, leftOut: [expect.anything()] });
  expect(everything()).toContain('mine-alone');
  expect(everything()).not.toContain('not-for-others');
});

test.each(['audit', 'audit/payload', 'audit/2025-06-15', ''])('a directory %j that is a link ends it', (name) => {
  record('default', 'mine');
  record('globex', 'not-for-others');
  fs.rmSync(join(scene.stateDir, 'default', name), { recursive: true });
  fs.symlinkSync(join(scene.stateDir, 'globex', name), join(scene.stateDir, 'default', name));
  expect(() => write()).toThrow(/is a link, which no guard makes/);
  expect(fs.existsSync(path())).toBe(false);
});

test.each([
  'audit/x',
  'audit/2025-06-15/x.jsonl',
  'audit/2025-06-15/20250615T000000-zzzzzz.jsonl',
  'audit/payload/x',
  'audit/payload/20250615T000000-zzzzzz/x',
  'audit/removed/x',
  'audit/open/x',
])('a link %j ends it, wherever it leads, and it is said where it is', (name) => {
  record('default', 'mine');
  const link = join(scene.stateDir, 'default', name);
  fs.mkdirSync(dirname(link), { recursive: true });
  fs.symlinkSync('/nowhere', link);
  expect(() => write()).toThrow(
    expect.objectContaining({ code: 'audit_unreadable', message: expect.stringContaining(`\`${link}\` is a link`) }),
  );
  expect(fs.existsSync(path())).toBe(false);
});

test('payloads with a second name stay out', () => {
  record('default', 'mine');
  record('globex', 'not-for-others');
  const payload = (tenant: string) => {
    const root = openTenantScope(scene.stateDir, tenant).trail.payload;
    const [name = ''] = fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((one) => one.includes('/'));
    return join(root, name);
  };
  const [own, other] = [payload('default'), payload('globex')];
  fs.rmSync(own);
  fs.linkSync(other, own);
  write();
  expect(everything()).not.toContain('not-for-others');
});

test('no file is replaced, no link followed, no half of one left', () => {
  record('default', 'mine');
  fs.writeFileSync(path(), 'kept');
  expect(() => write()).toThrow(/EEXIST/);
  expect(everything()).toBe('kept');
  fs.rmSync(path());
  fs.symlinkSync(join(scene.stateDir, 'elsewhere'), path());
  expect(() => write()).toThrow(/EEXIST/);
  expect(fs.existsSync(join(scene.stateDir, 'elsewhere'))).toBe(false);
});

test('an archive names plain relative paths only, and holds every size', () => {
  const archive = createTarArchive(path(), START);
  for (const bad of ['/etc/x', '../x', 'a/../x', 'a//b', '', 'a/.', 'a\nb', `${'a'.repeat(300)}`])
    expect(() => archive.addText(bad, 'x')).toThrow();
  archive.abandon();
  expect(fs.existsSync(path())).toBe(false);
  const sizes = [0, 1, 511, 512, 513, 1_048_576, 1_048_577];
  const whole = createTarArchive(path(), START);
  const long = `${'d'.repeat(90)}/${'e'.repeat(60)}`;
  const source = join(scene.stateDir, 'source');
  for (const size of [0, 1]) {
    fs.writeFileSync(source, 'x'.repeat(size));
    const fd = fs.openSync(source, 'r');
    whole.addOpened(`${long}/${size}`, fd, size);
    expect(() => whole.addOpened(`${long}/more`, fd, size + 1)).toThrow(/became shorter/);
    fs.closeSync(fd);
  }
  whole.abandon();
  const good = createTarArchive(path(), START);
  for (const size of sizes) good.addText(`${long}/${size}`, 'x'.repeat(size));
  good.finish();
  good.abandon();
  const listed = execFileSync('tar', ['tvf', path()], { encoding: 'utf8' });
  expect(listed.split('\n').flatMap((line) => /^-rw------- \S+ +(\d+) /.exec(line)?.[1] ?? [])).toEqual(
    sizes.map(String),
  );
});
