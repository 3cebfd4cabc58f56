// Another policy while calls are under way: it holds for the next message, what is held stays held and is given back once, and each
// request is answered once, whatever comes in between.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SERVER } from '../core/playbook.ts';
import { Reloading, type TestPolicy, WIDE } from './reload-scene.ts';

const NARROW: TestPolicy = { ...WIDE, granted: ['a'] };

interface Answer {
  readonly id: number;
  readonly result?: {
    readonly tools?: readonly { name: string }[];
    readonly _meta?: { readonly 'mcp-guard/decision'?: { reason: string } };
  };
  readonly error?: { readonly message: string };
}

const read = (line: string): Answer => JSON.parse(line) as Answer; // lines of the guard and of this test
const reasonOf = ({ result, error }: Answer) =>
  result?._meta?.['mcp-guard/decision']?.reason ?? error?.message ?? 'answered';
const answers = (scene: Reloading) =>
  scene.playbook.toClient().map((line) => [read(line).id, reasonOf(read(line))] as const);
const answer = (scene: Reloading, id: number) => scene.playbook.upstream({ id, result: { content: [] } });

describe('another policy', () => {
  it('holds for the next call, and a call that is under way is answered', () => {
    const scene = new Reloading(WIDE);
    const before = scene.call('b');
    scene.swap(NARROW);
    const after = scene.call('b');
    expect(answers(scene)).toEqual([[after, 'Unknown tool: b']]);
    answer(scene, before);
    expect(answers(scene)).toEqual([[before, 'answered']]);
    scene.swap(WIDE);
    answer(scene, scene.call('b'));
    expect(answers(scene)).toMatchObject([[3, 'answered']]);
  });

  it('holds for an answer that was asked for before: no list shows what is not granted any more', () => {
    const scene = new Reloading(WIDE);
    scene.playbook.client({ id: 'l', method: 'tools/list' });
    scene.swap(NARROW);
    scene.playbook.upstream({ id: 'l', result: { tools: [{ name: 'a' }, { name: 'b' }] } });
    expect(scene.playbook.toClient().map((line) => read(line).result?.tools)).toEqual([[{ name: 'a' }]]);
  });

  it('says that the list has changed, where it has, once', () => {
    const scene = new Reloading(WIDE);
    scene.playbook
      .client({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } })
      .upstream({ id: 1, result: { capabilities: { tools: { listChanged: true } } } })
      .client({ method: 'notifications/initialized' })
      .client({ id: 'l', method: 'tools/list' })
      .upstream({ id: 'l', result: { tools: [{ name: 'a' }, { name: 'b' }] } })
      .take();
    const told = (policy: TestPolicy) => {
      scene.swap(policy);
      return scene.playbook.toClient();
    };
    const changed = ['{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'];
    expect(told(NARROW)).toEqual(changed);
    expect(told({ ...NARROW, toolCap: 3 })).toEqual([]);
    expect(told({ ...NARROW, granted: ['a', 'c'] })).toEqual([]);
    expect(told(WIDE)).toEqual(changed);
    expect(told(WIDE)).toEqual([]);
  });

  it('holds for a call that waits for its place: it is judged again before it is sent', () => {
    const scene = new Reloading({ ...WIDE, toolCap: 1 });
    const first = scene.call('b');
    const second = scene.call('b');
    scene.swap({ ...NARROW, toolCap: 1 });
    scene.playbook.take();
    answer(scene, first);
    scene.catchUp();
    expect(answers(scene)).toEqual([
      [first, 'answered'],
      [second, 'Unknown tool: b'],
    ]);
    expect(scene.openCalls).toBe(0);
    scene.swap({ ...WIDE, toolCap: 1 });
    answer(scene, scene.call('b'));
    expect(answers(scene)).toEqual([[3, 'answered']]);
  });

  it('with fewer places: who holds one keeps it, and the next waits until the new number is met', () => {
    const scene = new Reloading(WIDE);
    const held = [1, 2, 3].map(() => scene.call('a'));
    scene.swap({ ...WIDE, toolCap: 2 });
    const waiting = scene.call('a');
    const sent = () => scene.playbook.toServer().map((line) => read(line).id);
    expect(sent()).toEqual(held);
    answer(scene, 1);
    scene.catchUp();
    expect(sent()).toEqual([]);
    answer(scene, 2);
    scene.catchUp();
    expect(sent()).toEqual([waiting]);
  });

  it('with more places: who waits goes at once', () => {
    const scene = new Reloading({ ...WIDE, toolCap: 1 });
    const first = scene.call('a');
    const second = scene.call('a');
    scene.playbook.take();
    scene.swap(WIDE);
    scene.catchUp();
    expect(first).toBe(1);
    expect(scene.playbook.toServer().map((line) => read(line).id)).toEqual([second]);
  });

  it('with a shorter wait: who waits already waits no longer than who begins now', () => {
    const scene = new Reloading({ ...WIDE, toolCap: 1, maxWaitMs: 60_000 });
    scene.call('a');
    const waiting = scene.call('a');
    scene.swap({ ...WIDE, toolCap: 1, maxWaitMs: 500 });
    scene.playbook.at(scene.playbook.nowMs + 499);
    expect(answers(scene)).toEqual([]);
    scene.playbook.at(scene.playbook.nowMs + 1);
    expect(answers(scene)).toEqual([[waiting, 'bulkhead_full']]);
  });

  it('that switches the breaker off and on: a failing tool is refused under the one and not under the other', () => {
    const scene = new Reloading(WIDE);
    const fail = () => {
      const id = scene.call('a');
      scene.playbook.upstream({ id, error: { code: -32603, message: 'x' } });
      scene.catchUp();
      return answers(scene).at(-1)?.[1];
    };
    const until = Array.from({ length: 8 }, fail);
    expect(until).toContain('breaker_open');
    scene.swap({ ...WIDE, breaker: 'off' });
    expect(fail()).toBe('x');
    scene.swap(WIDE);
    expect(fail()).toBe('breaker_open');
  });
});

type Step =
  | { readonly do: 'call' | 'answer' | 'fail' | 'cancel'; readonly pick: number }
  | { readonly do: 'exit' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'swap'; readonly policy: TestPolicy };

const pick = fc.nat({ max: 50 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('answer' as const, 'fail' as const, 'cancel' as const), pick }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('exit' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 600, 40_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('swap' as const),
      policy: fc.record({
        granted: fc.subarray(['a', 'b', 'c']),
        serverCap: fc.constantFrom(1, 3, 100),
        toolCap: fc.constantFrom(1, 2, 100),
        maxWaitMs: fc.constantFrom(0, 500, 60_000),
        breaker: fc.constantFrom('enforce' as const, 'observe' as const, 'off' as const),
      }),
    }),
  },
);

it('over any order of calls, ends and policies: one answer, one settlement, no place lost, nothing sent that is not granted now', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const scene = new Reloading(WIDE);
      const { playbook } = scene;
      const asked = new Map<number, string>();
      const cancelled = new Set<number>();
      const answered = new Map<number, number>();
      const onServer = new Set<number>();
      let granted = WIDE.granted;
      const look = (): void => {
        for (const effect of playbook.take()) {
          if (effect.type !== 'to_client' && effect.type !== 'to_upstream') continue;
          const bytes = typeof effect.bytes === 'function' ? effect.bytes() : effect.bytes;
          const message = read(bytes.toString()) as Answer & { method?: string };
          if (effect.type === 'to_client') answered.set(message.id, (answered.get(message.id) ?? 0) + 1);
          else if (message.method === 'tools/call') {
            onServer.add(message.id);
            const tool = asked.get(message.id) ?? '';
            if (!granted.includes('*') && tool !== '') expect(granted).toContain(tool);
          }
        }
      };
      for (const one of steps) {
        const open = [...onServer];
        const id = 'pick' in one ? open[one.pick % Math.max(1, open.length)] : undefined;
        if (one.do === 'call') {
          const tool = ['a', 'b', 'c'][one.pick % 3] ?? 'a';
          asked.set(asked.size + 1, tool);
          const call = scene.call(tool);
          look();
          if (!granted.includes('*') && !granted.includes(tool)) expect(onServer.has(call)).toBe(false);
        } else if (one.do === 'exit') {
          playbook.exits({ status: 1 }).event({ type: 'upstream_started', upstream: SERVER, pid: 1 });
          onServer.clear();
        } else if (one.do === 'wait') playbook.at(playbook.nowMs + one.ms);
        else if (one.do === 'swap') {
          scene.swap(one.policy);
          granted = one.policy.granted;
        } else if (id !== undefined) {
          onServer.delete(id);
          if (one.do === 'answer') answer(scene, id);
          else if (one.do === 'fail') playbook.upstream({ id, error: { code: -32603, message: 'x' } });
          else {
            cancelled.add(id);
            playbook.client({ method: 'notifications/cancelled', params: { requestId: id } });
          }
        }
        scene.catchUp();
        look();
      }
      // what still waits goes, or is refused; then everything that was sent is answered
      for (let round = 0; round < 200 && scene.openCalls > 0; round += 1) {
        playbook.at(playbook.nowMs + 60_001);
        scene.catchUp();
        look();
        for (const id of onServer) answer(scene, id);
        onServer.clear();
        scene.catchUp();
        look();
      }
      expect(scene.openCalls).toBe(0);
      expect([...scene.settled.values()].filter((times) => times !== 1)).toEqual([]);
      for (const id of asked.keys()) expect(answered.get(id) ?? 0).toBe(cancelled.has(id) ? 0 : 1);
      expect(playbook.faults).toEqual([]);
      // every place has come back: as many calls as may be are sent at once
      scene.swap({ ...WIDE, breaker: 'off', serverCap: 3, toolCap: 3, maxWaitMs: 0 });
      const last = [1, 2, 3].map(() => scene.call('z'));
      look();
      expect(last.every((id) => onServer.has(id))).toBe(true);
      const more = scene.call('z');
      look();
      expect(onServer.has(more)).toBe(false);
    }),
    { numRuns: 150 },
  );
});
