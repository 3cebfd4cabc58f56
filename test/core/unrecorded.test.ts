// What cannot be recorded is not done: the disk is full at each step of a call.
import { describe, expect, it } from 'vitest';
import { call, Playbook, result, sentToClient, sentToServer } from './playbook.ts';

describe('when the intent cannot be written', () => {
  it('the call is not sent, the client is told so at once, and a made-up answer goes nowhere', () => {
    const book = new Playbook();
    book.diskIsFull = true;
    const effects = book.client(call(1)).take();
    expect(sentToServer(effects)).toEqual([]);
    const [line, ...more] = sentToClient(effects);
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      id: 1,
      result: { isError: true, _meta: { 'mcp-guard/decision': { reason: 'audit_unavailable' } } },
    });
    expect(line.result.content[0].text).toContain('not sent');
    book.diskIsFull = false;
    expect(book.upstream(result(1)).toClient()).toEqual([]);
  });

  it('a later call goes through once the disk is back', () => {
    const book = new Playbook();
    book.diskIsFull = true;
    book.client(call(1)).take();
    book.diskIsFull = false;
    expect(book.client(call(2)).toServer()).toHaveLength(1);
  });

  it('other requests are refused, too', () => {
    const book = new Playbook();
    book.diskIsFull = true;
    const effects = book.client({ id: 1, method: 'resources/read', params: { uri: 'a://b' } }).take();
    expect(sentToServer(effects)).toEqual([]);
    expect(sentToClient(effects)).toMatchObject([{ id: 1, error: { code: -32603 } }]);
  });

  it('a question of the server does not reach the client', () => {
    const book = new Playbook();
    book.diskIsFull = true;
    const effects = book.upstream({ id: 1, method: 'sampling/createMessage', params: {} }).take();
    expect(sentToClient(effects)).toEqual([]);
    expect(sentToServer(effects).map((line) => JSON.parse(line))).toMatchObject([{ id: 1, error: { code: -32601 } }]);
  });
});

describe('when the outcome cannot be written', () => {
  it('the answer is withheld, and the client is told that the call ran', () => {
    const book = new Playbook();
    book.client(call(1)).take();
    book.diskIsFull = true;
    const lines = sentToClient(book.upstream(result(1, { content: [{ type: 'text', text: 'secret' }] })).take());
    expect(JSON.stringify(lines)).not.toContain('secret');
    expect(lines).toMatchObject([
      { id: 1, result: { isError: true, _meta: { 'mcp-guard/decision': { reason: 'audit_unavailable' } } } },
    ]);
    expect(lines[0].result.content[0].text).toMatch(/ran.*do not repeat/is);
  });

  it('a cancelled call stays without an answer, and the server is still told', () => {
    const book = new Playbook();
    book.client(call(1)).take();
    book.diskIsFull = true;
    const effects = book.client({ method: 'notifications/cancelled', params: { requestId: 1 } }).take();
    expect(sentToClient(effects)).toEqual([]);
    expect(sentToServer(effects)).toHaveLength(1);
  });

  it("a client's answer to a server's question is withheld from the server", () => {
    const book = new Playbook();
    book.upstream({ id: 1, method: 'sampling/createMessage', params: {} }).take();
    book.diskIsFull = true;
    const lines = book.client(result(1, { model: 'm', content: 'private' })).toServer();
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('private');
  });

  it('the one waiting behind it under the same id still gets its own answer', () => {
    const book = new Playbook();
    const [, second] = book.client(call(1)).client(call(1)).toServer();
    book.upstream(result(JSON.parse(second ?? '').id, { content: [], n: 2 })).take();
    book.diskIsFull = true;
    const lines = sentToClient(book.upstream(result(1, { content: [], n: 1 })).take());
    expect(lines).toHaveLength(2);
    expect(lines.filter((line) => line.result.n === 2)).toHaveLength(1);
    expect(lines.filter((line) => line.result.isError === true)).toHaveLength(1);
  });

  it("a task's last word is not delivered", () => {
    const book = new Playbook();
    book
      .client(call(1))
      .upstream(result(1, { resultType: 'task', taskId: 't', status: 'working' }))
      .take();
    book.diskIsFull = true;
    const done = {
      method: 'notifications/tasks',
      params: { taskId: 't', status: 'completed', result: { content: [] } },
    };
    expect(sentToClient(book.upstream(done).take())).toEqual([]);
  });
});
