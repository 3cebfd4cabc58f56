// How a session ends: its server's end and its client's, signals, and what may hold it up.
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { CALL, FakeServer, RESULT, Rig, settle } from './rig.ts';

describe('the end', () => {
  it('mirrors how the server ended, after its last words', async () => {
    const rig = new Rig();
    rig.client(CALL(1));
    rig.client(CALL(2));
    await settle();
    rig.server.says(RESULT(1));
    rig.server.exits({ kind: 'exited', code: 3 });
    expect(await rig.status).toBe(3);
    expect(rig.lines().map((line) => JSON.parse(line))).toMatchObject([
      { id: 1, result: { content: [] } },
      { id: 2, result: { isError: true } },
    ]);
    expect(rig.sink.closed).toBe('code 3');
    expect(rig.sink.entries.at(-1)).toMatchObject({ type: 'outcome', settlement: 'upstream_exit' });
  });

  it('of the client walks the server down the ladder, and is no failure', async () => {
    const rig = new Rig();
    rig.stdin.end();
    await settle();
    expect(rig.server.stdin.writableEnded).toBe(true);
    rig.timers.pass(1199);
    expect(rig.server.signals).toEqual([]);
    rig.timers.pass(1);
    expect(rig.server.signals).toEqual(['TERM']);
    rig.timers.pass(600);
    expect(rig.server.signals).toEqual(['TERM', 'KILL']);
    rig.server.exits({ kind: 'signalled', signal: 'SIGKILL', number: 9 });
    expect(await rig.status).toBe(0);
  });

  it('of one half of a server is the end of the whole', async () => {
    const mute = new Rig();
    mute.client(CALL(1));
    await settle();
    mute.server.stdout.end();
    await settle();
    mute.timers.pass(1200);
    expect(mute.server.signals).toEqual(['TERM']);

    const deaf = new Rig();
    deaf.server.stdin.destroy(Object.assign(new Error('EPIPE'), { code: 'EPIPE' }));
    await settle();
    deaf.timers.pass(1200);
    expect(deaf.server.signals).toEqual(['TERM']);
  });

  it('of the client lets the server answer what it owes first', async () => {
    const rig = new Rig();
    rig.client(CALL(1));
    rig.client({ id: 'l', method: 'subscriptions/listen', params: {} });
    rig.stdin.end();
    await settle();
    expect(rig.server.stdin.writableEnded).toBe(true);
    rig.timers.pass(20_000);
    expect(rig.server.signals).toEqual([]);
    rig.server.says(RESULT(1));
    await settle();
    expect(rig.lines()).toHaveLength(1);
    rig.timers.pass(1200);
    expect(rig.server.signals).toEqual(['TERM']);
    rig.server.exits({ kind: 'signalled', signal: 'SIGTERM', number: 15 });
    expect(await rig.status).toBe(0);
  });

  it('of the client does not wait for ever for an answer, and not at all where nobody reads it', async () => {
    const rig = new Rig();
    rig.client(CALL(1));
    rig.stdin.end();
    await settle();
    rig.timers.pass(30_000);
    rig.timers.pass(1200);
    expect(rig.server.signals).toEqual(['TERM']);
    rig.run.stop(15);
    rig.server.exits({ kind: 'signalled', signal: 'SIGTERM', number: 15 });
    expect(await rig.status).toBe(143);
  });

  it('of a server that crashes after the client has closed its end is the crash', async () => {
    const rig = new Rig();
    rig.client(CALL(1));
    rig.stdin.end();
    await settle();
    rig.server.exits({ kind: 'signalled', signal: 'SIGABRT', number: 6 });
    expect(await rig.status).toBe(134);
  });

  it('by a signal is passed on at once, a second one is force, and the status says which', async () => {
    const rig = new Rig();
    await settle();
    rig.run.stop(15);
    rig.timers.pass(0);
    expect(rig.server.signals).toEqual(['TERM']);
    expect(rig.server.stdin.writableEnded).toBe(true);
    rig.run.stop(15);
    expect(rig.server.signals).toContain('KILL');
    rig.server.exits({ kind: 'signalled', signal: 'SIGKILL', number: 9 });
    expect(await rig.status).toBe(143);
  });

  it('by a signal after the client has left shortens the ladder', async () => {
    const rig = new Rig();
    rig.stdin.end();
    await settle();
    rig.run.stop(15);
    expect(rig.server.signals).toEqual(['TERM']);
  });

  it('comes when the client no longer reads', async () => {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const rig = new Rig({ stdout });
    rig.client(CALL(1));
    await settle();
    rig.server.says(RESULT(1));
    await settle();
    expect(rig.server.stdin.writableEnded).toBe(true);
    rig.server.exits({ kind: 'exited', code: 0 });
    expect(await rig.status).toBe(0);
  });

  it('is not held up for long by a client that reads nothing', async () => {
    const stdout = new Writable({ write: () => {} });
    const rig = new Rig({ stdout });
    rig.client(CALL(1));
    await settle();
    rig.server.says(RESULT(1));
    rig.server.exits({ kind: 'exited', code: 0 });
    await settle();
    rig.timers.pass(1000);
    expect(await rig.status).toBe(0);
  });

  it('is held up even less by one where the guard was told a second time, also while it waits already', async () => {
    const rig = new Rig({ stdout: new Writable({ write: () => {} }) });
    rig.client(CALL(1));
    await settle();
    rig.server.says(RESULT(1));
    rig.run.stop(15);
    rig.server.exits({ kind: 'exited', code: 0 });
    await settle();
    rig.run.stop(15);
    rig.timers.pass(100);
    expect(await rig.status).toBe(143);
  });

  it('of the guard by its own defect takes the servers along', async () => {
    const rig = new Rig();
    await settle();
    rig.run.abandon();
    expect(rig.server.signals).toEqual(['KILL']);
    expect(await rig.status).toBe(70);
    expect(rig.sink.closed).toBe('the guard failed');
  });

  it('of a server that cannot be started is told to the first request', async () => {
    const rig = new Rig({ server: new FakeServer(undefined) });
    rig.server.exits({ kind: 'unstartable', reason: '`nope` was not found' });
    await settle();
    rig.client({ id: 0, method: 'initialize', params: {} });
    expect(await rig.status).toBe(69);
    expect(rig.lines().map((line) => JSON.parse(line))).toMatchObject([{ id: 0, error: { code: -32603 } }]);
  });

  it('of a server that cannot be started comes with the client, too', async () => {
    const rig = new Rig({ server: new FakeServer(undefined) });
    rig.server.exits({ kind: 'unstartable', reason: 'x' });
    await settle();
    rig.stdin.end();
    expect(await rig.status).toBe(69);
  });
});

it('one that is over wakes for nothing, whatever its policies still wait for', async () => {
  const policy = { name: 'policy', wakeAtMs: Number.POSITIVE_INFINITY };
  const rig = new Rig({ interceptors: [policy] });
  rig.server.exits({ kind: 'exited', code: 0 });
  expect(await rig.status).toBe(0);
  const { waiting } = rig.timers;
  rig.run.between(() => {
    policy.wakeAtMs = 0;
  });
  expect(rig.timers.waiting).toBe(waiting);
});
