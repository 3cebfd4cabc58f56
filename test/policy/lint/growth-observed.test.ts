// A server that was only observed when it was approved could do then what its scope does not grant: that is no growth.
import { expect, test } from 'vitest';
import { found, offer } from './lint-scene.ts';

const config = (mode: 'observe' | 'enforce') => ({
  version: 1,
  servers: { slow: { command: 'sleep', scope: 's', mode } },
  scopes: { s: { grants: [{ tool: 'wipe' }], deny: [{ tool: 'wipe' }] } },
});
const approved = (mode: 'observe' | 'enforce') => ({
  policy: JSON.parse(JSON.stringify(config(mode))),
  pins: new Map(),
});

test('an unchanged config has not grown, whether its server was listed or not', () => {
  for (const offers of [{}, { slow: offer(['wipe', 'read']) }])
    expect(found('growth-since-approval', config('observe'), { approved: approved('observe'), offers })).toEqual([]);
});

test('one that was enforced then has', () => {
  const grown = found('growth-since-approval', config('observe'), { approved: approved('enforce') });
  expect(grown).toEqual([expect.stringContaining('`wipe`')]);
});

test('of what was pinned, what is new has', () => {
  const pins = new Map([
    ['slow', { tools: new Map([['wipe', { name: 'wipe', fields: {} }]]), instructions: undefined }],
  ]);
  const offers = { slow: offer(['wipe', 'fresh']) };
  const grown = found('growth-since-approval', config('observe'), {
    approved: { ...approved('observe'), pins },
    offers,
  });
  expect(grown).toEqual([expect.stringContaining('`fresh`')]);
});
