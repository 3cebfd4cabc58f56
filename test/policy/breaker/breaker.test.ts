// The interceptor: what it refuses and in which words, what it counts, what it writes.
import { describe, expect, test } from 'vitest';
import { ANSWER, FAULT, Machine, openTool, SERVER, TOOL_ERROR, UNUSED } from './machine.ts';

describe('a healthy tool', () => {
  test('passes, and writes nothing', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    for (let call = 0; call < 1000; call += 1) expect(guard.call(ANSWER)).toBe('pass');
    expect(machine.updates).toHaveLength(0);
    expect(machine.writes).toBe(0);
  });

  test('a failure takes the successes before it along', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(ANSWER, 7);
    guard.calls(FAULT, 1);
    machine.settle();
    expect(machine.writes).toBe(1);
    const state = machine.stateOf('query');
    expect(state.kind === 'closed' && state.window.map(({ sample }) => sample)).toEqual([
      ...Array<string>(7).fill('success'),
      'fault',
    ]);
  });
});

describe('an open tool', () => {
  test('is refused before anything is written: its own guard waits for nobody', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(FAULT, 5);
    expect(machine.writes).toBe(0);
    expect(guard.call(ANSWER)).toBe('deny');
    expect(machine.transitions).toEqual([]);
    machine.settle();
    expect(machine.transitions.map(({ tool, transition }) => [tool, transition.rule])).toEqual([
      ['query', 'fault_row'],
    ]);
  });

  test('the model reads what is wrong, since when, when to try again, what still works', () => {
    const { machine, guard } = openTool();
    machine.wait(10_000);
    const verdict = guard.breaker.onRequest(guard.begin(), machine.now);
    expect(verdict).toEqual({
      kind: 'deny',
      reason: 'breaker_open',
      rule: 'breaker.tool.open',
      text: 'mcp-guard has switched off the tool `query` of `db` since 2023-11-14T22:13:20Z (10 s ago): of its last 5 calls 5 failed (the last 5 in a row). The call was not sent. Try again in 20 s, not before. These tools of `db` still work: `list`, `drop`.',
      retryAfterMs: 20_000,
    });
  });

  test('is out for as long as was drawn', () => {
    const machine = new Machine();
    machine.random = 0.75;
    const guard = machine.guard('a');
    guard.calls(FAULT, 5);
    machine.random = 0;
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ forMs: 33_000 });
  });

  test('a request that was refused has nothing to settle', () => {
    const { machine, guard } = openTool();
    const { text } = machine;
    guard.end(guard.begin(), FAULT);
    machine.settle();
    expect(machine.text).toBe(text);
  });

  test('the others go on', () => {
    const { guard } = openTool();
    expect(guard.call(ANSWER, 'list')).toBe('pass');
    expect(guard.call(ANSWER, null)).toBe('pass');
    expect(guard.breaker.toolsOut(SERVER, { wallMs: 0, monoMs: 0 })).toEqual(['query']);
  });

  test('a request of the server is none of its business', () => {
    const { guard } = openTool();
    expect(guard.verdictOf(guard.begin('query', 'server'))).toBe('pass');
  });

  test('comes back: one probe at a time, then two successes', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    const probe = guard.begin();
    expect(guard.verdictOf(probe)).toBe('wait');
    machine.settle();
    expect(guard.verdictOf(probe)).toBe('pass');
    expect(guard.call(ANSWER)).toBe('deny');
    guard.end(probe, ANSWER);
    machine.settle();
    expect(guard.call(ANSWER)).toBe('pass');
    machine.settle();
    expect(machine.stateOf('query').kind).toBe('closed');
    expect(guard.call(ANSWER)).toBe('pass');
  });

  test('of two that wait at once one goes: a guard never takes its own lease for a dead one’s', () => {
    const { machine, guard } = openTool();
    machine.dead.add('a');
    machine.wait(30_000);
    const [first, second] = [guard.begin(), guard.begin()];
    machine.settle();
    expect([guard.verdictOf(first), guard.verdictOf(second)]).toEqual(['pass', 'deny']);
    // Nor does it wait to be told so.
    expect(guard.verdictOf(guard.begin())).toBe('deny');
  });

  test('whether the holder of a probe lives is looked up five times a second, however many call', () => {
    const { machine, guard } = openTool();
    const other = machine.guard('b');
    machine.wait(30_000);
    guard.begin();
    machine.settle();
    const { looks } = machine;
    for (let call = 0; call < 100; call += 1) expect(other.call(ANSWER)).toBe('deny');
    expect(machine.looks).toBe(looks + 1);
    machine.wait(200);
    expect(other.call(ANSWER)).toBe('deny');
    expect(machine.looks).toBe(looks + 2);
  });

  test('its words for the record', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    expect(guard.breaker.name).toBe('breaker');
    expect(guard.breaker.onRequest(guard.begin(), machine.now)).toEqual({ kind: 'wait', why: 'breaker.probe' });
  });

  test('a probe whose client has left gives its lease back', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    guard.gone.add(guard.begin());
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ kind: 'half_open', lease: null, successes: 0 });
    expect(guard.call(ANSWER)).toBe('pass');
  });

  test('a cancelled probe gives its lease back', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    expect(guard.call(UNUSED)).toBe('pass');
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ kind: 'half_open', lease: null, successes: 0 });
  });

  test('what was sent before it opened is late, success or failure', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    const late = [guard.begin(), guard.begin()];
    guard.calls(FAULT, 5);
    machine.settle();
    const { text } = machine;
    for (const [index, request] of late.entries()) guard.end(request, index === 0 ? ANSWER : FAULT);
    machine.settle();
    expect(machine.text).toBe(text);
  });

  test('a wait that was in vain is refused with when to try again, and nobody waits twice', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    const [first, second] = [guard.begin(), guard.begin()];
    machine.settle();
    expect([guard.verdictOf(first), guard.verdictOf(second)]).toEqual(['pass', 'deny']);
    expect(guard.breaker.onWaited(second, 'refused', machine.now)).toMatchObject({
      reason: 'breaker_open',
      // The lease is longer; a probe is mostly over soon.
      retryAfterMs: 5_000,
    });
  });

  test('a wait in vain for what has closed meanwhile passes, and counts', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    const request = guard.begin();
    guard.end(request, UNUSED);
    expect(guard.breaker.onWaited(request, 'refused', machine.now).kind).toBe('pass');
    guard.end(request, FAULT);
    expect(machine.updates).toHaveLength(1);
  });

  test('is known to every guard that is asked for its list', () => {
    const { machine } = openTool();
    const other = machine.guard('b');
    expect(other.call(ANSWER, 'list')).toBe('pass');
    expect(other.breaker.toolsOut(SERVER, machine.now)).toEqual(['query']);
    machine.order('reset', 'query');
    expect(other.breaker.toolsOut(SERVER, machine.now)).toEqual([]);
  });

  test('a go without a lease is no pass', () => {
    const { machine, guard } = openTool();
    expect(guard.breaker.onWaited(guard.begin(), 'go', machine.now).kind).toBe('deny');
    machine.wait(30_000);
    expect(guard.breaker.onWaited(guard.begin(), 'go', machine.now)).toMatchObject({
      kind: 'deny',
      retryAfterMs: 1000,
    });
  });
});

describe('modes', () => {
  test('observe: decides, records, and refuses nothing', () => {
    const { machine, guard } = openTool({ tool: { mode: 'observe' }, server: { mode: 'observe' } });
    expect(machine.transitions.map(({ transition }) => transition.rule)).toEqual(['fault_row']);
    expect(guard.call(FAULT)).toBe('pass');
    machine.wait(30_000);
    const [probe, other] = [guard.begin(), guard.begin()];
    machine.settle();
    expect([guard.verdictOf(probe), guard.verdictOf(other)]).toEqual(['pass', 'pass']);
    guard.end(probe, ANSWER);
    guard.end(other, FAULT);
    machine.settle();
    expect(guard.call(ANSWER)).toBe('pass');
    machine.settle();
    expect(machine.stateOf('query').kind).toBe('closed');
    expect(guard.call(ANSWER)).toBe('pass');
  });

  test('observe: a probe that is free again, too', () => {
    const { machine, guard } = openTool({ tool: { mode: 'observe' } });
    machine.wait(30_000);
    const request = guard.begin();
    expect(guard.breaker.onWaited(request, 'refused', machine.now).kind).toBe('pass');
    const waiting = machine.updates.length;
    // It goes uncounted.
    guard.end(request, FAULT);
    expect(machine.updates).toHaveLength(waiting);
  });

  test('off: counts nothing', () => {
    const machine = new Machine({ tool: { mode: 'off' }, server: { mode: 'off' } });
    const guard = machine.guard('a');
    guard.calls(FAULT, 50);
    guard.exit();
    machine.settle();
    expect(machine.board.tools).toEqual([]);
    expect(machine.stateOf(undefined)).toMatchObject({ window: [] });
  });

  test.each(['enforce', 'observe', 'off'] as const)('%s: what a person has isolated stays away', (mode) => {
    const machine = new Machine({ tool: { mode }, server: { mode }, tools: ['query', 'list'] });
    const guard = machine.guard('a');
    expect(guard.call(ANSWER)).toBe('pass');
    machine.order('isolate', 'query');
    const verdict = guard.breaker.onRequest(guard.begin(), machine.now);
    expect(verdict).toMatchObject({ kind: 'deny', retryAfterMs: undefined, rule: 'breaker.tool.isolated' });
    expect(verdict.kind === 'deny' && verdict.text).toContain(
      'isolated by ada (maintenance). The call was not sent. Only a person can switch it on again: do not retry. These tools of `db` still work: `list`.',
    );
    machine.order('close', 'query').order('isolate', undefined);
    expect(guard.call(ANSWER)).toBe('deny');
    machine.order('close', undefined);
    expect(guard.call(ANSWER)).toBe('pass');
  });
});

describe('names', () => {
  test('of the prototype are names', () => {
    const machine = new Machine({ server: { mode: 'off' } });
    const guard = machine.guard('a');
    for (const tool of ['__proto__', 'constructor', 'toString']) {
      guard.calls(FAULT, 5, tool);
      machine.settle();
      expect(guard.call(ANSWER, tool)).toBe('deny');
    }
    expect(machine.guard('b').call(ANSWER, '__proto__')).toBe('deny');
    expect(guard.call(ANSWER, 'valueOf')).toBe('pass');
  });

  test('are bounded in number and length, and an open one stays', () => {
    const machine = new Machine({ server: { mode: 'off' } });
    const guard = machine.guard('a');
    guard.calls(FAULT, 5, 'bad');
    for (let name = 0; name < 1200; name += 1) guard.call(TOOL_ERROR, `guess-${name}`);
    guard.calls(FAULT, 5, 'x'.repeat(257));
    machine.settle();
    expect(machine.board.tools).toHaveLength(512);
    expect(guard.call(ANSWER, 'bad')).toBe('deny');
    expect(guard.call(ANSWER, 'x'.repeat(257))).toBe('pass');
    machine.order('isolate', 'new');
    expect(machine.guard('b').call(ANSWER, 'new')).toBe('deny');
  });

  test('of 256 characters have a breaker, longer ones have none', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(FAULT, 5, 'x'.repeat(257));
    expect(machine.updates).toHaveLength(0);
    expect(guard.call(ANSWER, 'x'.repeat(257))).toBe('pass');
    guard.calls(FAULT, 5, 'x'.repeat(256));
    expect(guard.call(ANSWER, 'x'.repeat(256))).toBe('deny');
  });

  test('that are healthy make room for others, those that owe something do not', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    for (let name = 0; name < 600; name += 1) guard.call(ANSWER, `well-${name}`);
    guard.calls(FAULT, 5, 'bad');
    expect(guard.call(ANSWER, 'bad')).toBe('deny');
    for (let name = 0; name < 512; name += 1) guard.call(FAULT, `ill-${name}`);
    guard.calls(FAULT, 5, 'one too many');
    expect(guard.call(ANSWER, 'one too many')).toBe('pass');
    expect(guard.call(ANSWER, 'bad')).toBe('deny');
  });

  test('are shown without what could steer', () => {
    const machine = new Machine({
      tools: ['a`b', `c\u202ed`, ...Array.from({ length: 25 }, (_, index) => `t${index}`)],
    });
    const guard = machine.guard('a');
    const name = `q\u001b[2J${'y'.repeat(200)}`;
    guard.calls(FAULT, 5, name);
    const verdict = guard.breaker.onRequest(guard.begin(name), machine.now);
    const text = verdict.kind === 'deny' ? verdict.text : '';
    expect(text).toContain('the tool `q\\u{1b}[2Jyyy');
    expect(text).toContain("work: `a'b`, `c\\u{202e}d`, `t0`");
    expect(text).toContain('and 7 more.');
    expect(text.length).toBeLessThan(700);
  });

  test('a server that is named by a prototype has a board of its own', () => {
    const guard = new Machine().guard('a');
    expect(guard.breaker.toolsOut('__proto__', { wallMs: 0, monoMs: 0 })).toEqual([]);
  });
});
