// What comes of a changed policy: taken over, kept or nothing at all; what is said, recorded and answered; and that nothing widens by it.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signFiles } from '../../src/adapters/file-look.ts';
import type { HeldPolicy } from '../../src/cli/open-policy.ts';
import { PolicyInForce } from '../../src/cli/policy-in-force.ts';
import type { RunLock } from '../../src/cli/run-lock.ts';
import { watchRunPolicy } from '../../src/cli/run-reload.ts';
import { DEFAULTS, type Policy } from '../../src/config/policy.ts';
import { GuardError } from '../../src/guard-error.ts';
import type { PolicyStanding } from '../../src/ports/guard-status.ts';

let home: string;
let file: string;
let request: string;
let action: () => void;
let offered: () => HeldPolicy;
let inForce: PolicyInForce;
let closed: string[];
let swapped: HeldPolicy[];
let wallMs: number;
let stands: string[];
const standing: PolicyStanding[] = [];
const records: [name: string, stage: unknown, why: unknown][] = [];
const said: string[] = [];
const heard: (string | undefined)[] = [];

function held(digest: string, more: Partial<HeldPolicy> = {}, keys: Partial<Policy> = {}): HeldPolicy {
  // as much of a policy as is looked at here
  const policy = { source: { path: file, digest }, ...DEFAULTS, ...keys } as unknown as Policy;
  return {
    lock: undefined,
    policy,
    watched: [file],
    signature: signFiles([file]),
    untilMs: Number.POSITIVE_INFINITY,
    ...more,
  };
}
const ONE = '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed';

function begin(first: HeldPolicy): () => void {
  inForce = new PolicyInForce(first);
  inForce.follow({
    close: (why) => void closed.push(why),
    standing: () => stands,
    prepare: (next) => ({ notes: ['note'], commit: () => void swapped.push(next) }),
  });
  return watchRunPolicy({
    inForce,
    open: async () => offered(),
    status: { policyIs: (policy) => void standing.push(policy) },
    requestPath: () => request,
    note: (name, detail) => void records.push([name, detail.stage, detail.why ?? detail.notes]),
    clock: { now: () => ({ wallMs, monoMs: 0 }) },
    timers: {
      after: (_, act) => {
        action = act;
        return () => {};
      },
    },
    log: {
      write: (_, text, told) => {
        said.push(text);
        heard.push(told);
      },
    },
  });
}

beforeEach(() => {
  home = fs.mkdtempSync(join(tmpdir(), 'guard-reload-'));
  [file, request] = [join(home, 'c.json'), join(home, 'x.reload')];
  fs.writeFileSync(file, 'one');
  [closed, swapped, wallMs, stands] = [[], [], 1_000, []];
  for (const list of [standing, records, said, heard]) list.length = 0;
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

/** Two looks, to their end: a change is believed when they agree. */
async function look(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) {
    action();
    for (let tick = 0; tick < 5; tick += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}
const invalid = () => {
  throw new GuardError('config_invalid', 'it has 1 error', { hint: 'mend it' });
};

describe('a change', () => {
  it('is taken over, said, recorded, and told to whoever asks for the status', async () => {
    begin(held(ONE));
    const next = held('two');
    offered = () => next;
    fs.writeFileSync(file, 'two');
    await look();
    expect(swapped).toEqual([next]);
    expect(inForce.held).toBe(next);
    expect(records).toEqual([['config', 'taken_over', 'note']]);
    expect(standing).toMatchObject([{ digest: 'two', reload: { token: null, outcome: 'taken_over', why: '' } }]);
    expect(said).toEqual([`another policy is in force from now on: \`${file}\` as it is now; note`]);
  });

  it('that cannot be used leaves the old one in force', async () => {
    const first = held(ONE);
    begin(first);
    offered = invalid;
    fs.writeFileSync(file, 'two');
    await look();
    expect([swapped, closed, inForce.held === first]).toEqual([[], [], true]);
    expect(records).toEqual([['config', 'kept', 'it has 1 error; mend it']]);
    expect(standing).toMatchObject([{ digest: ONE, reload: { outcome: 'kept', why: 'it has 1 error' } }]);
    await look();
    expect(records).toHaveLength(1);
  });

  it.each([
    ['a client reads what is wrong', {}, ['', 'mend it']],
    // as much of it as is looked at here
    ['a client reads only that something is, under tokens', { auth: {} as Policy['auth'] }, ['mend it', '']],
  ])('that cannot be used is said: %s', async (_, keys, [hidden, shown]) => {
    begin(held(ONE, {}, keys));
    offered = invalid;
    fs.writeFileSync(file, 'two');
    await look();
    expect(said).toEqual(['a changed policy is NOT taken over, and the old one holds: it has 1 error; mend it']);
    expect(heard[0]).toContain(shown);
    if (hidden !== '') expect(heard[0]).not.toContain(hidden);
  });

  it('that a defect of the guard meets leaves the old one in force, too', async () => {
    begin(held(ONE));
    offered = () => {
      throw new TypeError('x is undefined');
    };
    fs.writeFileSync(file, 'two');
    await look();
    expect(records).toEqual([['config', 'kept', 'x is undefined']]);
  });

  it('of the time of a file and not of its bytes is none', async () => {
    begin(held(ONE));
    fs.utimesSync(file, 1, 1);
    offered = () => held('never');
    await look();
    expect([swapped, records, standing]).toEqual([[], [], []]);
    fs.writeFileSync(request, '0123456789abcdef', { mode: 0o600 });
    await look();
    expect(standing).toMatchObject([{ reload: { token: '0123456789abcdef', outcome: 'unchanged' } }]);
  });

  it('from before the watch began is not missed: what the start has read counts', async () => {
    begin(held('something else', { signature: 'from before' }));
    const next = held(ONE);
    offered = () => next;
    await look();
    expect(swapped).toEqual([next]);
  });

  it('of what belongs to a whole session is said to wait for the next start', async () => {
    begin(held(ONE));
    offered = () => held('two', {}, { maxLineBytes: 7, canary: 'stop' });
    fs.writeFileSync(file, 'two');
    await look();
    expect(said.at(-1)).toMatch(/; for `maxLineBytes`, `canary` start the server anew$/);
    expect(standing.at(-1)?.reload?.why).toBe('for `maxLineBytes`, `canary` start the server anew');
    // the next change has nothing of it, and it waits all the same
    offered = () => held('three', {}, { maxLineBytes: 7, canary: 'stop' });
    fs.writeFileSync(file, 'three');
    await look();
    expect([said.at(-1), standing.at(-1)?.reload?.why]).toEqual([
      expect.not.stringContaining('start the server anew'),
      'for `maxLineBytes`, `canary` start the server anew',
    ]);
  });

  it('is said in as few messages as hold it', async () => {
    begin(held(ONE));
    const notes = ['a'.repeat(500), 'b'.repeat(500), 'c'.repeat(2_000), 'd', 'e'];
    // as much of a lock as is said
    offered = () => held('two', { lock: { notes, events: [] } as unknown as HeldPolicy['lock'] });
    fs.writeFileSync(file, 'two');
    await look();
    expect(said.map((text) => text.replace(/.*; note; /, '').slice(0, 3))).toEqual(['aaa', 'bbb', 'ccc', 'd; ']);
  });

  it('that comes to its end after the session has changes nothing', async () => {
    const end = begin(held(ONE));
    let open: (next: HeldPolicy) => void = () => {};
    const opening = new Promise<HeldPolicy>((resolve) => (open = resolve));
    // an answer that comes later than it should
    offered = () => opening as unknown as HeldPolicy;
    fs.writeFileSync(file, 'two');
    await look();
    end();
    open(held('two'));
    await look();
    expect([swapped, records]).toEqual([[], []]);
  });
});

describe('a person who asks', () => {
  const ask = async () => {
    fs.writeFileSync(request, '0123456789abcdef', { mode: 0o600 });
    await look();
    const { reload } = standing.at(-1) ?? {};
    return [reload?.token, reload?.outcome, reload?.why];
  };
  const ASKED = '0123456789abcdef';

  it('is told each time that what is there cannot be used; it is said and recorded once', async () => {
    begin(held(ONE));
    offered = invalid;
    fs.writeFileSync(file, 'two');
    await look();
    expect([await ask(), await ask()]).toEqual(Array(2).fill([ASKED, 'kept', 'it has 1 error']));
    expect([said.length, records.length]).toEqual([1, 1]);
    offered = () => {
      throw new GuardError('config_invalid', 'it has 2 errors');
    };
    expect(await ask()).toEqual([ASKED, 'kept', 'it has 2 errors']);
    expect([said.length, records.length]).toEqual([2, 2]);
  });

  it('is told since when it is so, in whole milliseconds, however often it is asked', async () => {
    wallMs = 1_000.25;
    begin(held(ONE));
    offered = invalid;
    fs.writeFileSync(file, 'two');
    await look();
    wallMs = 2_000.5;
    await ask();
    expect(standing.map(({ sinceMs, reload }) => [sinceMs, reload?.atMs])).toEqual(Array(2).fill([1_000, 1_000]));
    offered = () => held('two');
    await ask();
    expect([standing.at(-1)?.sinceMs, standing.at(-1)?.reload?.atMs]).toEqual([2_000, 2_000]);
  });

  it('has it tried again: what was in its way may be gone though no byte is another', async () => {
    begin(held(ONE));
    offered = invalid;
    fs.writeFileSync(file, 'two');
    await look();
    offered = () => held('two');
    expect(await ask()).toEqual([ASKED, 'taken_over', '']);
    expect(swapped).toHaveLength(1);
  });

  it('is told what is refused or waits, for as long as it does', async () => {
    begin(held(ONE));
    stands = ['`nw` is left out', '`ok` is started anew'];
    expect(await ask()).toEqual([ASKED, 'unchanged', '`nw` is left out; `ok` is started anew']);
    // as much of a lock as is looked at here
    const lock = { waiting: 'a change has no effect' } as unknown as RunLock;
    offered = () => held('two', { lock: { ...lock, notes: [], events: [] } as unknown as RunLock });
    fs.writeFileSync(file, 'two');
    stands = [];
    expect(await ask()).toEqual([ASKED, 'taken_over', 'a change has no effect']);
    offered = () => held('three');
    fs.writeFileSync(file, 'three');
    expect(await ask()).toEqual([ASKED, 'taken_over', '']);
    stands = ['`nw` is left out'];
    expect(JSON.parse(JSON.stringify(standing.at(-1))).reload.why).toBe('`nw` is left out');
  });
});

describe('what holds already', () => {
  it('is no other policy when it comes back byte for byte, after something that could not be used', async () => {
    const first = held(ONE);
    begin(first);
    offered = invalid;
    fs.writeFileSync(file, 'two');
    await look();
    offered = () => held(ONE);
    fs.writeFileSync(file, 'one');
    wallMs = 9_000;
    await look();
    expect([swapped, inForce.held === first]).toEqual([[], true]);
    expect(standing.at(-1)).toMatchObject({ digest: ONE, sinceMs: 1_000, reload: { outcome: 'unchanged', why: '' } });
    expect(records.map(([, stage]) => stage)).toEqual(['kept', 'unchanged']);
    expect(said.at(-1)).toContain('is again what');
  });

  it('is read again where others may write it: what cannot be trusted is kept out', async () => {
    begin(held(ONE));
    offered = invalid;
    fs.chmodSync(file, 0o666);
    await look();
    expect(standing).toMatchObject([{ reload: { outcome: 'kept' } }]);
    offered = () => held(ONE);
    fs.chmodSync(file, 0o600);
    await look();
    expect([swapped, standing.at(-1)?.reload?.outcome]).toEqual([[], 'unchanged']);
  });

  it('counts as unknown where something was written while it was read', async () => {
    begin(held(ONE));
    offered = () => {
      fs.writeFileSync(file, 'three');
      return held('three');
    };
    fs.writeFileSync(file, 'two');
    await look();
    // `two` was seen, and `three` is in force
    const next = held('two');
    offered = () => next;
    fs.writeFileSync(file, 'two');
    await look();
    expect(inForce.held).toBe(next);
  });
});

it('the end of a grant is told once, and neither reads anything again nor closes anything', async () => {
  const ended: [number, number][] = [];
  begin(held(ONE));
  inForce.follow({
    grantsEndMs: (nowMs) => [2_000, 5_000].find((endMs) => endMs > nowMs) ?? Number.POSITIVE_INFINITY,
    grantsEnded: (beforeMs, nowMs) => void ended.push([beforeMs, nowMs]),
    prepare: () => ({ notes: [], commit: () => {} }),
  });
  offered = invalid;
  for (wallMs of [1_999, 2_000, 2_100, 7_000.5]) await look();
  expect(ended).toEqual([
    [1_999, 2_000],
    [4_999, 7_000],
  ]);
  expect([closed, swapped, records, standing]).toEqual([[], [], [], []]);
});

describe('an approval that ends', () => {
  it('is a reload, though no byte is another', async () => {
    begin(held(ONE, { untilMs: 2_000 }));
    const next = held(ONE);
    offered = () => next;
    await look();
    expect(swapped).toEqual([]);
    wallMs = 2_000;
    await look();
    expect(swapped).toEqual([next]);
  });

  it('is said by its number, and not as another policy; a config that changed with it is', async () => {
    const ended = 'approval 4 ended at 2026-07-28T09:00:01Z';
    // as much of a lock as is looked at here
    const lockOf = (more: object) => ({ approval: 4, events: [], notes: [], ...more }) as unknown as RunLock;
    begin(held(ONE, { untilMs: 2_000, lock: lockOf({}) }));
    offered = () => held(ONE, { lock: lockOf({ ended }) });
    wallMs = 2_000;
    await look();
    expect(said).toEqual([`${ended}: what it gave until then is refused from now on; note`]);
    offered = () => held('two', { lock: lockOf({ ended }) });
    fs.writeFileSync(file, 'two');
    await look();
    expect(said.at(-1)).toBe(`another policy is in force from now on: \`${file}\` as it is now; note`);
  });

  it('closes the server where what holds without it cannot be read, once; a good config opens it again', async () => {
    begin(held(ONE, { untilMs: 2_000 }));
    offered = invalid;
    wallMs = 2_000;
    await look();
    await look();
    expect(closed).toHaveLength(1);
    expect(records).toHaveLength(1);
    const next = held('two');
    offered = () => next;
    fs.writeFileSync(file, 'two');
    await look();
    expect(swapped).toEqual([next]);
  });

  it('which closed the server is over with the very config that was in force before', async () => {
    begin(held(ONE, { untilMs: 2_000 }));
    offered = invalid;
    wallMs = 2_000;
    await look();
    const next = held(ONE);
    offered = () => next;
    fs.writeFileSync(request, '0123456789abcdef', { mode: 0o600 });
    await look();
    expect([closed.length, inForce.held === next, swapped]).toEqual([1, true, [next]]);
  });
});
