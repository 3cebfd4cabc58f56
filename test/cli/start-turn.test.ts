// A tenant's server that exits again and again is started later and later, over all sessions; nobody else's waits, and a wait can be ended.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStartTurn } from '../../src/cli/start-turn.ts';
import { compileIsolation } from '../../src/config/isolation-policy.ts';
import type { ServerPolicy } from '../../src/config/policy.ts';
import { openTenantScope } from '../../src/tenant/tenant-scope.ts';

let state: string;
let nowMs: number;
let waited: number[];
beforeEach(() => {
  state = fs.mkdtempSync(join(tmpdir(), 'guard-turn-'));
  nowMs = 1000;
  waited = [];
});
afterEach(() => fs.rmSync(state, { recursive: true, force: true }));

const isolation = compileIsolation({ required: 'L0' }, (path) => path);
const restart = { maxExits: 8, withinMs: 60_000, firstDelayMs: 250, maxDelayMs: 1000 };
// what of an entry counts here
const entryOf = (more: Partial<ServerPolicy> = {}) => ({ id: 'srv', restart, isolation, ...more }) as ServerPolicy;
/** Each is a session of its own. */
const open = (tenant = 'acme', name = 'srv', entry: ServerPolicy | undefined = entryOf()) =>
  openStartTurn(
    openTenantScope(state, tenant),
    { name, entry },
    {
      now: () => ({ wallMs: nowMs, monoMs: nowMs, bootId: 'b' }),
      timers: {
        after: (ms, action) => {
          waited.push(ms);
          nowMs += ms;
          action();
          return () => {};
        },
      },
    },
  );
const crash = (tenant?: string, name = 'srv') => {
  for (const one of open(tenant, name).watch([])) one.onExit?.(name, { wallMs: nowMs, monoMs: nowMs }, 'code 1');
};
const waits = async (turn = open()) => {
  waited = [];
  const notes = await turn.wait(() => {});
  return { ms: Math.round(waited.reduce((sum, one) => sum + one, 0)), notes };
};

test('later with each exit, up to the bound; and at once after a while', async () => {
  expect(await waits()).toEqual({ ms: 0, notes: [] });
  const lengths: number[] = [];
  for (let session = 0; session < 4; session += 1) {
    crash();
    lengths.push((await waits()).ms);
  }
  expect(lengths).toEqual([250, 500, 1000, 1000]);
  crash();
  expect((await waits()).notes).toEqual([
    '`srv` has exited 5 times of late: this start waited 1000 ms (`restart` in the config)',
  ]);
  nowMs += 60_000;
  expect(await waits()).toEqual({ ms: 0, notes: [] });
});

test('neither another tenant’s, nor another server’s, nor one that is no tenant’s', async () => {
  crash();
  crash();
  expect((await waits(open('globex'))).ms).toBe(0);
  expect((await waits(open('acme', 'other'))).ms).toBe(0);
  for (const entry of [undefined, entryOf({ isolation: undefined })]) {
    // without an entry `undefined` would be the default of the parameter
    const turn = openStartTurn(openTenantScope(state, 'acme'), { name: 'srv', entry }, NO_CLOCK);
    expect([await turn.wait(() => {}), turn.watch([])]).toEqual([[], []]);
  }
});
const NO_CLOCK = {
  now: () => {
    throw new Error('asked');
  },
  timers: { after: () => () => {} },
};

test('what is looked at meanwhile ends it', async () => {
  for (let exits = 0; exits < 3; exits += 1) crash();
  let looks = 0;
  const look = () => {
    looks += 1;
    if (looks === 2) throw new Error('suspended');
  };
  await expect(open().wait(look)).rejects.toThrow('suspended');
  expect(waited).toEqual([200, 200]);
});

test.each(['', '[]', 'null', '{"exits":[{}]}', '{"exits":[{"wallMs":"1","monoMs":1,"bootId":"b"}]}', '{"exits":7}'])(
  'a record that says %s says nothing',
  async (text) => {
    crash();
    fs.writeFileSync(join(state, 'acme', 'exits', 'srv.json'), text);
    expect((await waits()).ms).toBe(0);
    crash();
    expect((await waits()).ms).toBe(250);
  },
);

test('a place that cannot be written keeps nobody waiting, and fails nothing', async () => {
  fs.mkdirSync(join(state, 'acme'), { mode: 0o700 });
  fs.writeFileSync(join(state, 'acme', 'exits'), '');
  crash();
  expect((await waits()).ms).toBe(0);
});
