// What a machine says of its breakers over a connection that a test is: no server, so that what comes late comes when it says so.
import { expect, test } from 'vitest';
import { openRedisFleetExchange } from '../../../src/adapters/fleet-redis.ts';
import type { OnLate, openRedisLink, RedisAnswer } from '../../../src/adapters/redis-link.ts';

const AWAY: RedisAnswer = { kind: 'away', why: 'no answer within 1000 ms' };
const CLAIM = {
  ...{ breakers: [undefined, 'query'], marks: [undefined, undefined], member: 'one' },
  ...{ token: 'me|1', instead: '', forMs: 1_000 },
};

function open(answers: readonly RedisAnswer[]) {
  const asked: (readonly string[])[] = [];
  const late: OnLate[] = [];
  const openLink: typeof openRedisLink = ({ greet }) => {
    asked.push(...greet);
    return {
      ask: async (words, onLate) => {
        asked.push(words);
        if (onLate !== undefined) late.push(onLate);
        return answers[asked.length - 2] ?? AWAY;
      },
      close: () => {},
    };
  };
  const place = () => ({ host: 'h', port: 1, tls: false, username: undefined, password: undefined, database: 0 });
  const exchange = openRedisFleetExchange({ openLink, place, tenant: 'acme', machine: 'one' });
  return { exchange, asked, late };
}

test('a claim that is granted too late is given back where it was granted: no other connection may stand by then', async () => {
  const { exchange, asked, late } = open([]);
  expect(await exchange.claim('db', CLAIM)).toEqual(AWAY);
  const before = asked.length;
  const there: (readonly string[])[] = [];
  for (const tell of late)
    tell([], async (words) => {
      there.push(words);
      return { kind: 'reply', reply: [] };
    });
  expect(there.map((words) => words.includes(CLAIM.token))).toEqual([true, true]);
  expect(asked).toHaveLength(before);
});

test('a script that is not known there is sent whole, once', async () => {
  const { exchange, asked } = open([{ kind: 'error', text: 'NOSCRIPT No matching script' }, AWAY]);
  await exchange.free('db', undefined, CLAIM.token);
  const [[, , body] = [], byDigest = [], whole = [], ...more] = asked;
  expect([byDigest[0], whole[0], whole[1], more]).toEqual(['EVALSHA', 'EVAL', body, []]);
  expect(whole.slice(2)).toEqual(byDigest.slice(2));
});

test('another error of the server is told as what it is', async () => {
  const { exchange, asked } = open([{ kind: 'error', text: 'OOM no room' }]);
  expect(await exchange.sync('db', '', [])).toEqual({ kind: 'away', why: 'the redis answers `OOM no room`' });
  expect(asked).toHaveLength(2);
});
