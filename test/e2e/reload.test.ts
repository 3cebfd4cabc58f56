// A changed policy takes over while sessions run: within a second, without dropping one, narrower at once, wider only by an approval; what
// cannot be used leaves the old one in force. With the built guard and real servers.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RawClient } from './client-raw.ts';
import { eventually, Yard } from './guarded.ts';
import { LockStage, type Written } from './lock-stage.ts';

const packaged = (name: string) =>
  fileURLToPath(new URL(`../../node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url));
/** What is promised, and what a busy machine takes on top. */
const SOON_MS = 5_000;

let yard: Yard;
beforeEach(() => {
  yard = new Yard();
});
afterEach(async () => {
  expect(await yard.close()).toEqual([]);
});

const scopeOf = (written: Written) => (written.scopes as { one: { grants: object[]; deny: object[] } }).one; // what these tests write
const changes = ({ lines }: RawClient) =>
  lines.filter((line) => line.includes('tools/list_changed') && line.startsWith('{"jsonrpc"'));
const configEvents = (stage: LockStage) => stage.events('config').map(({ stage: what }) => what);
const said = ({ lines }: RawClient) =>
  lines.flatMap((line) => {
    const message = JSON.parse(line) as {
      method?: string;
      params?: { logger?: string; level?: string; data?: string };
    };
    return message.method === 'notifications/message' && message.params?.logger === 'mcp-guard' ? [message.params] : [];
  });

function everything(): LockStage {
  return new LockStage(yard, {
    version: 1,
    servers: { srv: { command: process.execPath, args: [packaged('server-everything')], scope: 'one' } },
    scopes: {
      one: { grants: [{ tool: 'echo' }, { tool: 'get-sum' }, { tool: 'trigger-long-running-operation' }], deny: [] },
    },
  });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  await eventually(what, holds, SOON_MS);
}

describe('the config of a running session', () => {
  it('narrows while a call is under way; one that cannot be used changes nothing, and the client is told; a wider one waits for its approval', async () => {
    const stage = everything();
    const session = await stage.open();
    const { client } = session;
    try {
      expect(await session.tools()).toEqual(['echo', 'get-sum', 'trigger-long-running-operation']);
      const slow = session.call('trigger-long-running-operation', { duration: 1, steps: 1 });
      stage.edit((config) => {
        scopeOf(config).deny.push({ tool: 'get-*' }, { tool: 'trigger-*' });
      });
      await until('the client is told that its list has changed', () => changes(client).length === 1);
      expect(await session.call('get-sum', { a: 1, b: 2 })).toBe('Unknown tool: get-sum');
      expect(await session.call('trigger-long-running-operation', {})).toContain('Unknown tool');
      expect(await session.tools()).toEqual(['echo']);
      expect(await slow).toBe('answered');
      expect(configEvents(stage)).toEqual(['taken_over']);

      const good = stage.configText();
      writeFileSync(stage.config, '{ "version": 1, "servers": [] }');
      await until('the record says that it was not taken over', () => configEvents(stage).length === 2);
      expect(stage.events('config')[1]).toMatchObject({
        stage: 'kept',
        config: stage.config,
        digest: stage.events('config')[0]?.digest,
        offered: expect.stringMatching(/^[0-9a-f]{64}$/),
        why: expect.stringContaining('servers'),
      });
      expect(client.stderr()).toContain('NOT taken over');
      await client.until((line) => line.includes('NOT taken over'));
      expect(said(client).at(-1)).toMatchObject({ level: 'warning', logger: 'mcp-guard' });
      expect(await session.call('echo', { message: 'x' })).toBe('answered');
      expect(await session.call('get-sum', { a: 1, b: 2 })).toBe('Unknown tool: get-sum');
      expect(yard.command('status').stdout).toContain('NOT taken over');
      expect(yard.command('reload')).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('has this policy already'),
      });

      stage.restore(good);
      stage.edit((config) => {
        scopeOf(config).deny = [];
        scopeOf(config).grants.push({ tool: 'get-env' });
      });
      await until('the good one is taken over', () => configEvents(stage).length === 3);
      expect(await session.call('get-sum', { a: 1, b: 2 })).toBe('answered');
      expect(await session.call('get-env')).toBe('not_approved');
      expect(stage.approve()).toMatchObject({ status: 0 });
      await until('the approval is seen', () => configEvents(stage).length === 4);
      expect(await session.call('get-env')).toBe('answered');
      expect(await session.tools()).toContain('get-env');
    } finally {
      await client.end();
    }
    expect(yard.command('audit', 'verify')).toMatchObject({ status: 0 });
    expect(yard.command('status').stdout).toContain('no guard is running');
  });

  it('goes back to what was approved without an end, when an approval ends', async () => {
    const stage = everything();
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
    const stage = everything();
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

  it('changes again and again under load: every call is answered once, by the one policy or by the other', async () => {
    const stage = everything();
    const session = await stage.open();
    const { client } = session;
    const total = 1_500;
    try {
      let sent = 0;
      let flips = 0;
      const answered = () => client.lines.filter((line) => /"id":"l\d+"/.test(line)).length;
      while (sent < total) {
        for (let index = 0; index < 25; index += 1, sent += 1) {
          const params = JSON.stringify({ name: 'echo', arguments: { message: String(sent) } });
          client.write(`{"jsonrpc":"2.0","id":"l${sent}","method":"tools/call","params":${params}}\n`);
        }
        if (sent % 250 === 0) {
          flips += 1;
          stage.edit((config) => {
            scopeOf(config).deny = flips % 2 === 1 ? [{ tool: 'echo' }] : [];
          });
          await until('it is taken over', () => configEvents(stage).length === flips);
        }
        await eventually('the calls are answered', () => answered() >= sent - 50);
      }
      await eventually('all calls are answered', () => answered() === total);
      const ids = client.lines.flatMap((line) => /"id":"(l\d+)"/.exec(line)?.[1] ?? []);
      expect(new Set(ids).size).toBe(total);
      const kinds = new Set(
        client.lines
          .filter((line) => /"id":"l\d+"/.test(line))
          .map((line) => (line.includes('Unknown tool') ? 'refused' : 'answered')),
      );
      expect([...kinds].sort()).toEqual(['answered', 'refused']);
    } finally {
      await client.end();
    }
    expect(yard.command('audit', 'verify')).toMatchObject({ status: 0 });
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
      expect(client.stderr()).toContain('has another `args` than was approved');
      expect(await where()).toContain('not_approved');
      expect(stage.approve()).toMatchObject({ status: 0 });
      await until('the approval is seen', () => configEvents(stage).length === 2);
      const answer = await where();
      expect(answer).toContain(two);
      expect(answer).not.toContain(one);
      expect(stage.events('server_started')).toHaveLength(2);
      const [guard] = yard.command('status', '--json').stdout.trim().split('\n');
      expect(JSON.parse(guard ?? '')).toMatchObject({ servers: [{ name: 'srv', state: 'up' }] });
    } finally {
      await client.end();
    }
  });
});

describe('a bare run', () => {
  it('is listed, and has nothing to reload', async () => {
    const client = yard.start([process.execPath, packaged('server-everything')]);
    try {
      await client.initialize();
      await eventually('it is listed', () => yard.command('status').stdout.includes(`guard ${client.pid}`));
      const [guard] = yard.command('status', '--json').stdout.trim().split('\n');
      expect(JSON.parse(guard ?? '')).toMatchObject({
        pid: client.pid,
        client: 'raw/1.0.0',
        policy: { config: null, reload: null },
        servers: [
          { name: 'server-everything', state: 'up', era: 'legacy', inFlight: 0, restarts: 0, breaker: 'closed' },
        ],
      });
      expect(yard.command('reload')).toMatchObject({ status: 0, stdout: 'no guard with a config is running\n' });
      expect(yard.command('reload', '--pid', String(client.pid))).toMatchObject({ status: 64 });
      expect(yard.command('reload', '--pid', '1')).toMatchObject({ status: 64 });
    } finally {
      await client.end();
    }
  });

  it('that was killed is taken off the list', async () => {
    const client = yard.start([process.execPath, packaged('server-everything')]);
    await client.initialize();
    await eventually('it is listed', () => yard.command('status').stdout.includes(`guard ${client.pid}`));
    process.kill(client.pid, 'SIGKILL');
    await client.exited;
    expect(yard.command('status').stdout).toContain('no guard is running');
    expect(yard.command('status', '--json')).toMatchObject({ status: 0, stdout: '' });
  });
});
