// What a policy only observes: it goes on, it is told, and it hinders no other policy.
import { describe, expect, it } from 'vitest';
import { call, Playbook } from './playbook.ts';

describe('a policy that only observes', () => {
  it('lets pass what it would deny, and the record says by which rule', () => {
    const observed = { rule: 'scopes.x', reason: 'not_granted', by: 'observe' } as const;
    const book = new Playbook({
      interceptors: [
        { name: 'observer', onRequest: () => ({ kind: 'pass', observed }) },
        { name: 'other', onRequest: () => ({ kind: 'pass', observed: { ...observed, rule: 'later' } }) },
      ],
    });
    const effects = book.client(call(1)).take();
    expect(effects.map((effect) => effect.type)).toEqual(['record', 'log', 'to_upstream']);
    const { rule, reason } = observed;
    expect(effects[0]).toMatchObject({ entry: { type: 'intent', decision: 'observe', rule, reason } });
  });
});

it('a notification that one policy only observes, and another drops, is dropped', () => {
  const observed = { rule: 'scopes.x', reason: 'not_granted', by: 'observe' } as const;
  const note = { method: 'notifications/resources/updated', params: { uri: 'x' } };
  const heard = (last: 'pass' | 'drop') =>
    new Playbook({
      interceptors: [
        { name: 'observer', onNotification: () => observed },
        { name: 'other', onNotification: () => last },
      ],
    }).upstream(note);
  expect(heard('drop').toClient()).toEqual([]);
  expect(heard('drop').records()).not.toContainEqual(expect.objectContaining({ name: 'observed' }));
  expect(heard('pass').toClient()).toHaveLength(1);
});

it('what a policy only observes of an answer hinders no other from taking something out', () => {
  const observed = { rule: 'scopes.x', reason: 'not_shown', by: 'observe' } as const;
  const book = new Playbook({
    interceptors: [
      {
        name: 'observer',
        onResponse: () => [{ kind: 'observed', what: 'list', subject: '1 tool', observed, detail: {} }],
      },
      { name: 'other', onResponse: () => [{ kind: 'remove', array: ['tools'], indexes: [0] }] },
    ],
  });
  book.client({ id: 1, method: 'tools/list', params: {} }).take();
  const [line] = book.upstream('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}').toClient();
  expect(line).toBe('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"b"}]}}');
});
