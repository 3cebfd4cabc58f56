// A new tenant in a config: what is shown is what is written and nothing else changes, no secret is written down, nothing without a yes.
import { describe, expect, test } from 'vitest';
import { type AddContext, type AddFlags, runTenantAdd } from '../../src/cli/tenant-add.ts';
import { checkTenantViews } from '../../src/config/check-tenant-views.ts';
import { compileDocument } from '../../src/config/load-config.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { type Json, type JsonObject, objectAt } from '../../src/wire/json.ts';
import { openScreen } from './screen.ts';

const SERVERS = { github: { command: 'gh-server', scope: 'issues' }, files: { command: 'files-server' } };
const SCOPES = { issues: { grants: [{ tool: '*issue*' }] } };
const JSON_TEXT = `${JSON.stringify({ version: 1, servers: SERVERS, scopes: SCOPES }, undefined, 4)}\n`;
const YAML_TEXT = `# ours\nversion: 1\nservers:\n  github: { command: gh-server, scope: issues }\n  files: { command: files-server }\nscopes:\n  issues: { grants: [{ tool: '*issue*' }] }\n# the end\n`;

interface Played {
  readonly code: number;
  readonly written: readonly string[];
  readonly asked: readonly string[];
  readonly shown: string;
}

async function add(id: string, flags: AddFlags, text = JSON_TEXT, more: Partial<AddContext> = {}): Promise<Played> {
  const path = text.startsWith('{') ? '/c/mcp-guard.config.json' : '/c/mcp-guard.config.yaml';
  const read = (from: string) => parseConfig(path, from).document as Json; // data only
  const [written, asked]: [string[], string[]] = [[], []];
  const screen = openScreen();
  const source = { path, digest: '' };
  const context: AddContext = {
    target: {
      ...{ path, notation: path.endsWith('json') ? 'json' : 'yaml', isProject: false },
      there: { text, digest: 'd', document: read(text) },
    },
    consent: {
      isGuarded: false,
      ask: async (question) => {
        asked.push(question);
        return 'y';
      },
    },
    parse: read,
    check: (document) => {
      const compiled = compileDocument(document, source, { env: {}, uid: undefined });
      return compiled.ok
        ? checkTenantViews(document as JsonObject, source, { env: {}, uid: undefined })
        : compiled.diagnostics;
    },
    look: () => [],
    write: (one) => written.push(one),
    ...more,
  };
  const code = await runTenantAdd(id, flags, screen.io, context);
  return { code, written, asked, shown: screen.out() };
}

const ACME = {
  env: ['github:GITHUB_TOKEN=env:ACME_TOKEN', 'github:OTHER=exec:op read op://a/b'],
  allow: ['github:get_*', 'github:list_*', 'files:read_file'],
  isolation: 'L1',
  uid: '7001',
};
const BLOCK = {
  servers: {
    github: { env: { GITHUB_TOKEN: 'env:ACME_TOKEN', OTHER: 'exec:op read op://a/b' } },
    files: { scope: 'files' },
  },
  scopes: {
    issues: { grants: [{ tool: 'get_*' }, { tool: 'list_*' }] },
    files: { grants: [{ tool: 'read_file' }] },
  },
  isolation: { required: 'L1', uid: 7001 },
};

describe.each([
  ['JSON', JSON_TEXT, '.json'],
  ['YAML', YAML_TEXT, '.yaml'],
])('in %s', (_, text, ending) => {
  const read = (from: string) => parseConfig(`/c/x${ending}`, from).document as JsonObject;

  test('the block is shown, asked for and written; all else stays', async () => {
    const { code, written, asked, shown } = await add('acme', ACME, text);
    expect([code, asked]).toEqual([0, ['add `acme`? [y/N] ']]);
    const [after = ''] = written;
    expect(read(after)).toEqual({ ...read(text), tenants: { acme: BLOCK } });
    const lines = after.split('\n');
    for (const line of text.trimEnd().split('\n').slice(0, -2)) expect(lines).toContain(line);
    for (const word of ['env:ACME_TOKEN', 'list_*', '7001', 'read_file']) expect(shown).toContain(word);
    expect(shown).toContain('nothing starts without `--tenant`');
    expect(shown).toContain('mcp-guard scope approve --config');
    // a second one beside it
    const { written: again, shown: second } = await add('globex', {}, after);
    expect(read(again[0] ?? '')).toEqual({ ...read(text), tenants: { acme: BLOCK, globex: {} } });
    expect(second).not.toContain('it is the first one');
  });
});

describe('is refused, and nothing is written', () => {
  const refused = async (flags: AddFlags, code: string, text = JSON_TEXT, more: Partial<AddContext> = {}) => {
    const written: string[] = [];
    const attempt = add('acme', flags, text, { write: (one) => written.push(one), ...more });
    await expect(attempt).rejects.toThrow(expect.objectContaining({ code }));
    expect(written).toEqual([]);
    return attempt.catch((error: Error) => error.message);
  };

  test.each(['github:TOKEN=hunter2-hunter2', 'github:TOKEN=literal:hunter2-hunter2', 'github:TOKEN=hunter2:hunter2'])(
    'a secret that is written down: %s',
    async (env) => {
      expect(await refused({ env: [env] }, 'usage')).not.toContain('hunter2');
      await expect(add('acme', { env: [env] })).rejects.toMatchObject({ hint: expect.stringContaining('by hand') });
    },
  );

  test.each([
    ['github', 'it has no `=`'],
    ['hunter2=env:X', 'it has no `:` before `=`'],
    ['Hunter2:A=env:X', 'what stands before `:` is no name of a server'],
    ['github:1hunter2=env:X', 'what stands before `=` is no name of a variable'],
    ['github:A=', 'nothing stands behind `=`'],
  ])('a variable that is none, and why: %s', async (env, why) => {
    const said = await refused({ env: [env] }, 'usage');
    expect(said).toContain(why);
    expect(said).not.toContain('unter2');
  });

  test('a user that is none: which are', async () => {
    for (const uid of ['0', 'abc', '-1'])
      await expect(add('acme', { uid })).rejects.toMatchObject({
        hint: expect.stringContaining('from 1 to 999999999'),
      });
  });

  test.each<[string, AddFlags, string]>([
    ['a variable that is given twice', { env: ['github:A=env:X', 'github:A=env:Y'] }, 'usage'],
    ['arguments that are no list', { args: ['files:/srv/acme'] }, 'usage'],
    ['arguments that are no texts', { args: ['files:[1]'] }, 'usage'],
    ['arguments of a server that is not there', { args: ['gitlab:["x"]'] }, 'server_unknown'],
    ['no variable', { env: ['GITHUB_TOKEN=env:X'] }, 'usage'],
    ['no pattern', { allow: ['get_*'] }, 'usage'],
    ['no level', { isolation: 'L4' }, 'usage'],
    ['no user', { uid: '0' }, 'usage'],
    ['a server that is not there', { allow: ['gitlab:*'] }, 'server_unknown'],
    ['a name of an object’s own', { allow: ['constructor:*'] }, 'server_unknown'],
    ['a variable that the guard sets', { env: ['github:HOME=env:X'] }, 'config_invalid'],
  ])('%s', async (_, flags, code) => {
    await refused(flags, code);
  });

  test('a name that is taken, by somebody with the same user, or without a config', async () => {
    const { written } = await add('acme', { uid: '7001' });
    await refused({}, 'server_listed', written[0]);
    await expect(add('globex', { uid: '7001' }, written[0])).rejects.toThrow(/user 7001 .*is that of `acme`/);
    const target = { path: '/c/none.json', notation: 'json', there: undefined, isProject: false } as const;
    await refused({}, 'config_missing', JSON_TEXT, { target });
  });

  test('a form that cannot be added to', async () => {
    await refused({}, 'config_unwritable', 'version: 1\ntenants: { globex: {} }\n');
  });

  test('without a person, a yes, or from inside a server', async () => {
    await refused({}, 'approval_declined', JSON_TEXT, { consent: { isGuarded: false, ask: undefined } });
    await refused({}, 'approval_declined', JSON_TEXT, { consent: { isGuarded: false, ask: async () => 'n' } });
    await refused({ yes: true }, 'approval_declined', JSON_TEXT, { consent: { isGuarded: true, ask: undefined } });
    const { written } = await add('acme', { yes: true }, JSON_TEXT, { consent: { isGuarded: false, ask: undefined } });
    expect(written).toHaveLength(1);
  });
});

test('whose everything is that names no tenant is no customer', async () => {
  await expect(add('default', {})).rejects.toMatchObject({ code: 'usage' });
});

test('paths among the arguments that everybody has are said, and can be replaced', async () => {
  const servers = { files: { command: 'files-server', args: ['--ro', '/srv/notes', '~/x'] }, mail: { command: 'm' } };
  const text = JSON.stringify({ version: 1, servers, scopes: {} });
  const plain = await add('acme', {}, text);
  expect(plain.shown.replaceAll('\n', ' ')).toContain(
    'note: `files` is started with `/srv/notes`, `~/x`, as for everybody; `--args` gives',
  );
  expect(plain.shown).not.toContain('`mail` is started');
  expect(plain.shown.split('\n').filter((line) => line.length > 80 && !line.includes('mcp-guard'))).toEqual([]);
  const own = await add('acme', { args: ['files:["--ro","/srv/acme"]'] }, text);
  expect(own.shown).not.toContain('as for everybody');
  expect(objectAt(JSON.parse(own.written[0] ?? ''), 'tenants')).toEqual({
    acme: { servers: { files: { args: ['--ro', '/srv/acme'] } } },
  });
});

test('words of everybody’s that a list of its own drops are said, but for the places that it is given for', async () => {
  const servers = { files: { command: 'npx', args: ['-y', 'server-files', '/srv/all'] } };
  const text = JSON.stringify({ version: 1, servers, scopes: {} });
  const short = await add('acme', { args: ['files:["/srv/acme"]'] }, text);
  expect(short.shown.replaceAll('\n', ' ')).toContain(
    'so `files` is started without `-y`, `server-files`; repeat what it needs',
  );
  const whole = await add('acme', { args: ['files:["-y","server-files","/srv/acme"]'] }, text);
  expect(whole.shown).not.toContain('is started without');
});

test('at L0 it is said that its servers may share files, once; above it is not', async () => {
  const isOpen = async (flags: AddFlags) => (await add('acme', flags)).shown.split('note: at L0 ').length - 1;
  expect([await isOpen({}), await isOpen({ isolation: 'L1' }), await isOpen({ isolation: 'L2' })]).toEqual([1, 0, 0]);
});

test('places that nothing keeps to are refused below L2', async () => {
  for (const isolation of [{}, { isolation: 'L1' }]) {
    const written: string[] = [];
    const attempt = add('acme', { ...isolation, readable: ['/srv/t'], writable: ['/srv/a'] }, JSON_TEXT, {
      write: (one) => written.push(one),
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'usage',
      message: `\`--readable\` and \`--writable\` hold from L2 on, and \`acme\` would have ${isolation.isolation ?? 'L0'}`,
      hint: expect.stringContaining('give `--isolation L2`'),
    });
    expect(written).toEqual([]);
  }
  // what its server has for everybody counts
  const servers = { files: { command: 'sh', isolation: { required: 'L2' } } };
  const { written } = await add('acme', { writable: ['/srv/a'] }, JSON.stringify({ version: 1, servers }));
  expect(objectAt(JSON.parse(written[0] ?? ''), 'tenants')).toEqual({ acme: { isolation: { writable: ['/srv/a'] } } });
});

test('what does not hold on this machine is said before it is asked for', async () => {
  const { shown } = await add('acme', {}, JSON_TEXT, { look: () => ['note: x\u001b'] });
  expect(shown).toContain('note: x\\u{1b}\n');
});

test('an empty block is one line', async () => {
  expect((await add('acme', {}, YAML_TEXT)).written[0]).toContain('\ntenants:\n  acme: {}\n');
  expect((await add('acme', {})).shown).toContain('"acme": {}');
});

test('L3 with its domains, and what is readable, are written as given; what does not go together is refused', async () => {
  const flags = { isolation: 'L3', network: ['api.example.com', '*.example.org'], readable: ['/srv/templates'] };
  const { written } = await add('acme', flags);
  expect(objectAt(JSON.parse(written[0] ?? ''), 'tenants')).toEqual({
    acme: {
      isolation: {
        required: 'L3',
        network: ['api.example.com', '*.example.org'],
        readable: ['/srv/templates'],
      },
    },
  });
  await expect(add('acme', { isolation: 'L2', network: ['api.example.com'] })).rejects.toMatchObject({
    code: 'config_invalid',
  });
  await expect(add('acme', { isolation: 'L4' })).rejects.toMatchObject({
    code: 'usage',
    hint: 'use one of L0, L1, L2, L3',
  });
});
