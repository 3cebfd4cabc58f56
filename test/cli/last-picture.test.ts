// Where the lock does not count, an approval is a step from the last lock that was accepted: what is shown is what is written, ends and pins
// included; against nothing where that lock is not known, with a line for what is lost.

import { describe, expect, test } from 'vitest';
import type { HeldLock, LastLock } from '../../src/adapters/last-lock.ts';
import type { PictureInput } from '../../src/cli/approval-picture.ts';
import { recordedOf } from '../../src/cli/approval-record.ts';
import { type ApprovalView, formatApproval, formatApprovalJson, listLines } from '../../src/cli/approval-screen.ts';
import { formatSummary } from '../../src/cli/approval-summary.ts';
import { drawRepair, drawTaken } from '../../src/cli/last-picture.ts';
import type { ApprovalWish } from '../../src/policy/lock/lock-approval.ts';
import { showLock } from '../../src/policy/lock/lock-document.ts';
import type { LockJudgement } from '../../src/policy/lock/lock-judgement.ts';
import { explainRefusal } from '../../src/policy/lock/lock-refusal.ts';
import type { PinSet } from '../../src/policy/pins/pin-set.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { judge, lockOf, NOW } from '../policy/lock/locks.ts';
import { pinsOf } from '../policy/pins/pins-of.ts';
import { CONFIG, type Scene, seen, viewOf } from './approval-scene.ts';

const REFUSED: LockJudgement = { kind: 'refused', refusal: explainRefusal('lock_edited', 'the marks of a merge') };
const REQUIRED: LockJudgement = { kind: 'refused', refusal: explainRefusal('lock_required') };
const PINS = pinsOf([
  { name: 'read_a', description: 'reads' },
  { name: 'read_b', description: 'reads b' },
]);
const WIDER: JsonObject = {
  ...CONFIG,
  scopes: { files: { grants: [{ tool: 'read_*' }, { tool: 'wipe' }] } },
};

const END = NOW + 3_600_000;

function lastOf(
  policy: JsonObject,
  pins: ReadonlyMap<string, PinSet> = new Map([['files', PINS]]),
  more: Partial<ApprovalWish> = {},
  nowMs = NOW,
): HeldLock {
  const held = judge(showLock(lockOf({ policy, pins, ...more })), { config: policy, nowMs });
  if (held.kind !== 'holds') throw new Error(held.kind);
  return held;
}

function inputOf(document: JsonObject, scene: Scene): PictureInput {
  const known: NonNullable<Scene['known']> = scene.known ?? {
    files: { last: seen(PINS), tools: ['read_a', 'read_b'] },
  };
  const { tenant, only, keep, isEnding, isPolicyOnly, judgement = REFUSED } = scene;
  return {
    ...{ document, judgement, tenant, only, keep, isEnding, isPolicyOnly },
    knownOf: (server) => ({ last: undefined, first: undefined, tools: [], ...known[server] }),
  };
}

function compared(document: JsonObject, last: LastLock, scene: Scene = {}): ApprovalView {
  const view = viewOf(document, { ...scene, judgement: scene.judgement ?? REFUSED });
  return { ...view, ...drawRepair(inputOf(document, scene), last) };
}

const texts = (view: ApprovalView): readonly string[] =>
  listLines(view.picture).map(({ kind, server, text }) => `${kind} ${server ?? ''}: ${text}`);
const kinds = (view: ApprovalView): readonly string[] => [...new Set(listLines(view.picture).map(({ kind }) => kind))];

describe('what is shown', () => {
  test('what is more than there, and nothing that was accepted', () => {
    const view = compared(WIDER, { kind: 'kept', held: lastOf(CONFIG) });
    const shown = texts(view).join('\n');
    expect(shown).toContain('wipe');
    expect(shown).not.toContain('new server');
    expect(shown).not.toContain('as last seen');
  });

  test('a definition that is another now, in full', () => {
    const now = pinsOf([
      { name: 'read_a', description: 'reads, and sends' },
      { name: 'read_b', description: 'reads b' },
    ]);
    const known = { files: { last: seen(now), tools: ['read_a', 'read_b'] } };
    const view = compared(CONFIG, { kind: 'kept', held: lastOf(CONFIG) }, { known });
    expect(texts(view).filter((text) => text.startsWith('drift'))).toEqual([expect.stringContaining('read_a')]);
    expect(formatApproval(view, 80, (_, text) => text).text).toContain('reads, and sends');
  });

  test('nothing changed: that is said, and the question is asked all the same', () => {
    const view = compared(CONFIG, { kind: 'kept', held: lastOf(CONFIG) });
    expect(texts(view)).toEqual([expect.stringContaining('what is decided stays as it is')]);
    expect(view.picture).toMatchObject({ isUpToDate: false, waits: true });
  });

  test('with one server alone the rest stays as it was accepted, and that is said', () => {
    const two = { ...CONFIG, servers: { ...CONFIG.servers, other: { command: 'x' } } };
    const pins = new Map([
      ['files', PINS],
      ['other', PINS],
    ]);
    const wider = { ...WIDER, servers: { files: { command: 'node', args: ['s.mjs'], scope: 'files' } } };
    const { picture, compared: about } = compared(wider, { kind: 'kept', held: lastOf(two, pins) }, { only: 'files' });
    expect(picture.policy).toEqual({ ...two, scopes: WIDER.scopes });
    expect([...picture.pins.keys()]).toEqual(['files', 'other']);
    expect(about?.note).toMatch(/the rest stays as that lock has it$/);
  });
});

test('on record is the whole, for nothing was in force', () => {
  const view = compared(CONFIG, { kind: 'kept', held: lastOf(CONFIG) });
  expect(listLines(recordedOf(view)).map(({ kind }) => kind)).toContain('starts');
  expect(recordedOf(view)).toMatchObject({ policy: view.picture.policy, pins: view.picture.pins });
});

describe('what was approved until a time', () => {
  const timed = (nowMs?: number): LastLock => {
    return { kind: 'kept', held: lastOf(WIDER, undefined, { untilMs: END, base: CONFIG }, nowMs) };
  };

  test('keeps its end, and is shown with it', () => {
    const view = compared(WIDER, timed());
    expect(kinds(view)).toEqual(['until']);
    expect(view.picture).toMatchObject({ policy: WIDER, base: CONFIG, passing: { untilMs: END, base: CONFIG } });
  });

  test('`--keep` takes the end away, and says so', () => {
    const view = compared(WIDER, timed(), { keep: true });
    expect(kinds(view)).toEqual(['lasts']);
    expect(view.picture.passing).toMatchObject({ untilMs: END, base: undefined });
  });

  test('has ended by now: to have it again is new', () => {
    const view = compared(WIDER, timed(END));
    expect(texts(view).join('\n')).toMatch(/possible files: .*`wipe`/);
    expect(view.picture.passing).toBeUndefined();
  });

  test('of an approval that ends, what was accepted without an end holds afterwards', () => {
    const view = compared(WIDER, { kind: 'kept', held: lastOf(CONFIG) }, { isEnding: true });
    expect(view.picture.base).toEqual(CONFIG);
    expect(compared(WIDER, timed(), { isEnding: true }).picture.base).toEqual(CONFIG);
    expect(compared(WIDER, { kind: 'none' }, { isEnding: true }).picture.base).toBeUndefined();
  });
});

describe('pins', () => {
  const unseen = { files: { tools: ['read_a', 'read_b'] } };

  test.each([
    ['of a server that was not seen', CONFIG, { known: unseen }],
    ['that are not asked about', CONFIG, { isPolicyOnly: true, known: { files: { last: seen(pinsOf([])) } } }],
  ] as const)('%s stay as they were accepted', (_, document, scene) => {
    const view = compared(document, { kind: 'kept', held: lastOf(CONFIG) }, scene);
    expect(view.picture.pins).toEqual(new Map([['files', PINS]]));
    expect(kinds(view)).toEqual(['same']);
  });

  test('of what another tenant runs stay, too', () => {
    const run = (file: string): JsonObject => ({ servers: { own: { command: 'node', args: [file] } } });
    const two: JsonObject = { version: 1, servers: {}, tenants: { a: run('a.mjs'), b: run('b.mjs') } };
    const pins = new Map(['a', 'b'].map((one) => [`own ["node","${one}.mjs"]`, PINS]));
    const view = compared(two, { kind: 'kept', held: lastOf(two, pins) }, { tenant: 'a' });
    expect(view.picture.pins).toEqual(pins);
    // and where nothing is held, that they are lost is said, of whoever was not looked at as well
    const lost = texts(compared(two, { kind: 'lost', why: 'it was not kept' }, { tenant: 'a' }));
    expect(lost.filter((text) => text.startsWith('unpinned'))).toHaveLength(2);
  });

  test.each([
    ['lost', { kind: 'lost', why: 'it was not kept' }],
    ['not known', { kind: 'none' }],
  ] as const)('that are %s: a line each, before the question', (_, last) => {
    const view = compared(CONFIG, last, { known: unseen });
    expect(view.picture.pins.size).toBe(0);
    expect(texts(view)).toContainEqual(expect.stringMatching(/^unpinned files: .* is lost with that lock/));
    expect(kinds(compared(CONFIG, last))).not.toContain('unpinned');
    expect(kinds(compared(CONFIG, last, { known: unseen, judgement: REQUIRED }))).not.toContain('unpinned');
    const off = { ...CONFIG, servers: { files: { ...CONFIG.servers.files, pins: 'off' } } };
    expect(kinds(compared(off, last, { known: unseen }))).not.toContain('unpinned');
    expect(() => compared(CONFIG, last, { isPolicyOnly: true })).toThrow(/`--policy-only` .* no telling how/);
  });
});

describe('a lock that is taken over', () => {
  const taken = (held: HeldLock, more: Partial<ApprovalWish>, nowMs = NOW): ApprovalView => {
    const { body } = lockOf({ policy: WIDER, pins: new Map([['files', PINS]]), ...more });
    const knownOf: PictureInput['knownOf'] = (_, __, key) => {
      const pins = body.pins.get(key);
      return { last: pins && seen(pins), first: undefined, tools: [] };
    };
    const input = { ...inputOf(body.policy, {}), knownOf };
    return { ...viewOf(CONFIG), ...drawTaken(input, body, { kind: 'kept', held }, nowMs) };
  };
  const timed = (untilMs: number, more: Partial<ApprovalWish> = {}) => ({ untilMs, base: CONFIG, ...more });

  test('what ended there ends no more, or later, or ends now', () => {
    expect(kinds(taken(lastOf(WIDER), {}))).toEqual(['same']);
    expect(kinds(taken(lastOf(WIDER, undefined, timed(END)), {}))).toEqual(['lasts']);
    expect(texts(taken(lastOf(WIDER, undefined, timed(END)), timed(END)))[0]).toMatch(
      /^until files: until 2026-07-28T10/,
    );
    expect(texts(taken(lastOf(WIDER, undefined, timed(END)), timed(END + 3_600_000)))[0]).toMatch(
      /^until files: so far until 2026-07-28T10:00:00Z, now until 2026-07-28T11:00:00Z: /,
    );
    expect(texts(taken(lastOf(WIDER), timed(END)))[0]).toMatch(/^until files: until 2026-07-28T10/);
    // what comes once it has ended
    expect(texts(taken(lastOf(CONFIG), timed(END, { policy: CONFIG, base: WIDER })))[0]).toMatch(
      /^lasts files: from 2026-07-28T10:00:00Z on: /,
    );
  });

  test('definitions that it does not pin', () => {
    const view = taken(lastOf(WIDER), { pins: new Map() });
    expect(texts(view)).toEqual([expect.stringMatching(/^unpinned files: .* not by this one$/)]);
  });
});

describe('the screen', () => {
  const paint = (_: string, text: string): string => text;

  test('says with what it compares, within 80 columns, and in JSON', () => {
    const view = compared(WIDER, { kind: 'kept', held: lastOf(CONFIG) });
    const { text } = formatApproval(view, 80, paint);
    expect(text.replace(/\n\s+/g, ' ')).toContain(
      'compared with the last lock that this machine accepted: approval 1, 2026-07-28 by ada',
    );
    expect(text).toContain('what that lock did not permit');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(formatSummary(view, `${'\n'.repeat(20)}`, 80, paint)).toContain('wipe');
    const json = JSON.parse(formatApprovalJson(view));
    expect(json.compared).toMatch(/^compared with the last lock/);
    expect(json.lines).toHaveLength(listLines(view.picture, true).length);
  });

  test('says why it does not', () => {
    const view = compared(WIDER, { kind: 'lost', why: 'it was not kept' });
    expect(formatApproval(view, 80, paint).text.replace(/\n\s+/g, ' ')).toContain(
      'all is shown as new, for there is no telling what the last lock that this machine accepted says: it was not kept',
    );
    expect(texts(view).join('\n')).toContain('new server');
    expect(formatApproval(view, 80, paint).text).toContain('becomes possible with an approval');
  });

  test('says nothing where there never was one', () => {
    const view = compared(WIDER, { kind: 'none' });
    expect(formatApproval(view, 80, paint).text).not.toContain('last lock');
    expect(JSON.parse(formatApprovalJson(view))).not.toHaveProperty('compared');
  });
});
