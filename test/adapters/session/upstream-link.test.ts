// One server as streams, with a brake: what it was asked for comes at once, what it says unasked at its pace.
import { expect, test } from 'vitest';
import { ReadBrake } from '../../../src/adapters/read-brake.ts';
import { UpstreamLink } from '../../../src/adapters/upstream-link.ts';
import { DEFAULT_READ_LIMITS } from '../../../src/wire/message.ts';
import { FakeServer, ManualTimers, settle } from './rig.ts';

const LINE = 1000;
const padded = (head: string) => `${head}${'x'.repeat(LINE - head.length - 3)}"}\n`;
const NOTE = padded('{"jsonrpc":"2.0","method":"n","params":{"p":1},"more":"');
const ANSWER = padded('{"jsonrpc":"2.0","id":1,"result":{},"more":"');

function scene(pace = { burstBytes: 20_000, perSecondBytes: 1_000 }) {
  const timers = new ManualTimers();
  const server = new FakeServer();
  let heard = 0;
  const listener = {
    onReading: () => {
      heard += 1;
    },
    onOversize: () => {
      heard += 1;
    },
    ...{ onTurnEnd: () => {}, onExit: () => {}, onFull: () => {}, onRoom: () => {} },
  };
  const limits = { maxLineBytes: 30_000, fullAtBytes: 1 << 20, serverFullAtBytes: 1 << 20, read: DEFAULT_READ_LIMITS };
  const times = { termAfterMs: 1200, killAfterMs: 1800 };
  const brake = new ReadBrake(pace, () => timers.nowMs);
  const link = new UpstreamLink(server, listener, limits, { timers, times, brake });
  /** One line in each chunk. */
  const says = async (line: string, times: number) => {
    for (let n = 0; n < times; n += 1) {
      server.says(line);
      await settle();
    }
  };
  return { timers, server, link, says, heard: () => heard };
}

test('notifications are braked, and come when their time has', async () => {
  const { says, heard, timers } = scene();
  await says(NOTE, 30);
  expect(heard()).toBe(18);
  timers.pass(1200);
  await settle();
  expect(heard()).toBe(19);
});

test('answers are not, as many as lines were sent to the server', async () => {
  const { says, heard, link } = scene();
  for (let n = 0; n < 100; n += 1) link.add(Buffer.from('{}\n'));
  await says(ANSWER, 100);
  expect(heard()).toBe(100);
  await says(ANSWER, 30);
  expect(heard()).toBe(118);
});

test('a line that does not end is, before and beyond the limit', async () => {
  const { server, heard, link } = scene({ burstBytes: 40_000, perSecondBytes: 1_000 });
  link.add(Buffer.from('{}\n'));
  // Owed, and not too long yet: free.
  for (let n = 0; n < 3; n += 1) server.says('x'.repeat(10_000));
  await settle();
  for (let n = 0; n < 8; n += 1) {
    server.says('x'.repeat(10_000));
    await settle();
  }
  server.says(`\n${NOTE}`);
  await settle();
  expect(heard()).toBe(0);
});

test('what noise and refused lines cost is counted', async () => {
  const { says, heard } = scene();
  await says(`${'noise '.repeat(166)}\n`, 30);
  expect(heard()).toBe(18);
});
