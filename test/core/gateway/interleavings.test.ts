// Any interleaving of any number of servers: every request of the client has exactly one answer, from the server that it was for, and
// nothing of one server reaches another. Ids and tokens collide on purpose; servers come and go.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GatewayEffect } from '../../../src/core/gateway/events.ts';
import { ALL, call, GatewayPlaybook, type Message } from './gateway-playbook.ts';

type Step =
  | { readonly kind: 'call'; readonly lane: number; readonly id: number | string }
  | { readonly kind: 'list'; readonly id: number | string }
  | { readonly kind: 'cancel'; readonly id: number | string }
  /** A server answers one of what it was asked, whichever `pick` says; as often as it likes. */
  | { readonly kind: 'answer'; readonly lane: number; readonly pick: number; readonly twice: boolean }
  | { readonly kind: 'ask'; readonly lane: number; readonly id: number }
  | { readonly kind: 'reply'; readonly pick: number }
  | { readonly kind: 'forge'; readonly lane: number; readonly id: number | string }
  | { readonly kind: 'away' | 'back' | 'gone'; readonly lane: number }
  | { readonly kind: 'pass'; readonly ms: number };

const id = fc.constantFrom<number | string>(0, 1, 2, '1', 'x');
const lane = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('call' as const), lane, id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('list' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), id }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), lane, pick: fc.nat(5), twice: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ask' as const), lane, id: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reply' as const), pick: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forge' as const), lane, id }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('away' as const, 'back' as const, 'gone' as const), lane }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 90_000 }) }) },
);

const NAMES = ['a', 'b', 'c'];

/** What is between client and servers, and what must hold of it at every step. */
class World {
  readonly play = new GatewayPlaybook(...NAMES).greet(ALL, ...NAMES);
  /** What each server was asked and has not answered. */
  readonly asked = new Map<string, Message[]>(NAMES.map((name) => [name, []]));
  readonly running = new Set(NAMES);
  /** Requests of the client under each id, oldest first: for whom, with a number of its own. */
  readonly open: { id: number | string; owner: string; serial: number }[] = [];
  readonly questions: { outer: string; lane: string; id: number }[] = [];
  readonly answered = new Set<number>();
  #serial = 0;

  run(one: Step): void {
    const name = 'lane' in one ? (NAMES[one.lane] ?? 'a') : 'a';
    switch (one.kind) {
      case 'call':
        this.#serial += 1;
        this.open.push({ id: one.id, owner: name, serial: this.#serial });
        this.play.client(call(one.id, `${name}__t`, { arguments: { serial: this.#serial } }));
        break;
      case 'list':
        this.#serial += 1;
        this.open.push({ id: one.id, owner: '*', serial: this.#serial });
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

  /** As its session does: what was open is answered before anything else is said. */
  #leave(name: string, kind: 'away' | 'gone'): void {
    if (!this.running.has(name)) return;
    this.play.event(kind === 'away' ? { type: 'lane_away', lane: name } : { type: 'lane_gone', lane: name, why: 'x' });
    for (const request of this.asked.get(name)?.splice(0) ?? [])
      this.play.lane(name, { id: request.id, result: resultOf(name, request) });
    if (kind === 'away') return;
    this.running.delete(name);
    this.play.event({ type: 'lane_ended', lane: name });
  }

  #answer(name: string, pick: number, twice: boolean): void {
    const waiting = this.asked.get(name) ?? [];
    const request = waiting.splice(pick % Math.max(1, waiting.length), 1)[0];
    if (request === undefined) return;
    const answer = { id: request.id, result: resultOf(name, request) };
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
    if (message.id === undefined) return;
    // the oldest under this id is answered first
    const at = this.open.findIndex((one) => one.id === message.id);
    expect(at, `nobody waits under ${String(message.id)}`).not.toBe(-1);
    const [open] = this.open.splice(at, 1);
    expect(this.answered.has(open?.serial ?? 0)).toBe(false);
    this.answered.add(open?.serial ?? 0);
    const result = message.result as Message;
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

function resultOf(name: string, { method, params }: Message): Message {
  if (method === 'initialize')
    return { protocolVersion: '2025-11-25', capabilities: ALL, serverInfo: { name, version: '1' } };
  if (method === 'tools/list') return { tools: [{ name: 't' }] };
  const given = (params as Message | undefined)?.arguments as { serial?: number } | undefined;
  return { from: name, serial: given?.serial };
}

test('every request has exactly one answer, from the right server', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new World();
      for (const one of steps) world.run(one);
      world.settle();
      expect(world.open).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
