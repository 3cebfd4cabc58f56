// How `mcp-guard status` shows servers behind one entry that do not run, and what becomes of one that was not started yet when its entry
// changes. With the built guard and real servers.
import { expect, it } from 'vitest';
import { openGateway } from './gateway-stage.ts';
import type { Yard } from './guarded.ts';
import { answerTo, directoryIn, realGateway, realServer } from './real-gateway.ts';
import { until } from './reload-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

const directory = (name: string) => directoryIn(yard, name);
const stageOf = (servers: Record<string, Record<string, unknown>>) => realGateway(yard, servers);

it('`status` says how each server stands; one that was never started is started by its new command', async () => {
  const [one, two] = [directory('one'), directory('two')];
  const demand = (where: string) => ({ ...realServer('server-filesystem', where), start: 'on-demand' });
  const stage = stageOf({
    files: demand(one),
    gone: { command: 'no-such-program-at-all' },
    secret: { ...realServer('server-memory'), env: { X: 'env:NOT_SET_AT_ALL' } },
  });
  const session = await openGateway(stage);
  const { client } = session;
  const standing = () => {
    const [guard = '{"servers":[]}'] = yard.command('status', '--json').stdout.trim().split('\n');
    return (JSON.parse(guard || '{"servers":[]}') as { servers: { name: string; word?: string; isolation: string }[] })
      .servers;
  };
  const words = () => standing().map(({ name, word }) => `${name} ${word ?? '-'}`);
  try {
    await until('it is listed', () => words().includes('gone down'));
    expect(words()).toEqual(['srv -', 'files on demand', 'gone down', 'secret no start']);
    // what was never started is kept apart at no level
    expect(standing().find(({ name }) => name === 'secret')?.isolation).toBe('unknown');
    const screen = yard.command('status').stdout.split('\n');
    expect(screen.find((line) => line.includes('files'))).toContain('on demand');
    // why, in the line below
    expect(screen[screen.findIndex((line) => line.includes('no start')) + 1]).toContain('NOT_SET_AT_ALL');

    const told = client.lines.filter((line) => line.includes('prompts/list_changed')).length;
    await client.request('p', 'prompts/list', '{}');
    stage.edit((config) => {
      Object.assign(config.servers.files ?? {}, demand(two));
      Object.assign(config.scopes as object, { all: { grants: [{ tool: '*' }] } });
    });
    expect(stage.approve()).toMatchObject({ status: 0 });
    await until('it is approved', () => stage.events('config').some(({ approval }) => approval === 2));
    expect(await answerTo(session, 'files__list_allowed_directories')).toContain(two);
    await until(
      'the client is told of its prompts, too',
      () => client.lines.filter((line) => line.includes('prompts/list_changed')).length > told,
    );
    expect(words()).toContain('files -');
  } finally {
    await client.end();
  }
});
