// An answer that is held back: handed to nobody, and on record as that in the write of its outcome.
import { expect, test } from 'vitest';
import { canaryRefusal } from '../../../src/core/denial.ts';
import { CALL, RESULT, Rig, settle } from './rig.ts';

const WHY = { rule: 'canary', reason: 'canary_found' };

test('and no other', async () => {
  const writes: string[][] = [];
  const rig = new Rig({ screen: (bytes) => (bytes.includes('foreign') ? canaryRefusal() : undefined) });
  const append = rig.sink.append.bind(rig.sink);
  rig.sink.append = (entries) => {
    writes.push(entries.map((entry) => (entry.type === 'event' ? entry.name : entry.type)));
    return append(entries);
  };
  rig.client(CALL(1));
  rig.client(CALL(2));
  await settle();
  rig.server.says(RESULT(1, { note: 'foreign' }));
  await settle();
  rig.server.says(RESULT(2));
  await settle();
  const [held, other, ...more] = rig.lines().map((line) => JSON.parse(line));
  expect([other, more]).toEqual([JSON.parse(RESULT(2)), []]);
  expect(held).toMatchObject({
    id: 1,
    result: { isError: true, content: [{ text: expect.stringMatching(/ran.*withheld/) }] },
  });
  expect(writes.slice(-2)).toEqual([['outcome', 'answer_denied'], ['outcome']]);
  const intents = rig.sink.entries.filter(({ type }) => type === 'intent');
  expect(rig.sink.entries.find((entry) => entry.type === 'event' && entry.name === 'answer_denied')).toMatchObject({
    server: 'srv',
    detail: { method: 'tools/call', ...WHY, record: `s:${intents[0]?.ref?.seq}` },
  });
});

test('of a task, and it is on record of the call that began it, too', async () => {
  const rig = new Rig({ screen: (bytes) => (bytes.includes('foreign') ? canaryRefusal() : undefined) });
  rig.client(CALL(1));
  await settle();
  rig.server.says(RESULT(1, { task: { taskId: 't', status: 'working' } }));
  await settle();
  rig.client({ id: 2, method: 'tasks/result', params: { taskId: 't' } });
  await settle();
  rig.server.says(RESULT(2, { note: 'foreign' }));
  await settle();
  const intents = rig.sink.entries.filter(({ type }) => type === 'intent').map(({ ref }) => `s:${ref?.seq}`);
  const held = rig.sink.entries.flatMap((one) => (one.type === 'event' && one.name === 'answer_denied' ? [one] : []));
  expect(held.map(({ detail }) => detail)).toEqual(
    [intents[1], intents[0]].map((record) => ({ method: 'tasks/result', ...WHY, record })),
  );
  expect(intents).toHaveLength(2);
});
