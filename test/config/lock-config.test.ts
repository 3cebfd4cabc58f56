// The keys of lock and pins: what is legal, and how what is not is told.
import { expect, test } from 'vitest';
import { errorsOf } from './compiled.ts';

const KEY = `ed25519:${'A'.repeat(43)}=`;

function complaints(more: object, server: object = {}): readonly string[] {
  return errorsOf({ version: 1, servers: { files: { command: 'x', ...server } }, ...more });
}

test('what is legal', () => {
  expect(complaints({ lock: 'required', approvers: [KEY] }, { pins: 'warn' })).toEqual([]);
  const pins = {
    mode: 'off',
    ignore: ['title', 'description', 'inputSchema', 'outputSchema', 'annotations', 'instructions'],
  };
  expect(complaints({ lock: 'first-use', approvers: [] }, { pins, tools: { '*': { pins } } })).toEqual([]);
});

test.each(['ed25519:', KEY.slice(1), `${KEY} `, KEY.replace('=', ''), KEY.replace('A', '-'), 'rsa:AAAA', `${KEY}\n`])(
  'an approver %j is none',
  (approver) => {
    expect(complaints({ approvers: [approver] })).toMatchObject([expect.stringContaining('Ed25519')]);
  },
);

test('a field that does not exist cannot be ignored, and a near word is named', () => {
  expect(complaints({}, { pins: { ignore: ['descripton'] } })).toMatchObject([expect.stringContaining('description')]);
  expect(complaints({}, { pins: 'wrn' })).toEqual([expect.stringContaining('did you mean `warn`')]);
  expect(complaints({}, { pins: 'yes' })).toEqual([expect.stringContaining('`deny`, `warn`, `off`')]);
  expect(complaints({ lock: 'always' })).toMatchObject([expect.stringContaining('required')]);
});
