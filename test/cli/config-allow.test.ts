// `config allow`, on real files.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAllowedConfigs } from '../../src/adapters/allowed-configs.ts';
import { runConfigAllow } from '../../src/cli/config-allow.ts';
import { findConfigFile } from '../../src/config/find-config.ts';
import { loadPolicy } from '../../src/config/load-config.ts';
import { openScreen } from './screen.ts';

const VALID = '{"version":1,"servers":{"files":{"command":"x"}}}';
let root: string;
let cwd: string;
let stateDir: string;
const load = { env: {}, uid: process.getuid?.() };

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'guard-commands-')));
  cwd = join(root, 'project');
  stateDir = join(root, 'state');
  mkdirSync(cwd);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(text: string, name = 'mcp-guard.config.json'): string {
  const path = join(cwd, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

describe('config allow', () => {
  const allow = async (
    options: Parameters<typeof runConfigAllow>[0],
    answer?: string,
    from = cwd,
    isGuarded = false,
  ) => {
    const screen = openScreen();
    const questions: string[] = [];
    const ask =
      answer === undefined
        ? undefined
        : async (question: string) => {
            questions.push(question);
            return answer;
          };
    const code = await runConfigAllow(options, screen.io, {
      ...load,
      cwd: from,
      stateDir,
      nowMs: () => 1,
      consent: { ask, isGuarded },
    });
    return { code, out: screen.out(), questions };
  };
  const find = () =>
    findConfigFile({
      flag: undefined,
      env: { XDG_CONFIG_HOME: '/nonexistent' },
      cwd,
      readAllowed: () => readAllowedConfigs(stateDir),
    });

  test('shows the file and its digest, asks, and then it counts', async () => {
    const path = write(VALID);
    expect(find()).toEqual({ place: undefined, ignored: path });
    const { code, out, questions } = await allow({}, 'y');
    expect(code).toBe(0);
    const [entry] = readAllowedConfigs(stateDir);
    expect(entry?.path).toBe(path);
    expect(out).toContain(VALID);
    expect(out).toContain(`sha-256 ${entry?.digest}`);
    expect(questions).toHaveLength(1);
    const { place } = find();
    expect(place?.origin).toBe('project');
    if (place !== undefined) expect(loadPolicy(place, load).servers.has('files')).toBe(true);
  });

  test('a changed file no longer counts, and is not passed over either; allowed anew it replaces the old', async () => {
    write(VALID);
    await allow({ yes: true });
    write(`${VALID} `);
    const { place } = find();
    if (place === undefined) throw new Error('it was passed over');
    expect(() => loadPolicy(place, load)).toThrow(expect.objectContaining({ code: 'config_changed' }));
    await allow({ yes: true });
    expect(readAllowedConfigs(stateDir)).toHaveLength(1);
    expect(find().place?.digest).not.toBe(place.digest);
  });

  test.each(['', 'n', 'no', 'yess', 'Y e s'])('the answer %j allows nothing', async (answer) => {
    write(VALID);
    await expect(allow({}, answer)).rejects.toMatchObject({ code: 'config_declined', exitCode: 77 });
    expect(readAllowedConfigs(stateDir)).toEqual([]);
  });

  test.each([{ yes: true }, {}, { forget: true }])('a server behind the guard is refused %j', async (options) => {
    write(VALID);
    await allow({ yes: true });
    const before = readAllowedConfigs(stateDir);
    write(`${VALID} `);
    await expect(allow(options, 'y', cwd, true)).rejects.toMatchObject({ code: 'approval_declined', exitCode: 77 });
    expect(readAllowedConfigs(stateDir)).toEqual(before);
  });

  test('without a terminal it takes --yes', async () => {
    write(VALID);
    await expect(allow({})).rejects.toMatchObject({ code: 'config_declined' });
    expect((await allow({ yes: true })).code).toBe(0);
  });

  test('a file with errors, one that is not looked for, none', async () => {
    await expect(allow({ yes: true })).rejects.toMatchObject({ code: 'usage' });
    write('{"version":2}');
    await expect(allow({ yes: true })).rejects.toMatchObject({
      code: 'config_invalid',
      hint: `run \`mcp-guard config check --config ${join(cwd, 'mcp-guard.config.json')}\``,
    });
    write(VALID, 'other.json');
    await expect(allow({ file: 'other.json', yes: true })).rejects.toMatchObject({ code: 'usage' });
    expect(readAllowedConfigs(stateDir)).toEqual([]);
  });

  test('through a link to the directory it is the same file', async () => {
    const path = write(VALID);
    symlinkSync(cwd, `${cwd}-link`);
    await allow({ file: `${cwd}-link/mcp-guard.config.json`, yes: true });
    expect(readAllowedConfigs(stateDir)[0]?.path).toBe(path);
  });

  test('--forget takes it back, the file gone or not', async () => {
    const path = write(VALID);
    await allow({ yes: true });
    expect((await allow({ file: path, forget: true })).out).toBe(`forgotten: ${path}\n`);
    expect((await allow({ file: path, forget: true })).out).toBe(`was not allowed: ${path}\n`);
    expect((await allow({ forget: true })).out).toBe(`nothing was allowed in ${cwd}\n`);
    expect(find()).toEqual({ place: undefined, ignored: path });
  });

  test('--forget without a name finds the one on record for this directory, and no other', async () => {
    const path = write(VALID, '.mcp-guardrc.yaml');
    mkdirSync(join(cwd, 'below'));
    const below = write(VALID, 'below/mcp-guard.config.json');
    await allow({ yes: true });
    await allow({ file: below, yes: true });
    rmSync(path);
    symlinkSync(cwd, `${cwd}-link`);
    expect(find().place?.path).toBe(path);
    expect((await allow({ forget: true }, undefined, `${cwd}-link`)).out).toBe(`forgotten: ${path}\n`);
    expect(readAllowedConfigs(stateDir).map((entry) => entry.path)).toEqual([below]);
    expect(find()).toEqual({ place: undefined, ignored: undefined });
  });

  test('--forget without a name takes back nothing where two are on record', async () => {
    const paths = ['mcp-guard.config.json', '.mcp-guardrc'].map((name) => write(VALID, name));
    for (const file of paths) await allow({ file, yes: true });
    await expect(allow({ forget: true })).rejects.toMatchObject({
      code: 'config_ambiguous',
      hint: expect.stringContaining(`config allow --forget ${paths[0]}`),
    });
    expect(readAllowedConfigs(stateDir)).toHaveLength(2);
  });

  test('what the file holds does not steer the terminal it is shown on', async () => {
    write('{"version":1,"model":{"id":"a\u202eb"}}');
    expect((await allow({ yes: true })).out).toContain('a\\u{202e}b');
  });

  test.each([
    '',
    '{',
    '[]',
    '{"version":1}',
    '{"version":2,"allowed":[]}',
    '{"version":1,"allowed":[{"path":"/x","digest":"y"}]}',
  ])('a record that is %j is an error for a run, never "nothing is allowed"', async (text) => {
    write(VALID);
    await allow({ yes: true });
    writeFileSync(join(stateDir, 'allowed-configs.json'), text);
    expect(() => find()).toThrow(expect.objectContaining({ code: 'state_unusable', exitCode: 74 }));
  });

  test('the record is private', async () => {
    write(VALID);
    await allow({ yes: true });
    expect(readdirSync(stateDir)).toEqual(['allowed-configs.json']);
    expect(JSON.parse(readFileSync(join(stateDir, 'allowed-configs.json'), 'utf8'))).toMatchObject({ version: 1 });
  });
});
