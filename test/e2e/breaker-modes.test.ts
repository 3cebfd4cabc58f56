// What a client gets of the breaker in front of a real server, in a bare run and under each mode: the refusal, the list, the records.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { configure, linesOf, transitions } from './breaker-stage.ts';
import { connectRaw, type RawClient } from './client-raw.ts';
import { eventually, Yard } from './guarded.ts';

const CHANGED = '"method":"notifications/tools/list_changed"';
/** 80 % of at least ten. */
const UNTIL_OUT = 10;

let yard: Yard;
let client: RawClient;
let ids = 0;
beforeEach(() => {
  yard = new Yard();
});
afterEach(async () => {
  expect(await client.end()).toBe(0);
  expect(await yard.close()).toEqual([]);
});

const server = () => Yard.server('breaker-server', yard.home);
const reached = (tool: string) =>
  linesOf(join(yard.home, 'reached')).filter((line) => line.endsWith(` ${tool}`)).length;

async function greet(of: RawClient): Promise<void> {
  client = of;
  await client.initialize();
  await listed();
}

const start = (settings: object) => greet(connectRaw(configure(yard, server(), settings)()));

interface Answer {
  readonly result: {
    readonly tools?: readonly { readonly name: string }[];
    readonly content?: readonly { readonly text: string }[];
    readonly isError?: boolean;
  };
}

async function ask(method: string, params: object): Promise<Answer['result']> {
  ids += 1;
  const answer = JSON.parse(await client.request(ids, method, JSON.stringify(params))) as Answer; // a result, as each of these gets
  return answer.result;
}

const listed = async () => ((await ask('tools/list', {})).tools ?? []).map(({ name }) => name);
const call = async (name: string) => (await ask('tools/call', { name, arguments: {} })).content?.[0]?.text ?? '';
const callUntilOut = async () => {
  for (let index = 0; index < UNTIL_OUT; index += 1) expect(await call('down')).toBe('the backend is down');
};
const changes = () => client.lines.filter((line) => line.includes(CHANGED)).length;

it('a bare run enforces the defaults: the model reads what is wrong, and the other tools go on', async () => {
  await greet(yard.start(server()));
  await callUntilOut();
  const text = await call('down');
  expect(text).toMatch(
    /^mcp-guard has switched off the tool `down` of `breaker-server` since .*: of its last 10 calls 10 answered with an error\. The call was not sent\. Try again in (2[4-9]|3[0-6]) s, not before\. These tools of `breaker-server` still work: `healthy-1`, `healthy-2`, `healthy-3`, `healthy-4`, `flaky`, `hangs`, `crashes`\./,
  );
  expect([reached('down'), await call('healthy-1')]).toEqual([UNTIL_OUT, 'done']);
  // A list that changes as a side effect is nothing that a bare run does.
  expect([await listed(), changes()]).toEqual([expect.arrayContaining(['down']), 0]);
});

it('with `hide` the tool leaves the list, the client is told so, and it comes back by itself', async () => {
  await start({ breaker: { hide: true, openMs: 2500, jitter: 0 } });
  expect(await listed()).toContain('down');
  await callUntilOut();
  await client.until((line) => line.includes(CHANGED));
  expect(await listed()).not.toContain('down');
  expect(await call('down')).toContain('has switched off the tool `down`');
  writeFileSync(join(yard.home, 'down'), '');
  await eventually('the list has changed back', () => changes() === 2);
  expect(await listed()).toContain('down');
  expect([await call('down'), await call('down'), await call('down')]).toEqual(['done', 'done', 'done']);
  expect(transitions(yard).map(({ from, to }) => `${from} ${to}`)).toEqual([
    'closed open',
    'open half_open',
    'half_open half_open',
    'half_open half_open',
    'half_open closed',
  ]);
});

it('`observe` refuses nothing, and records what it would have done', async () => {
  await start({ breaker: { mode: 'observe' } });
  await callUntilOut();
  expect(await call('down')).toBe('the backend is down');
  expect(reached('down')).toBe(UNTIL_OUT + 1);
  await eventually('it is on record', () => transitions(yard).length === 1);
  expect(transitions(yard)).toMatchObject([{ tool: 'down', from: 'closed', to: 'open', rule: 'tool_error_rate' }]);
});

it('`off` counts nothing, and still heeds a person', async () => {
  await start({ breaker: { mode: 'off' } });
  await callUntilOut();
  expect([await call('down'), transitions(yard)]).toEqual(['the backend is down', []]);
  expect(yard.command('breaker', 'isolate', 'srv/down', '--reason', 'wrong numbers').status).toBe(0);
  // A guard looks at what others have written when a call asks, five times a second.
  const untilMs = performance.now() + 1_000;
  let text = '';
  while (!text.includes('(wrong numbers)') && performance.now() < untilMs) text = await call('down');
  expect(text).toContain('isolated by ');
  expect(await call('healthy-1')).toBe('done');
});
