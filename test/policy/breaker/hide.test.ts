// Tools that are switched off leave the list where the settings say so, and the change is said once, in time.
import { describe, expect, test } from 'vitest';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { Hide, type RefusedTool } from '../../../src/policy/breaker/hide.ts';
import { FAULT, Machine, openTool, SERVER } from './machine.ts';

describe('the breaker hides', () => {
  const hide = { hide: true };

  test('what is open, for as long as it is', () => {
    const { machine, guard } = openTool({ tool: hide });
    machine.wait(1000);
    expect(guard.breaker.hidden(SERVER, machine.now)).toEqual([{ tool: 'query', forMs: 29_000 }]);
    machine.wait(28_999);
    expect(guard.breaker.hidden(SERVER, machine.now)).toEqual([{ tool: 'query', forMs: 1 }]);
    machine.wait(1);
    expect(guard.breaker.hidden(SERVER, machine.now)).toEqual([]);
    // Half-open: a call of it may be the probe.
    guard.begin();
    machine.settle();
    expect(machine.stateOf('query').kind).toBe('half_open');
    expect(guard.breaker.hidden(SERVER, machine.now)).toEqual([]);
  });

  test('what a person has isolated, until a person says otherwise, as soon as that is known', () => {
    const machine = new Machine({ tool: { ...hide, mode: 'off' } });
    const guard = machine.guard('a');
    expect(guard.breaker.hidden(SERVER, machine.now)).toEqual([]);
    machine.order('isolate', 'query');
    expect(guard.breaker.hidden(SERVER, machine.now)).toEqual([{ tool: 'query', forMs: undefined }]);
    machine.order('close', 'query');
    expect(guard.breaker.hidden(SERVER, machine.now)).toEqual([]);
  });

  test('nothing that is in no list', () => {
    const machine = new Machine({ tool: hide, tools: ['list'] });
    const guard = machine.guard('a');
    for (const tool of ['query', 'list']) guard.calls(FAULT, 5, tool);
    machine.settle();
    expect(guard.breaker.toolsOut(SERVER, machine.now)).toEqual(['query', 'list']);
    expect(guard.breaker.hidden(SERVER, machine.now)).toEqual([{ tool: 'list', forMs: 30_000 }]);
  });

  test('nothing that is only observed, and nothing where it is not asked to', () => {
    const observed = openTool({ tool: { ...hide, mode: 'observe' } });
    expect(observed.guard.breaker.hidden(SERVER, observed.machine.now)).toEqual([]);
    const { machine, guard } = openTool();
    machine.order('isolate', 'list');
    expect(guard.breaker.hidden(SERVER, machine.now)).toEqual([]);
  });
});

describe('a list', () => {
  const LIST: RequestView = {
    asked: 'client',
    upstream: SERVER,
    method: 'tools/list',
    tool: undefined,
    params: undefined,
    modern: false,
  };
  const RESULT = { tools: [{ name: 'a' }, { name: 'query' }, 'query', { name: 'b' }, {}] };
  const at = (monoMs: number) => ({ wallMs: 0, monoMs });

  const hiding = (...hidden: RefusedTool[]) => {
    const asked: [string, number][] = [];
    const now = { hidden };
    const hide = new Hide({
      servers: [SERVER],
      hidden: (server, { monoMs }) => {
        asked.push([server, monoMs]);
        return now.hidden;
      },
    });
    return { hide, asked, now };
  };

  test('goes without what is hidden', () => {
    const { hide } = hiding({ tool: 'query', forMs: undefined }, { tool: 'b', forMs: 1000 });
    expect(hide.name).toBe('hide');
    expect(hide.onResponse(LIST, RESULT, at(0))).toEqual([{ kind: 'remove', array: ['tools'], indexes: [1, 3] }]);
  });

  test('stays as it is where none of it is hidden, or it is no list', () => {
    const { hide } = hiding({ tool: 'other', forMs: undefined });
    expect(hide.onResponse(LIST, RESULT, at(0))).toBeUndefined();
    expect(hide.onResponse(LIST, { tools: { length: 1 } }, at(0))).toBeUndefined();
    expect(hide.onResponse(LIST, {}, at(0))).toBeUndefined();
  });

  test.each([
    ['of another method', { method: 'prompts/list' }],
    ['of the revision whose lists must not vary', { modern: true }],
    ['of a server that hides nothing', { upstream: 'other' }],
  ])('%s is left alone, and nothing is looked up', (_what, change) => {
    const { hide, asked } = hiding({ tool: 'query', forMs: undefined });
    expect(hide.onResponse({ ...LIST, ...change }, RESULT, at(0))).toBeUndefined();
    expect(asked).toEqual([]);
    expect(hide.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('that nobody has asked for never changes', () => {
    const { hide, asked } = hiding({ tool: 'query', forMs: undefined });
    expect(hide.takeChangedLists(at(1e9))).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('is looked at twice a second, and its change said once', () => {
    const { hide, asked, now } = hiding();
    hide.onResponse(LIST, RESULT, at(100));
    expect(hide.wakeAtMs).toBe(600);
    now.hidden = [{ tool: 'query', forMs: undefined }];
    expect(hide.takeChangedLists(at(599))).toEqual([]);
    expect(asked).toHaveLength(1);
    expect(hide.takeChangedLists(at(600))).toEqual([{ upstream: SERVER, list: 'tools' }]);
    expect(hide.wakeAtMs).toBe(1100);
    expect(hide.takeChangedLists(at(1100))).toEqual([]);
    // In another order it is the same list.
    now.hidden = [
      { tool: 'query', forMs: undefined },
      { tool: 'a', forMs: undefined },
    ];
    expect(hide.takeChangedLists(at(1600))).toEqual([{ upstream: SERVER, list: 'tools' }]);
    now.hidden = now.hidden.toReversed();
    expect(hide.takeChangedLists(at(2100))).toEqual([]);
    expect(asked.every(([server]) => server === SERVER)).toBe(true);
  });

  test('is looked at when an opening ends', () => {
    const { hide, now } = hiding({ tool: 'query', forMs: 120 }, { tool: 'a', forMs: 300 });
    hide.onResponse(LIST, RESULT, at(100));
    expect(hide.wakeAtMs).toBe(220);
    now.hidden = [{ tool: 'a', forMs: 180 }];
    expect(hide.takeChangedLists(at(219))).toEqual([]);
    expect(hide.takeChangedLists(at(220))).toEqual([{ upstream: SERVER, list: 'tools' }]);
    expect(hide.wakeAtMs).toBe(400);
  });

  test('that is asked for again puts no look off', () => {
    const { hide } = hiding();
    hide.onResponse(LIST, RESULT, at(0));
    hide.onResponse(LIST, RESULT, at(400));
    expect(hide.wakeAtMs).toBe(500);
  });
});
