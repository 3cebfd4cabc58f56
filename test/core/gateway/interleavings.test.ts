// Any interleaving of any number of servers: every request of the client has exactly one answer, from the server that it was for, and
// nothing of one server reaches another. Ids, tokens, task ids and questions collide on purpose; servers come late, go, and come back.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GatewayEffect } from '../../../src/core/gateway/events.ts';
import { ALL, call, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';

type Step =
  | { readonly kind: 'call'; readonly lane: number; readonly id: number | string; readonly token: number | undefined }
  | { readonly kind: 'task' | 'read' | 'subscribe'; readonly lane: number; readonly id: number | string }
  /** After one of the tasks that the client was told of. */
  | { readonly kind: 'follow'; readonly id: number | string; readonly pick: number }
  | { readonly kind: 'report'; readonly lane: number; readonly token: number }
  | { readonly kind: 'list'; readonly id: number | string }
  | { readonly kind: 'cancel'; readonly id: number | string }
  /** A server answers one of what it was asked, whichever `pick` says; as often as it likes. */
  | { readonly kind: 'answer'; readonly lane: number; readonly pick: number; readonly twice: boolean }
  | { readonly kind: 'ask' | 'unask'; readonly lane: number; readonly id: number }
  | { readonly kind: 'reply'; readonly pick: number }
  | { readonly kind: 'forge'; readonly lane: number; readonly id: number | string }
  | { readonly kind: 'away' | 'back' | 'gone'; readonly lane: number }
  | { readonly kind: 'pass'; readonly ms: number };

const id = fc.constantFrom<number | string>(0, 1, 2, '1', 'x');
const lane = fc.nat(3);
const token = fc.constantFrom(undefined, 0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('call' as const), lane, id, token }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('task' as const, 'read' as const, 'subscribe' as const),
      ...{ lane, id },
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('follow' as const), id, pick: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('report' as const), lane, token: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('list' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), id }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), lane, pick: fc.nat(5), twice: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ask' as const), lane, id: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unask' as const), lane, id: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reply' as const), pick: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forge' as const), lane, id }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('away' as const, 'back' as const, 'gone' as const), lane }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 90_000 }) }) },
);

const EAGER = ['a', 'b', 'c'];
const NAMES = [...EAGER, 'd'];
/** Of every server alike. */
const TASK = 'task';

/** A request of the client that has no answer yet. */
interface Open {
  readonly id: number | string;
  /** The server that it is for; `*` for all. */
  readonly owner: string;
  readonly serial: number;
  readonly token?: number | undefined;
}

/** What is between client and servers, and what must hold of it at every step. */
class World {
  readonly play = new GatewayPlaybook(...EAGER, laneSettings('d', { start: 'on-demand' })).greet(ALL, ...EAGER);
  /** What each server was asked and has not answered. */
  readonly asked = new Map<string, Message[]>(NAMES.map((name) => [name, []]));
  readonly running = new Set(EAGER);
  /** Requests of the client under each id, oldest first: for whom, with a number of its own. */
  readonly open: Open[] = [];
  readonly questions: { outer: string; lane: string; id: number }[] = [];
  readonly answered = new Set<number>();
  /** As the client was told. */
  readonly tasks: { outer: string; owner: string }[] = [];
  /** Servers that were not there all the time. */
  readonly #unsteady = new Set(['d']);
  readonly #reached: Map<string, number>;
  #serial = 0;

  /** @param reached what has come to the client, by kind, over all runs */
  constructor(reached: Map<string, number>) {
    this.#reached = reached;
  }

  run(one: Step): void {
    const name = 'lane' in one ? (NAMES[one.lane] ?? 'a') : 'a';
    switch (one.kind) {
      case 'call':
      case 'task': {
        const { id } = one;
        const own = one.kind === 'task' ? { task: {} } : {};
        const meta = 'token' in one && one.token !== undefined ? { _meta: { progressToken: one.token } } : {};
        const serial = this.#opened(id, name, 'token' in one ? one.token : undefined);
        this.play.client(call(id, `${name}__t`, { arguments: { serial }, ...own, ...meta }));
        break;
      }
      case 'read':
      case 'subscribe': {
        const serial = this.#opened(one.id, name);
        this.play.client({ id: one.id, method: `resources/${one.kind}`, params: { uri: `${name}://r`, serial } });
        break;
      }
      case 'follow': {
        const task = this.tasks[one.pick % Math.max(1, this.tasks.length)];
        if (task === undefined) break;
        const serial = this.#opened(one.id, task.owner);
        this.play.client({ id: one.id, method: 'tasks/get', params: { taskId: task.outer, serial } });
        break;
      }
      case 'report':
        if (this.running.has(name))
          this.play.lane(name, {
            method: 'notifications/progress',
            params: { progressToken: one.token, progress: 1, from: name },
          });
        break;
      case 'unask':
        if (this.running.has(name))
          this.play.lane(name, { method: 'notifications/cancelled', params: { requestId: one.id, from: name } });
        break;
      case 'list':
        this.#opened(one.id, '*');
        this.play.client({ id: one.id, method: 'tools/list' });
        break;
      case 'cancel': {
        // the newest under this id
        const at = this.open.findLastIndex((open) => open.id === one.id);
        if (at !== -1) this.open.splice(at, 1);
        this.play.client({ method: 'notifications/cancelled', params: { requestId: one.id } });
        break;
      }
      case 'answer':
        this.#answer(name, one.pick, one.twice);
        break;
      case 'ask':
        if (this.running.has(name))
          this.play.lane(name, {
            id: one.id,
            method: 'sampling/createMessage',
            params: { from: name, number: one.id },
          });
        break;
      case 'reply': {
        const question = this.questions.splice(one.pick % Math.max(1, this.questions.length), 1)[0];
        if (question !== undefined)
          this.play.client({ id: question.outer, result: { to: question.lane, number: question.id } });
        break;
      }
      case 'forge':
        // what waits for it was not sent to it, whosever it is
        if (!this.asked.get(name)?.some((request) => request.id === one.id))
          this.play.lane(name, { id: one.id, result: { forged: true } });
        break;
      case 'away':
      case 'gone':
        this.#leave(name, one.kind);
        break;
      case 'back':
        this.play.event({ type: 'lane_back', lane: name });
        break;
      case 'pass':
        this.play.at(this.play.nowMs + one.ms);
        break;
    }
    this.#take();
  }

  #reach(what: string): void {
    this.#reached.set(what, (this.#reached.get(what) ?? 0) + 1);
  }

  #opened(id: number | string, owner: string, token?: number): number {
    this.#serial += 1;
    this.open.push({ id, owner, serial: this.#serial, token });
    return this.#serial;
  }

  /** As its session does: what was open is answered before anything else is said. */
  #leave(name: string, kind: 'away' | 'gone'): void {
    if (!this.running.has(name)) return;
    this.#unsteady.add(name);
    this.play.event(kind === 'away' ? { type: 'lane_away', lane: name } : { type: 'lane_gone', lane: name, why: 'x' });
    for (const request of this.asked.get(name)?.splice(0) ?? []) this.play.lane(name, answerOf(name, request));
    if (kind === 'away') return;
    this.running.delete(name);
    this.play.event({ type: 'lane_ended', lane: name });
  }

  #answer(name: string, pick: number, twice: boolean): void {
    const waiting = this.asked.get(name) ?? [];
    const request = waiting.splice(pick % Math.max(1, waiting.length), 1)[0];
    if (request === undefined) return;
    const answer = answerOf(name, request);
    this.play.lane(name, answer);
    if (twice) this.play.lane(name, answer);
  }

  #take(): void {
    for (const effect of this.play.take()) this.#see(effect);
  }

  #see(effect: GatewayEffect): void {
    if (effect.type === 'start_lane') this.running.add(effect.lane);
    if (effect.type === 'to_lane') this.#atServer(effect.lane, JSON.parse(effect.line.text) as Message);
    if (effect.type === 'to_client') {
      this.#atClient(JSON.parse(String(typeof effect.bytes === 'function' ? effect.bytes() : effect.bytes)) as Message);
    }
  }

  #atServer(name: string, message: Message): void {
    expect(this.running.has(name)).toBe(true);
    if (message.method === 'notifications/cancelled') {
      const list = this.asked.get(name) ?? [];
      const at = list.findIndex((one) => one.id === (message.params as Message).requestId);
      // only what this server was asked is cancelled there
      expect(at).not.toBe(-1);
      if ((message.params as Message).reason === 'another server has answered') this.#reach('a read handed on');
      list.splice(at, 1);
      return;
    }
    if (message.method === undefined) {
      // an answer comes to the server that asked, under its own id
      expect((message.result as Message).to).toBe(name);
      expect(message.id).toBe((message.result as Message).number);
      return;
    }
    if (message.id === undefined) return;
    if (message.method === 'tools/call') {
      expect((message.params as Message).name).toBe('t');
      const { serial } = (message.params as Message).arguments as { serial: number };
      expect(this.open.find((one) => one.serial === serial)?.owner).toBe(name);
    }
    const { taskId } = (message.params ?? {}) as Message;
    if (taskId !== undefined) {
      expect(taskId).toBe(TASK);
      expect(this.open.find(({ serial }) => serial === serialOf(message))?.owner).toBe(name);
    }
    // no two open requests of a server under one id
    expect(this.asked.get(name)?.some((one) => one.id === message.id)).toBe(false);
    this.asked.get(name)?.push(message);
  }

  #atClient(message: Message): void {
    if (message.method === 'sampling/createMessage') {
      const { from, number } = message.params as { from: string; number: number };
      expect(this.running.has(from)).toBe(true);
      this.questions.push({ outer: message.id as string, lane: from, id: number });
      return;
    }
    if (message.method === 'notifications/progress') {
      const { progressToken, from } = message.params as Message;
      // of a request that is open on the server that reports
      expect(this.open.some((one) => one.owner === from && one.token === progressToken)).toBe(true);
      this.#reach('progress');
      return;
    }
    if (message.method === 'notifications/cancelled') {
      const { requestId, from } = message.params as Message;
      const at = this.questions.findIndex(({ outer }) => outer === requestId);
      // only what this server has asked is taken back by it
      expect(this.questions[at]?.lane).toBe(from);
      this.questions.splice(at, 1);
      this.#reach('a question taken back');
      return;
    }
    if (message.id === undefined) return;
    // the oldest under this id is answered first
    const at = this.open.findIndex((one) => one.id === message.id);
    expect(at, `nobody waits under ${String(message.id)}`).not.toBe(-1);
    const [open] = this.open.splice(at, 1);
    expect(this.answered.has(open?.serial ?? 0)).toBe(false);
    this.answered.add(open?.serial ?? 0);
    // nobody has it: only where whoever has it was gone, or is not up yet
    if (message.error !== undefined) {
      expect(this.#unsteady.has(open?.owner ?? '')).toBe(true);
      this.#reach('an error');
      return;
    }
    const result = message.result as Message;
    const outer = `${open?.owner}:${TASK}`;
    if (result.task !== undefined) {
      expect((result.task as Message).taskId).toBe(outer);
      this.#reach('a task');
      this.tasks.push({ outer, owner: open?.owner ?? '' });
    }
    if (result.taskId !== undefined) {
      expect(result.taskId).toBe(outer);
      this.#reach('a task followed');
    }
    if (result.isError === true) this.#reach('the word that a server is down');
    if (open?.owner === 'd' && result.isError !== true) this.#reach('of a server that came late');
    if (open?.owner === '*') expect(Array.isArray(result.tools)).toBe(true);
    // the server's own, or the guard's word that it is down
    else if (result.isError !== true) expect([result.from, result.serial]).toEqual([open?.owner, open?.serial]);
  }

  /** Whoever runs answers what it was asked, and time does the rest: then nobody waits any more. */
  settle(): void {
    for (let round = 0; round < 6; round += 1) {
      for (const name of NAMES) {
        this.play.event({ type: 'lane_back', lane: name });
        this.#take();
        while ((this.asked.get(name)?.length ?? 0) > 0) {
          this.#answer(name, 0, false);
          this.#take();
        }
      }
      this.play.at(this.play.nowMs + 31_000);
      this.#take();
    }
  }
}

function answerOf(name: string, request: Message): Message {
  const { id, method, params } = request;
  const { uri, task, taskId } = (params ?? {}) as Message;
  if (uri !== undefined && uri !== `${name}://r`) return { id, error: { code: -32002, message: 'not here' } };
  if (method === 'initialize')
    return {
      id,
      result: { protocolVersion: '2025-11-25', capabilities: ALL, serverInfo: { name, version: '1' } },
    };
  if (method === 'tools/list') return { id, result: { tools: [{ name: 't', inputSchema: { type: 'object' } }] } };
  const own = { from: name, serial: serialOf(request), ...(taskId === undefined ? {} : { taskId }) };
  return { id, result: task === undefined ? own : { ...own, task: { taskId: TASK } } };
}

function serialOf({ params }: Message): number | undefined {
  const { serial, arguments: given } = (params ?? {}) as { serial?: number; arguments?: { serial?: number } };
  return serial ?? given?.serial;
}

test('every request has exactly one answer, from the right server', () => {
  const reached = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (steps) => {
      const world = new World(reached);
      for (const one of steps) world.run(one);
      world.settle();
      expect(world.open).toEqual([]);
    }),
    { numRuns: 80 },
  );
  // what was never reached was not tested
  expect([...reached.keys()].sort()).toEqual([
    ...['a question taken back', 'a read handed on', 'a task', 'a task followed', 'an error'],
    ...['of a server that came late', 'progress', 'the word that a server is down'],
  ]);
});
