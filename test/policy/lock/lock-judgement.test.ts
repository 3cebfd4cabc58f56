// Which lock holds, and which lets nothing start.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOCAL_ERRORS } from '../../../src/guard-error.ts';
import { MOST_APPROVALS, parseLock, showLock, signingText } from '../../../src/policy/lock/lock-document.ts';
import { policyAt } from '../../../src/policy/lock/lock-judgement.ts';
import { explainRefusal, LOCK_REFUSALS } from '../../../src/policy/lock/lock-refusal.ts';
import { pinSet } from '../pins/pins-of.ts';
import { CONFIG, judge, lockOf, MACHINE, makeKey, memoryOf, NOW, seen, verdictOf } from './locks.ts';

const LOCK = lockOf();
const TEXT = showLock(LOCK);

describe('a machine that saw nothing yet', () => {
  test('without a lock: first use', () => {
    expect(judge(undefined)).toEqual({ kind: 'first_use' });
  });

  test('where a ceiling or the config requires a lock: refused', () => {
    expect(verdictOf(judge(undefined, { ceiling: { lock: 'required', approvers: undefined } }))).toBe('lock_required');
    expect(verdictOf(judge(undefined, { config: { ...CONFIG, lock: 'required' } }))).toBe('lock_required');
  });

  test('with a good lock: it holds, and is to be remembered', () => {
    expect(judge(TEXT)).toMatchObject({
      kind: 'holds',
      policy: CONFIG,
      untilMs: Number.POSITIVE_INFINITY,
      isFirstSight: true,
      remember: memoryOf(LOCK),
      combination: { differences: [] },
    });
  });
});

describe('a machine that saw the lock', () => {
  test('the same one holds, with nothing to remember', () => {
    expect(judge(TEXT, { memory: seen(LOCK) })).toMatchObject({
      kind: 'holds',
      remember: undefined,
      isFirstSight: false,
    });
  });

  test('a vanished one is not first use', () => {
    expect(verdictOf(judge(undefined, { memory: seen(LOCK) }))).toBe('lock_vanished');
  });

  test('an older one that was validly signed is refused', () => {
    const next = lockOf({ previous: LOCK.body, why: 'second' });
    expect(verdictOf(judge(TEXT, { memory: seen(next) }))).toBe('lock_older');
    expect(judge(showLock(next), { memory: seen(LOCK) })).toMatchObject({
      kind: 'holds',
      remember: { newest: { number: 2 } },
    });
  });

  test('another one of the same number is refused', () => {
    expect(verdictOf(judge(showLock(lockOf({ why: 'other' })), { memory: seen(LOCK) }))).toBe('lock_older');
  });

  test('what cannot be remembered denies', () => {
    expect(verdictOf(judge(TEXT, { memory: { kind: 'unreadable', why: 'EIO' } }))).toBe('lock_memory');
    expect(verdictOf(judge(undefined, { memory: { kind: 'unreadable', why: 'EIO' } }))).toBe('lock_memory');
  });
});

describe('a lock that is none', () => {
  test('any edited byte is refused', () => {
    const bytes = Buffer.from(TEXT);
    let held = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      for (const flip of [1, 32]) {
        const edited = Buffer.from(bytes);
        edited.writeUInt8((edited[at] ?? 0) ^ flip, at);
        if (verdictOf(judge(edited.toString('latin1'))) === 'holds') held += 1;
      }
    }
    expect(held).toBe(0);
  });

  test('any insertion or deletion is refused', () => {
    fc.assert(
      fc.property(fc.nat(TEXT.length), fc.constantFrom(' ', '\n', '"', '0', ',', '\ufeff', ''), (at, what) => {
        const rest = what === '' ? TEXT.slice(at + 1) : TEXT.slice(at);
        const edited = TEXT.slice(0, at) + what + rest;
        expect(verdictOf(judge(edited)) === 'holds').toBe(edited === TEXT);
      }),
    );
  });

  test.each([
    ['', 'lock_edited'],
    ['null', 'lock_edited'],
    ['[]', 'lock_edited'],
    ['{"__proto__":{"format":"mcp-guard-lock"}}', 'lock_edited'],
    ['['.repeat(100_000), 'lock_edited'],
    [JSON.stringify(JSON.parse(TEXT)), 'lock_edited'],
    [TEXT.replaceAll('\n', '\r\n'), 'lock_edited'],
    [`${JSON.stringify({ ...JSON.parse(TEXT), version: 2 }, undefined, 2)}\n`, 'lock_newer'],
    [`${JSON.stringify({ ...JSON.parse(TEXT), version: '2' }, undefined, 2)}\n`, 'lock_edited'],
  ])('%#', (text, code) => {
    expect(verdictOf(judge(text))).toBe(code);
  });

  test('one that cannot be read', () => {
    expect(verdictOf(judge('', { reading: { kind: 'unreadable', why: 'EACCES' } }))).toBe('lock_unreadable');
  });

  test('the lock of another config', () => {
    expect(verdictOf(judge(showLock(lockOf({ configName: 'other.json' }))))).toBe('lock_foreign');
  });

  test('one that is signed over something else', () => {
    const other = lockOf({ policy: { ...CONFIG, unlisted: 'observe' } });
    expect(verdictOf(judge(showLock({ ...LOCK, signature: other.signature })))).toBe('lock_edited');
  });

  test.each([
    ['another config than was approved', { policy: { ...CONFIG, unlisted: 'observe' } }],
    ['other pins than were approved', { pins: new Map([['files', pinSet([], 'x')]]) }],
    ['the approval of another key', { approvals: LOCK.body.approvals.map((one) => ({ ...one, key: makeKey().key })) }],
  ])('one that is signed by a good key with %s', (_, change) => {
    const body = { ...LOCK.body, ...change };
    const text = showLock({ body, signature: { key: MACHINE.key, value: MACHINE.sign(signingText(body)) } });
    expect(verdictOf(judge(text))).toBe('lock_edited');
  });

  test.each([
    [
      'a number below the one before',
      {
        approvals: [
          { ...LOCK.body.approvals[0], number: 3 },
          { ...LOCK.body.approvals[0], number: 2 },
          { ...LOCK.body.approvals[0], number: 4 },
        ],
      },
    ],
    [
      'a newest that shares its number',
      {
        approvals: [
          { ...LOCK.body.approvals[0], number: 1 },
          { ...LOCK.body.approvals[0], number: 1 },
        ],
      },
    ],
    ['no approval', { approvals: [] }],
    ['an approval that is none', { approvals: [LOCK.body.approvals[0], {}] }],
    ['a number below 1', { approvals: [{ ...LOCK.body.approvals[0], number: 0 }] }],
    ['a time that is none', { approvals: [{ ...LOCK.body.approvals[0], at: 'yesterday' }] }],
    ['an end without a base', { approvals: [{ ...LOCK.body.approvals[0], until: '2026-07-28T09:00:00.000Z' }] }],
    ['a base without an end', { base: {} }],
    ['a key of no known kind', { signature: { key: 'rsa:x', value: LOCK.signature.value } }],
    ['pins that are none', { pins: { files: { tools: {} } } }],
    ['a tool that is pinned twice', { pins: { files: { tools: [{ name: 'a' }, { name: 'a' }] } } }],
    ['a field that is not pinned', { pins: { files: { tools: [{ name: 'a', icons: [] }] } } }],
    ['no line', { id: undefined }],
    ['a line that is none', { id: 'A'.repeat(32) }],
    ['another key', { more: 1 }],
  ])('%s', (_, change) => {
    const value = { ...JSON.parse(TEXT), ...change };
    const why = 'more' in change || 'pins' in change ? expect.any(String) : 'does not have its format';
    expect(parseLock(`${JSON.stringify(sorted(value), undefined, 2)}\n`)).toEqual({ kind: 'malformed', why });
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

test('the marks of a merge conflict are called that, with what mends it', () => {
  const merged = `<<<<<<< HEAD\n${TEXT}=======\n${TEXT}>>>>>>> other\n`;
  expect(judge(merged, { memory: seen(lockOf()) })).toMatchObject({
    kind: 'refused',
    refusal: {
      code: 'lock_edited',
      what: expect.stringContaining('marks of a merge conflict'),
      mend: expect.stringMatching(/^merge the config first; .* approve/),
    },
  });
  const other = judge('{', { memory: seen(lockOf()) });
  expect(other.kind === 'refused' && other.refusal.mend).toContain('restore it');
});

describe('who may sign', () => {
  const approver = makeKey();
  const attacker = makeKey();
  const config = { ...CONFIG, approvers: [approver.key] };
  const byApprover = lockOf({ policy: config }, approver);

  test('an unknown key may not, not even with a machine that has none', () => {
    expect(verdictOf(judge(showLock(lockOf({}, attacker))))).toBe('lock_untrusted');
    expect(verdictOf(judge(TEXT, { machineKey: undefined }))).toBe('lock_untrusted');
  });

  test('an approver of the config may, at first sight', () => {
    expect(judge(showLock(byApprover), { config })).toMatchObject({
      kind: 'holds',
      isFirstSight: true,
      remember: { approvers: [approver.key] },
    });
  });

  test('a key that an edit added to the config may not', () => {
    const edited = { ...CONFIG, approvers: [approver.key, attacker.key] };
    const forged = lockOf({ policy: edited, previous: byApprover.body }, attacker);
    expect(verdictOf(judge(showLock(forged), { config: edited, memory: seen(byApprover, [approver.key]) }))).toBe(
      'lock_untrusted',
    );
  });

  test('a key that an edit took away may no longer', () => {
    expect(verdictOf(judge(showLock(byApprover), { config: CONFIG, memory: seen(byApprover, [approver.key]) }))).toBe(
      'lock_untrusted',
    );
  });

  test('a new approver counts once a known key has approved it', () => {
    const wider = { ...CONFIG, approvers: [approver.key, attacker.key] };
    const second = lockOf({ policy: wider, previous: byApprover.body }, approver);
    const judged = judge(showLock(second), { config: wider, memory: seen(byApprover, [approver.key]) });
    expect(judged).toMatchObject({ kind: 'holds', remember: { newest: { number: 2 }, approvers: wider.approvers } });
  });

  test('a key that only an edit added counts nowhere, at first sight either, and that is said', () => {
    const edited = { ...CONFIG, approvers: [attacker.key] };
    const signed = showLock(lockOf({}, attacker));
    const before = seen(lockOf(), []);
    for (const memory of [{ kind: 'none' }, before] as const) {
      const judged = judge(signed, { config: edited, memory });
      expect(judged).toMatchObject({
        kind: 'refused',
        refusal: { code: 'lock_untrusted', what: expect.stringContaining('only an edit added it to `approvers`') },
      });
    }
    const unnamed = judge(signed, { config: CONFIG });
    expect(unnamed.kind === 'refused' && unnamed.refusal.what).not.toContain('edit');
  });

  test('what holds at first sight holds at the next start', () => {
    const judged = judge(showLock(byApprover), { config });
    if (judged.kind !== 'holds' || judged.remember === undefined) throw new Error('it holds, and is remembered');
    const memory = { kind: 'known', memory: judged.remember } as const;
    expect(verdictOf(judge(showLock(byApprover), { config, memory }))).toBe('holds');
  });

  test('an approver that was approved until a time may not sign what would outlast it', () => {
    const wider = { ...CONFIG, approvers: [approver.key, attacker.key] };
    const ending = lockOf({ policy: wider, base: config, previous: byApprover.body, untilMs: NOW + 1_000 }, approver);
    const judged = judge(showLock(ending), { config: wider, memory: seen(byApprover, [approver.key]) });
    expect(judged).toMatchObject({ kind: 'holds', remember: { approvers: [approver.key] } });
    const next = lockOf({ policy: wider, previous: ending.body }, attacker);
    expect(verdictOf(judge(showLock(next), { config: wider, memory: seen(ending, [approver.key]) }))).toBe(
      'lock_untrusted',
    );
  });

  test('a ceiling names the only keys that count', () => {
    const ceiling = { lock: 'first-use', approvers: [approver.key] } as const;
    expect(verdictOf(judge(TEXT, { ceiling }))).toBe('lock_untrusted');
    expect(verdictOf(judge(showLock(byApprover), { ceiling, config }))).toBe('holds');
    expect(verdictOf(judge(showLock(byApprover), { ceiling: { ...ceiling, approvers: [] }, config }))).toBe(
      'lock_untrusted',
    );
  });
});

describe('an approval that ends', () => {
  const wider = { ...CONFIG, unlisted: 'observe' };
  const untilMs = NOW + 1000;
  const temporary = lockOf({ previous: LOCK.body, policy: wider, untilMs });

  test('holds until then, and what was approved without an end afterwards', () => {
    const text = showLock(temporary);
    const at = (nowMs: number) => judge(text, { nowMs, config: wider });
    expect(at(untilMs - 1)).toMatchObject({ policy: wider, untilMs });
    expect(at(untilMs - 1)).toMatchObject({ combination: { document: { unlisted: 'observe' } } });
    expect(at(untilMs)).toMatchObject({ policy: CONFIG, untilMs: Number.POSITIVE_INFINITY });
    expect(at(untilMs)).toMatchObject({ combination: { document: { unlisted: 'deny' } } });
  });

  test('a second one ends at the last that does not', () => {
    const second = lockOf({
      previous: temporary.body,
      policy: { ...wider, strict: 'envelope' },
      untilMs: untilMs + 1000,
    });
    expect(policyAt(second.body, untilMs + 1000).policy).toEqual(CONFIG);
  });

  test('as the very first it leaves nothing', () => {
    const first = showLock(lockOf({ untilMs }));
    const judged = judge(first, { nowMs: untilMs });
    expect(judged.kind === 'holds' ? [...judged.combination.blocked.keys()] : []).toEqual(['files']);
  });
});

test('approvals are kept, newest last, up to a number', () => {
  let lock = LOCK;
  for (let round = 0; round < MOST_APPROVALS; round += 1) lock = lockOf({ previous: lock.body, why: `${round}` });
  const numbers = lock.body.approvals.map(({ number }) => number);
  expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([MOST_APPROVALS, 2, MOST_APPROVALS + 1]);
  expect(verdictOf(judge(showLock(lock)))).toBe('holds');
});

test('the number is above all that was seen', () => {
  expect(lockOf({ seen: 41 }).body.approvals.map(({ number }) => number)).toEqual([42]);
  expect(lockOf({ seen: 41, previous: LOCK.body }).body.approvals.map(({ number }) => number)).toEqual([1, 42]);
});

test('a lock is read as it was written, hostile names included', () => {
  const names = ['__proto__', 'constructor', 'toString', '', 'a\u202eb', '\ud800', '\n'];
  const tools = names.map((name) => ({
    name,
    fields: { description: `${name}\u0000`, annotations: { readOnlyHint: true } },
  }));
  const pins = new Map([
    ['files', pinSet(tools, 'be careful')],
    ['__proto__', pinSet([], undefined)],
  ]);
  const lock = lockOf({ pins });
  const parsing = parseLock(showLock(lock));
  expect(parsing).toMatchObject({ kind: 'parsed', lock: { signature: lock.signature } });
  const read = parsing.kind === 'parsed' ? parsing.lock.body.pins : new Map();
  expect([...read.keys()].toSorted()).toEqual(['__proto__', 'files']);
  expect([...(read.get('files')?.tools.keys() ?? [])].toSorted()).toEqual(names.toSorted());
  expect(verdictOf(judge(showLock(lock)))).toBe('holds');
});

test('every refusal has an exit status, and its text is inert', () => {
  for (const code of Object.keys(LOCK_REFUSALS)) expect(LOCAL_ERRORS).toHaveProperty(code);
  expect(explainRefusal('lock_foreign', `\u001b[2J${'x'.repeat(999)}`).what).toMatch(
    /^the lock belongs to another config \(\\u\{1b\}\[2Jx{196}\)$/,
  );
});
