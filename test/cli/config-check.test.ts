// `config check`, on real files and a narrow terminal.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runConfigCheck } from '../../src/cli/config-check.ts';
import { wrapText } from '../../src/cli/config-screen.ts';
import { type Ceilings, NO_CEILINGS } from '../../src/config/ceilings.ts';
import type { Restriction } from '../../src/config/restriction.ts';
import { openScreen } from './screen.ts';

let cwd: string;

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'guard-check-')));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function write(text: string | object): string {
  const path = join(cwd, 'mcp-guard.config.json');
  writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text), { mode: 0o600 });
  return path;
}

interface Check {
  readonly json?: boolean;
  readonly columns?: number;
  readonly ignored?: string;
  readonly env?: Record<string, string>;
  readonly ceilings?: Ceilings;
}

function check(
  path: string | undefined,
  { json = false, columns = 80, ignored, env = {}, ceilings = NO_CEILINGS }: Check = {},
) {
  const screen = openScreen(columns);
  const place = path === undefined ? undefined : ({ path, origin: 'flag', digest: undefined } as const);
  const whole = { PATH: '/bin:/usr/bin', HOME: '/home/ada', ...env };
  const context = { env: whole, uid: process.getuid?.(), cwd, ceilings, stateDir: join(cwd, 'state') };
  const code = runConfigCheck({ json }, screen.io, { place, ignored }, context);
  return { code, out: screen.out(), parsed: json ? (JSON.parse(screen.out()) as unknown) : undefined };
}

const SERVERS = { files: { command: 'sh' } };

test('a good one', () => {
  const path = write({ version: 1, servers: SERVERS });
  expect(check(path)).toMatchObject({ code: 0, out: `ok ${path} (servers: files)\n` });
  expect(check(path, { json: true })).toMatchObject({
    code: 0,
    parsed: { ok: true, path, servers: ['files'], diagnostics: [], notes: [], ignored: null, ceilings: [] },
  });
});

test('a bad one: a paragraph for each error, inert, each reason once at the end, exit 78', () => {
  const path = write(
    '{"version":2,"\\u001b[2J":1,"bridge":true,"servers":{"s":{"url":"https://a.example"}},"maxLineBytes":1}',
  );
  expect(check(path, { columns: 200 })).toMatchObject({
    code: 78,
    out: `version
  \`2\` is not allowed here: allowed: \`1\`
  write \`1\`

["\\u001b[2J"]
  unknown key \`\\u{1b}[2J\`
  remove it; known here: \`$schema\`, \`version\`, \`servers\`, \`unlisted\`, \`strict\`, \`audit\`, \`model\`, \`shutdown\`, \`maxLineBytes\`, \`log\`, \`scopes\`, \`breaker\`, \`limits\`, \`limitStore\`, \`loopGuard\`,
  \`blastRadius\`, \`auth\`, \`tenants\`, \`roles\`, \`lock\`, \`approvers\`, \`lint\`

bridge
  \`bridge\` is not yet enforced in this version
  remove it

servers.s.url
  \`url\` is not yet enforced in this version
  remove it

maxLineBytes
  \`1\` is out of range
  use at least 65536

5 errors in ${path}

(a key that is not understood is refused, so that no policy is lost to a typing error)

(a policy that is written down and not enforced would be trusted in vain)
`,
  });
  expect(check(path, { json: true })).toMatchObject({
    code: 78,
    parsed: {
      ok: false,
      path,
      diagnostics: [
        { path: 'version' },
        { what: 'unknown key `\u001b[2J`' },
        { path: 'bridge' },
        { path: 'servers.s.url' },
        { path: 'maxLineBytes' },
      ],
    },
  });
});

test('a key that reorders what is shown is made visible, in its place, too', () => {
  const { out } = check(write({ version: 1, 'a\u202eb': 1 }));
  expect(out).not.toContain('\u202e');
  expect(out.startsWith('["a\\u{202e}b"]\n')).toBe(true);
});

test('keeps to the width of the terminal', () => {
  const path = write({ version: 1, zzzzzz: 1, servers: { Files: { args: [1] } } });
  const lines = check(path, { columns: 40 }).out.split('\n');
  expect(lines.filter((line) => line.length > 40)).toEqual(
    [`3 errors in ${path}`].map((line) => line.replace('3', '4')),
  );
  expect(lines).toContain('  remove it; known here: `$schema`,');
  expect(wrapText('a bb ccc dddddddd e', 6, '  ')).toBe('  a bb\n  ccc\n  dddddddd\n  e');
});

describe('none at all', () => {
  test('says where it looked', () => {
    const { code, out } = check(undefined, { columns: 1000 });
    expect(code).toBe(0);
    expect(out).toContain('no config file');
    expect(out).toContain(
      `an allowed \`mcp-guard.config.json\` in \`${cwd}\`, \`/home/ada/.config/mcp-guard/config.json\``,
    );
    expect(check(undefined, { json: true }).parsed).toEqual({
      ok: true,
      path: null,
      ceilings: [],
      diagnostics: [],
      notes: [],
      ignored: null,
    });
  });

  test('and that a project’s file is there, and how to allow it', () => {
    const ignored = write({ version: 1 });
    const said = `note: \`${ignored}\` is not used, because nobody has allowed it: run \`mcp-guard config allow ${ignored}\``;
    expect(check(undefined, { columns: 1000, ignored }).out).toContain(said);
    expect(check(undefined, { json: true, ignored }).parsed).toMatchObject({ ignored });
  });
});

test('a project’s file that is not used is said beside the one that is', () => {
  const path = write({ version: 1 });
  expect(check(path, { columns: 1000, ignored: '/p/.mcp-guardrc' }).out).toContain(
    'note: `/p/.mcp-guardrc` is not used',
  );
});

describe('notes', () => {
  const notesOf = (config: object, env?: Record<string, string>) => {
    const { code, out } = check(write({ version: 1, ...config }), { columns: 1000, ...(env && { env }) });
    expect(code).toBe(0);
    return out.split('\n').slice(1, -1);
  };

  test.each<[string, object, string]>([
    [
      'a program in no directory of PATH',
      { command: 'no-such-program' },
      'servers.a.command: cannot start `no-such-program`',
    ],
    [
      'a program that PATH of `env` hides',
      { command: 'sh', env: { PATH: '/nowhere' } },
      'servers.a.command: cannot start `sh`',
    ],
    ['a secret that is unset', { command: 'sh', env: { T: 'env:NOPE' } }, 'servers.a.env.T: `T` needs `env:NOPE`'],
    [
      'a secret without a file',
      { command: 'sh', env: { T: 'file:/no/such' } },
      'servers.a.env.T: `T` needs `file:/no/such`',
    ],
    ['a directory that is not there', { command: 'sh', cwd: 'gone' }, 'servers.a.cwd: there is no directory `'],
  ])('%s', (_, server, note) => {
    const notes = notesOf({ servers: { a: server } });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(`note: ${note}`);
  });

  test('a server that is granted nothing', () => {
    const scopes = { notes: { grants: [] } };
    expect(notesOf({ scopes, servers: { a: { command: 'sh' }, b: { command: 'sh', scope: 'notes' } } })).toEqual([
      'note: servers.a.scope: there is none, so everything is denied to this server: name one (there is `notes`)',
    ]);
    expect(notesOf({ scopes: {}, servers: { a: { command: 'sh', mode: 'observe' } } })).toEqual([
      'note: servers.a.scope: there is none, so every call would be denied, and is recorded as such: name one (there is none yet)',
    ]);
    expect(notesOf({ servers: { a: { command: 'sh' } } })).toEqual([]);
  });

  test('a root that is not there, for each home that it may be in', () => {
    mkdirSync(join(cwd, 'notes'));
    const grant = (...within: string[]) => ({ tool: 'a', args: { '/path': { within } } });
    const scopes = { notes: { grants: [{ tool: 'b' }, grant('~/notes', `${cwd}/gone`, `\${HOME}/notes`)] } };
    const here = { command: 'sh', scope: 'notes', env: { HOME: cwd } };
    const gone = `note: scopes.notes.grants[1].args["/path"].within[1]: there is no \`${cwd}/gone\`: until it is made, calls can name nothing that exists`;
    expect(notesOf({ scopes, servers: { a: here } })).toEqual([gone]);
    const notes = notesOf({ scopes, servers: { a: here, b: { ...here, env: { HOME: '/no/home' } } } });
    expect(notes).toHaveLength(3);
    expect(notes[0]).toContain('within[0]: there is no `/no/home/notes`');
    expect(notes[1]).toBe(gone);
    expect(notesOf({ scopes: { notes: { grants: [grant('~/x')] } } }, { HOME: '/no/user' })[0]).toContain(
      'there is no `/no/user/x`',
    );
  });

  test.each([
    ['/srv/', '`/srv/` looks like a path, and `..` leads out of a prefix: use `within`'],
    ['~/notes', '`~/notes` looks like a path'],
    ['./x', '`./x` looks like a path'],
    ['../x', '`../x` looks like a path'],
    ['C:\\notes', '`C:\\notes` looks like a path'],
    ['https://example.com', 'looks like a URL, and URLs of other hosts may begin so, too: use `host`'],
    ['refs/heads/', undefined],
    ['note: ', undefined],
    ['.env', undefined],
  ])('a prefix %s', (prefix, expected) => {
    const scopes = { notes: { grants: [{ tool: 'a', args: { '/p': { prefix } } }] } };
    const notes = notesOf({ scopes });
    expect(notes).toHaveLength(expected === undefined ? 0 : 1);
    if (expected !== undefined) {
      expect(notes[0]).toContain('note: scopes.notes.grants[0].args["/p"].prefix: ');
      expect(notes[0]).toContain(expected);
    }
  });

  test('a log without a directory', () => {
    expect(notesOf({ log: { file: 'gone/x.log' } })).toEqual([
      `note: log.file: the log cannot be written: there is no directory \`${cwd}/gone\`; make it first`,
    ]);
  });

  test('none where all is there; never the value of a secret', () => {
    mkdirSync(join(cwd, 'sub'));
    writeFileSync(join(cwd, 'key'), 'hunter2\n', { mode: 0o600 });
    const env = { T: 'env:TOKEN', K: `file:${join(cwd, 'key')}` };
    const config = { servers: { a: { command: 'sh', cwd: 'sub', env } }, log: { file: 'x.log' } };
    expect(notesOf(config, { TOKEN: 'hunter2' })).toEqual([]);
    const bad = { servers: { a: { command: 'gone', env: { ...env, B: 'env:NOPE' } } } };
    expect(notesOf(bad, { TOKEN: 'hunter2' }).join('\n')).not.toContain('hunter2');
  });
});

test('what a ceiling makes of it is said, and is no error', () => {
  const deep = { version: 1, servers: { sh: { command: 'sh', mode: 'observe' } }, maxLineBytes: 70_000 };
  const path = write(deep);
  const by = '/etc/mcp-guard/ceiling.json';
  const restrictions: readonly Restriction[] = [{ by, maxLineBytes: 65_536, ofServer: () => ({ mode: 'enforce' }) }];
  const ceilings: Ceilings = { ...NO_CEILINGS, files: [{ path: by, digest: 'd' }], restrictions };
  const { code, out } = check(path, { ceilings, columns: 200 });
  expect(code).toBe(0);
  expect(out.split('\n').slice(1)).toEqual([
    `note: the ceiling \`${by}\` restricts every server here (\`mcp-guard scope show\`)`,
    `note: maxLineBytes: \`65536\` holds instead of \`70000\`: the ceiling \`${by}\` says so`,
    `note: servers.sh.mode: \`enforce\` holds instead of \`observe\`: the ceiling \`${by}\` says so`,
    '',
  ]);
  expect(check(undefined, { ceilings, json: true }).parsed).toMatchObject({ ok: true, path: null, ceilings: [by] });
  expect(check(undefined, { ceilings, columns: 400 }).out).toMatch(/none is restricted but by the ceiling; looked for/);
});

test('every tenant’s config is looked at, with its own structure', () => {
  const servers = { files: { command: 'sh', deadline: { hardMs: 9 } } };
  const good = { acme: { servers: { files: { args: ['x'] } } }, globex: {} };
  expect(check(write({ version: 1, servers, tenants: good })).code).toBe(0);
  // wrong only with what the tenant adds
  const bad = { acme: {}, globex: { servers: { own: { command: 'x', deadline: { idleMs: 9, hardMs: 5 } } } } };
  const { code, out } = check(write({ version: 1, servers, tenants: bad }));
  expect(code).toBe(78);
  expect(out.replace(/\s+/g, ' ')).toContain(
    'for `globex` `servers.own.deadline.idleMs` is wrong: `9` is above `hardMs` (`5`)',
  );
  expect(out).not.toContain('acme');
});

test('`unlisted: observe` beside tenants is said to do nothing; without them, or as `deny`, nothing is said', () => {
  const servers = { files: { command: 'sh' } };
  const noted = (more: object): boolean =>
    check(write({ version: 1, servers, ...more }), { columns: 1000 }).out.includes('note: unlisted: it does nothing');
  const tenants = { acme: {} };
  expect(noted({ tenants, unlisted: 'observe' })).toBe(true);
  expect([noted({ tenants, unlisted: 'deny' }), noted({ tenants }), noted({ unlisted: 'observe' })]).toEqual([
    ...[false, false, false],
  ]);
});

test('what a tenant lacks is noted where its block stands, once, and nothing that it only inherits', () => {
  const servers = { files: { command: 'no-such-program', env: { KEY: 'env:BASE' } } };
  mkdirSync(join(cwd, 'there'));
  mkdirSync(join(cwd, 'state', 'acme'), { recursive: true });
  writeFileSync(join(cwd, 'open'), 'secret', { mode: 0o644 });
  const own = (server: object): object => ({ servers: { files: { command: 'sh', env: {}, ...server } } });
  const boxed = (isolation: object): object => ({ ...own({}), isolation: { required: 'L2', ...isolation } });
  const [one, two] = [{ uid: 990_002 }, { uid: 990_003 }];
  const tenants = {
    inherits: {},
    secrets: own({
      env: { A: 'env:NOPE', B: `file:${join(cwd, 'open')}`, C: 'exec:no-such-helper x', D: 'exec:sh x' },
    }),
    places: own({ cwd: '/nope', command: 'other-program' }),
    program: own({ command: 'other-program' }),
    boxed: boxed({ ...one, readable: ['/nonexist', 'relative/x', join(cwd, 'state', 'acme')], writable: ['/etc'] }),
    open: { ...own({}), isolation: { required: 'L1', uid: 990_001, readable: ['/nonexist'] } },
    good: { ...boxed({ ...two, readable: ['there'] }) },
  };
  const { code, out } = check(write({ version: 1, servers, tenants }), { columns: 1000 });
  expect(code).toBe(0);
  const [, ...notes] = out.trimEnd().split('\n');
  const of = (tenant: string): readonly string[] =>
    notes.filter((note) => note.includes(`tenants.${tenant}.`)).map((note) => note.replace(/^.*?tenants\./, ''));
  expect(of('inherits')).toEqual([]);
  expect(notes.filter((note) => /: servers\.files|^\S+ servers\.files/.test(note)).length).toBeGreaterThan(0);
  expect(of('secrets')).toEqual([
    expect.stringMatching(/^secrets\.servers\.files\.env\.A: .*`env:NOPE`, which is not set/),
    expect.stringMatching(/^secrets\.servers\.files\.env\.B: `B`/),
    expect.stringMatching(/^secrets\.servers\.files\.env\.C: .*`exec:no-such-helper …`, but there is no such program/),
  ]);
  expect(of('places')).toEqual(['places.servers.files.cwd: there is no directory `/nope`']);
  expect(of('program')).toEqual([expect.stringMatching(/^program\.servers\.files\.command: /)]);
  expect(of('boxed')).toEqual([
    expect.stringMatching(/isolation\.readable: .*`\/nonexist`, which is not there/),
    expect.stringMatching(/isolation\.readable: .*relative\/x`, which is not there/),
    expect.stringMatching(/isolation\.readable: .*where the guard keeps its state/),
    expect.stringMatching(/isolation\.writable: .*`\/etc`, which is of the whole machine/),
  ]);
  expect([of('open'), of('good')]).toEqual([
    [expect.stringMatching(/^open\.isolation\.readable: nothing keeps to it at L1/)],
    [],
  ]);
});
