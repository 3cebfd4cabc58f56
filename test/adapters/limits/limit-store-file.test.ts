// The shared file: the port's contract under both locks, and what only a file can suffer.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FRONT_BYTES } from '../../../src/adapters/limit-front.ts';
import { FILE_BYTES, MOST_RECORDS } from '../../../src/adapters/limit-table.ts';
import type { LimitStore, RateCharge, Receipt, Take } from '../../../src/ports/limit-store.ts';
import {
  budget,
  describeForgetting,
  describeLimitStore,
  keyOf,
  place,
  REACHED,
  rate,
  taken,
  UNREACHED,
} from './contract.ts';
import { FileWorld, requireKernelLock } from './file-world.ts';

describeLimitStore('the file under the kernel lock', async () => new FileWorld(await requireKernelLock()));
describeLimitStore('the file under a lock file', () => new FileWorld(undefined));
describeForgetting('the file', async () => new FileWorld(await requireKernelLock()));

const WHOLE: Partial<RateCharge> = { spendUs: 2_000_000 };
const kindOf = async (take: Take | Promise<Take>): Promise<string> => (await take).kind;

describe('a file of limits', () => {
  let world: FileWorld;
  let store: LimitStore;
  beforeEach(async () => {
    world = new FileWorld(await requireKernelLock());
    store = world.open();
  });
  afterEach(() => world.close());
  const take = (name: string, by = store) => kindOf(by.take([rate(name, WHOLE)], world.now()));

  test('answers at once where nobody else has the lock', () => {
    expect(store.take([rate('a')], world.now())).toMatchObject({ kind: 'taken' });
  });

  test('counts go on where the last guard has ended', async () => {
    expect(await take('a')).toBe('taken');
    store.close();
    expect(await take('a', world.open())).toBe('denied');
  });

  test('a wall clock that is set, either way, fills no bucket and empties none', async () => {
    await take('a');
    for (const step of [86_400_000, -5 * 86_400_000]) {
      world.time.wallMs += step;
      expect(await take('a')).toBe('denied');
    }
    await world.pass(2_000);
    expect(await take('a')).toBe('taken');
  });

  test('a reboot counts as the time that the wall says has passed', async () => {
    await take('a');
    await store.idle();
    world.reboot(1_500);
    const denied = await store.take([rate('a', WHOLE)], world.now());
    expect(denied).toMatchObject({ kind: 'denied', retryAfterMs: 500 });
    await world.pass(500);
    expect(await take('a')).toBe('taken');
  });

  test('a reboot into the past counts as no time, and holds nobody back for longer', async () => {
    await take('a');
    world.reboot(-86_400_000);
    expect(await store.take([rate('a', WHOLE)], world.now())).toMatchObject({ kind: 'denied', retryAfterMs: 2_000 });
    await world.pass(2_000);
    expect(await take('a')).toBe('taken');
  });

  test('a budget outlives a clock that is set forward and back again', async () => {
    const at = world.now().wallMs;
    const spent = () => budget('b', at, 3_600_000, 5, 5);
    expect(await kindOf(store.take([spent()], world.now()))).toBe('taken');
    world.time.wallMs += 40 * 86_400_000;
    const later = budget('b', world.now().wallMs, 3_600_000, 5, 5);
    expect(await kindOf(store.take([later], world.now()))).toBe('taken');
    world.time.wallMs = at;
    expect(await kindOf(store.take([spent()], world.now()))).toBe('denied');
  });

  test('a budget outlives one that is set forward by as many windows as one likes, and back', async () => {
    const at = world.now().wallMs;
    const spend = (cost: number) => kindOf(world.open().take([budget('b', at, 3_600_000, cost, 5)], world.now()));
    const day = (index: number) => {
      world.time.wallMs = at + index * 86_400_000;
      return kindOf(store.take([budget('b', world.now().wallMs, 3_600_000, 1, 5)], world.now()));
    };
    expect(await spend(4)).toBe('taken');
    expect([await day(1), await day(2), await day(3), await day(200)]).toEqual(Array(4).fill('taken'));
    world.time.wallMs = at;
    expect([await spend(2), await spend(1), await spend(1)]).toEqual(['denied', 'taken', 'denied']);
  });

  test.each([
    ['a record', (path: string) => flip(path, slotOf(path, 'a') + 30)],
    ['the header', (path: string) => flip(path, 40)],
    ['its length, seen as soon as the table is asked,', (path: string) => fs.truncateSync(path, 5_000), 'b'],
    ['all of it, which is cut off', (path: string) => fs.truncateSync(path, 0)],
    ['everything', (path: string) => fs.writeFileSync(path, '{"not":"ours"}')],
  ])(
    'damage to %s is said, what was there is kept aside, and all guards go on with one file',
    async (_, damage, name = 'a') => {
      const other = world.open();
      await take('a');
      await take('a', other);
      damage(world.path);
      expect(await take(name)).toBe('taken');
      expect(world.said).toEqual([expect.stringContaining('is damaged')]);
      expect(fs.existsSync(`${world.path}.damaged`)).toBe(true);
      expect(await take(name, other)).toBe('denied');
      expect(world.said).toHaveLength(1);
    },
  );

  test('a file of a newer version decides nothing and stays as it is', async () => {
    await take('a');
    const bytes = fs.readFileSync(world.path);
    bytes.writeUInt32LE(3, 8);
    fs.writeFileSync(world.path, bytes);
    expect(await store.take([rate('a')], world.now())).toMatchObject({
      kind: 'unavailable',
      why: expect.stringContaining('newer'),
    });
    expect(fs.readFileSync(world.path).equals(bytes)).toBe(true);
  });

  test('a file that is removed or replaced is left within a second, however busy the guard is, and that is said', async () => {
    await take('a');
    fs.rmSync(world.path);
    for (let step = 0; step < 4; step += 1) {
      expect(await take('a')).toBe('denied');
      await world.pass(250);
    }
    expect(await take('b')).toBe('taken');
    expect(await take('b', world.open())).toBe('denied');
    expect(world.said).toEqual([expect.stringContaining('removed or replaced')]);
  });

  test('a guard that finds an empty file says that it was emptied; a new file is whole from the start', async () => {
    await take('a');
    store.close();
    expect(fs.readdirSync(world.directory)).toEqual(['counts']);
    expect(world.said).toEqual([]);
    fs.truncateSync(world.path, 0);
    expect(await take('a', world.open())).toBe('taken');
    expect(world.said).toEqual([expect.stringContaining('is damaged')]);
  });

  test.each([
    ['a link', (path: string) => fs.symlinkSync('/dev/null', path)],
    ['a directory', (path: string) => fs.mkdirSync(path)],
    ['open to others', (path: string) => fs.writeFileSync(path, '', { mode: 0o644 })],
  ])('where the file is %s nothing is decided', async (_, put) => {
    put(world.path);
    expect(await kindOf(store.take([rate('a')], world.now()))).toBe('unavailable');
  });

  test('two kinds of lock never work on one file', async () => {
    await take('a');
    const other = new FileWorld(undefined);
    fs.copyFileSync(world.path, other.path);
    fs.chmodSync(other.path, 0o600);
    expect(await other.open().take([rate('a')], world.now())).toMatchObject({
      kind: 'unavailable',
      why: expect.stringContaining('lock'),
    });
    await other.close();
  });

  test('while another holds the lock a take waits, in order, and gives up in the end', async () => {
    const lock = await requireKernelLock();
    const held = fs.openSync(join(world.directory, 'counts'), fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
    expect(lock.tryLock(held)).toBe(true);
    const first = store.take([rate('a', WHOLE)], world.now());
    const second = store.take([rate('a', WHOLE)], world.now());
    expect([first, second].map((one) => one instanceof Promise)).toEqual([true, true]);
    lock.unlock(held);
    expect([await kindOf(first), await kindOf(second)]).toEqual(['taken', 'denied']);
    lock.tryLock(held);
    const third = store.take([rate('b')], world.now());
    await world.pass(2_001);
    expect(await third).toMatchObject({ kind: 'unavailable', why: expect.stringContaining('2000 ms') });
    fs.closeSync(held);
    await store.idle();
    expect(store.take([rate('b')], world.now())).toMatchObject({ kind: 'taken' });
  });

  test('an end that has to wait for the lock still comes after its beginning, and before what is asked next', async () => {
    const lock = await requireKernelLock();
    const receipt = taken(await store.take([place('p', 'one', 1)], world.now()));
    const held = fs.openSync(world.path, fs.constants.O_RDWR);
    lock.tryLock(held);
    store.settle(receipt, REACHED, world.now());
    const next = store.take([place('p', 'two', 1)], world.now());
    lock.unlock(held);
    expect(await kindOf(next)).toBe('taken');
    fs.closeSync(held);
  });

  test('one owner has no more than a part of the room, what does not fit takes nothing, and the others have theirs', async () => {
    const deep = { depthUs: 2 ** 40, mostUs: 2 ** 40 };
    const keyFor = (owner: string, index: number): string => `${owner}${index.toString(16).padStart(24, '0')}`;
    const ask = (owner: string, index: number) =>
      kindOf(store.take([{ ...rate('x', WHOLE), key: keyFor(owner, index) }, rate('both', deep)], world.now()));
    const kinds: string[] = [];
    for (let index = 0; index < 5_600; index += 1)
      kinds.push(await kindOf(store.take([{ ...rate('x', WHOLE), key: keyFor('0000000e', index) }], world.now())));
    const full = kinds.indexOf('full');
    expect(full).toBeGreaterThan(1_000);
    expect(kinds.filter((kind) => kind === 'taken').length).toBeLessThan(MOST_RECORDS / 3);
    expect(new Set(kinds)).toEqual(new Set(['taken', 'full']));
    for (let index = 0; index < 200; index += 1) expect(await ask('0000000b', index)).toBe('taken');
    const backlog = async () => {
      const listing = await store.list(world.now());
      const both = listing.kind === 'listed' ? listing.keys.find(({ label }) => label === 'both') : undefined;
      return both?.kind === 'rate' ? both.backlogUs : undefined;
    };
    const before = await backlog();
    expect(await ask('0000000e', full)).toBe('full');
    expect(await backlog()).toBe(before);
    expect(fs.statSync(world.path).size).toBe(FILE_BYTES);
    await world.pass(2_000);
    expect(await ask('0000000e', full)).toBe('taken');
  });

  test('where a key stands depends on the file: its like elsewhere says nothing about it', async () => {
    const other = new FileWorld(await requireKernelLock());
    const names = Array.from({ length: 8 }, (_, index) => `name ${index}`);
    for (const name of names) {
      await take(name);
      await take(name, other.open());
    }
    const at = (path: string) => names.map((name) => slotOf(path, name, FRONT_BYTES));
    expect(at(world.path)).not.toEqual(at(other.path));
    await other.close();
  });

  test('places stand in their record while they are few, on pages while they are many, and go from the one to the other', async () => {
    const held = async () => {
      const listing = await world.open().list(world.now());
      return listing.kind === 'listed' && listing.keys[0]?.kind === 'place' ? listing.keys[0].held : 0;
    };
    const seen: number[] = [];
    for (const many of [1, 2, 3, 30, 3, 2, 1, 12, 0, 2]) {
      const receipts: Receipt[] = [];
      for (let index = 0; index < many; index += 1)
        receipts.push(taken(await store.take([place('p', `n${seen.length}-${index}`, many)], world.now())));
      expect(await kindOf(store.take([place('p', 'over', many)], world.now()))).toBe('denied');
      seen.push(await held());
      const [kept, ...others] = receipts;
      for (const receipt of others) store.settle(receipt, REACHED, world.now());
      expect(await held()).toBe(Math.min(1, many));
      if (kept !== undefined) store.settle(kept, REACHED, world.now());
    }
    expect(seen).toEqual([1, 2, 3, 30, 3, 2, 1, 12, 0, 2]);
  });

  test('a place whose callers were killed makes room for other keys', async () => {
    taken(await store.take([place('p', 'one', 1, 1_000)], world.now()));
    await world.pass(1_001);
    expect(await kindOf(store.take([place('p', 'two', 1, 1_000)], world.now()))).toBe('taken');
    const receipt = taken(await store.take([rate('a')], world.now()));
    store.settle(receipt, UNREACHED, world.now());
    const listing = await store.list(world.now());
    expect(listing).toMatchObject({ kind: 'listed', keys: [{ kind: 'place', held: 1 }] });
  });
});

function flip(path: string, at: number): void {
  const bytes = fs.readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  fs.writeFileSync(path, bytes);
}

/** Where the record of the key stands: on the first page, or in its place in the table. */
function slotOf(path: string, name: string, from = 0): number {
  return fs.readFileSync(path).indexOf(Buffer.from(keyOf(name), 'hex'), from);
}
