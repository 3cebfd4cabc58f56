// What one server has asked, while another one ends: ids, tokens, tasks, and what is still open of each.
import { expect, test } from 'vitest';
import { Lane } from '../../../src/core/gateway/lane.ts';
import { Questions } from '../../../src/core/gateway/questions.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import {
  DEFAULT_READ_LIMITS,
  type Line,
  type RequestMessage,
  type ResponseMessage,
} from '../../../src/wire/message.ts';
import { readLine } from '../../../src/wire/read-line.ts';
import { laneSettings } from './gateway-playbook.ts';

function read(from: 'client' | 'upstream', message: JsonObject): Line {
  const reading = readLine(
    Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    from,
    DEFAULT_READ_LIMITS,
  );
  if (reading.kind !== 'message') throw new Error(reading.kind);
  return reading.line;
}

const asked = (id: number, token?: string): Line<RequestMessage> =>
  read('upstream', {
    ...{ id, method: 'sampling/createMessage' },
    params: token === undefined ? {} : { _meta: { progressToken: token } },
  }) as Line<RequestMessage>;

const answered = (id: unknown, result: JsonObject = {}): Line<ResponseMessage> =>
  read('client', { id: id as string, result }) as Line<ResponseMessage>;

function scene() {
  return { questions: new Questions('tag'), a: new Lane(laneSettings('a')), b: new Lane(laneSettings('b')) };
}

test('no two questions have one id, not even under one id of one server', () => {
  const { questions, a, b } = scene();
  const ids = [a, a, b, a].map((lane) => questions.ask(lane, asked(0))[0]?.value);
  expect(new Set(ids).size).toBe(4);
  expect(questions.answer(answered(ids[2]))).toMatchObject({ lane: b, id: 0 });
  expect(questions.answer(answered(ids[2]))).toBe(undefined);
  expect(questions.answer(answered(7))).toBe(undefined);
});

test('what ends with a server is its own, and nothing of another', () => {
  const { questions, a, b } = scene();
  const [ofA, ofB] = [questions.ask(a, asked(0, 'p')), questions.ask(b, asked(0, 'p'))];
  questions.forget(a);
  expect(questions.answer(answered(ofA[0]?.value))).toBe(undefined);
  expect(questions.progress(String(ofA[1]?.value))).toBe(undefined);
  expect(questions.progress(String(ofB[1]?.value))).toEqual({ lane: b, token: 'p' });
  expect(questions.answer(answered(ofB[0]?.value))).toMatchObject({ lane: b });
  expect(questions.progress(String(ofB[1]?.value))).toBe(undefined);
});

test('each server counts what it still waits for: a stopped one would never hear it', () => {
  const { questions, a, b } = scene();
  const [first] = questions.ask(a, asked(0));
  questions.ask(a, asked(1));
  questions.ask(b, asked(0));
  expect([a.openQuestions, b.openQuestions]).toEqual([2, 1]);
  questions.answer(answered(first?.value));
  expect([a.openQuestions, b.openQuestions]).toEqual([1, 1]);
  questions.takeBack(a, 1);
  questions.takeBack(a, 1);
  questions.forget(b);
  expect([a.openQuestions, b.openQuestions]).toEqual([0, 0]);
});

test('an id that a server uses again before its answer: what it takes back is the last one', () => {
  const { questions, a } = scene();
  const [first, second] = [questions.ask(a, asked(0)), questions.ask(a, asked(0))];
  expect(questions.answer(answered(first[0]?.value))).toMatchObject({ id: 0 });
  expect(questions.takeBack(a, 0)).toBe(second[0]?.value);
  expect(questions.takeBack(a, 0)).toBe(undefined);
  expect(a.openQuestions).toBe(0);
});

test('a token without a question, a question without a token', () => {
  const { questions, a } = scene();
  const [id, ...more] = questions.ask(a, asked(0));
  expect(more).toEqual([]);
  expect(questions.progress(`${String(id?.value)}/progress`)).toBe(undefined);
  expect(questions.progress(0)).toBe(undefined);
});

test('a server sees of the client’s tasks those that it has caused, and asks of no other', () => {
  const { questions, a, b } = scene();
  const [id] = questions.ask(a, asked(0));
  questions.answer(answered(id?.value, { task: { taskId: 'mine' } }));
  const tasks = [{ taskId: 'mine' }, { taskId: 'other' }, {}, 'mine'];
  const shown = (lane: Lane) => questions.ownTasks(lane, answered('x', { tasks }));
  expect(shown(a)).toEqual([{ path: ['result', 'tasks'], value: [{ taskId: 'mine' }] }]);
  expect(shown(b)).toEqual([{ path: ['result', 'tasks'], value: [] }]);
  expect(questions.ownTasks(a, answered('x', { tasks: 'mine' }))).toEqual([{ path: ['result', 'tasks'], value: [] }]);
  expect(questions.ownTasks(a, answered('x'))).toEqual([]);
  const may = (lane: Lane, method: string, params: JsonObject) =>
    questions.mayAsk(lane, (read('upstream', { id: 1, method, params }) as Line<RequestMessage>).message);
  expect([may(a, 'tasks/get', { taskId: 'mine' }), may(b, 'tasks/get', { taskId: 'mine' })]).toEqual([true, false]);
  expect([may(b, 'tasks/list', {}), may(b, 'tasks/get', {}), may(b, 'roots/list', { taskId: 'mine' })]).toEqual([
    ...[true, false, true],
  ]);
});
