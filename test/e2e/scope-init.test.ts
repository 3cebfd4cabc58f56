// `scope init` on the official servers: what it writes passes `config check` and `scope lint`, lets pass what was used and nothing
// else, and leaves no process.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitNone } from '../fixtures/peers/leftovers.mjs';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BIN = here('../../bin/mcp-guard.js');
const official = (name: string) => here(`../../node_modules/@modelcontextprotocol/${name}/dist/index.js`);

let root: string;
let notes: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-guard-init-')));
  notes = join(root, 'notes');
  mkdirSync(notes, { mode: 0o700 });
  writeFileSync(join(notes, 'a.txt'), 'first\n', { mode: 0o600 });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** @param lines what a client says, one message each */
function guard(words: readonly string[], lines: readonly object[] = []) {
  const env = {
    PATH: process.env.PATH,
    HOME: root,
    MCP_GUARD_STATE_DIR: join(root, 'state'),
    COLUMNS: '80',
    LANG: 'C',
  };
  const input = lines.map((line) => `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`).join('');
  const done = spawnSync(process.execPath, [BIN, ...words], { cwd: root, env, input, encoding: 'utf8' });
  return { status: done.status, out: done.stdout, err: done.stderr };
}

function session(words: readonly string[], calls: readonly { readonly name: string; readonly arguments: object }[]) {
  const clientInfo = { name: 'test', version: '1' };
  const lines = [
    { id: 'i', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } },
    { method: 'notifications/initialized' },
    { id: 'list', method: 'tools/list' },
    ...calls.map((params, id) => ({ id, method: 'tools/call', params })),
  ];
  const { out } = guard(words, lines);
  const answers = out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return new Map(answers.filter(({ method }) => method === undefined).map((answer) => [answer.id, answer]));
}

const CONFIG = '.config/mcp-guard/config.yaml';

describe('scope init', () => {
  it.each([
    ['server-filesystem', () => [notes], 14],
    ['server-memory', () => [], 9],
    ['server-everything', () => ['stdio'], 13],
  ] as const)('proposes a scope for %s that grants nothing and passes all checks', async (name, args, least) => {
    const command = [process.execPath, official(name), ...args()];
    const { status, out } = guard(['scope', 'init', '--yes', '--server', 'it', '--', ...command]);
    expect(status, out).toBe(0);
    const text = readFileSync(join(root, CONFIG), 'utf8');
    expect(statSync(join(root, CONFIG)).mode & 0o777).toBe(0o600);
    expect(text.match(/^ +# - tool: /gm)?.length ?? 0).toBeGreaterThanOrEqual(least);
    expect(text).toContain('# claimed by the server: ');
    expect(guard(['config', 'check']).status).toBe(0);
    expect(guard(['scope', 'lint']).status).toBe(0);
    expect(await awaitNone(`HOME=${root}`, 5_000)).toEqual([]);
    const answers = session(['run', '--server', 'it'], []);
    expect(answers.get('i')?.result?.serverInfo).toBeDefined();
    expect(answers.get('list')?.result?.tools ?? []).toEqual([]);
  });

  it('proposes from the record what was used, where it was used', () => {
    const command = [process.execPath, official('server-filesystem'), root];
    const read = { name: 'read_text_file', arguments: { path: join(notes, 'a.txt') } };
    const outside = { name: 'read_text_file', arguments: { path: join(root, 'other.txt') } };
    writeFileSync(join(root, 'other.txt'), 'second\n', { mode: 0o600 });
    expect(session(['run', '--server', 'it', '--', ...command], [read]).get(0)?.result?.isError).toBeFalsy();
    const { status, out } = guard(['scope', 'init', '--from-audit', '--yes', '--server', 'it', '--', ...command]);
    expect(status, out).toBe(0);
    expect(guard(['scope', 'lint']).status).toBe(0);
    const answers = session(['run', '--', ...command], [read, outside, { name: 'write_file', arguments: {} }]);
    expect(answers.get('list').result.tools.map(({ name }: { name: string }) => name)).toEqual(['read_text_file']);
    expect(answers.get(0)?.result?.isError).toBeFalsy();
    expect(answers.get(1)?.result?.isError).toBe(true);
    expect(answers.get(2)?.error?.code).toBe(-32602);
    const creep = guard(['scope', 'creep', 'it']);
    expect(creep.out).toContain('1 ever used (100 %)');
  });

  it('adds to what is there and overwrites nothing', () => {
    const config = join(root, 'team.json');
    const first = [
      'scope',
      'init',
      '--yes',
      '--out',
      config,
      '--server',
      'it',
      '--',
      process.execPath,
      official('server-memory'),
    ];
    expect(guard(first).status).toBe(0);
    const before = readFileSync(config, 'utf8');
    expect(guard(first)).toMatchObject({ status: 64, err: expect.stringContaining('nothing is overwritten') });
    expect(readFileSync(config, 'utf8')).toBe(before);
    expect(guard(first.with(6, 'other')).status).toBe(0);
    expect(Object.keys(JSON.parse(readFileSync(config, 'utf8')).scopes)).toEqual(['it', 'other']);
    expect(guard(['config', 'check', '--config', config]).status).toBe(0);
  });

  it('leads to a config whose growth is approved, and seen', () => {
    const command = [process.execPath, official('server-memory')];
    expect(guard(['scope', 'init', '--yes', '--server', 'it', '--', ...command]).status).toBe(0);
    session(['run', '--server', 'it'], []);
    const text = readFileSync(join(root, CONFIG), 'utf8');
    const granted = text.replace(/^( +)# (- tool: (?:read_graph|open_nodes))$/gm, '$1$2');
    expect(granted).not.toBe(text);
    writeFileSync(join(root, CONFIG), granted, { mode: 0o600 });
    const key = join(root, 'state/lock/keys/ed25519.pem');
    expect(guard(['scope', 'approve', '--reason', 'to read', '--key', key, '--yes'])).toMatchObject({ status: 0 });
    const { out } = guard(['scope', 'creep', 'it']);
    expect(out).toContain('can call 2 tools of 9 offered; 0 ever used');
    expect(out).toMatch(/0 -> 2 \(\+2\) {2}by \S+: to read/);
  });

  it('asks, where there is nobody to ask, for a yes before it starts anything', () => {
    const { status, err } = guard(['scope', 'init', '--', process.execPath, '-e', 'console.error("started")']);
    expect(status).toBe(77);
    expect(err).not.toContain('started');
  });
});
