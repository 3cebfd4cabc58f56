// A config that changes while several servers stand behind one entry: one is started anew when idle, one leaves, one comes, and the others
// notice nothing. With the built guard and real servers.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGateway } from './gateway-stage.ts';
import type { Yard } from './guarded.ts';
import type { LockStage } from './lock-stage.ts';
import { answerTo, directoryIn, realGateway, realServer } from './real-gateway.ts';
import { changes, configEvents, said, until } from './reload-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

const directory = (name: string) => directoryIn(yard, name);
const stageOf = (servers: Record<string, Record<string, unknown>>) => realGateway(yard, servers);
const startedOf = (stage: LockStage) => stage.events('server_started').length;

describe('behind one entry', () => {
  it('a server with another command is started anew once nothing is in flight; its calls wait, the others go on', async () => {
    const [one, two] = [directory('one'), directory('two')];
    const stage = stageOf({ files: realServer('server-filesystem', one) });
    const session = await openGateway(stage);
    const { client } = session;
    try {
      expect(await answerTo(session, 'files__list_allowed_directories')).toContain(one);
      const slow = session.call('srv__trigger-long-running-operation', { duration: 1.5, steps: 3 });
      stage.edit(({ servers }) => {
        servers.srv.env = { MCP_TEST: 'another' };
        Object.assign(servers.files ?? {}, realServer('server-filesystem', two));
      });
      await until('it is taken over', () => configEvents(stage).length === 1);
      expect(await session.call('files__list_allowed_directories')).toBe('not_approved');
      expect(await session.call('srv__echo', { message: 'x' })).toBe('not_approved');
      expect(startedOf(stage)).toBe(2);

      const before = changes(client).length;
      expect(stage.approve()).toMatchObject({ status: 0 });
      await until('the approval is seen', () => configEvents(stage).length === 2);
      const held = session.call('srv__echo', { message: 'x' });
      const answer = await answerTo(session, 'files__list_allowed_directories');
      expect(answer).toContain(two);
      expect(answer).not.toContain(one);
      // it works on a call, so it runs yet; what came after waits for the next one
      expect(await slow).toBe('answered');
      expect(await held).toBe('answered');
      expect(startedOf(stage)).toBe(4);
      await until('the client is told of the lists', () => changes(client).length > before);
      expect(await session.tools()).toEqual(expect.arrayContaining(['srv__echo', 'files__read_text_file']));
    } finally {
      await client.end();
    }
    expect(yard.command('audit', 'verify')).toMatchObject({ status: 0 });
  });

  it('one that leaves the config is asked no more, one that comes is asked once it is approved, and a prefix may change', async () => {
    const stage = stageOf({ files: realServer('server-filesystem', directory('one')) });
    const session = await openGateway(stage);
    const { client } = session;
    try {
      expect(await session.tools()).toContain('files__read_text_file');
      const good = stage.configText();
      stage.edit((config) => {
        config.servers = { srv: config.servers.srv };
      });
      await until('it has left', () => configEvents(stage).length === 1);
      await until('the client is told', () => changes(client).length > 0);
      expect(await session.call('files__list_allowed_directories')).toBe(
        'Unknown tool: files__list_allowed_directories',
      );
      expect((await session.tools()).filter((name) => !name.startsWith('srv__'))).toEqual([]);
      await until('its process has ended', () => stage.events('server_exited').length === 1);
      expect(await session.call('srv__echo', { message: 'x' })).toBe('answered');

      stage.restore(good);
      await until('it is back', () => configEvents(stage).length === 2);
      expect(await session.call('files__list_allowed_directories')).toBe('answered');
      expect(await session.tools()).toContain('files__read_text_file');

      const told = changes(client).length;
      stage.edit(({ servers }) => {
        servers.memory = { ...realServer('server-memory'), env: { MEMORY_FILE_PATH: join(yard.home, 'memory.json') } };
      });
      await until('a third one is there', () => configEvents(stage).length === 3);
      expect(await session.call('memory__read_graph')).toBe('not_approved');
      expect((await session.tools()).filter((name) => name.startsWith('memory__'))).toEqual([]);
      await client.until((line) => line.includes('`memory` is left out'));
      expect(stage.approve()).toMatchObject({ status: 0 });
      await until('it is approved', () => configEvents(stage).length === 4);
      expect(await session.call('memory__read_graph')).toBe('answered');
      await until('the client is told of it', () => changes(client).length > told);
      expect(await session.tools()).toContain('memory__read_graph');

      stage.edit(({ servers }) => {
        Object.assign(servers.memory ?? {}, { prefix: 'm' });
      });
      expect(stage.approve()).toMatchObject({ status: 0 });
      await until('the prefix is another', () => stage.events('config').some(({ approval }) => approval === 3));
      expect(said(client).length).toBeGreaterThan(0);
      expect(await session.call('m__read_graph')).toBe('answered');
      expect(await session.tools()).toContain('m__read_graph');
      expect(await session.call('memory__read_graph')).toBe('Unknown tool: memory__read_graph');
    } finally {
      await client.end();
    }
    expect(yard.command('audit', 'verify')).toMatchObject({ status: 0 });
  });

  it('one that is stopped for want of use leaves the config, and the session goes on', async () => {
    const stage = stageOf({ files: { ...realServer('server-filesystem', directory('one')), idleStopMs: 300 } });
    const session = await openGateway(stage);
    try {
      expect(await session.tools()).toContain('files__read_text_file');
      await until('it is stopped', () => stage.events('server_exited').length === 1);
      stage.edit((config) => {
        config.servers = { srv: config.servers.srv };
      });
      await until('it has left', () => configEvents(stage).length === 1);
      expect(configEvents(stage)).toEqual(['taken_over']);
      expect(await session.call('srv__echo', { message: 'x' })).toBe('answered');
      expect((await session.tools()).filter((name) => name.startsWith('files__'))).toEqual([]);
    } finally {
      await session.client.end();
    }
  });

  it('a server that cannot be started any more keeps the narrowing of no other back', async () => {
    const stage = stageOf({ files: realServer('server-filesystem', directory('one')) });
    const session = await openGateway(stage);
    try {
      expect(await session.call('files__list_allowed_directories')).toBe('answered');
      stage.edit((config) => {
        Object.assign(config.servers.files ?? {}, { env: { K: 'env:NOT_SET_ANYWHERE' } });
      });
      expect(stage.approve()).toMatchObject({ status: 0 });
      await until('it is approved', () => stage.events('config').some(({ approval }) => approval === 2));
      const before = configEvents(stage).length;
      stage.edit((config) => {
        Object.assign(config.scopes ?? {}, { all: { grants: [{ tool: 'get-sum' }] } });
      });
      await until('it is narrower', () => configEvents(stage).length > before);
      expect(configEvents(stage)).not.toContain('kept');
      expect(await session.call('srv__echo', { message: 'x' })).toBe('Unknown tool: srv__echo');
      expect(await session.call('files__list_allowed_directories')).toBe('server_unstartable');
      expect(yard.command('reload')).toMatchObject({ status: 0, stdout: expect.stringContaining('NOT_SET_ANYWHERE') });
    } finally {
      await session.client.end();
    }
  });
});
