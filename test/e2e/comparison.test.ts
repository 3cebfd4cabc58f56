// The comparison itself: a middleman that changes, drops or invents anything is found. Runs without the guard.
import { describe, expect, test } from 'vitest';
import { playV1 } from './client-v1.ts';
import { dualEra } from './peers.ts';
import { lying, play, type Wrap } from './stage.ts';
import { findTrailGaps, type Segment } from './trail.ts';
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

describe('findByteDifferences', () => {
  const recording = (toServer: readonly string[], toClient: readonly string[], endMs = 100) => ({
    startMs: 0,
    endMs,
    toServer: seen(...toServer),
    toClient: seen(...toClient),
  });
  const call = '{"id":1,"method":"tools/call","params":{"_meta":{"progressToken":"t"}}}\n';
  const cancel = '{"method":"notifications/cancelled","params":{"requestId":1}}\n';
  const answer = '{"id":1,"result":{}}\n';
  const progress = '{"method":"notifications/progress","params":{"progressToken":"t"}}\n';
  const ended = '{"id":1,"error":{"code":-32603,"data":{"mcp-guard/decision":{}}}}\n';
  const find = (asked: string[], said: string[], heard: string[], endMs?: number) =>
    findByteDifferences({ client: recording(asked, heard, endMs), servers: [recording(asked, said)] });

  test('lets the late answer and progress of a cancelled request be missing, and no other', () => {
    expect(find([call, cancel], [answer, progress], [])).toEqual([]);
    expect(find([call], [answer], [])).toHaveLength(1);
    expect(find([call], [progress], [])).toHaveLength(1);
  });
  test('lets what the server says after the client has closed be missing, and not before', () => {
    expect(find([call], [answer], [], 0)).toEqual([]);
    expect(find([call], [answer], [], 1)).toHaveLength(1);
  });
  test('lets the guard end an open request once the client has closed, and not before', () => {
    expect(find([call], [], [ended], 0)).toEqual([]);
    expect(find([call], [], [ended], 1)).toHaveLength(1);
    expect(find([], [], [ended], 0)).toHaveLength(1);
    expect(find([call], [], [answer], 0)).toHaveLength(1);
  });
  test('lets the late answer to a request that the server cancelled be missing, and no other', () => {
    const server = recording([], [call, cancel]);
    const given = (heard: string[]) => ({ client: recording([answer], heard), servers: [server] });
    expect(findByteDifferences(given([call, cancel]))).toEqual([]);
    expect(findByteDifferences(given([call]))).toHaveLength(2);
  });
  test('lets nothing else be missing or changed towards the server', () => {
    const client = recording([call, cancel], []);
    expect(findByteDifferences({ client, servers: [recording([call], [])] })).toHaveLength(1);
    expect(findByteDifferences({ client, servers: [recording([call], []), recording([cancel], [])] })).toEqual([]);
  });
});

describe('findTrailGaps', () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } };
  const side = { startMs: 0, endMs: 1, toServer: seen(`${JSON.stringify(call)}\n`), toClient: [] };
  const transcripts = [{ client: side, servers: [side] }];
  const intent = { h: { type: 'intent', method: 'tools/call' }, p: call };
  const outcome = { h: { type: 'outcome', method: 'tools/call', intent: 's:1' } };
  const seal = { h: { type: 'seal' } };
  const gaps = (...records: Segment['records']) => findTrailGaps([{ id: 's', records }], transcripts);

  test('finds nothing where every call is recorded, settled and sealed', () => {
    expect(gaps(intent, outcome, seal)).toEqual([]);
    expect(gaps(intent, outcome, { h: { ...outcome.h, settlement: 'task' } }, seal)).toEqual([]);
  });
  test.each([
    ['no intent', [outcome, seal]],
    ['another payload', [{ ...intent, p: { ...call, id: 2 } }, outcome, seal]],
    ['no outcome', [intent, seal]],
    ['the end of a task without its beginning', [intent, { h: { ...outcome.h, settlement: 'task' } }, seal]],
    ['an outcome too many', [intent, outcome, outcome, seal]],
    ['an intent too many', [intent, intent, outcome, outcome, seal]],
    ['no seal', [intent, outcome]],
  ])('finds %s', (_name, records) => {
    expect(gaps(...records)).not.toEqual([]);
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
