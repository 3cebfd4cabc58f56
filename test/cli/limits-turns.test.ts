// What is said of the store that limits are counted in: all of it in the log and on record, no address and no path to the client.
import { expect, test } from 'vitest';
import { createForwardingLog } from '../../src/adapters/forwarding-log.ts';
import { LIMITS_HISTORY } from '../../src/cli/limits-history.ts';
import { createLimitsTurns } from '../../src/cli/limits-turns.ts';
import type { JsonObject } from '../../src/wire/json.ts';

const SECRET = 'connect ECONNREFUSED 127.0.0.1:46391 of /home/ada/redis-url';

test.each([
  ['turn', 'away', /^limits cannot be counted; calls with a limit are denied/],
  ['full', 'full', /^calls are denied, since there is no room/],
  ['lost', 'lost', /^the counts of limits were lost/],
  ['say', undefined, /the guard's log says what$/],
] as const)('`%s`', async (what, word, told) => {
  const logged: string[] = [];
  const client: string[] = [];
  const records: JsonObject[] = [];
  const log = createForwardingLog({ write: (_, text) => void logged.push(text) });
  const heard = new Promise<void>((done) => {
    log.offerTo((_, text) => {
      client.push(text);
      done();
    });
  });
  const turns = createLimitsTurns({
    ...{ log, onStoreError: 'deny' },
    post: (event) => event.type === 'noted' && records.push(event.detail as JsonObject),
  });
  turns[what](SECRET);
  await heard;
  expect(logged.join()).toContain(SECRET);
  expect(client).toEqual([expect.stringMatching(told)]);
  expect(client.join()).not.toMatch(/127\.0|ada/);
  expect(records).toEqual(word === undefined ? [] : [{ store: word, why: SECRET, onStoreError: 'deny' }]);
  for (const record of records) expect(LIMITS_HISTORY.rowOf(record)).toMatchObject({ word, rest: SECRET });
});
