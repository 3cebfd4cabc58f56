// What a restriction leaves of how drift is met: the stricter mode, and only what both ignore, for each tool.
import { expect, test } from 'vitest';
import { restrictPins } from '../../src/config/restrict-pins.ts';
import { readPinRule } from '../../src/policy/lock/pin-rules.ts';
import { resolvePins, resolveServerPins } from '../../src/policy/pins/pin-settings.ts';

const SERVER = {
  command: 'x',
  pins: { mode: 'warn', ignore: ['title', 'description'] },
  tools: { a: { pins: 'off', deadline: { hardMs: 5 } }, 'b*': { pins: { ignore: ['title', 'annotations'] } }, c: {} },
} as const;

function settle(pins: Parameters<typeof readPinRule>[0]) {
  const left = restrictPins(SERVER, [{ by: 'x', pins: readPinRule(pins) }, { by: 'silent' }]);
  const ofTool = resolvePins(left);
  const show = ({ mode, ignored }: ReturnType<typeof ofTool>) => `${mode} ${[...ignored].join()}`;
  return ['a', 'b1', 'c', 'z'].map((tool) => show(ofTool(tool))).concat(show(resolveServerPins(left)));
}

test.each<[string, Parameters<typeof readPinRule>[0], readonly string[]]>([
  // a silent tool has its server's
  [
    'off',
    'off',
    ['off title,description', 'warn title,annotations', 'warn title,description', 'warn title,description'],
  ],
  [
    'warn',
    'warn',
    ['warn title,description', 'warn title,annotations', 'warn title,description', 'warn title,description'],
  ],
  [
    'deny',
    'deny',
    ['deny title,description', 'deny title,annotations', 'deny title,description', 'deny title,description'],
  ],
  ['what both ignore', { ignore: ['title', 'name'] }, ['off title', 'warn title', 'warn title', 'warn title']],
])('%s', (_, pins, [a = '', b = '', c = '', server = '']) => {
  expect(settle(pins)).toEqual([a, b, c, server, server]);
});

test('what is not about pins stays, and a restriction without pins changes nothing', () => {
  const left = restrictPins(SERVER, [{ by: 'x', pins: readPinRule('deny') }]);
  expect(left).toMatchObject({ command: 'x', tools: { a: { deadline: { hardMs: 5 } }, c: {} } });
  expect(restrictPins(SERVER, [{ by: 'x' }])).toBe(SERVER);
  expect(resolveServerPins(restrictPins({}, [{ by: 'x', pins: readPinRule('off') }])).mode).toBe('deny');
});
