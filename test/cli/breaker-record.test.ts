// `audit show` of what is on record about a breaker: in words, whole, and inert; what it cannot read stays as it stands.
import { expect, test } from 'vitest';
import { runAuditShow } from '../../src/cli/audit-show.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { recordTransition } from '../../src/policy/breaker/transition-record.ts';
import type { Json } from '../../src/wire/json.ts';
import { OneBreaker } from '../policy/breaker/one-breaker.ts';
import { HOSTILE } from './breaker-scene.ts';
import { makeTrail, openScreen, SEGMENT } from './screen.ts';

const REASON = 'it deletes what it should keep, and nobody knows why it does that: '.repeat(3).trim();
const ORDER = { stage: 'asked', order: 'isolate', tool: 'move', actor: 'ada', reason: REASON };

function show(name: string, detail: Readonly<Record<string, Json>>, columns = 80, server = 'files'): string {
  const screen = openScreen(columns);
  const header = { type: 'event', at: Date.UTC(2026, 0, 2, 3, 4, 5), name, server, detail };
  const record = { header, headerText: '', hash: '', payloadText: undefined, salt: undefined };
  const placed = { ref: { segment: SEGMENT, seq: 3 }, tenant: 'default', record, open: undefined };
  const trail = makeTrail({ findRecord: () => ({ kind: 'record', placed, fault: undefined }) });
  expect(runAuditShow({ id: `${SEGMENT}:3` }, screen.io, trail)).toBe(0);
  return screen.out();
}

test('an order at 80 columns', () => {
  expect(show('breaker_order', ORDER)).toBe(`record      0123456789abcdef:3
time        2026-01-02T03:04:05.000Z
event       breaker_order
tenant      default
server      files
tool        move
order       isolate
stage       asked: what came of it is a record of its own
by          ada
reason      it deletes what it should keep, and nobody knows why it does that:
            it deletes what it should keep, and nobody knows why it does that:
            it deletes what it should keep, and nobody knows why it does that:
`);
});

test.each([
  [
    { ...ORDER, stage: 'failed', tool: null, asked: 'x:2', why: 'the disk is full' },
    'stage       failed: could not be carried out, nothing has changed\n',
    'why         the disk is full\nasked in    x:2\n',
    'tool        (the server as a whole)\n',
  ],
  [{ ...ORDER, stage: 'unchanged', asked: 'x:2' }, 'stage       unchanged: changed nothing\n', 'asked in    x:2\n'],
  [{ ...ORDER, stage: 'constructor' }, 'stage       constructor\n'],
])('an order %j', (detail, ...parts) => {
  for (const part of parts) expect(show('breaker_order', detail)).toContain(part);
});

test('transitions', () => {
  const breaker = new OneBreaker().feed('FFFFF').wait(30_000).admit('4711,1,b,n,h,r').settle('fault').order('isolate');
  const shown = breaker.transitions.map((transition) =>
    show('breaker', recordTransition({ tool: 'query', transition })),
  );
  expect(shown[0]).toContain(`tool        query
moved       closed -> open
for         30 s
why         5 of 5 calls failed, 5 in a row
rule        fault_row
epoch       1
`);
  expect(shown[2]).toContain('for         60 s, time 2 in a row\nwhy         probe failed after 10ms\n');
  expect(shown[3]).toContain('moved       open -> isolated\nwhy         isolated by ada: it misbehaves\n');
});

test('hostile records are inert and fit', () => {
  const hostile = {
    ...ORDER,
    stage: HOSTILE,
    order: HOSTILE,
    tool: HOSTILE,
    actor: HOSTILE,
    reason: HOSTILE.repeat(9),
  };
  const shown = [show('breaker_order', hostile, 40, HOSTILE), show('breaker_order', hostile, 80, HOSTILE)];
  expect(shown.map((text) => text.replaceAll('\n', '')).join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  for (const [index, text] of shown.entries())
    for (const line of text.split('\n')) expect(measureText(line)).toBeLessThanOrEqual([40, 80][index] ?? 0);
});

test.each([
  ['breaker', { tool: 'x', from: 'nowhere' }],
  ['config', ORDER],
])('a `%s` that is none is shown as it stands', (name, detail) => {
  expect(JSON.parse(show(name, detail))).toMatchObject({ name, detail });
});
