// The compiled code beside the program is used only where it is whole and of this very program. On a copy of what was built.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the guard says of a line that is no JSON. */
const SAID = 'was refused and not forwarded';

let home: string;
let program: string;
let cache: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'guard-cache-'));
  for (const part of ['bin', 'dist']) cpSync(join(ROOT, part), join(home, part), { recursive: true });
  program = join(home, 'dist', 'main.cjs');
  cache = join(home, 'dist', 'main.cache');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A session of one line in front of `cat`: one that is no JSON, which the guard refuses, and says so. */
function runSession(...flags: readonly string[]): { status: number | null; signal: string | null; stderr: string } {
  const args = [join(home, 'bin', 'mcp-guard.js'), 'run', ...flags, '--', 'cat'];
  const env = { PATH: process.env.PATH, HOME: home, MCP_GUARD_STATE_DIR: join(home, 'state') };
  const { status, signal, stderr } = spawnSync(process.execPath, args, { env, input: '{\n', encoding: 'utf8' });
  return { status, signal, stderr };
}

/** For each content of the cache file whether the loader used it, all in one process: one that crashes says nothing. */
function askLoader(contents: readonly Buffer[]): boolean[] {
  contents.forEach((content, index) => {
    writeFileSync(join(home, `cache-${index}`), content);
  });
  const code = `const { cacheOf, load } = require('./bin/load.js');
    const used = [];
    for (let index = 0; index < ${contents.length}; index += 1) {
      require('node:fs').copyFileSync('cache-' + index, cacheOf('main'));
      used.push(load({ useCache: true }).script.cachedDataRejected === false);
    }
    console.log(JSON.stringify(used))`;
  const { stdout } = spawnSync(process.execPath, ['-e', code], { cwd: home, encoding: 'utf8' });
  return JSON.parse(stdout || 'null');
}

/** A copy with one bit changed. */
function flip(bytes: Buffer, index: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[index] = (flipped[index] ?? 0) ^ 1;
  return flipped;
}

describe('the compiled code', () => {
  it('is used as it was built', () => expect(askLoader([readFileSync(cache)])).toEqual([true]));

  it('is not used with one bit flipped, wherever: in its digest, its head, its code', () => {
    const whole = readFileSync(cache);
    const spots = [
      0,
      31,
      32,
      40,
      64,
      ...Array.from({ length: 20 }, (_, part) => Math.floor((whole.length * part) / 20)),
    ];
    const broken = [...spots, whole.length - 1].map((spot) => flip(whole, spot));
    expect(askLoader(broken)).toEqual(broken.map(() => false));
  });

  it('is not used where it is short, long, empty or without its digest', () => {
    const whole = readFileSync(cache);
    const broken = [
      whole.subarray(0, -1),
      Buffer.concat([whole, Buffer.alloc(1)]),
      Buffer.alloc(0),
      whole.subarray(0, 31),
      whole.subarray(0, 32),
      whole.subarray(32),
    ];
    expect(askLoader(broken)).toEqual(broken.map(() => false));
  });

  it('breaks no session where its bytes have changed', () => {
    const sound = runSession();
    expect(sound).toMatchObject({ status: 0, signal: null, stderr: expect.stringContaining(SAID) });
    const bytes = readFileSync(cache);
    for (let index = 4096; index < bytes.length; index += 509) bytes[index] = (bytes[index] ?? 0) ^ 0xff;
    writeFileSync(cache, bytes);
    expect(runSession()).toEqual(sound);
  });

  it('does not stand in for a program that was edited, not even to the same length', () => {
    const source = readFileSync(program, 'latin1');
    expect(source).toContain(SAID);
    writeFileSync(program, source.replaceAll(SAID, SAID.toUpperCase()), 'latin1');
    expect(runSession().stderr).toContain(SAID.toUpperCase());
  });

  it('of what a config needs is used, and breaks no session where its bytes have changed', () => {
    const config = join(home, 'mcp-guard.config.json');
    writeFileSync(config, '{"version":1,"unlisted":"observe"}', { mode: 0o600 });
    const sound = runSession('--config', config);
    expect(sound).toMatchObject({ status: 0, signal: null, stderr: expect.stringContaining(SAID) });
    for (const name of ['load-config', 'run-lock', 'run-limits']) {
      const file = join(home, 'dist', `${name}.cache`);
      const code = `const vm = require('node:vm');
        const { Script } = vm;
        vm.Script = class extends Script {
          constructor(source, options) {
            super(source, options);
            console.error([options.filename, this.cachedDataRejected].join(' '));
          }
        };
        process.argv.splice(1, 0, 'x');
        require('./bin/load.js').start();`;
      const args = ['-e', code, 'run', '--config', config, '--', 'cat'];
      const env = { PATH: process.env.PATH, HOME: home, MCP_GUARD_STATE_DIR: join(home, 'state') };
      const { stderr } = spawnSync(process.execPath, args, { cwd: home, env, input: '', encoding: 'utf8' });
      expect(stderr).toContain(`${join(home, 'dist', `${name}.cjs`)} false`);
      const bytes = readFileSync(file);
      for (let index = 1024; index < bytes.length; index += 509) bytes[index] = (bytes[index] ?? 0) ^ 0xff;
      writeFileSync(file, bytes);
      expect(runSession('--config', config).stderr).toContain(SAID);
    }
  });
});
