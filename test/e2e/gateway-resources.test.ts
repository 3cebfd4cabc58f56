// Resources that no server lists, or that a scope hides, behind one entry: who is asked for them. With the built guard.
import { expect, it } from 'vitest';
import { openGateway, serverProcess } from './gateway-stage.ts';
import { Yard } from './guarded.ts';
import { LockStage, type Session } from './lock-stage.ts';
import { configEvents, until } from './reload-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

const entry = (name: string, scope: string, ...uris: readonly string[]) => {
  const [command, ...args] = Yard.server('has-resources', name, ...uris);
  return { command, args, scope, passEnv: ['GUARD_TEST_YARD'], startTimeoutMs: 400 };
};
const scopes = { all: { grants: [{ resource: '*' }] }, some: { grants: [{ resource: 'x://open/*' }] } };
const read = async ({ client }: Session, uri: string): Promise<string> => {
  const line = await client.request(`r${client.lines.length}`, 'resources/read', JSON.stringify({ uri }));
  const { result, error } = JSON.parse(line) as { result?: { contents: { text: string }[] }; error?: { code: number } };
  return result?.contents[0]?.text ?? `error ${error?.code}`;
};

it('what one server lists and its scope hides is asked of no other', async () => {
  const servers = { srv: entry('hider', 'some', 'x://open/1', 'x://closed/1'), other: entry('other', 'all') };
  const session = await openGateway(new LockStage(yard, { version: 1, servers, scopes }));
  const { client } = session;
  try {
    const list = await client.request('l', 'resources/list', '{}');
    expect(list).toContain('x://open/1');
    expect(list).not.toContain('x://closed/1');
    expect(await read(session, 'x://open/1')).toBe('hider');
    expect(await read(session, 'x://closed/1')).toBe('error -32002');
    expect(await client.request('s', 'resources/subscribe', '{"uri":"x://closed/1"}')).toContain('-32002');
    // what nobody lists is asked around
    expect(await read(session, 'x://closed/2')).toBe('other');
  } finally {
    await client.end();
  }
  const said = yard.command('audit', 'tail', '--all', '--json', '--server', 'other').stdout;
  expect(said).toContain('x://closed/2');
  expect(said).not.toContain('x://closed/1');
});

it('a server that is up and hangs keeps no other from answering a read; it is told, and its record says so', async () => {
  const servers = { srv: entry('silent', 'all'), other: entry('other', 'all') };
  const session = await openGateway(new LockStage(yard, { version: 1, servers, scopes }));
  const { client } = session;
  try {
    expect(await read(session, 'y://1')).toBe('other');
    // by now it is known who has it
    expect(await read(session, 'y://1')).toBe('other');
  } finally {
    await client.end();
  }
  const calls = yard
    .command('audit', 'tail', '--all', '--json', '--server', 'srv')
    .stdout.split('\n')
    .filter((line) => line.includes('y://1'));
  expect(calls).toHaveLength(1);
  expect(JSON.parse(calls[0] ?? '')).toMatchObject({ state: 'cancelled' });
});

it('what a stopped server has listed goes through another policy without waking it; a listing that is hidden by then claims nothing', async () => {
  const [open, closed] = ['x://open/1', 'x://closed/1'];
  const servers = {
    srv: { ...entry('stopped', 'mine', open, closed), idleStopMs: 600 },
    other: entry('other', 'all', 'y://1', closed),
  };
  const mine = { grants: [{ resource: open }, { resource: closed }] };
  const stage = new LockStage(yard, { version: 1, servers, scopes: { ...scopes, mine } });
  const session = await openGateway(stage);
  const { client } = session;
  try {
    expect(await client.request('l', 'resources/list', '{}')).toContain(closed);
    await until('it is stopped', () => serverProcess(client, 'stopped') === undefined);
    // a grant less, and a listing of the other that was there all the time
    stage.edit(() => mine.grants.pop());
    await until('it is taken over', () => configEvents(stage).length === 1);
    const { result } = JSON.parse(await client.request('l2', 'resources/list', '{}'));
    // the second one is the other server's now
    expect(result.resources.map(({ uri }: { uri: string }) => uri)).toEqual([open, 'y://1', closed]);
    expect(stage.events('server_started')).toHaveLength(2);
    expect(await read(session, closed)).toBe('other');
  } finally {
    await client.end();
  }
});
