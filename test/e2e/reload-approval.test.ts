// What a running session does when an approval is given or ends, its lock or its server is gone, or another command stands in its config.
// With the built guard and real servers.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Yard } from './guarded.ts';
import { LockStage, type Written } from './lock-stage.ts';
import { configEvents, everything, packaged, scopeOf, until } from './reload-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

describe('a running session', () => {
  it('goes back to what was approved without an end, when an approval ends', async () => {
    const stage = everything(yard);
    const session = await stage.open();
    try {
      expect(await session.call('get-env')).toContain('Unknown tool');
      stage.edit((config) => scopeOf(config).grants.push({ tool: 'get-env' }));
      expect(stage.approve('--expires', '4s')).toMatchObject({ status: 0 });
      await until('the approval is seen', () => stage.events('config').some(({ approval }) => approval === 2));
      expect(await session.call('get-env')).toBe('answered');
      const before = configEvents(stage).length;
      await until('its end is seen', () => configEvents(stage).length > before);
      expect(await session.call('get-env')).toBe('not_approved');
    } finally {
      await session.client.end();
    }
  });

  it('without its server, or with a lock that is gone: every call is refused, or the old policy holds', async () => {
    const stage = everything(yard);
    const session = await stage.open();
    try {
      expect(await session.call('echo', { message: 'x' })).toBe('answered');
      const good = stage.configText();
      const lock = stage.lockText();
      renameSync(stage.lock, `${stage.lock}.away`);
      await until('that the lock is gone is on record', () => configEvents(stage).length === 1);
      expect(stage.events('config')[0]).toMatchObject({ stage: 'kept', why: expect.stringContaining('gone') });
      expect(await session.call('echo', { message: 'x' })).toBe('answered');
      writeFileSync(stage.lock, lock);
      await until('it is back', () => configEvents(stage).length === 2);

      stage.edit((config) => {
        const { srv, ...others } = config.servers;
        config.servers = { ...others, other: srv } as unknown as Written['servers']; // a config without `srv`, on purpose
      });
      await until('the server has left the config', () => configEvents(stage).length === 3);
      expect(await session.call('echo', { message: 'x' })).toBe('Unknown tool: echo');
      expect(await session.tools()).toEqual([]);
      stage.restore(good);
      await until('the server is back in the config', () => configEvents(stage).length === 4);
      expect(await session.call('echo', { message: 'x' })).toBe('answered');
    } finally {
      await session.client.end();
    }
  });
});

describe('a server with another command', () => {
  it('is not started before somebody approves it; then, once nothing is in flight, in the same session', async () => {
    const [one, two] = ['one', 'two'].map((name) => join(yard.home, name)) as [string, string]; // as many as were mapped
    for (const directory of [one, two]) mkdirSync(directory);
    const stage = new LockStage(yard, {
      version: 1,
      servers: { srv: { command: process.execPath, args: [packaged('server-filesystem'), one], scope: 'one' } },
      scopes: { one: { grants: [{ tool: '*' }] } },
    });
    const session = await stage.open();
    const { client } = session;
    const where = async () => {
      const id = `w${client.lines.length}`;
      return client.request(id, 'tools/call', '{"name":"list_allowed_directories","arguments":{}}');
    };
    try {
      expect(await where()).toContain(one);
      stage.edit((config) => {
        config.servers.srv.args = [packaged('server-filesystem'), two];
      });
      await until('it is taken over', () => configEvents(stage).length === 1);
      await until('the person is told', () => client.stderr().includes('has another `args` than was approved'));
      expect(await where()).toContain('not_approved');
      expect(stage.approve()).toMatchObject({ status: 0 });
      await until('the approval is seen', () => configEvents(stage).length === 2);
      const answer = await where();
      expect(answer).toContain(two);
      expect(answer).not.toContain(one);
      expect(stage.events('server_started')).toHaveLength(2);
      // what is on disk may be a second old
      const guardOf = () => JSON.parse(yard.command('status', '--json').stdout.trim().split('\n')[0] ?? '');
      await until('its server is up', () => guardOf().servers[0].state === 'up');
      expect(guardOf()).toMatchObject({ servers: [{ name: 'srv', state: 'up' }] });
    } finally {
      await client.end();
    }
  });
});
