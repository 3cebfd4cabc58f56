// Whose a key is: the part of it that a store goes by when it shares out its room.
import { expect, test } from 'vitest';
import type { Dimension, Subject } from '../../../src/policy/limits/limit.ts';
import { subjectKey } from '../../../src/policy/limits/subject-key.ts';
import { digest } from './limits-scene.ts';

const EVE: Subject = { tenant: 'acme', principal: 'token:eve', client: 'c', model: 'm', server: 's', tool: 't' };
const keyOf = (dimensions: readonly Dimension[], more: Partial<Subject> = {}, identity = 'limit') =>
  subjectKey(identity, dimensions, { ...EVE, ...more }, digest);
const ownerOf = (key: string) => key.slice(0, 8);

test('all keys of a principal have one owner, whatever it calls, says it is, and is limited by', () => {
  const keys = [
    keyOf(['principal']),
    keyOf(['principal', 'tool']),
    keyOf(['principal', 'tool'], { tool: 'made up' }),
    keyOf(['client', 'principal'], { client: 'made up' }),
    keyOf(['principal'], {}, 'another limit'),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(keys.map(ownerOf)).size).toBe(1);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/u);
});

test('another principal, another tenant, and what principals share have owners of their own', () => {
  const keys = [
    keyOf(['principal']),
    keyOf(['principal'], { principal: 'token:bob' }),
    keyOf(['principal'], { tenant: 'other' }),
    keyOf(['server']),
    keyOf(['tool']),
  ];
  expect(new Set(keys.map(ownerOf)).size).toBe(keys.length);
  // What a caller names as it likes takes no room from what it cannot choose.
  expect(ownerOf(keyOf(['client']))).toBe(ownerOf(keyOf(['tool'])));
  expect(keyOf(['tool'])).toBe(keyOf(['tool'], { principal: 'token:bob' }));
});
