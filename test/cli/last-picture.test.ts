// Where the lock does not count, the screen shows what is more than in the last lock that was accepted; what is approved stays the whole.

import { describe, expect, test } from 'vitest';
import type { HeldLock, LastLock } from '../../src/adapters/last-lock.ts';
import {
  type ApprovalView,
  formatApproval,
  formatApprovalJson,
  listLines,
  shownOf,
} from '../../src/cli/approval-screen.ts';
import { formatSummary } from '../../src/cli/approval-summary.ts';
import { compareWithLast } from '../../src/cli/last-picture.ts';
import { showLock } from '../../src/policy/lock/lock-document.ts';
import type { LockJudgement } from '../../src/policy/lock/lock-judgement.ts';
import { explainRefusal } from '../../src/policy/lock/lock-refusal.ts';
import type { PinSet } from '../../src/policy/pins/pin-set.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { judge, lockOf } from '../policy/lock/locks.ts';
import { pinsOf } from '../policy/pins/pins-of.ts';
import { CONFIG, type Scene, seen, viewOf } from './approval-scene.ts';

const REFUSED: LockJudgement = { kind: 'refused', refusal: explainRefusal('lock_edited', 'the marks of a merge') };
const PINS = pinsOf([
  { name: 'read_a', description: 'reads' },
  { name: 'read_b', description: 'reads b' },
]);
const WIDER: JsonObject = {
  ...CONFIG,
  scopes: { files: { grants: [{ tool: 'read_*' }, { tool: 'wipe' }] } },
};

function lastOf(policy: JsonObject, pins: ReadonlyMap<string, PinSet> = new Map([['files', PINS]])): HeldLock {
  const held = judge(showLock(lockOf({ policy, pins })), { config: policy });
  if (held.kind !== 'holds') throw new Error(held.kind);
  return held;
}

function compared(document: JsonObject, last: LastLock, scene: Scene = {}): ApprovalView {
  const known: NonNullable<Scene['known']> = scene.known ?? {
    files: { last: seen(PINS), tools: ['read_a', 'read_b'] },
  };
  const view = viewOf(document, { ...scene, known, judgement: REFUSED });
  const knownOf = (server: string) => ({ last: undefined, first: undefined, tools: [], ...known[server] });
  return { ...view, compared: compareWithLast(view.picture, last, { tenant: undefined, knownOf }) };
}

const texts = (view: ApprovalView): readonly string[] =>
  listLines(shownOf(view)).map(({ kind, server, text }) => `${kind} ${server ?? ''}: ${text}`);

describe('what is shown', () => {
  test('what is more than there, and nothing that was accepted', () => {
    const view = compared(WIDER, { kind: 'kept', held: lastOf(CONFIG) });
    const shown = texts(view).join('\n');
    expect(shown).toContain('wipe');
    expect(shown).not.toContain('new server');
    expect(shown).not.toContain('as last seen');
    expect(listLines(view.picture).map(({ kind }) => kind)).toContain('starts');
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
    expect(shownOf(view)).toMatchObject({ isUpToDate: false, waits: true });
  });

  test('with one server alone, that the others are gone', () => {
    const two = { ...CONFIG, servers: { ...CONFIG.servers, other: { command: 'x' } } };
    const view = compared(two, { kind: 'kept', held: lastOf(two) }, { only: 'files' });
    expect(texts(view).join('\n')).toContain('`other` is no longer a server');
  });
});

test('what is approved is the same with it and without it', () => {
  const without = compared(WIDER, { kind: 'none' });
  const with_ = compared(WIDER, { kind: 'kept', held: lastOf(CONFIG) });
  for (const picture of [with_.picture, shownOf(with_)]) {
    expect(picture.policy).toEqual(without.picture.policy);
    expect(picture.pins).toEqual(without.picture.pins);
    expect(picture.passing).toBeUndefined();
  }
  expect(listLines(with_.picture)).toEqual(listLines(without.picture));
  expect(texts(without)).toEqual(
    listLines(without.picture).map((one) => `${one.kind} ${one.server ?? ''}: ${one.text}`),
  );
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
    expect(json.lines).toHaveLength(listLines(shownOf(view), true).length);
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
