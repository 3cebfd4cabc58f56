// A task-augmented call: its record stays open until the task's terminal payload has gone by, in both eras.
import { describe, expect, it } from 'vitest';
import { showRef } from '../../src/audit/entry.ts';
import { call, outcomes, Playbook, result } from './playbook.ts';

describe('a task of 2025-11-25', () => {
  it('ends with the answer to tasks/result', () => {
    const book = new Playbook();
    book.client(call(1, 'slow', { task: { ttl: 1000 } })).take();
    const [created] = outcomes(book.upstream(result(1, { task: { taskId: 't1', status: 'working' } })).records());
    expect(created).toMatchObject({ settlement: 'result', taskId: 't1', resultType: 'task' });
    book.client({ id: 2, method: 'tasks/get', params: { taskId: 't1' } });
    expect(
      outcomes(book.upstream(result(2, { taskId: 't1', status: 'completed' })).records()).map((one) => one.settlement),
    ).toEqual(['result']);
    book.client({ id: 3, method: 'tasks/result', params: { taskId: 't1' } }).take();
    const ended = outcomes(book.upstream(result(3, { content: [], isError: true })).records());
    expect(ended.map((one) => one.settlement)).toEqual(['task', 'result']);
    expect(ended[0]).toMatchObject({ isError: true, intent: { rpcId: 1, subject: 'slow' } });
    expect(ended[0]?.payload?.text).toContain('isError');
  });

  it('whose answer a policy refuses is on record as withheld, and so is the call that began it', () => {
    const refuse = {
      kind: 'refuse',
      deny: { kind: 'deny', rule: 'r', reason: 'no', text: 'Not this.', retryAfterMs: undefined },
    } as const;
    const onResponse = ({ method }: { readonly method: string }) => (method === 'tasks/result' ? [refuse] : []);
    const book = new Playbook({ interceptors: [{ name: 'test', onResponse }] });
    book.client(call(1, 'slow', { task: {} }));
    book.upstream(result(1, { task: { taskId: 't1', status: 'working' } })).take();
    const ask = (id: number) => {
      book.client({ id, method: 'tasks/result', params: { taskId: 't1' } }).take();
      const records = book.upstream(result(id, { content: [] })).records();
      const refs = outcomes(records).map(({ intent }) => showRef(intent.ref));
      const held = records.flatMap((one) => (one.type === 'event' && one.name === 'answer_denied' ? [one.detail] : []));
      return { refs, held: held.map(({ method, rule, record }) => [method, rule, record]) };
    };
    const { refs, held } = ask(2);
    expect(held).toEqual([refs[1], refs[0]].map((ref) => ['tasks/result', 'r', ref]));
    expect(new Set(refs).size).toBe(2);
    // it ends once
    expect(ask(3).held).toHaveLength(1);
  });

  it('is not ended by an error while it may be at work: its record waits for the payload', () => {
    const book = new Playbook();
    book
      .client(call(1, 'slow', { task: {} }))
      .upstream(result(1, { task: { taskId: 't1', status: 'working' } }))
      .take();
    const ask = (id: number, method: string, answer: object, params = {}) => {
      book.client({ id, method, params: { taskId: 't1', ...params } }).take();
      return outcomes(book.upstream({ id, ...answer }).records()).map((one) => one.settlement);
    };
    const notFound = { error: { code: -32_602, message: 'Task not found: t1' } };
    expect(ask(2, 'tasks/result', { error: { code: -32_603, message: 'not ready' } })).toEqual(['error']);
    expect(ask(3, 'tasks/result', { error: { code: -32_602, message: 'bad params' } })).toEqual(['error']);
    expect(ask(4, 'tasks/result', notFound, { odd: 1 })).toEqual(['error']);
    expect(ask(5, 'tasks/result', { result: { content: [] } })).toEqual(['task', 'result']);
    expect(ask(6, 'tasks/get', notFound)).toEqual(['error']);
  });

  it('that its server does not know any more ends with that error', () => {
    const book = new Playbook();
    book.client(call(1, 'slow', { task: {} })).upstream(result(1, { task: { taskId: 't1', status: 'working' } }));
    book.client({ id: 2, method: 'tasks/get', params: { taskId: 't1', _meta: {} } }).take();
    const gone = { id: 2, error: { code: -32_602, message: 'Task has expired' } };
    expect(outcomes(book.upstream(gone).records()).map((one) => one.settlement)).toEqual(['task', 'error']);
  });

  it('that is cancelled ends with that', () => {
    const book = new Playbook();
    book.client(call(1, 'slow', { task: {} })).upstream(result(1, { task: { taskId: 't1', status: 'working' } }));
    book.client({ id: 2, method: 'tasks/cancel', params: { taskId: 't1' } }).take();
    expect(
      outcomes(book.upstream(result(2, { taskId: 't1', status: 'cancelled' })).records()).map((one) => one.settlement),
    ).toEqual(['task', 'result']);
  });
});

describe('a task of the 2026-07-28 extension', () => {
  it.each(['tasks/get', 'notification'])('ends with the result that %s carries, once', (how) => {
    const book = new Playbook();
    book
      .client(call(1))
      .upstream(result(1, { resultType: 'task', taskId: 't', status: 'working' }))
      .take();
    const done = { taskId: 't', status: 'completed', result: { content: [] } };
    const say = () => {
      if (how === 'notification')
        return outcomes(book.upstream({ method: 'notifications/tasks', params: done }).records());
      book.client({ id: 5, method: 'tasks/get', params: { taskId: 't' } }).take();
      return outcomes(book.upstream(result(5, done)).records());
    };
    expect(say().filter((one) => one.settlement === 'task')).toHaveLength(1);
    expect(say().filter((one) => one.settlement === 'task')).toHaveLength(0);
  });

  it('does not keep the payload of the call in memory', () => {
    const book = new Playbook();
    book
      .client(call(1))
      .upstream(result(1, { resultType: 'task', taskId: 't', status: 'working' }))
      .take();
    const [ended] = outcomes(
      book.upstream({ method: 'notifications/tasks', params: { taskId: 't', status: 'cancelled' } }).records(),
    );
    expect(ended?.intent.payload).toBeUndefined();
    expect(ended?.intent.ref).toBeDefined();
  });
});
