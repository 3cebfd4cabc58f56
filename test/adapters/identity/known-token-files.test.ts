// Token files that one guard was presented or made are known to all guards of the machine, in bounds, and no damage makes them unknown.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noteTokenFile, watchTokenFiles } from '../../../src/adapters/known-token-files.ts';
import {
  addTokenFile,
  MOST_TOKEN_FILES,
  NO_TOKEN_FILES,
  readTokenFiles,
} from '../../../src/policy/identity/token-files.ts';

describe('the places on disk', () => {
  let stateDir: string;
  let said: string[];
  const parts = { say: (text: string) => void said.push(text), nowMs: () => 1 };
  const path = () => join(stateDir, 'tokens', 'files.json');
  beforeEach(() => {
    said = [];
    stateDir = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'token-files-'));
  });
  afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

  test('are seen by who runs already, within 200 ms, and once each', async () => {
    const watch = watchTokenFiles(stateDir, parts);
    expect([watch.refresh(0), watch.paths]).toEqual([false, []]);
    await noteTokenFile(stateDir, '/home/ada/one', parts);
    await noteTokenFile(stateDir, '/home/ada/two', parts);
    await noteTokenFile(stateDir, '/home/ada/one', parts);
    expect([watch.refresh(199), watch.refresh(200), watch.refresh(400)]).toEqual([false, true, false]);
    expect(watch.paths).toEqual(['/home/ada/two', '/home/ada/one']);
    expect(fs.statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('stay known where the document is damaged, which is said', async () => {
    await noteTokenFile(stateDir, '/home/ada/one', parts);
    const watch = watchTokenFiles(stateDir, parts);
    expect(watch.refresh(0)).toBe(true);
    fs.writeFileSync(path(), '{"version":1,"paths":"all"}', { mode: 0o600 });
    expect([watch.refresh(1_000), watch.paths]).toEqual([false, ['/home/ada/one']]);
    expect(said).toEqual([expect.stringContaining('does not have its schema')]);
  });

  test('are many at once, of many processes, and none is lost', async () => {
    const paths = Array.from({ length: 12 }, (_, index) => `/t/${index}`);
    await Promise.all(paths.map((one) => noteTokenFile(stateDir, one, parts)));
    const watch = watchTokenFiles(stateDir, parts);
    watch.refresh(0);
    expect(watch.paths.toSorted()).toEqual(paths.toSorted());
  });
});

describe('the document', () => {
  const full = Array.from({ length: MOST_TOKEN_FILES }, (_, index) => `/t/${index}`);

  test('holds the last first, each once, and forgets what is gone before what is there', () => {
    const files = full.reduceRight((all, one) => addTokenFile(all, one, () => true), NO_TOKEN_FILES);
    expect(files.paths).toEqual(full);
    expect(addTokenFile(files, '/t/5', () => true).paths.slice(0, 2)).toEqual(['/t/5', '/t/0']);
    const more = addTokenFile(files, '/new', (path) => path !== '/t/3');
    expect(more.paths).toEqual(['/new', ...full.filter((one) => one !== '/t/3')]);
    expect(addTokenFile(files, '/new', () => true).paths).toEqual(['/new', ...full.slice(0, -1)]);
  });

  test.each<readonly [string, unknown]>([
    ['another version', { version: 2, paths: [] }],
    ['no list', { version: 1, paths: {} }],
    ['a path that is none', { version: 1, paths: ['/a', 1] }],
    ['too many', { version: 1, paths: [...full, '/more'] }],
    ['too long a path', { version: 1, paths: ['x'.repeat(4_097)] }],
  ])('%s is none', (_, value) => {
    expect(readTokenFiles(value)).toBeUndefined();
  });
});
