// What is switched off is refused before it waits for a place; everything else passes.
import { expect, test } from 'vitest';
import { createSwitchedOff } from '../../../src/policy/breaker/switched-off.ts';
import { openTool, SERVER } from './machine.ts';
import { toolCall } from './trial-stage.ts';

test('refuses as the breaker does, the calls of the client alone', () => {
  const { machine, guard } = openTool();
  const interceptor = createSwitchedOff((server, tool, now) => guard.breaker.refusal(server, tool, now));
  const ask = (tool: string | undefined, asked: 'client' | 'server' = 'client') =>
    interceptor.onRequest?.(toolCall(tool, SERVER, asked), machine.now);
  expect(interceptor.name).toBe('switched-off');
  expect(ask('query')).toMatchObject({ kind: 'deny', reason: 'breaker_open', rule: 'breaker.tool.open' });
  expect(ask('list')).toEqual({ kind: 'pass' });
  expect(ask(undefined)).toEqual({ kind: 'pass' });
  expect(ask('query', 'server')).toEqual({ kind: 'pass' });
  machine.wait(30_000);
  expect(ask('query')).toEqual({ kind: 'pass' });
});

test('asks about nothing but calls of the client', () => {
  const asked: unknown[] = [];
  const interceptor = createSwitchedOff((server, tool) => {
    asked.push([server, tool]);
    return undefined;
  });
  const now = { wallMs: 0, monoMs: 0 };
  for (const view of [
    toolCall('a', 'db', 'client'),
    toolCall(undefined, 'db', 'client'),
    toolCall('b', 'db', 'server'),
  ])
    expect(interceptor.onRequest?.(view, now)).toEqual({ kind: 'pass' });
  expect(asked).toEqual([['db', 'a']]);
});

test('knows at once what a person has isolated', () => {
  const { machine, guard } = openTool();
  expect(guard.breaker.refusal(SERVER, 'list', machine.now)).toBeUndefined();
  machine.order('isolate', 'list');
  expect(guard.breaker.refusal(SERVER, 'list', machine.now)).toMatchObject({ rule: 'breaker.tool.isolated' });
});
