// What a sandbox may show: judged by what it really is, and by who could make something else of it.

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sandboxPrefix } from '../../../src/adapters/bubblewrap.ts';
import { confineServer, type Probes } from '../../../src/adapters/confine-server.ts';
import { probeSandbox, probeUsers } from '../../../src/adapters/isolation-probe.ts';
import { filterPrefix, writeKeyFilter } from '../../../src/adapters/key-filter.ts';
import { createJudge, type JudgeInput, listOutermost } from '../../../src/adapters/shown-places.ts';
import { userPrefix } from '../../../src/adapters/start-prefix.ts';
import { compileIsolation, type IsolationPolicy } from '../../../src/config/isolation-policy.ts';

let home: string;
const uid = process.getuid?.();
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'shown-'));
  fs.chmodSync(home, 0o711);
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

const make = (...names: string[]) => {
  const path = join(home, ...names);
  fs.mkdirSync(path, { recursive: true });
  return path;
};
const judge = (more: Partial<JudgeInput> = {}) =>
  createJudge({
    ...{ server: 'srv', tenant: 'acme', uid, own: [], closed: [join(home, 'state'), join(home, 'state-homes')] },
    ...{ writable: [], foreign: [] },
    ...more,
  });

describe.skipIf(process.platform !== 'linux')('a place', () => {
  test('is bound as what it really is', () => {
    const real = make('real');
    fs.symlinkSync('real', join(home, 'link'));
    expect(judge()(join(home, 'link'), 'write')).toBe(real);
    expect(judge()(real, 'read')).toBe(real);
    const own = join(home, 'state-homes', 'acme', 'home');
    expect(judge({ own: [own] })(own, 'write')).toBe(own);
  });

  test.each(['read', 'write'] as const)('is not where the guard keeps its state, nor what holds it: %s', (access) => {
    make('state', 'globex');
    make('state-homes', 'globex');
    fs.symlinkSync('state', join(home, 'link'));
    for (const name of ['', 'state', 'state/globex', 'state-homes', 'state-homes/globex', 'link'])
      expect(() => judge()(join(home, name), access)).toThrow('where the guard keeps its state');
  });

  test('is not the whole machine, nor of the kernel', () => {
    fs.symlinkSync('/run', join(home, 'link'));
    for (const path of [
      '/etc',
      '/run',
      '/usr',
      '/tmp/..',
      '/proc/self/fd',
      '/sys/kernel',
      '/dev/shm',
      join(home, 'link'),
    ])
      expect(() => judge({ closed: [] })(path, 'read')).toThrow('which is of the whole machine');
  });

  test('is there', () => {
    expect(() => judge()(join(home, 'nothing'), 'read')).toThrow('which is not there');
  });

  test('is not in what a server writes, by whatever name', () => {
    make('share', 'repo');
    fs.symlinkSync('share', join(home, 'also'));
    for (const writable of ['share', 'also'])
      for (const path of ['share/repo', 'also/repo'])
        expect(() => judge({ writable: [join(home, writable)] })(join(home, path), 'write')).toThrow(
          'a server may write in',
        );
    // what a server writes itself stands in a directory that it does not write
    expect(judge({ writable: [join(home, 'share')] })(join(home, 'share'), 'write')).toBe(join(home, 'share'));
  });

  test('is not in a directory that somebody else could write', () => {
    const inner = make('open', 'inner');
    fs.chmodSync(join(home, 'open'), 0o777);
    expect(() => judge()(inner, 'read')).toThrow(`others can write in \`${join(home, 'open')}\``);
    fs.chmodSync(join(home, 'open'), 0o1777);
    expect(judge()(inner, 'read')).toBe(inner);
  });

  test('is not in another user’s, nor its own in a sticky one, nor behind its link', ({ skip }) => {
    if (uid !== 0) return skip('this machine cannot show it');
    const inner = make('theirs', 'inner');
    fs.chownSync(inner, 7001, 7001);
    expect(judge()(inner, 'write')).toBe(inner);
    fs.chownSync(join(home, 'theirs'), 7001, 7001);
    expect(() => judge()(inner, 'write')).toThrow(`\`${join(home, 'theirs')}\` belongs to user 7001`);
    const sticky = make('sticky', 'inner');
    fs.chmodSync(join(home, 'sticky'), 0o1777);
    fs.chownSync(sticky, 7001, 7001);
    expect(() => judge()(sticky, 'write')).toThrow('others can write');
    make('grouped', 'inner');
    fs.chmodSync(join(home, 'grouped'), 0o775);
    expect(judge()(join(home, 'grouped', 'inner'), 'read')).toContain('grouped');
    fs.chownSync(join(home, 'grouped'), 0, 7001);
    expect(() => judge()(join(home, 'grouped', 'inner'), 'read')).toThrow('others can write');
    fs.symlinkSync('sticky', join(home, 'planted'));
    fs.lchownSync(join(home, 'planted'), 7001, 7001);
    expect(() => judge()(join(home, 'planted'), 'read')).toThrow('belongs to user 7001');
  });

  test('is no other tenant’s, but what both only read', () => {
    const data = make('data', 'inner');
    const foreign = (access: 'read' | 'write') => [{ path: join(home, 'data'), access }];
    for (const path of [data, join(home, 'data')]) {
      expect(() => judge({ foreign: foreign('write') })(path, 'read')).toThrow('another tenant has a directory');
      expect(() => judge({ foreign: foreign('read') })(path, 'write')).toThrow('another tenant has a directory');
      expect(judge({ foreign: foreign('read') })(path, 'read')).toBe(path);
    }
    expect(() => judge({ foreign: [{ path: data, access: 'write' }] })(join(home, 'data'), 'read')).toThrow('another');
    const named = (path: string) => judge({ foreign: [{ path, access: 'write', onlyDirectory: true }] });
    expect(() => named(data)(data, 'read')).toThrow('another');
    fs.writeFileSync(join(data, 'program.js'), '');
    expect(named(join(data, 'program.js'))(data, 'read')).toBe(data);
    // somewhere below it: which of the others is not known
    const above = judge({ foreign: [{ path: data, access: 'write', isAbove: true }] });
    for (const path of [data, join(home, 'data')]) expect(() => above(path, 'read')).toThrow('another tenant');
    expect(above(make('data', 'inner', 'most'), 'read')).toBe(join(data, 'most'));
  });
});

test('what lies in a directory that is written is seen there, and not bound by itself', () => {
  expect(listOutermost(['/s', '/s/a/out', '/s', '/sx'], ['/s/data', '/r', '/r'])).toEqual({
    writable: ['/s', '/sx'],
    readable: ['/r'],
  });
});

describe('of a server', () => {
  const there = { kind: 'there', program: '/usr/bin/tool' } as const;
  const probes: Partial<Probes> = { sandbox: () => there };
  const wordsOf = async (
    written: NonNullable<Parameters<typeof compileIsolation>[0]>,
    { command = '/bin/sh', cwd, writable = [] }: { command?: string; cwd?: string; writable?: readonly string[] } = {},
  ) => {
    const isolation = compileIsolation({ required: 'L2', ...written }, (path) => path) as IsolationPolicy;
    const { prefixFor, places } = await confineServer({
      ...{
        stateDir: join(home, 'state'),
        tenant: 'acme',
        server: 'srv',
        isolation,
        platform: 'linux',
        probes,
        writable,
      },
      ...{ required: { level: 'L2', by: 'the config' }, uid: uid === 0 ? 1000 : uid },
    });
    return prefixFor(command, [], cwd ?? places.work, { PATH: '/usr/bin:/bin' }).words;
  };

  test.each(['cwd', 'readable', 'writable', 'program'])('all of it is judged: %s', async (how) => {
    const share = make('share', 'bin');
    const tool = join(share, 'tool');
    fs.writeFileSync(tool, '#!/bin/sh\n', { mode: 0o755 });
    const ways: Record<string, () => Promise<readonly string[]>> = {
      cwd: () => wordsOf({}, { cwd: share, writable: [join(home, 'share')] }),
      readable: () => wordsOf({ readable: [share] }, { writable: [join(home, 'share')] }),
      writable: () => wordsOf({ writable: [share] }, { writable: [join(home, 'share')] }),
      program: () => wordsOf({}, { command: tool, writable: [join(home, 'share')] }),
    };
    await expect(ways[how]?.()).rejects.toThrow('a server may write in');
  });

  test('a library beside its program is judged, too', async () => {
    const tool = join(make('venv', 'bin'), 'tool');
    fs.writeFileSync(tool, '#!/bin/sh\n', { mode: 0o755 });
    make('state');
    fs.symlinkSync('../state', join(home, 'venv', 'lib'));
    await expect(wordsOf({}, { command: tool })).rejects.toThrow('where the guard keeps its state');
  });

  test('a program where it writes leads nowhere else', async () => {
    const [share, other] = [make('share', 'bin'), make('other', 'bin')];
    make('other', 'lib');
    fs.writeFileSync(join(other, 'tool'), '#!/bin/sh\n', { mode: 0o755 });
    fs.symlinkSync(join(other, 'tool'), join(share, 'tool'));
    const words = await wordsOf({ writable: [join(home, 'share')] }, { command: join(share, 'tool') });
    expect(words.join(' ')).not.toContain(join(home, 'other'));
  });

  test('one directory in another is not bound', async () => {
    const [share, out] = [make('share'), make('share', 'a', 'out')];
    const words = await wordsOf({ writable: [share, out], readable: [out] }, { cwd: out });
    expect(words.filter((word) => word === out)).toEqual([out]);
    expect(words[words.lastIndexOf(out) - 1]).toBe('--chdir');
  });
});

describe('a sandbox', () => {
  const look = (script: string, memoryBytes?: number) => {
    const asUser = uid === 0 ? userPrefix('/usr/bin/setpriv', { uid: 7001, gid: 7001 }) : [];
    const offer = probeSandbox(process.platform, asUser);
    if (offer.kind === 'missing') return undefined;
    const own = make('own');
    if (uid === 0) fs.chownSync(own, 7001, 7001);
    const words = sandboxPrefix({
      ...{ bwrap: offer.program, network: false, hostname: 'acme', writable: [own], readable: [], cwd: own },
      ...{ program: '/bin/sh', judge: (path) => path, memoryBytes },
    });
    const [command = '', ...args] = [
      ...filterPrefix(writeKeyFilter(home)),
      ...asUser,
      ...words,
      '/bin/sh',
      '-c',
      script,
    ];
    return spawnSync(command, args, { encoding: 'utf8', cwd: '/' });
  };

  test('has nothing of the kernel to write, as root neither, and no sandbox of its own', ({ skip }) => {
    const script = `grep -c '^proc /proc/sys proc ro' /proc/mounts; unshare -U true && echo another`;
    const shown = look(script);
    if (shown === undefined) return skip('this machine cannot show it');
    expect(shown.stdout).toBe('1\n');
  });

  test('holds no more in memory than it may', ({ skip }) => {
    const script = `
      for place in /tmp /dev/shm; do head -c 9000000 /dev/zero >"$place/x" 2>/dev/null || echo "full $place"; done
      for place in / /dev; do (echo x >"$place/x") 2>/dev/null && echo "open $place"; done
      df -m /run | tail -n 1 | grep -c ' 16 '; echo x >/dev/null && echo works`;
    const shown = look(script, 8 * 1_048_576);
    if (shown === undefined) return skip('this machine cannot show it');
    expect(shown.stdout).toBe('full /tmp\nfull /dev/shm\n1\nworks\n');
    expect(look('df -m /tmp | tail -n 1')?.stdout).toMatch(/ 256 /);
  });

  test('has none of the kernel’s keyrings, and nothing of the filter open', ({ skip }) => {
    const call = (number: number) => `perl -e 'print syscall(${number}, 0, -3, 0) < 0 ? 0 + $! : "key"'`;
    const shown = look(`${call(248)}; ${call(249)}; ${call(250)}; ${call(250 + 0x40000000)}; ls /proc/self/fd | wc -l`);
    if (shown === undefined || process.arch !== 'x64') return skip('this machine cannot show it');
    expect(shown.stdout).toBe('383838384\n');
  });

  test('is tried as whoever will start it', ({ skip }) => {
    if (uid !== 0 || probeUsers('linux', 0).kind === 'missing') return skip('this machine cannot show it');
    expect(probeSandbox('linux', ['/bin/false'])).toMatchObject({ kind: 'missing' });
  });
});
