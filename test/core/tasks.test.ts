// A task-augmented call: its record stays open until the task's terminal payload has gone by, in both eras.
import { describe, expect, it } from 'vitest';
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
