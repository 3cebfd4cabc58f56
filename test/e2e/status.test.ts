// Every guard of the machine is listed while it runs, and not when it is dead. With the built guard and a real server.
import { describe, expect, it } from 'vitest';
import { eventually, type Yard } from './guarded.ts';
import { packaged } from './reload-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

describe('a bare run', () => {
  it('is listed, and has nothing to reload', async () => {
    const client = yard.start([process.execPath, packaged('server-everything')]);
    try {
      await client.initialize();
      await eventually('it is listed', () => yard.command('status').stdout.includes(`guard ${client.pid}`));
      // what is on disk may be a second old
      await eventually('its era is told', () => yard.command('status', '--json').stdout.includes('"legacy"'));
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
