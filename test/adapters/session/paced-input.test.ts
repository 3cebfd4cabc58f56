// What a server says arrives whole and in order, whoever pauses when; a flood in small pieces, and no faster than its pace.
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PacedInput } from '../../../src/adapters/paced-input.ts';
import { ReadBrake } from '../../../src/adapters/read-brake.ts';
import { ManualTimers, settle } from './rig.ts';

const PIECE = 8 * 1024;

function scene(pace?: { burstBytes: number; perSecondBytes: number }, onChunk: (input: PacedInput) => void = () => {}) {
  const timers = new ManualTimers();
  const stream = new PassThrough();
  const pieces: Buffer[] = [];
  const brake = pace && new ReadBrake(pace, () => timers.nowMs);
  const input: PacedInput = new PacedInput(stream, {
    ...{ timers, brake },
    onChunk: (chunk) => {
      pieces.push(chunk);
      brake?.heardPart(chunk.length, true);
      onChunk(input);
    },
  });
  const heard = () => Buffer.concat(pieces).toString();
  return { timers, stream, pieces, input, heard };
}

test('without a brake a chunk is a piece', async () => {
  const { stream, pieces } = scene();
  stream.write('x'.repeat(60_000));
  await settle();
  expect(pieces.map(({ length }) => length)).toEqual([60_000]);
});

test('a flood comes in small pieces, each after its time', async () => {
  const { stream, pieces, timers } = scene({ burstBytes: 4 * PIECE, perSecondBytes: PIECE });
  for (let n = 0; n < 10; n += 1) stream.write(Buffer.alloc(PIECE, 'x'));
  await settle();
  expect(pieces).toHaveLength(5);
  timers.pass(999);
  await settle();
  expect(pieces).toHaveLength(5);
  timers.pass(1);
  await settle();
  expect(pieces).toHaveLength(6);
});

test('one long chunk of a flood is cut once the brake is hot', async () => {
  const { stream, pieces, timers } = scene({ burstBytes: 2 * PIECE, perSecondBytes: PIECE });
  stream.write(Buffer.alloc(2 * PIECE, 'x'));
  await settle();
  stream.write(Buffer.alloc(4 * PIECE, 'x'));
  await settle();
  expect(pieces.map(({ length }) => length)).toEqual([2 * PIECE, PIECE]);
  timers.pass(3000);
  await settle();
  expect(pieces.slice(1).map(({ length }) => length)).toEqual([PIECE, PIECE, PIECE, PIECE]);
});

test('the end of the server ends the waiting: what it said is read at once', async () => {
  const { stream, pieces, input } = scene({ burstBytes: PIECE, perSecondBytes: 1 });
  stream.write(Buffer.alloc(2 * PIECE, 'x'));
  await settle();
  for (let n = 0; n < 20; n += 1) stream.write(Buffer.alloc(PIECE, 'x'));
  stream.end();
  await settle();
  expect(Buffer.concat(pieces)).toHaveLength(2 * PIECE);
  input.readToEnd();
  await settle();
  expect(Buffer.concat(pieces)).toHaveLength(22 * PIECE);
});

test('a brake does not let go on what the client holds, nor the client what the brake holds', async () => {
  const { stream, input, heard, timers } = scene({ burstBytes: 1, perSecondBytes: 1 });
  stream.write('one');
  await settle();
  stream.write('two');
  input.pause();
  timers.pass(60_000);
  await settle();
  expect(heard()).toBe('one');
  input.resume();
  await settle();
  expect(heard()).toBe('onetwo');
  stream.write('three');
  input.resume();
  await settle();
  expect(heard()).toBe('onetwo');
});

test('whoever takes a piece may hold the rest back, or let it go on', async () => {
  const { stream, input, heard } = scene({ burstBytes: 1e9, perSecondBytes: 1 }, (self) => {
    self.resume();
    self.pause();
  });
  for (const text of ['one', 'two', 'three']) stream.write(text);
  await settle();
  expect(heard()).toBe('one');
  input.resume();
  await settle();
  expect(heard()).toBe('onetwo');
});

test('nothing is lost or swapped, whatever holds it when', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('say' as const), bytes: fc.integer({ min: 1, max: 20_000 }) }),
    fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const, 'pass' as const), bytes: fc.constant(0) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const { stream, input, heard, timers } = scene({ burstBytes: 10_000, perSecondBytes: 5_000 });
      let said = '';
      for (const { kind, bytes } of steps) {
        if (kind === 'say') {
          const text = Array.from({ length: bytes }, (_, at) => String.fromCharCode(97 + ((said.length + at) % 26)));
          said += text.join('');
          stream.write(text.join(''));
        } else if (kind === 'pass') timers.pass(1000);
        else input[kind]();
        await new Promise((resolve) => setImmediate(resolve));
        expect(said.startsWith(heard())).toBe(true);
      }
      input.readToEnd();
      stream.end();
      await settle();
      expect(heard()).toBe(said);
    }),
    { numRuns: 40 },
  );
});
