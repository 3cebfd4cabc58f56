// A server whose command has changed is started anew once nothing of it is open: nothing that it has is lost, nothing is sent in between.
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/core/effects.ts';
import type { Interceptor } from '../../src/core/interceptor.ts';
import { Playbook, SERVER } from './playbook.ts';

const call = (id: number) => ({ id, method: 'tools/call', params: { name: 't' } });
const answer = (id: number) => ({ id, result: { content: [] } });
const RENEW = { type: 'renew', upstream: SERVER } as const;
const STARTED = { type: 'upstream_started', upstream: SERVER, pid: 2 } as const;

function effects(playbook: Playbook, type: Effect['type']): readonly Effect[] {
  return playbook.take().filter((effect) => effect.type === type);
}

function greeted(more: ConstructorParameters<typeof Playbook>[0] = {}): Playbook {
  const playbook = new Playbook(more)
    .client({ id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25' } })
    .upstream({ id: 0, result: { capabilities: { tools: { listChanged: true } } } })
    .client({ method: 'notifications/initialized' });
  playbook.take();
  return playbook;
}

describe('a server that is to be started anew', () => {
  it('is ended at once where nothing is open, and comes back whatever `onExit` says, greeted, with the list as changed', () => {
    const exits: string[] = [];
    const witness: Interceptor = { name: 'witness', onExit: (upstream) => void exits.push(upstream) };
    const playbook = greeted({ onExit: 'exit', interceptors: [witness] });
    expect(effects(playbook.event(RENEW), 'renew_upstream')).toHaveLength(1);
    expect(playbook.exits({ status: 0 }).take()).toMatchObject([
      { type: 'record', entry: { name: 'server_exited' } },
      { type: 'start_upstream', delayMs: 0 },
    ]);
    expect(exits).toEqual([]);
    playbook.event(STARTED);
    expect(playbook.toServer().join()).toContain('"initialize"');
    expect(
      playbook
        .event(RENEW)
        .exits()
        .take()
        .some(({ type }) => type === 'finish'),
    ).toBe(true);
  });

  it('tells the client that its list may have changed', () => {
    const playbook = greeted().event(RENEW).exits();
    playbook.take();
    expect(playbook.event(STARTED).toClient()).toEqual([
      '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}',
    ]);
  });

  it('is not ended before the last answer, and what comes meanwhile goes to the new one', () => {
    const playbook = greeted().client(call(1)).client(call(2)).event(RENEW);
    expect(effects(playbook, 'renew_upstream')).toEqual([]);
    expect(effects(playbook.upstream(answer(1)), 'renew_upstream')).toEqual([]);
    expect(
      playbook
        .upstream(answer(2))
        .take()
        .map(({ type }) => type),
    ).toContain('renew_upstream');
    expect(playbook.client(call(3)).toServer()).toEqual([]);
    playbook.exits().event(STARTED);
    const [greeting = '{}'] = playbook.toServer();
    playbook.upstream({ id: JSON.parse(greeting).id, result: { capabilities: {} } });
    expect(playbook.serverHears().map(({ id }) => id)).toContain(3);
    expect(playbook.upstream(answer(3)).toClient()).toHaveLength(1);
  });

  it('is not ended while it works on a task, or waits for the client', () => {
    const playbook = greeted()
      .client(call(1))
      .upstream({ id: 1, result: { task: { taskId: 'x' } } })
      .event(RENEW);
    expect(effects(playbook, 'renew_upstream')).toEqual([]);
    playbook.client({ id: 2, method: 'tasks/result', params: { taskId: 'x' } });
    playbook.upstream({ id: 'q', method: 'roots/list' });
    expect(effects(playbook.upstream({ id: 2, result: { content: [] } }), 'renew_upstream')).toEqual([]);
    expect(effects(playbook.client({ id: 'q', result: { roots: [] } }), 'renew_upstream')).toHaveLength(1);
  });

  it('counts as no crash, however often', () => {
    const playbook = greeted({ onExit: 'restart', restart: { maxExits: 3 } });
    for (let round = 0; round < 5; round += 1) {
      playbook.event(RENEW).exits({ status: 1 }).event(STARTED);
      const greeting = playbook.toServer().find((line) => line.includes('"initialize"')) ?? '{}';
      playbook.upstream({ id: JSON.parse(greeting).id, result: { capabilities: {} } });
    }
    expect(effects(playbook.exits(), 'start_upstream')).toMatchObject([{ delayMs: 250 }]);
  });

  it('does not wait for the pause of the old command, and answers for none of its exits', () => {
    const playbook = greeted({ onExit: 'restart', restart: { maxExits: 3 } }).exits({ status: 1 });
    expect(effects(playbook, 'start_upstream')).toMatchObject([{ delayMs: 250 }]);
    playbook.event(STARTED).exits({ status: 1 });
    expect(effects(playbook, 'start_upstream')).toMatchObject([{ delayMs: 500 }]);
    expect(playbook.event(RENEW).take()).toEqual([{ type: 'hurry_upstream', upstream: SERVER }]);
    playbook.event(STARTED).exits({ status: 1 });
    expect(effects(playbook, 'start_upstream')).toMatchObject([{ delayMs: 250 }]);
    expect(effects(playbook.event(STARTED).exits({ status: 1 }).event(RENEW), 'hurry_upstream')).toHaveLength(1);
  });

  it('is hurried only where its start is waited for', () => {
    expect(effects(greeted().client(call(1)).event(RENEW), 'hurry_upstream')).toEqual([]);
    expect(effects(greeted().exits().event(RENEW), 'hurry_upstream')).toEqual([]);
  });

  it('that ends by itself first is started by the new command, once', () => {
    const playbook = greeted({ onExit: 'restart' }).client(call(1)).event(RENEW).exits().event(STARTED);
    const greeting = playbook.toServer().find((line) => line.includes('"initialize"')) ?? '{}';
    playbook.upstream({ id: JSON.parse(greeting).id, result: { capabilities: {} } });
    expect(effects(playbook.event({ type: 'tick' }), 'renew_upstream')).toEqual([]);
  });

  it('whose client leaves meanwhile is the end of the session', () => {
    const playbook = greeted().event(RENEW).event({ type: 'client_ended' });
    expect(effects(playbook, 'finish')).toEqual([]);
    expect(
      playbook
        .exits({ byGuard: true })
        .take()
        .map(({ type }) => type),
    ).toContain('finish');
  });
});
