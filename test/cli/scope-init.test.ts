// `scope init` from the listing to the text: what is shown is what is written, nothing is overwritten, and nothing is done without a yes.
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConfigFile, replaceConfigFile } from '../../src/adapters/config-file.ts';
import type { ListedServer } from '../../src/adapters/list-server.ts';
import { runScopeInit, type ScopeInitContext, type ScopeInitOptions } from '../../src/cli/scope-init.ts';
import { findInitTarget } from '../../src/cli/scope-init-target.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { collectUse } from '../../src/policy/lint/tool-use.ts';
import type { Json } from '../../src/wire/json.ts';
import { HOSTILE } from './scope-scene.ts';
import { openScreen } from './screen.ts';

const NOW = Date.UTC(2026, 10, 22);
const SERVER = { name: 'files', command: 'node', args: ['server.js'], passEnv: [] };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mcp-guard-init-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const listedTools = (...names: readonly string[]): ListedServer => ({
  kind: 'listed',
  listing: {
    server: { name: 'own name', version: '1' },
    seen: undefined,
    faults: [],
    lists: {
      tools: {
        entries: names.map((name) => ({ name, definition: { description: `does ${name}` }, digest: undefined })),
        ...{ omitted: 0, isComplete: true, digest: 'd', sinceMs: NOW, seenAtMs: NOW },
      },
    },
  },
});

function targetAt(out: string | undefined, env: Record<string, string> = {}) {
  const uid = process.getuid?.();
  return findInitTarget({ out, env: { HOME: directory, ...env }, cwd: directory, uid, readAllowed: () => [] });
}

function makeContext(path: string, more: Partial<ScopeInitContext> = {}) {
  const target = targetAt(path);
  const written: string[] = [];
  const asked: string[] = [];
  let starts = 0;
  const context: ScopeInitContext = {
    target,
    list: async () => {
      starts += 1;
      return listedTools('read', 'write');
    },
    readUse: () => undefined,
    bareName: 'files',
    place: { home: directory, isDirectory: () => false },
    // data only
    parse: (text) => parseConfig(path, text).document as Json,
    check: () => [],
    advise: () => [],
    isLocked: false,
    write: (text) => written.push(text),
    consent: {
      isGuarded: false,
      ask: async (question) => {
        asked.push(question);
        return 'y';
      },
    },
    ...more,
  };
  return { context, written, asked, starts: () => starts };
}

async function run(given: ReturnType<typeof makeContext>, options: Partial<ScopeInitOptions> = {}) {
  const screen = openScreen(80);
  const all = { server: SERVER, fromAudit: false, yes: false, ...options };
  const failure = await runScopeInit(all, screen.io, given.context).catch((error: unknown) => error);
  return { failure, out: screen.out(), ...given, starts: given.starts() };
}

const used = () => {
  const collector = collectUse();
  collector.note(NOW);
  collector.add('tool', 'read', NOW, 'done');
  return collector.use;
};

describe('scope init', () => {
  it('writes what it shows, after a yes', async () => {
    const { failure, out, written, asked } = await run(makeContext('c.yaml', { readUse: used }));
    expect(failure).toBe(0);
    expect(asked).toHaveLength(1);
    expect(written).toHaveLength(1);
    expect(written[0]).toContain('- tool: read');
    for (const line of (written[0] ?? '').split('\n').slice(3)) expect(out).toContain(line);
    expect(out).toContain('the first `mcp-guard run`');
    expect(out).toContain('mcp-guard run --server files --config');
  });

  it.each(['', 'n', 'yes please', 'no'])('writes nothing after %j', async (answer) => {
    const { failure, written } = await run(
      makeContext('c.yaml', { consent: { ask: async () => answer, isGuarded: false } }),
    );
    expect(failure).toMatchObject({ code: 'config_declined' });
    expect(written).toEqual([]);
  });

  it.each([false, true])('starts and writes nothing for a server behind the guard (--yes: %j)', async (yes) => {
    const given = makeContext('c.yaml', { consent: { ask: async () => 'y', isGuarded: true } });
    expect(await run(given, { yes })).toMatchObject({
      failure: { code: 'approval_declined' },
      starts: 0,
      written: [],
    });
  });

  it('starts nothing where there is nobody to ask', async () => {
    const given = makeContext('c.yaml', { consent: { ask: undefined, isGuarded: false } });
    expect(await run(given)).toMatchObject({ failure: { code: 'config_declined' }, starts: 0, written: [] });
    expect(await run(given, { yes: true })).toMatchObject({ failure: 0, starts: 1 });
  });

  it('starts nothing where the server is there already, and says so', async () => {
    writeFileSync(join(directory, 'c.json'), '{"version":1,"servers":{"files":{"command":"x"}}}', { mode: 0o600 });
    const { failure, starts, written } = await run(makeContext(join(directory, 'c.json')));
    expect(failure).toMatchObject({ code: 'server_listed', message: expect.stringContaining('has a server `files`') });
    expect([starts, written]).toEqual([0, []]);
  });

  it('proposes nothing from a record that there is not', async () => {
    const { failure, starts } = await run(makeContext('c.yaml'), { fromAudit: true });
    expect(failure).toMatchObject({ code: 'usage', message: 'no use of `files` is on record' });
    expect(starts).toBe(0);
    expect((await run(makeContext('c.yaml', { readUse: used }), { fromAudit: true })).failure).toBe(0);
  });

  it('names the use that is on record under another name, and proposes from it when told to', async () => {
    const readUse = (name: string) => (name === 'server-filesystem' ? used() : undefined);
    const given = { readUse, bareName: 'server-filesystem' };
    const { written, out } = await run(makeContext('c.yaml', given));
    expect(out.replace(/\n/g, ' ')).toContain('`--used-as server-filesystem` proposes from that');
    expect(written[0]).toContain('# - tool: read');
    const { failure } = await run(makeContext('c.yaml', given), { fromAudit: true });
    expect(failure).toMatchObject({ hint: expect.stringContaining('add `--used-as server-filesystem`') });
    const told = await run(makeContext('c.yaml', given), { usedAs: 'server-filesystem' });
    expect(told.written[0]).toMatch(/\n {6}- tool: read\n/);
    expect(told.out).toContain('on record as `server-filesystem` since');
    const wrong = await run(makeContext('c.yaml', given), { usedAs: 'other' });
    expect(wrong.failure).toMatchObject({ code: 'usage', message: 'no use of `other` is on record' });
    expect(wrong.starts).toBe(0);
  });

  it('does not write YAML that would mean something else', async () => {
    writeFileSync(join(directory, 'c.yaml'), 'version: 1\nservers: { git: { command: x } }\n', { mode: 0o600 });
    const { failure, written } = await run(makeContext(join(directory, 'c.yaml')));
    expect(failure).toMatchObject({ code: 'config_unwritable', hint: expect.stringContaining('add this by hand') });
    expect(written).toEqual([]);
  });

  it('takes no directory of the launcher for one of the server', async () => {
    const listed = listedTools('read');
    if (listed.kind !== 'listed') throw new Error('it is listed');
    const inputSchema = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] };
    const entry = { name: 'read', definition: { inputSchema }, digest: undefined };
    const { tools } = listed.listing.lists;
    if (tools === undefined) throw new Error('it has tools');
    const list = async (): Promise<ListedServer> => ({
      ...listed,
      listing: { ...listed.listing, lists: { tools: { ...tools, entries: [entry] } } },
    });
    const place = { home: directory, isDirectory: () => true };
    const server = { ...SERVER, command: 'npx', args: ['--prefix', '/opt/packages', 'files@1.2.3', '/srv/notes'] };
    const { written } = await run(makeContext('c.yaml', { list, place }), { server });
    expect(written.join('')).toContain('within: ["/srv/notes"]');
    expect(written.join('')).not.toContain('within: ["/opt');
  });

  it('does not write what is no config', async () => {
    const fault = { path: 'x', what: 'is wrong', why: '', mend: 'mend it' };
    const { failure, written } = await run(makeContext('c.yaml', { check: () => [fault] }));
    expect(failure).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('is wrong') });
    expect(written).toEqual([]);
  });

  it('says why a server does not say what it offers', async () => {
    const list = async (): Promise<ListedServer> => ({ kind: 'refused', why: 'it ended' });
    const { failure, written } = await run(makeContext('c.yaml', { list }));
    expect(failure).toMatchObject({
      code: 'upstream_failed',
      message: '`files` does not say what it offers: it ended',
    });
    expect(written).toEqual([]);
  });

  it('says what follows for others, and what an existing lock means', async () => {
    writeFileSync(join(directory, 'c.json'), '{"version":1,"servers":{"git":{"command":"x"}}}', { mode: 0o600 });
    const { out } = await run(makeContext(join(directory, 'c.json'), { isLocked: true }));
    expect(out).toContain('there were no scopes before: `git` named none');
    expect(out).toContain('until `mcp-guard scope approve`');
    expect((await run(makeContext('new.yaml'))).out).toContain('refuses every server that is not listed');
  });

  it('lists in JSON beside the text what is not granted', async () => {
    const { out, written } = await run(makeContext('c.json', { readUse: used }));
    expect(out).toContain('not granted; to grant one, put it into `grants`:\n  { "tool": "write" }\n');
    expect(written[0]).not.toContain('write');
  });

  it.each(['c.yaml', 'c.json'])('shows nothing of a server as it stands (%s)', async (path) => {
    const list = async (): Promise<ListedServer> => {
      const listed = listedTools(...HOSTILE);
      return listed.kind === 'listed'
        ? { ...listed, listing: { ...listed.listing, server: { name: '\u001b[2J', version: '\u202e' } } }
        : listed;
    };
    const { failure, out, written } = await run(makeContext(path, { list }));
    expect(failure).toBe(0);
    expect(out).not.toMatch(/[\p{Cf}]|(?!\n)\p{Cc}/u);
    expect(written).toHaveLength(1);
  });
});

describe('where it writes', () => {
  it("is the user's place, where nothing is named", () => {
    expect(targetAt(undefined)).toMatchObject({
      path: join(directory, '.config/mcp-guard/config.yaml'),
      there: undefined,
    });
    expect(targetAt(undefined, { MCP_GUARD_CONFIG: '/x/y.json' })).toMatchObject({
      path: '/x/y.json',
      notation: 'json',
    });
    expect(targetAt('mcp-guard.config.yaml')).toMatchObject({ isProject: true, notation: 'yaml' });
  });

  it('is never a file that names a key twice, or that others can write', () => {
    const path = join(directory, 'c.json');
    writeFileSync(path, '{"version":1,"version":1}', { mode: 0o600 });
    expect(() => targetAt(path)).toThrow('names a key twice');
    writeFileSync(join(directory, 'open.json'), '{}', { mode: 0o600 });
    expect(() => targetAt('x.js')).toThrow('cannot be `*.js`');
    // whoever names a directory that is not there has misspelt it; the user's own place is made
    expect(() => targetAt(join('nowhere', 'x.yaml'))).toThrow(
      `there is no directory \`${join(directory, 'nowhere')}\``,
    );
    expect(targetAt(undefined, { XDG_CONFIG_HOME: join(directory, 'nowhere') }).there).toBeUndefined();
  });

  it('is whole, private, and replaces nothing', () => {
    const path = join(directory, 'deep/er/config.yaml');
    createConfigFile(path, 'one');
    expect(readFileSync(path, 'utf8')).toBe('one');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'deep')).mode & 0o777).toBe(0o700);
    expect(() => createConfigFile(path, 'two')).toThrow('is there by now');
    expect(readFileSync(path, 'utf8')).toBe('one');
  });

  it('is left alone where it has changed meanwhile; a link stays a link', () => {
    const path = join(directory, 'c.json');
    const link = join(directory, 'link.json');
    writeFileSync(path, 'one', { mode: 0o640 });
    symlinkSync(path, link);
    expect(() => replaceConfigFile(link, 'two', () => false)).toThrow('has changed meanwhile');
    expect(readFileSync(path, 'utf8')).toBe('one');
    replaceConfigFile(link, 'two', () => true);
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['two', 0o640]);
  });

  it('is said where it cannot be written', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => createConfigFile(join(directory, 'file/config.yaml'), 'x')).toThrow('cannot write the config');
  });
});
