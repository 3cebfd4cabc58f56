// The commands of `scope` on what real sessions left: what a server offers (also what its scope hides, page after page), one decision,
// policy cases, and recorded calls against another policy.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAnswer } from './client-raw.ts';
import { Yard } from './guarded.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

const put = (name: string, content: unknown): string => {
  const path = join(yard.home, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  return path;
};
const tool = (name: string) => ({ name, description: `does ${name}`, inputSchema: { type: 'object' } });
const configFor = (scope: object) => {
  const [command, ...args] = Yard.server('told-tools', join(yard.home, 'tools.json'));
  return { version: 1, servers: { files: { command, args, scope: 'notes' } }, scopes: { notes: scope } };
};

/** One session that reads the whole list and makes some calls. */
async function session(flags: readonly string[], calls: readonly string[]): Promise<string> {
  const client = yard.start(Yard.server('told-tools', join(yard.home, 'tools.json')), flags);
  await client.initialize();
  const first = await client.request('l1', 'tools/list', '{}');
  await client.request('l2', 'tools/list', '{"cursor":"1"}');
  for (const [index, name] of calls.entries()) {
    client.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: index, method: 'tools/call', params: { name, arguments: { path: name } } })}\n`,
    );
    await client.until((line) => isAnswer(line, index));
  }
  expect(await client.end()).toBe(0);
  return first;
}

const inventory = () => JSON.parse(readFileSync(join(yard.state, 'default', 'inventory', 'files.json'), 'utf8'));

test('a session notes the whole offer, the commands read it and the trail', async () => {
  put('tools.json', { pages: [[tool('read'), tool('write')], [tool('move')]] });
  const config = put(
    'guard.json',
    configFor({ grants: [{ tool: 'read' }, { tool: 'write', args: { '/path': { equals: 'x' } } }] }),
  );

  const shown = await session(['--server', 'files', '--config', config], ['read', 'write', 'move']);
  expect(JSON.parse(shown).result.tools).toHaveLength(2);
  expect(inventory()).toMatchObject({
    version: 1,
    name: 'files',
    server: { name: 'told-tools', version: '1.0.0' },
    lists: {
      tools: { isComplete: true, omitted: 0, entries: [{ name: 'read' }, { name: 'write' }, { name: 'move' }] },
    },
  });

  const show = yard.command('scope', 'show', '--json', '--config', config);
  expect([show.status, JSON.parse(show.stdout).offers[0]]).toMatchObject([
    0,
    { visible: ['read', 'write'], hidden: [{ name: 'move', why: 'not_granted', rule: 'scopes.notes' }] },
  ]);

  const explain = (...words: string[]) => yard.command('scope', 'explain', '--config', config, 'files', ...words);
  expect(explain('read').status).toBe(0);
  expect(explain('write').stdout).toContain('allowed if');
  expect(explain('write', '--args', '{"path":"y"}')).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('.equals'),
  });
  expect(explain('move')).toMatchObject({ status: 1, stdout: expect.stringContaining('Unknown tool: move') });
  expect(explain('read', '--args', JSON.stringify({ p: join(yard.state, 'x') })).stdout).toContain('own_path');
  expect(explain().status).toBe(64);

  const wider = put('wider.json', configFor({ grants: [{ tool: 'write' }, { tool: 'move' }] }));
  const replay = yard.command('scope', 'replay', '--config', wider, '--json');
  expect([replay.status, JSON.parse(replay.stdout)]).toMatchObject([
    0,
    {
      asked: 3,
      same: 0,
      toDenied: 1,
      toAllowed: 2,
      undecided: 0,
      groups: [{ name: 'read' }, { name: 'move' }, { name: 'write' }],
    },
  ]);
  const [id = ''] = JSON.parse(replay.stdout).groups[0].examples.map((one: { id: string }) => one.id);
  expect(yard.command('audit', 'show', id).stdout).toContain('read');
});

test('policy cases: exit status, report, and a file that is wrong', async () => {
  put('tools.json', { pages: [[tool('read')]] });
  const config = put('guard.json', configFor({ grants: [{ tool: 'read' }] }));
  const good = { name: 'reads', server: 'files', tool: 'read', expect: 'allow' };
  const run = (cases: readonly object[], ...flags: string[]) =>
    yard.command('scope', 'test', put('cases.json', { cases }), '--config', config, ...flags);
  const report = join(yard.home, 'report.xml');
  expect(run([good], '--junit', report)).toMatchObject({ status: 0, stdout: 'ok   reads\nall hold: 1 case\n' });
  expect(readFileSync(report, 'utf8')).toContain('tests="1" failures="0"');
  expect(run([{ ...good, expect: 'deny' }])).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('FAIL reads'),
  });
  expect(run([{ ...good, sever: 'files' }])).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('did you mean `server`?'),
  });
  expect(run([good], '--junit', join(yard.home, 'no', 'report.xml')).status).toBe(74);
  expect(yard.command('scope', 'test', 'nowhere.yaml', '--config', config).status).toBe(64);
  // nothing is denied where there is no config: that is no success
  const bare = yard.command(
    'scope',
    'test',
    put('any.json', { cases: [{ server: 'fils', tool: 'reed', expect: 'allow' }] }),
  );
  expect(bare).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('there is no config to try the cases against'),
  });
});

test('a bare run notes the offer, too, and one that nobody reads to its end as such', async () => {
  put('tools.json', { pages: [[tool('read')], [tool('write')]] });
  const client = yard.start(Yard.server('told-tools', join(yard.home, 'tools.json')), ['--server', 'files']);
  await client.initialize();
  await client.request('l1', 'tools/list', '{}');
  expect(await client.end()).toBe(0);
  expect(inventory().lists.tools).toMatchObject({ isComplete: false, entries: [{ name: 'read' }] });
  expect(yard.command('scope', 'show').stdout).toContain('free: there is no config');

  await session(['--server', 'files'], []);
  expect(inventory().lists.tools).toMatchObject({ isComplete: true, entries: [{ name: 'read' }, { name: 'write' }] });
  expect(readdirSync(join(yard.state, 'default', 'inventory')).filter((name) => name.endsWith('.json'))).toEqual([
    'files.json',
  ]);
});
