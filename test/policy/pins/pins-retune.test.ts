// What becomes of drift when another policy holds, or somebody has approved other definitions while a session runs.
import { describe, expect, it } from 'vitest';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { type Definition, readDefinition } from '../../../src/policy/pins/definition.ts';
import { createPins, type PinnedServer } from '../../../src/policy/pins/pins.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';

const READ = { name: 'read', description: 'reads', inputSchema: { type: 'object' } };
const OTHER = { ...READ, description: 'reads, and sends' };
const THIRD = { ...READ, description: 'reads, sends, and deletes' };
const NEW = { name: 'new', inputSchema: {} };
const NOW = { wallMs: 0, monoMs: 0 };

function pinned(tools: readonly Json[], more: Partial<PinnedServer> = {}): PinnedServer {
  const definitions = tools.map((tool) => readDefinition(tool)).filter((one): one is Definition => one !== undefined);
  const pins = { tools: new Map(definitions.map((one) => [one.name, one])), instructions: undefined };
  return { known: { pins, hasInstructions: true }, since: 'approved', config: undefined, isObserved: false, ...more };
}

function setUp(first: PinnedServer) {
  const found: string[] = [];
  const pins = createPins({
    servers: new Map([['files', first]]),
    isPaused: () => false,
    onFinding: ({ tool, kind, like }) =>
      void found.push(`${tool ?? ''} ${kind}${like === undefined ? '' : ` ${like}`}`),
    onListed: () => {},
  });
  const view = (method: string, tool?: string): RequestView => ({
    ...{ asked: 'client', upstream: 'files', method, tool, params: undefined, modern: false },
  });
  return {
    found,
    count: () => pins.countOutOfUse('files'),
    retune: (next: PinnedServer) => pins.retune('files', next),
    /** What is taken out of the list. */
    list: (tools: readonly JsonObject[], repeat?: number) =>
      pins.onResponse?.(view('tools/list'), { tools: [...tools] }, NOW, repeat) ?? [],
    call: (tool: string) => pins.onRequest?.(view('tools/call', tool), NOW)?.kind,
    hello: (instructions: string) => pins.onResponse?.(view('initialize'), { instructions }, NOW) ?? [],
  };
}

it('counts the tools that it has shown and that are out of use now', () => {
  const { list, call, count, retune } = setUp(pinned([READ]));
  call('nobody');
  expect(count()).toBe(0);
  list([OTHER, NEW, NEW]);
  expect(count()).toBe(2);
  retune(pinned([READ], { config: { pins: 'off' } }));
  expect(count()).toBe(0);
  retune(pinned([READ], { isObserved: true }));
  expect(count()).toBe(0);
  retune(pinned([OTHER]));
  expect([count(), list([OTHER, NEW]).length, count()]).toEqual([0, 1, 1]);
});

describe('an approval while the session runs', () => {
  it('of what the tool has become puts it back into use', () => {
    const { list, call, retune } = setUp(pinned([READ]));
    expect(list([OTHER])).toHaveLength(1);
    expect(call('read')).toBe('deny');
    retune(pinned([OTHER]));
    expect(call('read')).toBe('pass');
    expect(list([OTHER])).toEqual([]);
  });

  it('of a tool that was new puts it into use; one that is not pinned any more is out of use', () => {
    const { call, retune } = setUp(pinned([READ]));
    expect(call('new')).toBe('deny');
    retune(pinned([NEW]));
    expect([call('new'), call('read')]).toEqual(['pass', 'deny']);
  });

  it('of a tool makes others that are new read like it, and no more like one that is gone', () => {
    const { list, found, retune } = setUp(pinned([READ]));
    list([{ ...NEW, name: 'reаd' }]);
    retune(pinned([NEW]));
    list([
      { ...NEW, name: 'reаd' },
      { ...NEW, name: 'nеw' },
    ]);
    expect(found).toEqual(['reаd added read', 'reаd added', 'nеw added new']);
  });

  it('of something else than the tool was last seen as changes nothing', () => {
    const { list, call, retune } = setUp(pinned([READ]));
    list([OTHER]);
    retune(pinned([THIRD]));
    expect(call('read')).toBe('deny');
    retune(pinned([READ]));
    expect(call('read')).toBe('deny');
  });

  it('of one of two faces that it has shown changes nothing', () => {
    const { list, call, retune } = setUp(pinned([READ]));
    list([OTHER]);
    list([THIRD]);
    retune(pinned([THIRD]));
    expect(call('read')).toBe('deny');
  });

  it('does not believe the tool for good: what it shows next is compared with what was approved', () => {
    const { list, call, retune, found } = setUp(pinned([READ]));
    list([OTHER]);
    retune(pinned([OTHER]));
    expect(list([READ])).toHaveLength(1);
    expect(call('read')).toBe('deny');
    expect(found).toEqual(['read changed', 'read changed']);
  });

  it('forgets what came of the last long list', () => {
    const { list, retune } = setUp(pinned([READ]));
    expect(list([OTHER], 7)).toHaveLength(1);
    retune(pinned([OTHER]));
    expect(list([OTHER], 7)).toEqual([]);
  });

  it('of instructions passes them at the next greeting', () => {
    const { hello, retune } = setUp(pinned([READ]));
    expect(hello('be kind')).toHaveLength(1);
    const next = pinned([READ]);
    retune({
      ...next,
      known: { pins: { tools: next.known?.pins.tools ?? new Map(), instructions: 'be kind' }, hasInstructions: true },
    });
    expect(hello('be kind')).toEqual([]);
    expect(hello('be cruel')).toHaveLength(1);
  });
});

describe('another policy', () => {
  it.each([
    ['warn', 'pass'],
    ['off', 'pass'],
    ['deny', 'deny'],
  ])('with `pins: %s` holds for a tool that has drifted already', (pins, verdict) => {
    const { list, call, retune } = setUp(pinned([READ]));
    list([OTHER]);
    retune(pinned([READ], { config: { pins } }));
    expect(call('read')).toBe(verdict);
    retune(pinned([READ]));
    expect(call('read')).toBe('deny');
  });

  it('that only observes lets pass, and what was seen first stays what is gone by', () => {
    const first = pinned([READ], { since: 'first_seen' });
    const { list, call, retune } = setUp(first);
    list([OTHER]);
    retune({ ...first, isObserved: true });
    expect(call('read')).toBe('pass');
    retune({ ...pinned([OTHER]), since: 'first_seen' });
    expect(call('read')).toBe('deny');
  });
});
