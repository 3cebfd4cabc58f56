// Machines of a fleet on a real redis: what one has found the others refuse within a second, one call of all of them tries it out, and no
// machine can switch off what another one has seen to work.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findRedisServer, NO_REDIS, RedisServer } from '../limits/redis-server.ts';
import { FleetMachine, type MachineOptions } from './fleet-machine.ts';

const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);
const SOON = { timeout: 1_000, interval: 5 };
const LATER = { timeout: 5_000, interval: 5 };
const QUICK = { lookEveryMs: 20 };
const SHORT = { ...QUICK, settings: { openMs: 300, maxOpenMs: 300 } };

describe.skipIf(program === undefined)('a fleet', () => {
  let server: RedisServer;
  let tenant = '';
  let count = 0;
  const machines: FleetMachine[] = [];
  beforeAll(async () => {
    server = await RedisServer.start(program ?? '');
  });
  afterAll(() => server.remove());
  beforeEach(() => {
    count += 1;
    tenant = `t${process.pid}-${count}`;
  });
  afterEach(async () => {
    await Promise.all(machines.splice(0).map((machine) => machine.close()));
  });
  const add = (name: string, over: Partial<MachineOptions> = {}): FleetMachine => {
    const machine = new FleetMachine({ url: server.url, tenant, name, ...over });
    machines.push(machine);
    return machine;
  };
  const becomes = (machine: FleetMachine, kind: string, tool?: string) =>
    expect.poll(() => machine.state(tool).kind, LATER).toBe(kind);
  const passes = (machine: FleetMachine) => expect.poll(() => machine.call(true), LATER).toBe('pass');
  const close = async (machine: FleetMachine): Promise<void> => {
    await passes(machine);
    await passes(machine);
    await becomes(machine, 'closed');
  };

  test('what one has found the other refuses within a second, says whose it is, and for no longer', async () => {
    const [one, other] = [add('one'), add('other')];
    await expect.poll(() => other.call(true), SOON).toBe('pass');
    await one.fail();
    await expect.poll(() => other.call(true), SOON).toBe('deny');
    const [mine, theirs] = [one.state(), other.state()];
    if (mine.kind !== 'open' || theirs.kind !== 'open') throw new Error('not open');
    expect(theirs.forMs).toBeLessThanOrEqual(mine.forMs);
    expect(theirs.forMs).toBeGreaterThan(mine.forMs - 2_000);
    expect(theirs).toMatchObject({
      cause: 'faults',
      round: 1,
      why: { kind: 'fleet', machine: 'one', samples: 5, row: 5 },
    });
    expect(other.rules()).toEqual(['fleet_open']);
    expect(one.rules()).toEqual(['fault_row']);
  });

  test('tools, servers and tenants are apart', async () => {
    const [one, other] = [add('one', QUICK), add('other', QUICK)];
    const elsewhere = add('elsewhere', { ...QUICK, tenant: `${tenant}-b` });
    await one.order('open', undefined);
    await becomes(other, 'open');
    expect(other.state('stat').kind).toBe('closed');
    await one.fail('stat');
    await becomes(other, 'open', 'stat');
    expect([elsewhere.state().kind, elsewhere.state('stat').kind]).toEqual(['closed', 'closed']);
  });

  test('one call of all machines tries it out, and the others are refused without asking each time', async () => {
    const [one, other] = [add('one', SHORT), add('other', SHORT)];
    await one.fail();
    await becomes(other, 'open');
    await expect.poll(async () => (await one.begin()).verdict, LATER).toBe('pass');
    await expect.poll(() => other.call(true).then(() => other.asked), LATER).toBe(1);
    const answers = await Promise.all(Array.from({ length: 20 }, () => other.call(true)));
    expect(new Set(answers)).toEqual(new Set(['deny']));
    expect(other.asked).toBe(1);
    expect(other.claims).not.toContain(true);
    expect(one.state().kind).toBe('half_open');
    expect(other.state().kind).toBe('open');
  });

  test('a probe that ends lets the next machine try', async () => {
    const [one, other] = [add('one', SHORT), add('other', SHORT)];
    await one.fail();
    await becomes(other, 'open');
    await passes(one);
    await passes(other);
    const once = { kind: 'half_open', successes: 1, lease: null };
    await expect.poll(() => one.state(), LATER).toMatchObject(once);
    await expect.poll(() => other.state(), LATER).toMatchObject(once);
  });

  test('the machine that found it closes it for those that only heard of it', async () => {
    const [one, other] = [add('one', SHORT), add('other', { ...SHORT, settings: { openMs: 300 } })];
    await one.fail();
    await becomes(other, 'open');
    await close(one);
    await becomes(other, 'closed');
    expect(other.rules()).toEqual(['fleet_open', 'fleet_close']);
  });

  test('a probe that fails on another machine opens it again for all, longer', async () => {
    const settings = { openMs: 300 };
    const [one, other] = [add('one', { ...QUICK, settings }), add('other', { ...QUICK, settings })];
    const third = add('third', { ...QUICK, settings });
    await one.fail();
    await becomes(other, 'open');
    await becomes(third, 'open');
    await expect.poll(() => other.call(false), LATER).toBe('pass');
    await expect.poll(() => other.state(), LATER).toMatchObject({ kind: 'open', round: 2, forMs: 600 });
    await expect.poll(() => third.state(), LATER).toMatchObject({ kind: 'open', round: 2, why: { machine: 'other' } });
    await expect.poll(() => one.state(), LATER).toMatchObject({ kind: 'open', round: 2, why: { machine: 'other' } });
  });

  test('a machine whose own way is broken keeps the tool from itself alone, once another has seen it work', async () => {
    const [sick, sound] = [add('sick', SHORT), add('sound', SHORT)];
    const third = add('third', SHORT);
    await sick.fail();
    await becomes(sound, 'open');
    await becomes(third, 'open');
    await close(sound);
    await becomes(third, 'closed');
    // It fails again and again, and opens again each time.
    const answers: string[] = [];
    while (sick.rules().filter((rule) => rule === 'probe_failed').length < 2) {
      await sick.call(false);
      answers.push(await sound.call(true), await third.call(true));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(new Set(answers)).toEqual(new Set(['pass']));
    expect(sound.rules().filter((rule) => rule === 'fleet_open')).toHaveLength(1);
    expect(sick.state()).toMatchObject({ kind: 'open', round: 3 });
  });

  test('what a machine has found itself is not closed by another one', async () => {
    // looks when it begins, and when something moves here
    const [one, other] = [add('one', SHORT), add('other', { lookEveryMs: 60_000 })];
    await other.fail('marker');
    await becomes(one, 'open', 'marker');
    await one.fail();
    await other.fail();
    await close(one);
    await other.fail('marker 2');
    await becomes(one, 'open', 'marker 2');
    expect(other.state().kind).toBe('open');
    expect(other.rules()).not.toContain('fleet_close');
    // and now that it is the only one that says so, the others hear of it
    await expect.poll(() => one.state(), LATER).toMatchObject({ kind: 'open', why: { machine: 'other' } });
  });

  test('a person closes it here, and so for those that only heard of it; it does not come back', async () => {
    const [one, other, third] = [add('one', QUICK), add('other', QUICK), add('third', QUICK)];
    await one.fail();
    await becomes(other, 'open');
    await becomes(third, 'open');
    await other.order('close');
    await becomes(third, 'closed');
    expect(one.state().kind).toBe('open');
    // whoever comes now does not hear of it
    const late = add('late', QUICK);
    await late.fail('marker');
    await becomes(third, 'open', 'marker');
    expect([other.state().kind, third.state().kind, late.state().kind]).toEqual(['closed', 'closed', 'closed']);
  });

  test('isolations stay where a person has made them, and nothing that others say moves one', async () => {
    const [one, other] = [add('one', QUICK), add('other', QUICK)];
    await other.order('isolate');
    await one.fail();
    await one.fail('marker');
    await becomes(other, 'open', 'marker');
    expect(other.state()).toMatchObject({ kind: 'isolated' });
    await one.order('isolate', 'kept');
    await one.fail('marker 2');
    await becomes(other, 'open', 'marker 2');
    expect(other.state('kept').kind).toBe('closed');
  });

  test('guards of one machine tell the same once, and follow no opening of their own', async () => {
    const one = add('one', QUICK);
    const twin = add('one', { ...QUICK, stateDir: one.stateDir });
    const other = add('other', QUICK);
    await one.fail();
    await becomes(other, 'open');
    await becomes(twin, 'open');
    await one.order('close');
    await becomes(other, 'closed');
    expect([...one.rules(), ...twin.rules()]).not.toContain('fleet_open');
    expect(other.rules()).toEqual(['fleet_open', 'fleet_close']);
  });

  test('a machine that only observes tells nobody; one that does not share hears nothing', async () => {
    const observing = add('observing', { ...QUICK, settings: { mode: 'observe' } });
    const alone = add('alone', { ...QUICK, settings: { share: 'machine' } });
    const [one, other] = [add('one', QUICK), add('other', QUICK)];
    for (let calls = 0; calls < 5; calls += 1) await observing.call(false, 'observed');
    await becomes(observing, 'open', 'observed');
    await alone.fail('lonely');
    await one.fail();
    await becomes(other, 'open');
    await becomes(observing, 'open');
    expect(['observed', 'lonely'].map((tool) => other.state(tool).kind)).toEqual(['closed', 'closed']);
    expect(alone.state().kind).toBe('closed');
  });

  test('nothing lasts longer here than this machine allows, however long another one says', async () => {
    const [one, other] = [add('one', { ...QUICK, settings: { openMs: 60_000 } }), add('other', SHORT)];
    await one.fail();
    await becomes(other, 'open');
    expect(other.state()).toMatchObject({ forMs: 300 });
    await close(other);
    expect(other.rules().filter((rule) => rule === 'fleet_open')).toHaveLength(1);
  });
});
