// The rules about how servers are started: code that may change, secrets, environment, scopes that are missing.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is the notation
import { describe, expect, test } from 'vitest';
import { findLaunched } from '../../../src/config/launched-code.ts';
import { secretKind } from '../../../src/policy/lint/secret-shape.ts';
import { isPinned } from '../../../src/policy/lint/server-rules.ts';
import { pinsOf } from '../pins/pins-of.ts';
import { found, lint, offer } from './lint-scene.ts';

describe('unpinned-command', () => {
  const spec = (line: string) => {
    const [command = '', ...args] = line.split(' ');
    const launched = findLaunched(command, args);
    if (launched !== undefined && launched.kind !== 'url') expect(args[launched.index]).toContain(launched.spec);
    return launched === undefined ? 'none' : `${launched.spec} ${isPinned(launched) ? 'pinned' : 'open'}`;
  };
  const commit = 'a'.repeat(40);

  test.each([
    ['npx -y @scope/server', '@scope/server open'],
    ['npx -y @scope/server@latest', '@scope/server@latest open'],
    ['npx @scope/server@1', '@scope/server@1 open'],
    ['npx @scope/server@^1.2.3', '@scope/server@^1.2.3 open'],
    ['npx @scope/server@1.2.3 /dir', '@scope/server@1.2.3 pinned'],
    ['npx server@1.2.3-beta.1', 'server@1.2.3-beta.1 pinned'],
    ['npx -p server@1.2.3 bin', 'server@1.2.3 pinned'],
    ['npx --package=server bin', 'server open'],
    ['npx ./local', './local pinned'],
    ['npx --no-install server', 'none'],
    ['npx github:someone/server', 'github:someone/server open'],
    [`npx github:someone/server#${commit}`, `github:someone/server#${commit} pinned`],
    ['/usr/bin/npx -y server', 'server open'],
    ['npx.cmd -y server', 'server open'],
    ['cmd /c npx -y server', 'server open'],
    ['env -u X npx -y server', 'server open'],
    ['bunx server', 'server open'],
    ['bun x server@1.2.3', 'server@1.2.3 pinned'],
    ['npm exec server', 'server open'],
    ['npm start', 'none'],
    ['pnpm dlx server', 'server open'],
    ['yarn dlx server@2.0.0', 'server@2.0.0 pinned'],
    ['uvx mcp-server-git', 'mcp-server-git open'],
    ['uvx mcp-server-git==2026.1.14', 'mcp-server-git==2026.1.14 pinned'],
    ['uvx mcp-server-git@2026.1.14', 'mcp-server-git@2026.1.14 pinned'],
    ['uvx mcp-server-git@latest', 'mcp-server-git@latest open'],
    ['uvx --from pkg>=1 tool', 'pkg>=1 open'],
    [`uvx --from git+https://h/r@${commit} tool`, `git+https://h/r@${commit} pinned`],
    ['uvx --from git+https://h/r@main tool', 'git+https://h/r@main open'],
    ['pipx run pkg', 'pkg open'],
    ['pipx run --spec pkg==1.0 tool', 'pkg==1.0 pinned'],
    ['uv tool run pkg', 'pkg open'],
    ['uv run server.py', 'none'],
    ['docker run -i --rm image', 'image open'],
    ['docker run -i image:latest', 'image:latest open'],
    ['docker run -i host:5000/image', 'host:5000/image open'],
    ['docker run -i host:5000/image:1.2', 'host:5000/image:1.2 pinned'],
    [`docker run image@sha256:${'b'.repeat(64)}`, `image@sha256:${'b'.repeat(64)} pinned`],
    ['podman run image', 'image open'],
    ['docker ps', 'none'],
    ['deno run https://host/x.ts', 'https://host/x.ts open'],
    ['deno run https://host/x@1.2.3/x.ts', 'https://host/x@1.2.3/x.ts pinned'],
    ['deno run npm:server', 'npm:server open'],
    ['deno run ./x.ts', 'none'],
    ['node server.js', 'none'],
    ['npx --unknown value server', 'none'],
  ])('%s: %s', (line, expected) => {
    expect(spec(line)).toBe(expected);
  });

  test('shows no token of a URL', () => {
    const args = ['--from', 'git+https://user:hunter22@h/r?token=abcdef@main', 'tool'];
    const [text = ''] = found('unpinned-command', { version: 1, servers: { a: { command: 'uvx', args } } });
    expect(text).toContain('servers.a.args[1]');
    expect(text).not.toMatch(/hunter22|abcdef/);
  });
});

describe('secret-literal', () => {
  const random = 'aB3dE5fG7hJ9kL1mN2pQ';
  const kinds: readonly (readonly [text: string, name: string, kind: string | undefined])[] = [
    [`ghp_${'a1'.repeat(18)}`, '', 'a GitHub token'],
    [`github_pat_${'a1_'.repeat(12)}`, 'X', 'a GitHub token'],
    [`glpat-${'a'.repeat(20)}`, '', 'a GitLab token'],
    ['xoxb-1234567890-abc', '', 'a Slack token'],
    ['AKIAABCDEFGHIJKLMNOP', '', 'an AWS access key'],
    [`AIza${'x'.repeat(35)}`, '', 'a Google API key'],
    [`npm_${'x'.repeat(36)}`, '', 'an npm token'],
    [`sk_live_${'x'.repeat(16)}`, '', 'a Stripe key'],
    [`sk-${'x'.repeat(20)}`, '', 'an API key'],
    [`hf_${'x'.repeat(30)}`, '', 'a Hugging Face token'],
    [`eyJ${'x'.repeat(10)}.eyJ${'x'.repeat(10)}.sig`, '', 'a JSON web token'],
    ['-----BEGIN OPENSSH PRIVATE KEY-----', '', 'a private key'],
    ['postgres://me:hunter22@db/x', '', 'a password in a URL'],
    ['postgres://me:${PGPASSWORD}@db/x', '', undefined],
    ['postgres://me@db/x', '', undefined],
    [random, 'API_TOKEN', 'a secret, by its name and its text'],
    [`Bearer ${random}`, 'Authorization', 'a secret, by its name and its text'],
    [random, 'apiKey', 'a secret, by its name and its text'],
    [random, 'LABEL', undefined],
    [random, 'MONKEY', undefined],
    ['hunter2', 'DB_PASSWORD', 'a password'],
    ['hunter2', 'LABEL', undefined],
    ['short', 'API_TOKEN', undefined],
    ['aaaaaaaaaaaaaaaaaaaaaaaa', 'API_TOKEN', undefined],
    ['${API_TOKEN}', 'API_TOKEN', undefined],
    ['/run/secrets/some-token-file', 'TOKEN_FILE', undefined],
    ['https://auth.example.org/oauth/token', 'AUTH_URL', undefined],
    ['<your-token-goes-here>', 'API_TOKEN', undefined],
    ['true', 'USE_AUTH', undefined],
  ];
  test.each(kinds)('%s under `%s`: %s', (text, name, kind) => {
    expect(secretKind(text, name)).toBe(kind);
  });

  const at = (server: object) => found('secret-literal', { version: 1, servers: { a: { command: 'a', ...server } } });

  test('is looked for in the blocks of tenants, too', () => {
    const tenants = (env: object) => ({
      version: 1,
      servers: { a: { command: 'a' } },
      tenants: { acme: { servers: { a: { env } } } },
    });
    expect(found('secret-literal', tenants({ TOKEN: `ghp_${'a1'.repeat(18)}` }))).toEqual([
      expect.stringMatching(/^tenants\.acme\.servers\.a\.env\.TOKEN: holds a GitHub token/),
    ]);
    expect(found('secret-literal', tenants({ TOKEN: 'exec:op read op://a/b' }))).toEqual([]);
    expect(found('secret-literal', tenants({ TOKEN: 'keychain:github/acme-token-0123456789' }))).toEqual([]);
  });

  test.each<[object, readonly string[]]>([
    [{ env: { API_TOKEN: random } }, ['servers.a.env.API_TOKEN']],
    [{ env: { API_TOKEN: `literal:${random}` } }, ['servers.a.env.API_TOKEN']],
    [{ env: { API_TOKEN: 'env:THE_API_TOKEN_OF_MINE' } }, []],
    [{ env: { API_TOKEN: 'file:/run/a1b2c3d4e5f6g7h8i9' } }, []],
    [{ args: ['--token', random] }, ['servers.a.args[1]']],
    [{ args: [`--token=${random}`] }, ['servers.a.args[0]']],
    [{ args: ['-e', `API_TOKEN=${random}`] }, ['servers.a.args[1]']],
    [{ args: ['--name', random] }, []],
    [{ args: [random] }, []],
    [{ args: [`ghp_${'a1'.repeat(18)}`] }, ['servers.a.args[0]']],
  ])('%j: %j', (server, expected) => {
    expect(at(server).map((text) => text.split(': ')[0])).toEqual(expected);
  });

  test('no finding of any rule shows it', () => {
    const secret = `ghp_${'a1'.repeat(18)}`;
    const server = { command: 'npx', args: ['-y', 'x', secret, `--key=${secret}`], env: { T: secret }, passEnv: ['T'] };
    expect(JSON.stringify(lint({ version: 1, servers: { a: server } }))).not.toContain(secret.slice(4));
  });

  test('headers and URLs are looked at, though no config may have them yet', async () => {
    const { findSecrets } = await import('../../../src/policy/lint/server-rules.ts');
    const { inputOf } = await import('./lint-scene.ts');
    const input = inputOf({ version: 1, servers: { a: { command: 'a' } } });
    const [server] = input.servers;
    if (server === undefined) throw new Error('no server');
    const document = { url: 'https://me:hunter22@h/x', headers: { Authorization: `Bearer ${random}` } };
    const places = findSecrets({ ...input, servers: [{ ...server, document }] }).map(({ path }) => path.join('.'));
    expect(places).toEqual(['servers.a.headers.Authorization', 'servers.a.url']);
  });
});

describe('environment-wider-than-needed', () => {
  const servers = (more: object, passEnv: readonly string[]) => ({
    version: 1,
    servers: { github: { command: 'npx', args: ['-y', '@example/github-tools@1.2.3'], passEnv }, ...more },
  });
  const of = (passEnv: readonly string[], more: object = {}) =>
    found('environment-wider-than-needed', servers(more, passEnv)).map((text) => text.replace(/^.*?: /, ''));

  test.each<[string, string | undefined]>([
    ['GITHUB_TOKEN', undefined],
    ['GITHUB_PERSONAL_ACCESS_TOKEN', undefined],
    ['SLACK_BOT_TOKEN', '`SLACK_BOT_TOKEN` is a secret that nothing of `github` seems to need'],
    ['API_KEY', undefined],
    ['REGION', undefined],
    ['NODE_OPTIONS', '`NODE_OPTIONS` loads code into the server'],
    ['LD_PRELOAD', '`LD_PRELOAD` loads code into the server'],
  ])('%s: %s', (name, expected) => {
    expect(of([name])).toEqual(expected === undefined ? [] : [expected]);
  });

  test('a secret of several servers', () => {
    expect(of(['GITHUB_TOKEN'], { other: { command: 'x', passEnv: ['GITHUB_TOKEN'] } })[0]).toContain(
      'that `other` get, too',
    );
    expect(of(['REGION'], { other: { command: 'x', passEnv: ['REGION'] } })).toEqual([]);
  });
});

test('server-not-asked: why, inert and cut, and what is judged instead', () => {
  const servers = { a: { command: 'a', scope: 's' }, b: { command: 'b', scope: 's' }, c: { command: 'c', scope: 's' } };
  const notAsked = new Map([
    ['a', 'it ended \u001b[2J'],
    ['b', 'x'.repeat(1_000)],
  ]);
  const document = { version: 1, servers, scopes: { s: {} } };
  const [a, b, ...none] = found('server-not-asked', document, { notAsked, offers: { b: offer(['x']) } });
  expect(a).toBe('servers.a: `a` did not say what it offers: it ended \\u{1b}[2J');
  expect(b).toMatch(/^servers\.b: `b` did not say what it offers: x{300}…; what it offered before is judged instead$/);
  expect(none).toEqual([]);
});

test('server-without-scope: none at all, none named, only observed', () => {
  const of = (document: object) => found('server-without-scope', { version: 1, ...document });
  const scopes = { s: { grants: [] } };
  expect(of({ servers: { a: { command: 'a' } } })[0]).toContain('whatever it offers can be called');
  expect(of({ servers: { a: { command: 'a' } }, scopes })[0]).toContain('nothing is granted to it');
  expect(of({ servers: { a: { command: 'a', scope: 's', mode: 'observe' } }, scopes })).toEqual([
    'servers.a.mode: `a` is only observed: what its scope denies is let pass',
  ]);
  expect(of({ servers: { a: { command: 'a', scope: 's' } }, scopes })).toEqual([]);
});

test('server-without-scope: what a ceiling enforces is not observed, whatever the config says', () => {
  const document = {
    version: 1,
    servers: { a: { command: 'a', scope: 's', mode: 'observe' }, b: { command: 'b', scope: 's', mode: 'observe' } },
    scopes: { s: { grants: [] } },
  };
  expect(found('server-without-scope', document, { enforced: new Set(['a']) })).toEqual([
    'servers.b.mode: `b` is only observed: what its scope denies is let pass',
  ]);
});

test('the commands of a mend are about the config that is looked at', () => {
  const definitions = new Map([
    [
      'a',
      {
        ...{ before: pinsOf([{ name: 'x', title: 'one' }]), now: pinsOf([{ name: 'x', title: 'two' }]) },
        ...{ since: 'approved' as const, hasInstructions: true },
      },
    ],
  ]);
  const document = { version: 1, servers: { a: { command: 'a', scope: 's' } }, scopes: { s: { grants: [] } } };
  const lockRefused = { what: 'the lock was edited', mend: 'restore it' };
  const { findings } = lint(document, {
    ...{ definitions, lockRefused, notAsked: new Map([['a', 'it ended']]), commandOptions: ' --config c.json' },
    approved: { policy: {}, pins: new Map() },
  });
  const mendOf = (rule: string) => findings.find((one) => one.rule === rule)?.mend;
  expect(mendOf('definition-drift')).toBe(
    'look with `mcp-guard scope diff --server a --config c.json`, then `mcp-guard scope approve --server a --config c.json --reason …`',
  );
  expect(mendOf('definitions-not-pinned')).toContain('`mcp-guard scope approve --server a --config c.json --reason …`');
  expect(mendOf('lock-refused')).toBe('restore it: `mcp-guard scope approve --config c.json --reason …`');
  expect(mendOf('server-not-asked')).toContain('`mcp-guard run --server a --config c.json`');
});

test('a lock that no approval mends names none, and one that can be taken over says how', () => {
  const mendOf = (more: object) => {
    const lockRefused = { what: 'the lock cannot be read', mend: 'mend the file', ...more };
    const { findings } = lint({ version: 1 }, { lockRefused, commandOptions: ' --config c.json' });
    return findings.find(({ rule }) => rule === 'lock-refused')?.mend;
  };
  expect(mendOf({ isElsewhere: true })).toBe('mend the file');
  expect(mendOf({ isTakeable: true })).toBe(
    'mend the file: `mcp-guard scope approve --config c.json --take --reason …`',
  );
});
