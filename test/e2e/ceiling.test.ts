// A ceiling over the built guard and the filesystem server: with a config, without one, under `mode: observe`; one that cannot be used
// starts nothing; and an approval that ends takes back what it gave while the session runs.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually, Yard } from './guarded.ts';
import { LockStage, Session } from './lock-stage.ts';

const FILESYSTEM = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js', import.meta.url),
);

class CeilingYard extends Yard {
  readonly ceiling = join(this.home, 'ceiling.json');

  override env(): Record<string, string> {
    return { ...super.env(), ...(existsSync(this.ceiling) ? { MCP_GUARD_CEILING: this.ceiling } : {}) };
  }

  limit(document: object): void {
    writeFileSync(this.ceiling, JSON.stringify({ version: 1, ...document }), { mode: 0o600 });
  }
}

let yard: CeilingYard;
let shared: string;
beforeEach(() => {
  yard = new CeilingYard();
  shared = join(yard.home, 'shared');
  mkdirSync(shared);
  writeFileSync(join(shared, 'a.txt'), 'hello');
});
afterEach(async () => {
  expect(await yard.close()).toEqual([]);
});

const entry = () => ({ command: process.execPath, args: [FILESYSTEM, shared], scope: 'one' });
const READ_ONLY = {
  servers: { '*': { scope: 'read' } },
  scopes: { read: { grants: [{ tool: 'read_*' }, { tool: 'list_*' }], deny: [{ tool: '*_media_file' }] } },
};

test('observed or not, a server gets no more than the ceiling; who asks hears of no ceiling, a person does', async () => {
  yard.limit(READ_ONLY);
  const stage = new LockStage(yard, {
    version: 1,
    servers: { srv: { ...entry(), mode: 'observe' } },
    scopes: { one: { grants: [{ tool: 'read_text_file' }, { tool: 'write_file' }] } },
  });
  const path = join(shared, 'a.txt');
  const { value, stderr } = await stage.session(async (session) => ({
    tools: await session.tools(),
    read: await session.call('read_text_file', { path }),
    listed: await session.call('list_directory', { path: shared }),
    write: await session.call('write_file', { path: join(shared, 'b.txt'), content: 'x' }),
    never: await session.call('no_such_tool'),
  }));
  expect(value.tools.every((name) => /^(read|list)_/.test(name) && name !== 'read_media_file')).toBe(true);
  // what only the scope denies is observed
  expect(value.tools).toContain('list_directory');
  expect([value.read, value.listed]).toEqual(['answered', 'answered']);
  expect([value.write, value.never]).toEqual(['Unknown tool: write_file', 'Unknown tool: no_such_tool']);
  expect(existsSync(join(shared, 'b.txt'))).toBe(false);
  expect(stderr).not.toContain('no scope');

  const record = yard
    .command('audit', 'tail', '--json')
    .stdout.split('\n')
    .find((line) => line.includes('write_file'));
  expect(JSON.parse(record ?? '')).toMatchObject({ reason: 'beyond_ceiling', rule: 'ceiling.scopes.read' });
  const explained = yard.command('scope', 'explain', '--config', stage.config, 'srv', 'write_file');
  expect(explained.status).toBe(1);
  expect(explained.stdout.replace(/\s+/g, ' ')).toContain(`\`${yard.ceiling}\` does not allow \`write_file\``);
  const shown = yard.command('scope', 'show', '--config', stage.config).stdout;
  expect(shown).toMatch(/write_file\n +denied: beyond the ceiling by ceiling\.scopes\.read/);
  const lint = yard.command('scope', 'lint', '--config', stage.config);
  expect(lint.stdout).toContain('wider-than-ceiling');
});

test('a run without a config is kept to it, too', async () => {
  yard.limit({ ...READ_ONLY, limits: [{ key: ['tool'], match: { tool: 'list_*' }, rate: '1/day' }] });
  const client = yard.start([process.execPath, FILESYSTEM, shared]);
  try {
    const session = new Session(client);
    await session.begin();
    expect(await session.tools()).not.toContain('write_file');
    expect(await session.call('read_text_file', { path: join(shared, 'a.txt') })).toBe('answered');
    expect(await session.call('write_file', { path: join(shared, 'b.txt'), content: 'x' })).toBe(
      'Unknown tool: write_file',
    );
    const list = () => session.call('list_directory', { path: shared });
    expect([await list(), await list()]).toEqual(['answered', 'rate_limited']);
    // its own file is no tool's business
    expect(await session.call('read_text_file', { path: yard.ceiling })).toBe('own_path');
    expect(client.stderr()).toContain(`is kept to the ceiling \`${yard.ceiling}\` alone`);
  } finally {
    await client.end();
  }
});

test.each<[string, string, number, string]>([
  ['that is no JSON', '{', 78, 'cannot parse'],
  [
    'with a key that could widen',
    '{"version":1,"servers":{"*":{"command":"sh"}}}',
    78,
    '`command` is no key of a ceiling',
  ],
  ['that lets only listed servers run', '{"version":1,"unlisted":"deny"}', 77, '`unlisted: deny`'],
  ['that requires a lock', '{"version":1,"lock":"required"}', 77, '`lock: required`'],
])('a ceiling %s: nothing starts', (_, text, status, said) => {
  writeFileSync(yard.ceiling, text, { mode: 0o600 });
  const mark = join(yard.home, 'started');
  const made = yard.command(
    'run',
    '--',
    process.execPath,
    '-e',
    `require('fs').writeFileSync(${JSON.stringify(mark)}, '')`,
  );
  expect(made.status).toBe(status);
  expect(made.stderr).toContain(said);
  expect(existsSync(mark)).toBe(false);
});

test('an approval that ends takes effect in a session that runs', async () => {
  const stage = new LockStage(yard, {
    version: 1,
    servers: { srv: entry() },
    scopes: { one: { grants: [{ tool: 'read_text_file' }] } },
  });
  await stage.session((session) => session.tools());
  stage.edit((config) => {
    config.scopes = { one: { grants: [{ tool: 'read_text_file' }, { tool: 'write_file' }] } };
  });
  // The session must begin before the end: on a busy machine a start takes longer.
  for (const forMs of [4000, 12_000, 36_000]) {
    const end = new Date(Date.now() + forMs).toISOString().replace(/\.\d+Z$/, 'Z');
    expect(stage.approve('--expires', end).stderr).toBe('');
    const { value } = await stage.session(async (session) => {
      const path = join(shared, 'b.txt');
      const before = await session.call('write_file', { path, content: 'x' });
      if (before !== 'answered') return undefined;
      let after = before;
      await eventually(
        'the approval ends',
        () => {
          void session.call('write_file', { path, content: 'y' }).then((outcome) => {
            after = outcome;
          });
          return after === 'not_approved';
        },
        forMs + 15_000,
      );
      return session.tools();
    });
    if (value === undefined) continue;
    expect(value).toEqual(['read_text_file']);
    return;
  }
  expect.fail('no session began in time');
}, 90_000);
