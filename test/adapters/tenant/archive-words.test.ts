// The commands of an archive's README.txt, run as they stand there: all pass for what was exported, one fails for anything else.
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeTenantArchive } from '../../../src/adapters/tenant-archive.ts';
import { verifyTrail } from '../../../src/adapters/trail-verify.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';
import { makeIntent, payloadOf } from '../../audit/sample.ts';
import { endScene, makeScene, type Scene } from '../audit/scene.ts';

let scene: Scene;
let root: string;
let key: string;
beforeEach(() => {
  scene = makeScene();
  for (const word of ['first', 'second', 'third']) {
    const sink = scene.sink();
    sink.append([makeIntent({ at: scene.now, payload: payloadOf(word.repeat(20_000)) })]);
    sink.close('done');
    scene.now = { ...scene.now, wallMs: scene.now.wallMs + 1000 };
  }
  const path = join(scene.stateDir, 'out.tar');
  const scope = openTenantScope(scene.stateDir, 'default');
  key = writeTenantArchive({ scope, path, nowMs: scene.now.wallMs, guard: '1.2.3' }).publicKey;
  execFileSync('tar', ['xf', path, '-C', scene.stateDir]);
  root = join(scene.stateDir, 'mcp-guard-export');
});
afterEach(() => endScene(scene));

/** All of them but the last, which needs a build: test/e2e runs that one, too. */
function check(): { readonly status: number | null; readonly stdout: string } {
  const lines = fs.readFileSync(join(root, 'README.txt'), 'utf8').split('\n');
  const commands = lines.filter((line) => line.startsWith('    ') && !line.includes('mcp-guard audit verify'));
  const { status, stdout } = spawnSync('sh', ['-ec', commands.join('\n')], { cwd: scene.stateDir, encoding: 'utf8' });
  return { status, stdout };
}

const segments = () =>
  fs
    .readdirSync(join(root, 'default', 'audit'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => join(root, 'default', 'audit', name))
    .sort();

test('pass for what was exported: the key that was told, and both counts', () => {
  const { status, stdout } = check();
  expect(status).toBe(0);
  expect(stdout.split('\n')[0]).toBe(key);
  expect(stdout).toMatch(/\n3\n *3\n$/);
  const readme = fs.readFileSync(join(root, 'README.txt'), 'utf8');
  expect(readme).toContain('both are 3.');
  expect(readme).toContain('the exit status 0: 0 with an unclean end, 0 that are broken, cut\n   off or gone;');
  expect(readme.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test.each<[string, () => void]>([
  ['the newest segment removed', () => fs.rmSync(segments()[2] ?? '')],
  [
    'a segment added',
    () => fs.copyFileSync(segments()[0] ?? '', (segments()[0] ?? '').replace(/.{6}\.jsonl$/, 'zzzzzz.jsonl')),
  ],
  ['a tenant added', () => fs.mkdirSync(join(root, 'globex')) ?? fs.writeFileSync(join(root, 'globex', 'x'), '')],
  ['a link added', () => fs.symlinkSync('nowhere', join(root, 'default', 'audit', 'x'))],
  ['a segment changed', () => fs.appendFileSync(segments()[1] ?? '', '\n')],
  ['a payload removed', () => fs.rmSync(join(root, 'default', 'audit', 'payload'), { recursive: true })],
  ['the list changed', () => fs.appendFileSync(join(root, 'manifest.json'), ' ')],
])('%s is found', (_, tamper) => {
  expect(check().status).toBe(0);
  tamper();
  expect(check().status).not.toBe(0);
});

test('a list that somebody else signed shows another key', () => {
  const other = writeTenantArchive({
    ...{ scope: openTenantScope(scene.stateDir, 'globex'), path: join(scene.stateDir, 'other.tar') },
    ...{ nowMs: scene.now.wallMs, guard: '1.2.3' },
  });
  fs.rmSync(root, { recursive: true });
  execFileSync('tar', ['xf', join(scene.stateDir, 'other.tar'), '-C', scene.stateDir]);
  const [shown] = check().stdout.split('\n');
  expect(shown).toBe(other.publicKey);
  expect(shown).not.toBe(key);
});

test.each<[string, (whole: string) => string, string, number]>([
  ['without a seal', (whole) => whole.replace(/[^\n]*\n$/, ''), ': 1 with an unclean end, 0 that', 1],
  ['with a torn tail', (whole) => whole.slice(0, -9), ': 1 with an unclean end, 0 that', 1],
  ['with another byte', (whole) => whole.replace('"intent"', '"Intent"'), ': 0 with an unclean end, 1 that', 2],
])(
  'a segment that was exported %s: steps 1 to 4 pass, and the README says what step 5 does',
  (_, change, said, exit) => {
    const path = join(scene.stateDir, 'again.tar');
    const place = scene.segments()[2] ?? '';
    fs.writeFileSync(place, change(fs.readFileSync(place, 'utf8')));
    fs.rmSync(root, { recursive: true });
    const scope = openTenantScope(scene.stateDir, 'default');
    expect(writeTenantArchive({ scope, path, nowMs: scene.now.wallMs, guard: '1.2.3' }).segments).toBe(3);
    execFileSync('tar', ['xf', path, '-C', scene.stateDir]);
    expect(check().status).toBe(0);
    const readme = fs.readFileSync(join(root, 'README.txt'), 'utf8');
    expect(readme).toContain(said);
    expect(readme).toContain(`the exit status ${exit}: `);
    expect(verifyTrail(root).exitCode).toBe(exit);
    expect(readme.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);
