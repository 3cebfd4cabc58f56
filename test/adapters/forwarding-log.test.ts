// What a log offers to somebody else: warnings and errors, later, in order, and never so many that they pile up.
import { expect, it } from 'vitest';
import { createForwardingLog } from '../../src/adapters/forwarding-log.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function setUp() {
  const written: string[] = [];
  const told: string[] = [];
  const log = createForwardingLog({ write: (_, text) => void written.push(text) });
  return { log, written, told, listen: () => log.offerTo((level, text) => void told.push(`${level} ${text}`)) };
}

it('offers warnings and errors, also those from before somebody listened, and not while they are written', async () => {
  const { log, written, told, listen } = setUp();
  log.write('error', 'early');
  log.write('info', 'no');
  await turn();
  expect(told).toEqual([]);
  listen();
  for (const level of ['error', 'warn', 'info', 'debug'] as const) log.write(level, level);
  expect(told).toEqual([]);
  await turn();
  expect(told).toEqual(['error early', 'error error', 'warn warn']);
  expect(written).toEqual(['early', 'no', 'error', 'warn', 'info', 'debug']);
});

it('offers what is for others in place of what is written', async () => {
  const { log, written, told, listen } = setUp();
  listen();
  log.write('warn', 'all of it', 'that it is so');
  await turn();
  expect([written, told]).toEqual([['all of it'], ['warn that it is so']]);
});

it('writes everything, and offers of a flood its beginning', async () => {
  const { log, written, told, listen } = setUp();
  listen();
  for (let index = 0; index < 100; index += 1) log.write('warn', String(index));
  await turn();
  expect([written.length, told.length, told[0]]).toEqual([100, 32, 'warn 0']);
  log.write('warn', 'next');
  await turn();
  expect(told.at(-1)).toBe('warn next');
});

it('offers nothing after the end', async () => {
  const { log, told, listen } = setUp();
  listen();
  log.write('error', 'x');
  log.end();
  log.write('error', 'y');
  await turn();
  expect(told).toEqual([]);
});
