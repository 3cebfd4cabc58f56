// The session between real streams: order, back-pressure, restarts, time, and what a full disk stops. Its end: session-end.test.ts.
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Interceptor, PASS, type RequestView } from '../../../src/core/interceptor.ts';
import { CALL, FakeServer, RESULT, Rig, settle } from './rig.ts';

describe('the pipe', () => {
  it('carries lines both ways, and a last line without newline', async () => {
    const rig = new Rig();
    rig.client(CALL(1));
    await settle();
    expect(rig.server.lines()).toEqual([JSON.stringify({ jsonrpc: '2.0', ...CALL(1) })]);
    rig.server.says(RESULT(1).trimEnd());
    rig.server.exits({ kind: 'exited', code: 0 });
    expect(await rig.status).toBe(0);
    expect(rig.output).toBe(RESULT(1));
  });

  it('writes one batch of records for what came in one piece, before any of it leaves', async () => {
    const rig = new Rig();
    const order: string[] = [];
    const append = rig.sink.append.bind(rig.sink);
    rig.sink.append = (entries) => {
      order.push(`write ${entries.length}, sent ${rig.server.lines().length}`);
      return append(entries);
    };
    rig.stdin.write([1, 2, 3].map((id) => `${JSON.stringify({ jsonrpc: '2.0', ...CALL(id) })}\n`).join(''));
    await settle();
    expect(order).toEqual(['write 3, sent 0']);
    expect(rig.server.lines()).toHaveLength(3);
  });

  it('shows noise with the name of the server and passes none of it on', async () => {
    const rig = new Rig();
    rig.server.says('Server ready on stdio\n[INFO] hello\n');
    await settle();
    expect(rig.output).toBe('');
    expect(rig.noise).toEqual(['srv: Server ready on stdio', 'srv: [INFO] hello']);
  });

  it('splits an array of the server', async () => {
    const rig = new Rig();
    rig.client(CALL(1));
    rig.client(CALL(2));
    await settle();
    rig.server.says(`[${RESULT(1).trim()},${RESULT(2).trim()}]\n`);
    await settle();
    expect(rig.lines()).toHaveLength(2);
  });
});

describe('a client that closes its end while a policy holds its request', () => {
  /** Holds the first call until it is told to let it go. */
  function holding() {
    const held: RequestView[] = [];
    const ready: { request: RequestView; outcome: 'go' | 'refused' }[] = [];
    const holder: Interceptor = {
      name: 'holder',
      onRequest: (request) => (held.push(request) === 1 ? { kind: 'wait', why: 'test' } : PASS),
      onWaited: () => PASS,
      takeReady: () => ready.splice(0),
    };
    const rig = new Rig({ interceptors: [holder] });
    const letGo = () => {
      for (const request of held.slice(0, 1)) ready.push({ request, outcome: 'go' });
    };
    return { rig, letGo };
  }

  it('is still served: the server hears the end of its input after the last request', async () => {
    const { rig, letGo } = holding();
    rig.client(CALL(1));
    rig.client(CALL(2));
    rig.stdin.end();
    await settle();
    expect([rig.server.lines().length, rig.server.stdin.writableEnded]).toEqual([1, false]);
    letGo();
    rig.server.says(RESULT(2));
    await settle();
    expect([rig.server.lines().length, rig.server.stdin.writableEnded]).toEqual([2, true]);
    rig.server.says(RESULT(1));
    await settle();
    rig.server.exits({ kind: 'exited', code: 0 });
    expect(await rig.status).toBe(0);
    expect(rig.lines()).toHaveLength(2);
  });

  it('is not waited for without end', async () => {
    const { rig } = holding();
    rig.client(CALL(1));
    rig.stdin.end();
    await settle();
    rig.timers.pass(30_000 + 1_200);
    expect(rig.server.signals).toContain('TERM');
  });
});

describe('a line beyond the limit', () => {
  it('of the client is answered, and the session goes on', async () => {
    const rig = new Rig({ maxLineBytes: 200 });
    rig.client({ id: 5, method: 'tools/call', params: { name: 'x', arguments: { text: 'y'.repeat(300) } } });
    rig.client(CALL(6));
    await settle();
    expect(rig.lines().map((line) => JSON.parse(line))).toMatchObject([{ id: 5, error: { code: -32600 } }]);
    expect(rig.server.lines()).toHaveLength(1);
  });

  it('of the server ends the call that it answers', async () => {
    const rig = new Rig({ maxLineBytes: 200 });
    rig.client(CALL(7));
    await settle();
    rig.server.says(RESULT(7, { text: 'y'.repeat(300) }));
    await settle();
    expect(rig.lines().map((line) => JSON.parse(line))).toMatchObject([{ id: 7, result: { isError: true } }]);
  });
});

describe('a slow reader', () => {
  it('among the clients stops the reading of the server until it has caught up', async () => {
    let release: (() => void) | undefined;
    const stdout = new Writable({
      highWaterMark: 1024,
      write: (_chunk, _encoding, done) => {
        release = done;
      },
    });
    const rig = new Rig({ stdout, fullAtBytes: 10_000 });
    const notification = `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'z'.repeat(4000) } })}\n`;
    for (let index = 0; index < 10; index += 1) rig.server.says(notification);
    await settle();
    expect(rig.server.stdout.isPaused()).toBe(true);
    const held = stdout.writableLength;
    for (let index = 0; index < 50; index += 1) rig.server.says(notification);
    await settle();
    expect(stdout.writableLength).toBe(held);
    for (let index = 0; index < 200 && release !== undefined; index += 1) {
      const done: () => void = release;
      release = undefined;
      done();
      await settle();
    }
    expect(rig.server.stdout.isPaused()).toBe(false);
    expect(stdout.writableLength).toBe(0);
  });

  it('among the servers stops the reading of the client, and its calls are not lost', async () => {
    const server = new FakeServer();
    server.stuck = true;
    const rig = new Rig({ server, fullAtBytes: 10_000 }); // below the stream's own mark, which then decides
    const big = { id: 0, method: 'x/y', params: { data: 'z'.repeat(4000) } };
    for (let index = 0; index < 20; index += 1) rig.client({ ...big, id: index });
    await settle();
    expect(rig.stdin.isPaused()).toBe(true);
    server.recover();
    await settle();
    expect(rig.stdin.isPaused()).toBe(false);
    expect(server.lines()).toHaveLength(20);
  });

  it('among the servers does not hide that the host has died', async () => {
    const server = new FakeServer();
    server.stuck = true;
    const rig = new Rig({ server, fullAtBytes: 1000 });
    rig.client({ id: 1, method: 'x/y', params: { data: 'z'.repeat(40_000) } });
    await settle();
    rig.timers.pass(10_000);
    expect(server.signals).toEqual([]);
    rig.parent = 1;
    rig.timers.pass(2000);
    rig.timers.pass(0);
    expect(server.signals).toEqual(['TERM']);
    server.exits({ kind: 'signalled', signal: 'SIGTERM', number: 15 });
    expect(await rig.status).toBe(129);
  });

  it('that dies stuck does not leave the client unread', async () => {
    const server = new FakeServer();
    server.stuck = true;
    const rig = new Rig({ server, fullAtBytes: 1000 });
    rig.client({ id: 1, method: 'x/y', params: { data: 'z'.repeat(40_000) } });
    await settle();
    server.exits({ kind: 'signalled', signal: 'SIGKILL', number: 9 });
    expect(await rig.status).toBe(137);
    expect(rig.lines()).toHaveLength(1);
  });
});

describe('a restart', () => {
  it('does not forget that the client is slow', async () => {
    const stdout = new Writable({ write: () => {}, highWaterMark: 1024 });
    const rig = new Rig({ stdout, fullAtBytes: 10_000, onExit: 'restart' });
    rig.server.says(`${JSON.stringify({ jsonrpc: '2.0', method: 'x/y', params: { data: 'z'.repeat(40_000) } })}\n`);
    await settle();
    rig.server.exits({ kind: 'exited', code: 1 });
    await settle();
    rig.timers.pass(500);
    await settle();
    rig.timers.pass(500);
    await settle();
    expect(rig.restarted[0]?.stdout.isPaused()).toBe(true);
  });

  it('starts the server anew after the wait', async () => {
    const rig = new Rig({ onExit: 'restart' });
    await settle();
    rig.server.exits({ kind: 'exited', code: 1 });
    await settle();
    rig.client(CALL(1));
    await settle();
    expect(rig.restarted).toHaveLength(0);
    rig.timers.pass(250);
    await settle();
    expect(rig.restarted).toHaveLength(1);
    expect(rig.restarted[0]?.lines()).toHaveLength(1);
  });

  it('by another command does not wait, and happens once', async () => {
    const rig = new Rig({ onExit: 'restart' });
    await settle();
    rig.server.exits({ kind: 'exited', code: 1 });
    await settle();
    rig.run.between(() => rig.run.post({ type: 'renew', upstream: 'srv' }));
    rig.timers.pass(0);
    await settle();
    expect(rig.restarted).toHaveLength(1);
    rig.timers.pass(250);
    await settle();
    expect(rig.restarted).toHaveLength(1);
  });

  it('does not follow a client that has left', async () => {
    const rig = new Rig({ onExit: 'restart' });
    await settle();
    rig.server.exits({ kind: 'exited', code: 1 });
    await settle();
    rig.stdin.end();
    await settle();
    rig.timers.pass(10_000);
    expect(rig.restarted).toHaveLength(0);
    expect(await rig.status).toBe(1);
  });
});

describe('time', () => {
  it('ends a call that is not answered, without any other event', async () => {
    const rig = new Rig({ deadline: { idleMs: Number.POSITIVE_INFINITY, hardMs: 500 } });
    rig.client(CALL(1));
    await settle();
    rig.timers.pass(499);
    expect(rig.output).toBe('');
    rig.timers.pass(1);
    await settle();
    expect(rig.lines()).toHaveLength(1);
    expect(rig.server.lines().at(-1)).toContain('notifications/cancelled');
  });

  it('wakes again for the next one', async () => {
    const rig = new Rig({ deadline: { idleMs: Number.POSITIVE_INFINITY, hardMs: 500 } });
    rig.client(CALL(1));
    await settle();
    rig.timers.pass(300);
    rig.client(CALL(2));
    await settle();
    rig.timers.pass(200);
    await settle();
    expect(rig.lines()).toHaveLength(1);
    rig.timers.pass(300);
    await settle();
    expect(rig.lines()).toHaveLength(2);
  });
});

describe('a trail that cannot be written', () => {
  it('stops the call before it leaves, and the answer before it arrives', async () => {
    const rig = new Rig();
    rig.client(CALL(1));
    await settle();
    rig.sink.broken = true;
    rig.client(CALL(2));
    await settle();
    expect(rig.server.lines()).toHaveLength(1);
    rig.server.says(RESULT(1, { secret: 'x' }));
    await settle();
    expect(rig.output).not.toContain('secret');
    expect(rig.lines().map((line) => JSON.parse(line).id)).toEqual([2, 1]);
  });
});
