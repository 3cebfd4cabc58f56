// A server that floods its stderr waits for its pipe: the guard reads no more of it than a chunk in its time.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { NoiseRelay } from '../../src/adapters/noise-relay.ts';
import { ManualTimers, settle } from './session/rig.ts';

function scene() {
  const timers = new ManualTimers();
  const said: string[] = [];
  const relay = new NoiseRelay({ now: () => timers.nowMs, timers, writeError: (text) => void said.push(text) });
  const stderr = new PassThrough();
  let read = 0;
  stderr.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  relay.relay('srv', stderr);
  return { timers, said, stderr, read: () => read };
}

test('what is shown is read as it comes', async () => {
  const { stderr, said } = scene();
  for (let n = 0; n < 100; n += 1) stderr.write(`line ${n}\n`);
  await settle();
  expect(said).toHaveLength(100);
});

test('a flood is read chunk by chunk, and to its end', async () => {
  const { stderr, timers, said, read } = scene();
  const chunk = 'noise\n'.repeat(400);
  for (let n = 0; n < 5; n += 1) stderr.write(chunk);
  stderr.end('last words');
  await settle();
  expect(said).toHaveLength(200);
  expect(read()).toBe(chunk.length);
  timers.pass(20);
  await settle();
  expect(read()).toBe(2 * chunk.length);
  const ended = new Promise((resolve) => stderr.once('end', resolve));
  for (let n = 0; n < 5; n += 1) {
    timers.pass(1000);
    await settle();
  }
  await ended;
  expect(read()).toBe(5 * chunk.length + 'last words'.length);
});
