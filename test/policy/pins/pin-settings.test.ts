// Which word of `pins` holds for a tool.
import { expect, test } from 'vitest';
import { resolvePins, resolveServerPins } from '../../../src/policy/pins/pin-settings.ts';

const of = (server: Parameters<typeof resolvePins>[0], tool: string): string => {
  const { mode, ignored } = resolvePins(server)(tool);
  return [mode, ...ignored].join(' ');
};

test('the exact name alone, else the strictest pattern, else the server, else `deny`', () => {
  expect(of(undefined, 'read')).toBe('deny');
  expect(of({ pins: 'off' }, 'read')).toBe('off');
  const tools = {
    'r*': { pins: 'deny' },
    '*d': { pins: 'warn' },
    read: { pins: 'off' },
    silent: {},
    's*': { pins: 'off' },
  };
  expect(of({ pins: 'warn', tools }, 'read')).toBe('off');
  expect(of({ pins: 'warn', tools }, 'rod')).toBe('deny');
  expect(of({ pins: 'off', tools }, 'bad')).toBe('warn');
  expect(of({ pins: 'warn', tools }, 'silent')).toBe('warn');
  expect(of({ pins: 'nonsense' }, 'x')).toBe('deny');
});

test('what all of them ignore', () => {
  const tools = {
    'r*': { pins: { ignore: ['title', 'description'] } },
    '*d': { pins: { ignore: ['title'] } },
    w: { pins: 'warn' },
  };
  const server = { pins: { mode: 'warn', ignore: ['annotations'] }, tools };
  expect(of(server, 'read')).toBe('warn title');
  expect(of(server, 'rest')).toBe('warn title description');
  expect(of(server, 'w')).toBe('warn annotations');
  expect([...resolveServerPins(server).ignored]).toEqual(['annotations']);
});
