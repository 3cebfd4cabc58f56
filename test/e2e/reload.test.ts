// A changed policy takes over while sessions run: within a second, without dropping one, narrower at once; what cannot be used leaves the
// old one in force. With the built guard and real servers.
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventually, type Yard } from './guarded.ts';
import { changes, configEvents, everything, said, scopeOf, until } from './reload-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

describe('the config of a running session', () => {
  it('narrows while a call is under way; one that cannot be used changes nothing, and the client is told; a wider one waits for its approval', async () => {
    const stage = everything(yard);
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
      await until('the person is told', () => client.stderr().includes('NOT taken over'));
      await client.until((line) => line.includes('NOT taken over'));
      expect(said(client).at(-1)).toMatchObject({ level: 'warning', logger: 'mcp-guard' });
      expect(await session.call('echo', { message: 'x' })).toBe('answered');
      expect(await session.call('get-sum', { a: 1, b: 2 })).toBe('Unknown tool: get-sum');
      await until('status tells it', () => yard.command('status').stdout.includes('NOT taken over'));
      expect(yard.command('reload')).toMatchObject({
        status: 78,
        stdout: expect.stringContaining('keeps its old policy'),
      });
      expect(yard.command('status').stdout).toContain('NOT taken over');

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

  it('changes again and again under load: every call is answered once, by the one policy or by the other', async () => {
    const stage = everything(yard);
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
