// Eight guards with one state directory, as hosts start them: what one has seen fail the others refuse, one call on the whole
// machine tries it out, and no guard's death keeps a tool away or brings back what a person has switched off.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configure, linesOf, transitions } from './breaker-stage.ts';
import { connectRaw, type RawClient } from './client-raw.ts';
import { eventually, Yard } from './guarded.ts';
import type { Launch } from './stage.ts';

const GUARDS = 8;
const OUT = 'breaker.tool.open';
const ISOLATED = 'breaker.tool.isolated';

type Mode = 'ok' | 'fail' | 'slow' | 'hang';
/** `answered`, `failed` (the server's error), or the rule by which the guard refused. */
type Answer = string;

let yard: Yard;
let launch: (...flags: string[]) => Launch;
let file: string;
let guards: Guard[];

beforeEach(() => {
  yard = new Yard();
  file = join(yard.home, 'mode');
  launch = prepare({ openMs: 1500, jitter: 0 });
  guards = [];
  tell('ok');
});
afterEach(async () => {
  await Promise.all(guards.map((guard) => guard.client.end()));
  expect(await yard.close()).toEqual([]);
});

const prepare = (breaker: object) => configure(yard, Yard.server('told-by-file', file), { breaker });
const order = (word: string) => yard.command('breaker', word, 'srv/tool', '--reason', 'for a test');
const tell = (mode: Mode) => writeFileSync(file, mode);
const log = () => linesOf(`${file}.log`);
const begun = () => log().filter((line) => line.startsWith('begin ')).length;

interface Guard {
  readonly client: RawClient;
  call(): Promise<Answer>;
}

async function start(...flags: string[]): Promise<Guard> {
  const name = `guard-${guards.length}`;
  const client = connectRaw(launch(...flags));
  let calls = 0;
  const guard: Guard = {
    client,
    call: async () => {
      calls += 1;
      const params = `{"name":"tool","arguments":{"text":"${name}"}}`;
      return readAnswer(await client.request(calls, 'tools/call', params));
    },
  };
  guards.push(guard);
  await client.initialize();
  return guard;
}

function guardAt(index: number): Guard {
  const guard = guards[index];
  if (guard === undefined) throw new Error(`there is no guard ${index}`);
  return guard;
}

const startAll = (count = GUARDS) => Promise.all(Array.from({ length: count }, () => start()));

function callLine(id: number, name = 'somebody'): string {
  const params = `{"name":"tool","arguments":{"text":"${name}"}}`;
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}\n`;
}

function readAnswer(line: string): Answer {
  // the answer of the guard or of the fixture server
  const { error, result } = JSON.parse(line) as { error?: object; result?: { _meta?: Record<string, unknown> } };
  if (error !== undefined) return 'failed';
  const decision = result?._meta?.['mcp-guard/decision'] as { rule?: string; reason: string } | undefined;
  return decision === undefined ? 'answered' : (decision.rule ?? decision.reason);
}

/** Faults seen by one guard, until it refuses. @returns how many */
async function openBy(guard: Guard): Promise<number> {
  tell('fail');
  const before = await callUntil(guard, OUT);
  expect(new Set(before)).toEqual(new Set(['failed']));
  return before.length;
}

/** One guard opens it, and every guard has seen that. */
async function openForAll(): Promise<void> {
  await openBy(guardAt(0));
  await Promise.all(guards.map((guard) => callUntil(guard, OUT)));
}

/** Calls until the answer is `wanted`. @returns the answers before it */
async function callUntil(guard: Guard, wanted: Answer, withinMs = 5000): Promise<Answer[]> {
  const before: Answer[] = [];
  const until = performance.now() + withinMs;
  for (;;) {
    const answer = await guard.call();
    if (answer === wanted) return before;
    if (performance.now() > until) throw new Error(`no ${wanted} within ${withinMs} ms, but ${before.slice(-3)}`);
    before.push(answer);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The rules in the order in which they moved the tool. INVARIANT: no transition is lost, and none is on record twice. */
function rules(): string[] {
  const moved = transitions(yard).filter(({ tool }) => tool === 'tool');
  expect(moved.map(({ epoch }) => epoch)).toEqual(moved.map((_, index) => index + 1));
  return moved.map(({ rule }) => rule);
}

async function endAll(): Promise<void> {
  await Promise.all(guards.splice(0).map(({ client }) => client.end()));
}

it('what one guard has seen fail all refuse; one call on the whole machine tries it out; two successes close it', async () => {
  await startAll();
  for (const guard of guards) expect(await guard.call()).toBe('answered');
  const faults = await openBy(guardAt(0));
  const openedAt = performance.now();
  const before = await Promise.all(guards.slice(1).map((guard) => callUntil(guard, OUT, 1000)));
  expect(performance.now() - openedAt).toBeLessThan(1000);
  expect(begun()).toBe(GUARDS + faults + before.flat().length);

  const from = log().length;
  tell('slow');
  await Promise.all(guards.map((guard) => callUntil(guard, 'answered')));
  const probes = log().slice(from, from + 4);
  expect(probes.map((line) => line.split(' ')[0])).toEqual(['begin', 'end', 'begin', 'end']);

  // All at once see it fail: it opens once.
  tell('fail');
  await Promise.all(guards.map((guard) => callUntil(guard, OUT)));
  await endAll();
  const [first, ...others] = rules();
  expect(first).toMatch(/^fault_/);
  expect(others).toEqual([
    'cool_down_over',
    'probe_passed',
    'next_probe',
    'probes_passed',
    expect.stringMatching(/^fault_/),
  ]);
});

it('where the guard that tries it out is killed, another one does at once', async () => {
  await startAll();
  await openForAll();
  const from = begun();
  tell('hang');
  const polls = guards.map((guard) => callUntil(guard, 'answered').catch(() => 'killed'));
  await eventually('one call tries it out', () => begun() > from);
  // INVARIANT: the lease is still far from its end (60 s), and nobody else may go.
  expect(await guardAt(0).call()).toBe('breaker.tool.half_open');
  expect(begun()).toBe(from + 1);
  const prober = Number(/(\d+)$/.exec(log().at(-1) ?? '')?.[1]);
  tell('ok');
  process.kill(guardAt(prober).client.pid, 'SIGKILL');
  const killedAt = performance.now();
  await eventually('another one tries it out', () => begun() > from + 1);
  expect(performance.now() - killedAt).toBeLessThan(1000);
  const answers = await Promise.all(polls);
  expect(answers.filter((answer) => answer === 'killed')).toHaveLength(1);
  await endAll();
  expect(rules()).toEqual([
    'fault_row',
    'cool_down_over',
    'holder_gone',
    'next_probe',
    'probe_passed',
    'next_probe',
    'probes_passed',
  ]);
});

describe('a guard that starts again goes on where the last one was', () => {
  it('closed, with what was counted', async () => {
    const first = await start();
    tell('fail');
    for (let i = 0; i < 4; i += 1) expect(await first.call()).toBe('failed');
    await endAll();
    const second = await start();
    expect(await second.call()).toBe('failed');
    expect(await second.call()).toBe(OUT);
  });

  it('open', async () => {
    launch = prepare({ openMs: 60_000 });
    await openBy(await start());
    await endAll();
    tell('ok');
    expect(await (await start()).call()).toBe(OUT);
  });

  it('half open, with one success of two', async () => {
    const first = await start();
    await openBy(first);
    tell('ok');
    await callUntil(first, 'answered');
    await endAll();
    expect(await (await start()).call()).toBe('answered');
    await endAll();
    expect(rules()).toEqual(['fault_row', 'cool_down_over', 'probe_passed', 'next_probe', 'probes_passed']);
  });

  it('isolated', async () => {
    expect(await (await start()).call()).toBe('answered');
    await endAll();
    expect(order('isolate')).toMatchObject({ status: 0 });
    expect(await (await start()).call()).toBe(ISOLATED);
  });
});

it('what a person switches off is off in running guards within a second, and stays so whatever becomes of the files', async () => {
  await startAll(3);
  for (const guard of guards) expect(await guard.call()).toBe('answered');
  expect(order('isolate')).toMatchObject({ status: 0 });
  const orderedAt = performance.now();
  await Promise.all(guards.map((guard) => callUntil(guard, ISOLATED, 1000)));
  expect(performance.now() - orderedAt).toBeLessThan(1000);

  const breakers = join(yard.state, 'default', 'breakers');
  for (const name of ['srv.json', 'srv.isolations.json']) {
    writeFileSync(join(breakers, name), '{"version":1,"boa');
    for (const guard of guards) expect([name, await guard.call()]).toEqual([name, ISOLATED]);
    expect([name, await (await start()).call()]).toEqual([name, ISOLATED]);
  }
  expect(order('close')).toMatchObject({ status: 0 });
  const closedAt = performance.now();
  await Promise.all(guards.map((guard) => callUntil(guard, 'answered', 1000)));
  expect(performance.now() - closedAt).toBeLessThan(1000);
});

it("one tenant's opening never touches another's", async () => {
  launch = prepare({ openMs: 60_000 });
  const one = await start('--tenant', 'one');
  const two = await start('--tenant', 'two');
  await openBy(one);
  expect(await one.call()).toBe(OUT);
  tell('ok');
  expect(await one.call()).toBe(OUT);
  expect(await two.call()).toBe('answered');
  expect(await (await start('--tenant', 'two')).call()).toBe('answered');
  expect(await (await start('--tenant', 'one')).call()).toBe(OUT);
  expect(existsSync(join(yard.state, 'two', 'breakers'))).toBe(false);
});

it('a thousand healthy calls write nothing', async () => {
  const guard = await start();
  for (let i = 0; i < 1000; i += 1) guard.client.write(callLine(i + 2));
  await eventually('all are answered', () => guard.client.lines.length >= 1001);
  await endAll();
  expect(existsSync(join(yard.state, 'default', 'audit'))).toBe(true);
  expect(existsSync(join(yard.state, 'default', 'breakers'))).toBe(false);
});
