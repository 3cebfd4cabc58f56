// The comparison itself: a middleman that changes, drops or invents anything is found. Runs without the guard.
import { describe, expect, test } from 'vitest';
import { playV1 } from './client-v1.ts';
import { dualEra } from './peers.ts';
import { lying, play, type Wrap } from './stage.ts';
import { compareLines, findByteDifferences, splitLines } from './transcript.ts';

const seen = (...texts: string[]) => texts.map((text, index) => ({ atMs: index, text }));
const never = () => false;

describe('compareLines', () => {
  test('finds nothing where nothing differs', () => {
    expect(compareLines(seen('a\n', 'b\n'), seen('a\n', 'b\n'), never)).toEqual([]);
  });
  test.each([
    ['a changed line', ['a\n', 'b \n', 'c\n']],
    ['a missing line', ['a\n', 'c\n']],
    ['a missing last line', ['a\n', 'b\n']],
    ['two lines in another order', ['b\n', 'a\n', 'c\n']],
    ['a line too many', ['a\n', 'b\n', 'c\n', 'd\n']],
    ['a line sent twice', ['a\n', 'b\n', 'b\n', 'c\n']],
    ['another terminator', ['a\n', 'b\r\n', 'c\n']],
    ['no last terminator', ['a\n', 'b\n', 'c']],
  ])('finds %s', (_name, left) => {
    expect(compareLines(seen('a\n', 'b\n', 'c\n'), seen(...left), never)).not.toEqual([]);
  });
  test('lets a line be missing only where it may', () => {
    expect(compareLines(seen('a\n', 'b\n'), seen('a\n'), (line) => line.text === 'b\n')).toEqual([]);
    expect(compareLines(seen('a\n', 'b\n'), seen('b\n'), (line) => line.text === 'b\n')).not.toEqual([]);
  });
  test('puts lines together again across chunks, byte for byte', () => {
    const bytes = Buffer.from('"é"\n\xff', 'utf8');
    const chunks = [...bytes].map((byte, atMs) => ({ atMs, bytes: Buffer.from([byte]) }));
    expect(splitLines(chunks).map((line) => Buffer.from(line.text, 'latin1'))).toEqual([
      bytes.subarray(0, 5),
      bytes.subarray(5),
    ]);
  });
});

const callTwice = (wrap: Wrap) =>
  play(dualEra, wrap, (launch) =>
    playV1(launch, async ({ call }) => {
      await call('test_error_handling');
      await call('test_tool_with_progress', {}, { onprogress: () => {} });
    }),
  );

async function differencesBehind(wrap: Wrap) {
  const { transcripts } = await callTwice(wrap);
  return transcripts.flatMap(findByteDifferences);
}

test.concurrent('a byte-forwarding middleman is found transparent', async () => {
  expect(await differencesBehind('middleman')).toEqual([]);
});

test.concurrent.each(['respace', 'drop', 'eat-errors', 'invent'])(
  'a middleman that lies (%s) is found',
  async (kind) => {
    expect(await differencesBehind(lying(kind))).not.toEqual([]);
  },
);
