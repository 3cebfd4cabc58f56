// Whose a task of the client is: known for each server by itself, so that none makes the guard forget another's.
import { expect, test } from 'vitest';
import { ClientTasks } from '../../../src/core/gateway/client-tasks.ts';
import { ALL, GatewayPlaybook } from './gateway-playbook.ts';

test('the eldest of one server makes room for its newest, and for nobody else’s', () => {
  const tasks = new ClientTasks();
  tasks.note('of-a', 'a');
  for (let n = 0; n < 1_025; n += 1) tasks.note(`b${n}`, 'b');
  expect(['of-a', 'b0', 'b1', 'b1024'].map((id) => tasks.ownerOf(id))).toEqual(['a', undefined, 'b', 'b']);
});

test('an id that comes again is whose it came for last, and takes the place of one', () => {
  const tasks = new ClientTasks();
  tasks.note('x', 'a');
  tasks.note('x', 'b');
  for (let n = 0; n < 1_024; n += 1) tasks.note(`a${n}`, 'a');
  for (let n = 0; n < 1_023; n += 1) tasks.note(`b${n}`, 'b');
  expect(['x', 'a0', 'b0'].map((id) => tasks.ownerOf(id))).toEqual(['b', 'a', 'b']);
  tasks.note('b1', 'b');
  tasks.note('b1023', 'b');
  expect(['x', 'b0', 'b1'].map((id) => tasks.ownerOf(id))).toEqual([undefined, 'b', 'b']);
});

test('one that is longer than any name is kept for nobody', () => {
  const tasks = new ClientTasks();
  tasks.note('x'.repeat(1_024), 'a');
  tasks.note('x'.repeat(1_025), 'a');
  expect([1_024, 1_025].map((length) => tasks.ownerOf('x'.repeat(length)))).toEqual(['a', undefined]);
});

test('in a session: a server reads its task after another one has caused a thousand', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
  const cause = (lane: string, taskId: string): void => {
    play.lane(lane, { id: taskId, method: 'sampling/createMessage', params: { task: {} } });
    const [question] = play.toClient();
    play.client({ id: question?.id, result: { task: { taskId, status: 'working' } } }).take();
  };
  cause('a', 'of-a');
  for (let n = 0; n < 1_100; n += 1) cause('b', `b${n}`);
  play.lane('a', { id: 'q', method: 'tasks/result', params: { taskId: 'of-a' } });
  expect(play.toClient()).toMatchObject([{ method: 'tasks/result', params: { taskId: 'of-a' } }]);
});
