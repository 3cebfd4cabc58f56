// What a session does about another tenant's token: says so once, puts it on record without a name, and, where told to, hands nothing on and ends.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fingerprintOf, openCanaryTokens } from '../../../src/adapters/canary-tokens.ts';
import { watchCanaries } from '../../../src/adapters/canary-watch.ts';
import type { ClientEnd, ClientListener } from '../../../src/adapters/client-end.ts';
import { createCanarySearch } from '../../../src/audit/redact/canary-search.ts';
import type { SessionEvent } from '../../../src/core/events.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';

let state: string;
beforeEach(() => {
  state = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'canaries-'));
  for (const name of ['acme', 'globex', 'run']) fs.mkdirSync(join(state, name), { mode: 0o700 });
});
afterEach(() => fs.rmSync(state, { recursive: true, force: true }));
const tokensOf = (tenant: string) => openCanaryTokens(openTenantScope(state, tenant));

describe('tokens', () => {
  test('are the same at each start, another for each tenant and machine, and nobody’s name', () => {
    const acme = tokensOf('acme');
    expect(tokensOf('acme').own).toBe(acme.own);
    expect(acme.own).toMatch(/^canary-[0-9a-f]{16}-[0-9a-f]{32}$/);
    expect(acme.own.startsWith(acme.prefix)).toBe(true);
    expect(acme.foreign()).toEqual([tokensOf('globex').own]);
    fs.rmSync(join(state, 'canaries', 'key'));
    expect(tokensOf('acme').prefix).not.toBe(acme.prefix);
  });

  test.each(['', 'x', `${'0'.repeat(63)}\n`])('a key that is none, %j, is not taken for one', (text) => {
    tokensOf('acme');
    fs.writeFileSync(join(state, 'canaries', 'key'), text);
    expect(() => tokensOf('acme')).toThrow(/the key of canaries/);
  });

  test('the key is private, and a link to another is no key', () => {
    tokensOf('acme');
    const key = join(state, 'canaries', 'key');
    expect(fs.statSync(key).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(join(state, 'canaries'))).toEqual(['key']);
    fs.renameSync(key, join(state, 'elsewhere'));
    fs.symlinkSync(join(state, 'elsewhere'), key);
    expect(() => tokensOf('acme')).toThrow();
  });
});

function play(isEnd: boolean) {
  const [said, added, read]: [string[], string[], string[]] = [[], [], []];
  const posted: SessionEvent[] = [];
  let listener: ClientListener | undefined;
  const stops: number[] = [];
  const due: (() => void)[] = [];
  const inner: ClientEnd = {
    ...{ full: false, broken: false, read: () => {}, pause: () => {}, resume: () => {}, flush: () => {} },
    open: (one) => {
      listener = one;
    },
    add: (bytes) => void added.push(bytes.toString()),
    drained: async () => {},
  };
  const log = { write: (level: string, text: string) => void said.push(`${level}: ${text}`) };
  const timers = {
    after: (_: number, action: () => void) => {
      due.push(action);
      return () => {};
    },
  };
  const watch = watchCanaries(createCanarySearch(tokensOf('globex')), { stops: isEnd, log, timers });
  const client = watch.client(inner);
  const heard = { onOversize() {}, onTurnEnd() {}, onEnd() {}, onFull() {}, onRoom() {}, onBroken() {} };
  client.open({ ...heard, onReading: (_, bytes) => void read.push(bytes.toString()) });
  const run = {
    between: (action: () => void) => action(),
    post: (event: SessionEvent) => void posted.push(event),
    stop: (signal: number) => void stops.push(signal),
  };
  const receive = (text: string, method = 'tools/call') => {
    const message = { kind: 'request', method };
    listener?.onReading({ kind: 'message', line: { message } } as never, Buffer.from(text)); // nothing else of it is looked at
  };
  return { watch, client, run, said, added, read, posted, receive, stops, due };
}
const later = () => new Promise((resolve) => setImmediate(resolve));

describe.each([
  ['an alarm', false],
  ['an end', true],
])('%s', (_, stops) => {
  test('for each way that it comes, once', async () => {
    const { own, prefix } = tokensOf('acme');
    const mine = tokensOf('globex').own;
    const { watch, client, run, said, added, read, posted, receive, stops: signals, due } = play(stops);
    // before the session knows that it is one
    watch.noise(Buffer.from(`noise ${own}`));
    watch.begin(run, 'srv');
    client.add(Buffer.from(`to client ${own}`));
    client.add(Buffer.from(`again ${own}`));
    client.add(Buffer.from(`mine ${mine}`));
    receive(`from client ${own}`);
    receive(`mine ${mine}`);
    const stderr = new PassThrough();
    watch.stderr(stderr);
    for (const part of [own.slice(0, 30), own.slice(30)]) stderr.write(part);
    await later();
    await later();
    expect(added).toEqual([...(stops ? [] : [`to client ${own}`, `again ${own}`]), `mine ${mine}`]);
    expect(read).toEqual([...(stops ? [] : [`from client ${own}`]), `mine ${mine}`]);
    const places = [
      'a server writes outside of its messages',
      'is sent to the client',
      'the client sends',
      'a server writes to stderr',
    ];
    expect(said).toEqual(
      places.map(
        (where) =>
          `error: the canary ${fingerprintOf(own)} of another tenant stands in what ${where}${stops ? '; the session ends' : ''}`,
      ),
    );
    const held = [null, 'what the server said', '`tools/call`', null];
    expect(posted).toEqual(
      places.map((where, at) => ({
        ...{ type: 'noted', name: 'tenant', server: 'srv' },
        detail: { stage: 'canary', where, canary: fingerprintOf(own), ends: stops, held: stops ? held[at] : null },
      })),
    );
    // neither the token nor whose it is
    expect(JSON.stringify([said, posted])).not.toContain(prefix);
    expect(JSON.stringify([said, posted])).not.toContain('acme');
    expect([signals, due.length, watch.exitStatus()]).toEqual(stops ? [[15], 1, 77] : [[], 0, undefined]);
    // what does not end by itself, and at once, is ended by force
    for (const force of due) force();
    expect(signals).toEqual(stops ? [15, 15] : []);
  });
});

test('an answer is looked at before it is on record where it would be held back, with the same alarm', async () => {
  const { own } = tokensOf('acme');
  const { watch, client, run, added, posted } = play(true);
  watch.begin(run, 'srv');
  expect(watch.screen?.(Buffer.from('nothing'))).toBeUndefined();
  expect(watch.screen?.(Buffer.from(own))).toMatchObject({ rule: 'canary', reason: 'canary_found' });
  client.add(Buffer.from(own));
  await later();
  expect(added).toEqual([]);
  expect(posted).toMatchObject([{ detail: { where: 'is sent to the client', held: 'what the server said' } }]);
  expect(play(false).watch.screen).toBeUndefined();
});

test.each(['tools/call', 'notifications/initialized', 'OWN', 'x-1', 'a'.repeat(65)])(
  'a message that is held back is called by its method on record, where that is a plain word: %s',
  async (method) => {
    const { own } = tokensOf('acme');
    const { watch, run, posted, receive } = play(true);
    watch.begin(run, 'srv');
    receive(own, method === 'OWN' ? own : method);
    await later();
    expect(posted).toMatchObject([{ detail: { held: /^[a-z]+\/[a-z]+$/i.test(method) ? `\`${method}\`` : 'a line' } }]);
    expect(JSON.stringify(posted)).not.toContain(own.slice(8));
  },
);
