// The canonical path of the adapter: the same as the system's where something is, and nothing where it cannot be known.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leadsThroughProcess, resolveRealPath } from '../../../src/adapters/real-path.ts';

describe('resolveRealPath', () => {
  let base = '';
  beforeAll(() => {
    base = realpathSync(mkdtempSync(`${tmpdir()}/guard-real-`));
    mkdirSync(`${base}/dir/sub`, { recursive: true });
    writeFileSync(`${base}/dir/file`, '');
    for (let index = 1; index <= 45; index++) symlinkSync(index === 1 ? 'dir' : `l${index - 1}`, `${base}/l${index}`);
    const links = {
      rel: 'dir/sub',
      abs: `${base}/dir`,
      up: 'dir/sub/../file',
      gone: 'new/x',
      upGone: 'none/../dir',
      upFile: 'dir/file/../sub',
      loop: 'loop',
      root: '/',
      slashes: './/dir//',
    };
    for (const [name, target] of Object.entries(links)) symlinkSync(target, `${base}/${name}`);
  });
  afterAll(() => rmSync(base, { recursive: true }));

  test.each([
    ['', ''],
    ['/dir/file', '/dir/file'],
    ['/rel', '/dir/sub'],
    ['/rel/new', '/dir/sub/new'],
    ['/abs/file', '/dir/file'],
    ['/up', '/dir/file'],
    ['/slashes/file', '/dir/file'],
    ['/gone', '/new/x'],
    ['/gone/y', '/new/x/y'],
    ['/none/at/all', '/none/at/all'],
    ['/l40/file', '/dir/file'],
  ])('%s is %s', (path, real) => {
    expect(resolveRealPath(`${base}${path}`)).toBe(`${base}${real}`);
    if (existsSync(`${base}${path}`)) expect(realpathSync.native(`${base}${path}`)).toBe(`${base}${real}`);
  });

  test('the root is itself, and a link to it starts again', () => {
    expect(resolveRealPath('/')).toBe('/');
    expect(resolveRealPath(`${base}/root/nowhere-at-all/x`)).toBe('/nowhere-at-all/x');
  });

  test.each(['/loop', '/loop/x', '/l41', '/dir/file/x', '/upGone', '/upFile', `/dir/${'x'.repeat(300)}/y`])(
    '%s cannot be known',
    (path) => {
      expect(resolveRealPath(`${base}${path}`)).toBeUndefined();
    },
  );

  test.runIf(process.platform === 'linux')('neither can what means another thing to each process', () => {
    symlinkSync('/proc/self/cwd', `${base}/self`);
    for (const path of [
      '/proc/self',
      '/proc/self/cwd',
      '/proc/self/root/etc',
      '/dev/fd/0',
      `${base}/self`,
      `${base}/self/x`,
    ]) {
      expect(resolveRealPath(path), path).toBeUndefined();
    }
  });

  test.runIf(process.platform === 'linux')('what leaves the process is told from what only looks at it', () => {
    symlinkSync('/proc/self/root', `${base}/everything`);
    symlinkSync('everything', `${base}/hop`);
    for (const path of [
      `${base}/everything`,
      `${base}/hop/etc`,
      `${base}/dir/../hop/etc`,
      '/proc/self/root/etc',
      '/proc/thread-self/../../cwd/x',
      '/proc/self/../self/cwd',
      '/dev/fd/../cwd/x',
      '/dev/fd/0',
      `/proc/${process.pid}/fd/0`,
    ]) {
      expect(leadsThroughProcess(path), path).toBe(true);
    }
    for (const path of [
      '/proc/self/status',
      '/proc/mounts',
      '/proc/self/exe',
      '/etc',
      `${base}/loop`,
      `${base}/none`,
    ]) {
      expect(leadsThroughProcess(path), path).toBe(false);
    }
  });

  test.runIf(process.getuid?.() !== 0)('nor a directory that is closed to the guard', () => {
    mkdirSync(`${base}/closed`);
    chmodSync(`${base}/closed`, 0o000);
    expect(resolveRealPath(`${base}/closed/x`)).toBeUndefined();
    chmodSync(`${base}/closed`, 0o700);
  });
});
