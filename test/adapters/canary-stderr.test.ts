// The token of another tenant on the stderr of a server: where that ends the session, no line with it is shown; where it only alarms, all are.
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { watchCanaries } from '../../src/adapters/canary-watch.ts';
import { NoiseRelay } from '../../src/adapters/noise-relay.ts';
import { createCanarySearch } from '../../src/audit/redact/canary-search.ts';

const TOKEN = 'canary-0123456789abcdef-00112233445566778899aabbccddeeff';
const timers = { after: () => () => {} };

async function relayed(stops: boolean, chunks: readonly string[]): Promise<readonly [said: string, alarms: number]> {
  let [said, alarms] = ['', 0];
  const search = createCanarySearch({ prefix: TOKEN.slice(0, 24), foreign: () => [TOKEN] });
  const log = {
    write: () => {
      alarms += 1;
    },
  };
  const canary = watchCanaries(search, { stops, log, timers });
  const relay = new NoiseRelay({
    ...{ now: () => 0, timers, isMuted: () => canary.isOver },
    writeError: (text) => {
      said += text;
    },
  });
  const stderr = new PassThrough();
  canary.stderr(stderr);
  relay.relay('srv', stderr);
  for (const chunk of chunks) {
    stderr.write(chunk);
    await turn();
  }
  stderr.end();
  await new Promise((done) => stderr.once('end', done));
  await turn();
  canary.noise(Buffer.from(TOKEN));
  relay.show('srv', Buffer.from(`noise ${TOKEN}`));
  return [said, alarms];
}

test.each([[[`one\nit is ${TOKEN}\ntwo\n`]], [['one\n', 'it is ', TOKEN, '\n', 'two\n']], [['one\n', ...TOKEN]]])(
  'is not shown where it ends the session: %#',
  async (chunks) => {
    const [said, alarms] = await relayed(true, chunks);
    expect(alarms).toBe(2);
    expect(said).not.toMatch(/canary|two|it is/);
    expect(said === '' || said === '[srv] one\n').toBe(true);
  },
);

test('is shown where it is told only', async () => {
  const [said, alarms] = await relayed(false, [`one\n${TOKEN}\n`]);
  expect(alarms).toBe(2);
  expect(said).toBe(`[srv] one\n[srv] ${TOKEN}\n[srv] noise ${TOKEN}\n`);
});
