// Entries and segments for the tests of the trail: small, valid, and all that the format knows.
import * as crypto from 'node:crypto';
import type { Digest } from '../../src/audit/chain.ts';
import { startChain } from '../../src/audit/chain.ts';
import { type StoredPayload, startBatch } from '../../src/audit/encode.ts';
import type { EventEntry, IntentEntry, OutcomeEntry } from '../../src/audit/entry.ts';
import { quoteText } from '../../src/audit/header-text.ts';
import type { SegmentOrigin, SystemRecord } from '../../src/audit/system-header.ts';
import type { TrailLine } from '../../src/audit/verify.ts';

export const digest: Digest = {
  text: (text) => crypto.createHash('sha256').update(text).digest('hex'),
  salted: (salt, payload) => crypto.createHash('sha256').update(salt).update(payload).digest('hex'),
};

export const SEGMENT = '01jq8zx000abcdef';
export const OTHER_SEGMENT = '01jq8zx000ghjkmn';
export const at = { wallMs: 1_750_000_000_123, monoMs: 4321.5678 };

export const origin: SegmentOrigin = {
  tenant: 'default',
  session: 's1',
  principal: 'ada',
  guard: '0.1.0',
  pid: 42,
  startTime: '1234',
  bootId: null,
  host: 'machine',
  servers: ['files'],
  configDigest: null,
  isolation: 'L0',
};

export function makeIntent(over: Partial<IntentEntry> = {}): IntentEntry {
  return {
    type: 'intent',
    at,
    ref: undefined,
    asked: 'client',
    server: 'files',
    rpcId: 7,
    method: 'tools/call',
    subject: 'read_file',
    decision: 'pass',
    rule: undefined,
    reason: undefined,
    client: 'host/1.2',
    model: { id: null, source: 'unknown' },
    correlation: undefined,
    bytes: 99,
    payload: payloadOf({ jsonrpc: '2.0', id: 7, method: 'tools/call' }),
    ...over,
  };
}

export function makeOutcome(intent: IntentEntry, over: Partial<OutcomeEntry> = {}): OutcomeEntry {
  return {
    type: 'outcome',
    at: { wallMs: intent.at.wallMs + 5, monoMs: intent.at.monoMs + 5 },
    ref: undefined,
    intent,
    settlement: 'result',
    errorCode: undefined,
    isError: false,
    resultType: 'complete',
    taskId: undefined,
    durationMs: 5.25,
    bytes: 120,
    payload: payloadOf({ jsonrpc: '2.0', id: 7, result: { content: [{ type: 'text', text: 'grün 🦉' }] } }),
    ...over,
  };
}

export function makeEvent(over: Partial<EventEntry> = {}): EventEntry {
  return {
    type: 'event',
    at,
    ref: undefined,
    name: 'client',
    server: 'files',
    detail: { name: 'host', b: 1, a: null },
    ...over,
  };
}

export function payloadOf(value: unknown): { bytes: Buffer; text: string } {
  const text = JSON.stringify(value);
  return { bytes: Buffer.from(`${text}\n`), text };
}

const SALT = '00112233445566778899aabbccddeeff';

export function storeLine(text: string): StoredPayload {
  return { form: 'line', digest: digest.salted(SALT, text), json: text, salt: SALT };
}

export function storeText(text: string): StoredPayload {
  return { form: 'text', digest: digest.salted(SALT, text), json: JSON.stringify(text), salt: SALT };
}

export const systemRecords: readonly SystemRecord[] = [
  { type: 'open', segment: SEGMENT, origin, after: null, link: null },
  {
    type: 'open',
    segment: SEGMENT,
    origin: { ...origin, host: 'mach"ine\ud800', servers: ['a', 'b'] },
    after: { segment: OTHER_SEGMENT, seq: 9, head: 'f'.repeat(64), sealed: true, why: 'rotated_day' },
    link: { segment: OTHER_SEGMENT, seq: 9, head: 'f'.repeat(64), sealed: true },
  },
  { type: 'gap', lost: 3, since: 17, policy: 'deny', why: 'ENOSPC: no "space"' },
  {
    type: 'recover',
    claim: { segment: OTHER_SEGMENT, seq: 4, head: 'e'.repeat(64), sealed: false },
    day: '2026-01-02',
    pid: 3,
    tailBytes: 12,
    tailHash: null,
  },
  { type: 'seal', reason: 'shutdown' },
];

/** A whole segment with every kind of record, as lines with their LF. */
export function sampleSegment(sealed = true): string[] {
  const batch = startBatch(startChain(SEGMENT, digest), { digest, quote: quoteText, isWritten: () => true });
  const lines: string[] = [];
  let done = 0;
  const take = () => {
    lines.push(batch.text().slice(done));
    done = batch.text().length;
  };
  const system = (record: SystemRecord) => {
    batch.system(record, at);
    take();
  };
  const [open, , gap, recover, seal] = systemRecords;
  if (!open || !gap || !recover || !seal) throw new Error('samples are missing');
  system(open);
  const first = makeIntent();
  batch.entry(first, storeLine(first.payload?.text ?? ''));
  take();
  const event = makeEvent();
  batch.entry(event, undefined);
  take();
  const refused = makeIntent({ decision: 'deny', reason: 'duplicate key', rule: 'wire' });
  batch.entry(refused, storeText('{"a":1,\r"a":2}'));
  take();
  system(gap);
  const outcome = makeOutcome(first);
  batch.entry(outcome, storeLine(outcome.payload?.text ?? ''));
  take();
  system(recover);
  batch.entry(makeIntent({ method: 'resources/read', subject: 'file:///x', payload: undefined }), undefined);
  take();
  if (sealed) system(seal);
  return lines;
}

/** A file's bytes → the lines that a reader makes of them. */
export function linesOf(file: Buffer): TrailLine[] {
  const lines: TrailLine[] = [];
  let from = 0;
  for (let end = file.indexOf(10); end !== -1; end = file.indexOf(10, from)) {
    lines.push(lineOf(file.subarray(from, end), true));
    from = end + 1;
  }
  if (from < file.length) lines.push(lineOf(file.subarray(from), false));
  return lines;
}

function lineOf(bytes: Buffer, ended: boolean): TrailLine {
  try {
    return {
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
      ended,
      bytes: bytes.length,
    };
  } catch {
    return { text: undefined, ended, bytes: bytes.length };
  }
}
