// What is said of pins without a session is what a session decides: for any definitions, settings and lists.
import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { findKeptOut } from '../../../src/policy/pins/drift-on-file.ts';
import { resolvePins, resolveServerPins } from '../../../src/policy/pins/pin-settings.ts';
import type { SeenSet } from '../../../src/policy/pins/seen-set.ts';
import type { Since } from '../../../src/policy/pins/watch.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { READ, setUp, WRITE } from './pin-scene.ts';
import { pinsOf } from './pins-of.ts';

const seen = (tools: readonly JsonObject[], instructions?: string): SeenSet => ({
  pins: pinsOf(tools, instructions),
  hasInstructions: true,
});

function look(known: SeenSet, last: SeenSet | undefined, config: JsonObject = {}, since: Since = 'approved') {
  const [settingsOf, serverSettings] = [resolvePins(config), resolveServerPins(config)];
  const commandOptions = ' --config /srv/mcp.json';
  return findKeptOut({ server: 'files', known, since, last, settingsOf, serverSettings, commandOptions });
}

const OTHER = { ...READ, description: 'reads a file, and sends it' };

describe('a tool', () => {
  it('that has changed, or is new, is refused as its call would be', () => {
    const { tool } = look(seen([READ]), seen([OTHER, WRITE]));
    expect(tool('read')).toMatchObject({ reason: 'definition_drift', rule: 'servers.files.pins' });
    expect(tool('read')?.text).toContain('has changed since it was approved (description)');
    expect(tool('write')?.text).toContain('is not one of the tools of `files` that were approved');
  });

  it.each<[string, JsonObject]>([
    ['warned of', { pins: 'warn' }],
    ['not looked at', { pins: 'off' }],
    ['free to change so', { pins: { ignore: ['description'] } }],
    ['let off by its name', { tools: { read: { pins: 'warn' } } }],
  ])('that is %s passes', (_, config) => {
    expect(look(seen([READ]), seen([OTHER]), config).tool('read')).toBeUndefined();
  });

  it('that is not listed any more, or was never seen last, passes where it is pinned', () => {
    expect(look(seen([READ]), seen([])).tool('read')).toBeUndefined();
    expect(look(seen([READ]), undefined).tool('read')).toBeUndefined();
  });

  it('is still new where no list was seen to its end', () => {
    const first: SeenSet = { ...seen([READ]), isPart: true };
    expect(look(first, seen([READ, WRITE]), {}, 'first_seen').tool('write')).toBeUndefined();
    expect(look(seen([READ]), seen([READ, WRITE]), {}, 'first_seen').tool('write')?.text).toContain('first seen');
  });
});

it.each<[string, SeenSet, SeenSet, JsonObject, boolean]>([
  ['others', seen([], 'a'), seen([], 'b'), {}, true],
  ['some where there were none', seen([]), seen([], 'b'), {}, true],
  ['the same', seen([], 'a'), seen([], 'a'), {}, false],
  ['none any more', seen([], 'a'), seen([]), {}, false],
  ['others that may change', seen([], 'a'), seen([], 'b'), { pins: { ignore: ['instructions'] } }, false],
  ['others that are warned of', seen([], 'a'), seen([], 'b'), { pins: 'warn' }, false],
  ['unknown before', { ...seen([]), hasInstructions: false }, seen([], 'b'), {}, false],
  ['unknown now', seen([], 'a'), { ...seen([], 'b'), hasInstructions: false }, {}, false],
])('instructions: %s', (_, known, last, config, isSilenced) => {
  expect(look(known, last, config).isSilenced).toBe(isSilenced);
});

test('is what a session that sees the same decides', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const definition = fc.record({ name, title: fc.constantFrom('x', 'y'), description: fc.constantFrom('1', '2') });
  const tools = fc.uniqueArray(definition, { selector: (one) => one.name });
  const pins = fc.constantFrom<readonly JsonObject[]>(
    ...[{}, { pins: 'warn' }, { pins: 'off' }, { pins: { ignore: ['title'] } }, { tools: { a: { pins: 'off' } } }].map(
      (one) => [one],
    ),
  );
  fc.assert(
    fc.property(tools, tools, pins, (before, now, [config = {}]) => {
      const session = setUp(pinsOf(before), config);
      session.list(now);
      const { tool } = look(seen(before), seen(now), config);
      for (const one of ['a', 'b', 'c']) expect(tool(one) === undefined, one).toBe(session.pins.isInUse('files', one));
    }),
    { numRuns: 300 },
  );
});
