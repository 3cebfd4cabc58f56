// From records to calls: joining, states, filters, claims, names. And nothing in a record can pass for something else.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesFilter } from '../../src/audit/call-filter.ts';
import { startChain } from '../../src/audit/chain.ts';
import { checkClaim, readClaims } from '../../src/audit/claims.ts';
import { type StoredPayload, startBatch } from '../../src/audit/encode.ts';
import type { AuditEntry, IntentEntry, OutcomeEntry } from '../../src/audit/entry.ts';
import { quoteText } from '../../src/audit/header-text.ts';
import { type Call, faultOf, intentOf, isUnread, viewCall, viewOutcome, type Witness } from '../../src/audit/query.ts';
import { readRecord } from '../../src/audit/record.ts';
import { dayOf, formatSegmentId, isSegmentId, readRef } from '../../src/audit/segment-id.ts';
import { digest, makeIntent, makeOutcome, OTHER_SEGMENT, SEGMENT, storeLine, storeText } from './sample.ts';

function place(entry: AuditEntry, payload?: StoredPayload, isWritten = true) {
  const batch = startBatch(startChain(SEGMENT, digest), { digest, quote: quoteText, isWritten: () => isWritten });
  batch.entry(entry, payload);
  const record = readRecord(batch.text().slice(0, -1));
  if (record === undefined) throw new Error('no record');
  return { ref: { segment: SEGMENT, seq: 1 }, tenant: 'default', record, open: { session: 's1', principal: 'ada' } };
}
const trusting: Witness = { faultOf: () => undefined, isAwaited: () => true };
function callOf(intent: Partial<IntentEntry>, outcome?: Partial<OutcomeEntry>, witness = trusting): Call {
  const entry = makeIntent(intent);
  const placed = place(entry, entry.payload && storeLine(entry.payload.text));
  const outcomes = outcome === undefined ? [] : [viewOutcome(place(makeOutcome(entry, outcome)), witness)];
  return viewCall(placed, outcomes, witness);
}

describe('a record', () => {
  it('gives back the exact payload, whatever it tries to look like', () => {
    const frames = fc.constantFrom(
      ',"s":"00112233445566778899aabbccddeeff"}',
      '},"hash":"',
      ',"p":',
      '"',
      '\\',
      '{"h":',
      '\n',
      '"}',
    );
    const text = fc
      .array(fc.oneof(frames, fc.string({ unit: 'binary' })), { maxLength: 6 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.boolean(), (payload, asLine) => {
        const json = JSON.stringify({ x: payload });
        const { record } = asLine ? place(makeIntent(), storeLine(json)) : place(makeIntent(), storeText(payload));
        expect(record.payloadText).toBe(asLine ? json : JSON.stringify(payload));
      }),
    );
  });

  it('keeps its header apart from names that look like a frame', () => {
    const subject = '},"hash":"';
    const { record } = place(makeIntent({ subject, correlation: { hash: 'x', a: '},"hash":"' } }), storeLine('{}'));
    expect(record.header.subject).toBe(subject);
  });

  it.each([
    '',
    '{}',
    '{"h":{}}',
    '{"h":{},"hash":"00"}',
    '{"h":[],"hash":""}',
    'null',
    '{"h":{"a":},"hash":"',
    `{"h":{},"hash":"${'0'.repeat(64)}"`,
  ])('is not: %s', (line) => expect(readRecord(line)).toBeUndefined());
});

describe('a call', () => {
  it.each([
    ['pending', {}, undefined],
    ['denied', { decision: 'deny' as const }, undefined],
    ['ok', {}, { settlement: 'result' as const }],
    ['ok', {}, { settlement: 'task' as const, resultType: undefined }],
    ['failed', {}, { settlement: 'result' as const, isError: true }],
    ['failed', {}, { settlement: 'task' as const, isError: true }],
    ['error', {}, { settlement: 'error' as const, errorCode: -32000, isError: undefined }],
    ['task', {}, { settlement: 'result' as const, resultType: 'task' }],
    ['timeout', {}, { settlement: 'timeout' as const, isError: undefined }],
    ['cancelled', {}, { settlement: 'cancelled' as const, isError: undefined }],
    ['exited', {}, { settlement: 'upstream_exit' as const, isError: undefined }],
    ['refused', {}, { settlement: 'refused' as const, isError: undefined }],
    ['gone', {}, { settlement: 'client_gone' as const, isError: undefined }],
  ])('is %s', (state, intent, outcome) => expect(callOf(intent, outcome).state).toBe(state));

  it('is lost where nobody is left to write its outcome, and then only', () => {
    const forsaken = { ...trusting, isAwaited: () => false };
    expect(callOf({}, undefined, forsaken).state).toBe('lost');
    expect(callOf({}, {}, forsaken).state).toBe('ok');
    expect(callOf({ decision: 'deny' }, undefined, forsaken).state).toBe('denied');
  });

  it('was altered where its intent or an outcome was', () => {
    const faultAt = (type: string): Witness => ({
      ...trusting,
      faultOf: ({ record }) => (record.header.type === type ? 'x' : undefined),
    });
    expect([faultOf(callOf({}, {})), faultOf(callOf({}, {}, faultAt('intent')))]).toEqual([undefined, 'x']);
    expect(faultOf(callOf({}, {}, faultAt('outcome')))).toBe('x');
  });

  it('is unread where the guard said so, not where a client has a method of that name', () => {
    const refused = { method: 'unread', subject: undefined, rule: 'strict', decision: 'deny' } as const;
    const call = callOf(refused);
    expect([isUnread(call), matchesFilter(call, { outcome: 'denied', callsOnly: true })]).toEqual([true, true]);
    for (const other of [{ method: 'x' }, { rule: 'scope.a' }, { decision: 'pass' as const }]) {
      expect(isUnread(callOf({ ...refused, ...other }))).toBe(false);
    }
  });

  it('says all that is known', () => {
    expect(
      callOf({ rule: 'r', reason: 'why', model: { id: 'm', source: 'operator' }, correlation: { a: 'b' } }, {}),
    ).toMatchObject({
      server: 'files',
      subject: 'read_file',
      session: 's1',
      principal: 'ada',
      rule: 'r',
      reason: 'why',
      model: 'm',
      modelSource: 'operator',
      correlation: { a: 'b' },
      rpcId: 7,
      input: { form: 'line', text: '{"jsonrpc":"2.0","id":7,"method":"tools/call"}' },
      outcomes: [{ settlement: 'result', durationMs: 5.25, isError: false, resultType: 'complete' }],
    });
  });

  it('is found by its outcome, unless its intent was never written', () => {
    const intent = makeIntent();
    intent.ref = { segment: SEGMENT, seq: 5 };
    expect(intentOf(place(makeOutcome(intent)).record)).toEqual({ segment: SEGMENT, seq: 5 });
    expect(intentOf(place(makeOutcome(intent), undefined, false).record)).toBeUndefined();
    expect(intentOf(place(makeOutcome(makeIntent())).record)).toBeUndefined();
  });

  it('is picked by every part of a filter', () => {
    const call = callOf({}, { isError: true });
    expect(
      matchesFilter(call, {
        server: 'files',
        tool: 'read_file',
        tenant: 'default',
        outcome: 'failed',
        since: call.at,
        callsOnly: true,
      }),
    ).toBe(true);
    for (const other of [
      { server: 'x' },
      { tool: 'x' },
      { tenant: 'x' },
      { outcome: 'ok' as const },
      { since: call.at + 1 },
    ]) {
      expect(matchesFilter(call, other)).toBe(false);
    }
    const read = callOf({ method: 'resources/read' });
    expect(matchesFilter(read, { tool: 'read_file' })).toBe(false);
    expect(matchesFilter(read, { callsOnly: true })).toBe(false);
    expect(matchesFilter(callOf({ method: 'resources/read', decision: 'deny' }), { callsOnly: true })).toBe(true);
  });
});

describe('a claim about another segment', () => {
  const end = { segment: OTHER_SEGMENT, seq: 5, head: 'a' };
  const claim = { segment: OTHER_SEGMENT, seq: 5, head: 'a', sealed: true };
  const check = (c: Partial<typeof claim>, e: typeof end | undefined = end, left = false) =>
    checkClaim({ ...claim, ...c }, 'me', e, () => 'b', left)?.why;

  it('holds, or says what was done', () => {
    expect(check({})).toBeUndefined();
    expect(check({ seq: 4, head: 'b', sealed: false })).toBeUndefined();
    expect(check({ seq: 4, head: 'x', sealed: false })).toContain('written anew');
    expect(check({ head: 'x' })).toContain('written anew');
    expect(check({ seq: 6 })).toContain('cut off');
    expect(check({ seq: 4, head: 'b' })).toContain('saw it sealed at 4');
    expect(checkClaim(claim, 'me', undefined, () => undefined, false)?.why).toContain('gone');
    expect(checkClaim(claim, 'me', undefined, () => undefined, true)).toBeUndefined();
  });

  it('is not read from what is no claim', () => {
    for (const bad of [
      {},
      null,
      3,
      { ...claim, segment: '../../etc/passwd' },
      { ...claim, seq: -1 },
      { ...claim, head: 7 },
    ]) {
      expect(readClaims(JSON.parse(JSON.stringify({ type: 'recover', claim: bad })))).toEqual([]);
    }
    expect(readClaims({ type: 'event', claim })).toEqual([]);
  });
});

describe('segment names', () => {
  it('sort by time, and are what a path may hold', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 45), fc.nat(2 ** 45), fc.nat(2 ** 30 - 1), fc.nat(2 ** 30 - 1), (a, b, x, y) => {
        const [first, second] = [formatSegmentId(a, x), formatSegmentId(b, y)];
        expect(isSegmentId(first)).toBe(true);
        if (a < b) expect(first < second).toBe(true);
        expect(readRef(`${first}:12`)).toEqual({ segment: first, seq: 12 });
      }),
    );
    expect(dayOf(0)).toBe('1970-01-01');
  });

  it.each([
    '',
    '../../../etc/passw',
    '01JQ8ZX000ABCDEF',
    '01jq8zx000abcde',
    '01jq8zx000abcdil',
    '01jq8zx000abcdef\n',
    '01jq8zx000abcde/',
  ])('are refused: %j', (name) => expect([isSegmentId(name), readRef(`${name}:1`)]).toEqual([false, undefined]));
  it.each([
    '01jq8zx000abcdef',
    '01jq8zx000abcdef:0',
    '01jq8zx000abcdef:1.5',
    '01jq8zx000abcdef:1e3',
    '01jq8zx000abcdef:99999999999999999999',
  ])('make no reference: %s', (text) => expect(readRef(text)).toBeUndefined());
});
