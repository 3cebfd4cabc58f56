// What a machine saw of a server's definitions: first stays, last moves; damage and other configs; pauses as the disk shows them.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PauseLook, pausesSpec } from '../../../src/adapters/pause-look.ts';
import { sealPauses } from '../../../src/adapters/pause-seal.ts';
import { readSeenPins, rememberApprovedPins, rememberSeenPins } from '../../../src/adapters/seen-pins.ts';
import { type Pauses, pauseAt } from '../../../src/policy/pause.ts';
import type { SeenSet } from '../../../src/policy/pins/seen-set.ts';
import { pinSet } from '../../policy/pins/pins-of.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'seen-'));
});
afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

const place = (config = '/c/config.json') => ({ config, stateDir, tenant: 'default' });
const seen = (title: string, instructions?: string, hasInstructions = true): SeenSet => ({
  pins: pinSet([{ name: 'read', fields: { title } }], instructions),
  hasInstructions,
});
const files = (): string[] =>
  fs.readdirSync(stateDir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));

describe('what was seen', () => {
  test('first stays, last moves', async () => {
    expect(readSeenPins(place(), 'files')).toEqual({ kind: 'none' });
    await rememberSeenPins(place(), 'files', seen('one', 'x'));
    await rememberSeenPins(place(), 'files', seen('two', 'y'));
    await rememberSeenPins(place(), 'files', seen('three', 'z'));
    const both = { first: seen('one', 'x'), last: seen('three', 'z') };
    expect(readSeenPins(place(), 'files')).toEqual({ kind: 'seen', seen: both });
    const [file = ''] = files();
    expect(fs.statSync(join(stateDir, file)).mode & 0o777).toBe(0o600);
  });

  test('the same again writes nothing', async () => {
    await rememberSeenPins(place(), 'files', seen('one'));
    const [file = ''] = files();
    const before = fs.statSync(join(stateDir, file)).ino;
    await rememberSeenPins(place(), 'files', seen('one'));
    expect(fs.statSync(join(stateDir, file)).ino).toBe(before);
  });

  test('instructions that no handshake had shown are filled in, once', async () => {
    await rememberSeenPins(place(), 'files', seen('one', undefined, false));
    await rememberSeenPins(place(), 'files', seen('two', 'x'));
    await rememberSeenPins(place(), 'files', seen('two', 'y'));
    expect(readSeenPins(place(), 'files')).toMatchObject({ seen: { first: seen('one', 'x'), last: seen('two', 'y') } });
  });

  test('an approval is what was first seen from then on', async () => {
    await rememberSeenPins(place(), 'files', seen('one'));
    await rememberApprovedPins(place(), 'files', seen('two'));
    expect(readSeenPins(place(), 'files')).toMatchObject({ seen: { first: seen('two'), last: seen('one') } });
    await rememberApprovedPins(place(), 'new', seen('two'));
    expect(readSeenPins(place(), 'new')).toMatchObject({ seen: { first: seen('two'), last: seen('two') } });
  });

  test('of a list that never ends, each tool is kept as it was first seen, until one came to its end', async () => {
    const part = (...tools: readonly (readonly [string, string])[]): SeenSet => ({
      pins: pinSet(
        tools.map(([name, title]) => ({ name, fields: { title } })),
        undefined,
      ),
      hasInstructions: true,
      isPart: true,
    });
    const read = async (next: SeenSet) => {
      await rememberSeenPins(place(), 'files', next);
      const reading = readSeenPins(place(), 'files');
      return reading.kind === 'seen' ? reading.seen : undefined;
    };
    const { isPart: _, ...whole } = part(['b', 'three'], ['c', 'three']);
    expect(await read(part(['a', 'one']))).toEqual({ first: part(['a', 'one']), last: part(['a', 'one']) });
    expect(await read(part(['a', 'two'], ['b', 'two']))).toEqual({
      first: part(['a', 'one'], ['b', 'two']),
      last: part(['a', 'two'], ['b', 'two']),
    });
    expect(await read(part(['b', 'four']))).toMatchObject({ last: part(['b', 'four'], ['a', 'two']) });
    const first = part(['a', 'one'], ['b', 'two'], ['c', 'three']);
    expect(await read(whole)).toEqual({ first: { pins: first.pins, hasInstructions: true }, last: whole });
    // nothing is learnt any more
    const more = await read(part(['d', 'five']));
    expect([...(more?.first.pins.tools.keys() ?? [])]).toEqual(['a', 'b', 'c']);
    expect(more?.last.isPart).toBeUndefined();
  });

  test('as much as there is room for fits the file', async () => {
    const huge = (name: string): SeenSet => ({
      pins: pinSet([{ name, fields: { title: '\u0800'.repeat(3_999_900) } }], '\u0001'.repeat(500_000)),
      hasInstructions: true,
      isPart: true,
    });
    await rememberSeenPins(place(), 'files', huge('a'));
    await rememberSeenPins(place(), 'files', huge('b'));
    expect(readSeenPins(place(), 'files')).toMatchObject({ kind: 'seen' });
  });

  test('by config, by tenant, by server', async () => {
    await rememberSeenPins(place(), 'files', seen('one'));
    expect(readSeenPins(place('/c/other.json'), 'files')).toEqual({ kind: 'none' });
    expect(readSeenPins({ ...place(), tenant: 'other' }, 'files')).toEqual({ kind: 'none' });
    expect(readSeenPins(place(), 'mail')).toEqual({ kind: 'none' });
  });

  test('eight at once: one of them was first', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => rememberSeenPins(place(), 'files', seen(`${index}`))));
    const reading = readSeenPins(place(), 'files');
    expect(reading.kind).toBe('seen');
    expect(files()).toHaveLength(1);
  });

  test.each([
    ['no JSON', () => '{'],
    ['another version', (text: string) => text.replace('"version":1', '"version":2')],
    ['another server', (text: string) => text.replace('"name":"files"', '"name":"mail"')],
    [
      'a tool twice',
      (text: string) => text.replaceAll('[{"name":"read","title":"one"}]', '[{"name":"a"},{"name":"a"}]'),
    ],
    ['no word on the handshake', (text: string) => text.replaceAll('"hasInstructions":true', '"hasInstructions":1')],
    ['no last', (text: string) => text.replace('"last"', '"lost"')],
  ])('%s is as good as none, and says so; the next look mends it', async (_, damage) => {
    await rememberSeenPins(place(), 'files', seen('one'));
    const path = join(stateDir, files()[0] ?? '');
    const text = fs.readFileSync(path, 'utf8');
    expect(damage(text)).not.toBe(text);
    fs.writeFileSync(path, damage(text));
    expect(readSeenPins(place(), 'files').kind).toBe('unreadable');
    await rememberSeenPins(place(), 'files', seen('two'));
    expect(readSeenPins(place(), 'files')).toMatchObject({ seen: { first: seen('two') } });
  });

  test('a file that others can write is not read', async () => {
    await rememberSeenPins(place(), 'files', seen('one'));
    fs.chmodSync(join(stateDir, files()[0] ?? ''), 0o666);
    expect(readSeenPins(place(), 'files').kind).toBe('unreadable');
  });

  test('where nothing can be written that is an error', async () => {
    fs.mkdirSync(join(stateDir, 'default'), { mode: 0o700 });
    fs.writeFileSync(join(stateDir, 'default', 'pins'), '');
    await expect(rememberSeenPins(place(), 'files', seen('one'))).rejects.toThrow();
  });
});

describe('pauses', () => {
  const file = (): string => join(stateDir, 'default', 'pauses.json');
  const write = (untilMs: number): void => {
    const one = { config: '/srv/a.json', server: 'files', sinceMs: 0, untilMs, actor: 'ada', reason: 'x' };
    put(sealPauses(stateDir, 'default', { version: 1, pauses: [one] }));
  };
  const put = (pauses: Pauses): void => {
    fs.writeFileSync(`${file()}.new`, JSON.stringify(pauses), { mode: 0o600 });
    fs.renameSync(`${file()}.new`, file());
  };
  const open = () => {
    fs.mkdirSync(join(stateDir, 'default'), { recursive: true, mode: 0o700 });
    const said: string[] = [];
    const look = new PauseLook(pausesSpec(stateDir, 'default', { say: (text) => said.push(text), nowMs: () => 0 }));
    return {
      said,
      isPaused: (monoMs: number) =>
        pauseAt(look.read(monoMs), { config: '/srv/a.json', server: 'files' }, 5) !== undefined,
    };
  };

  test('are looked at every 200 ms', () => {
    const { isPaused, said } = open();
    expect(isPaused(0)).toBe(false);
    write(10);
    expect(isPaused(199)).toBe(false);
    expect(isPaused(200)).toBe(true);
    fs.rmSync(file());
    expect(isPaused(399)).toBe(true);
    expect(isPaused(400)).toBe(false);
    expect(said).toEqual([]);
  });

  test('what this machine has not signed, of this tenant, as it stands pauses nothing', () => {
    const { isPaused, said } = open();
    const one = { config: '/srv/a.json', server: 'files', sinceMs: 0, untilMs: 10, actor: 'ada', reason: 'x' };
    const pauses: Pauses = { version: 1, pauses: [one] };
    const signed = sealPauses(stateDir, 'default', pauses);
    const forged: readonly Pauses[] = [
      pauses,
      { ...pauses, signature: 'AAAA' },
      sealPauses(stateDir, 'acme', pauses),
      { ...signed, pauses: [{ ...one, untilMs: 11 }] },
      { ...signed, pauses: [{ ...one, reason: 'y' }] },
      { ...signed, pauses: [{ ...one, config: '/srv/b.json' }] },
      { ...signed, pauses: [one, { ...one, server: 'mail' }] },
      { ...signed, signature: sealPauses(join(stateDir, 'elsewhere'), 'default', pauses).signature ?? '' },
    ];
    for (const [index, each] of forged.entries()) {
      put(each);
      expect(isPaused(1000 * index), String(index)).toBe(false);
      expect(said.at(-1)).toContain('holds no pauses that this machine signed');
      expect(said).toHaveLength(index + 1);
    }
    put(signed);
    expect(isPaused(20_000)).toBe(true);
    fs.rmSync(join(stateDir, 'lock', 'keys', 'ed25519.pem'));
    put({ ...signed });
    expect(isPaused(21_000)).toBe(false);
    put({ version: 1, pauses: [] });
    expect(isPaused(22_000)).toBe(false);
    expect(said).toHaveLength(forged.length + 1);
  });

  test('what cannot be read pauses nothing, and is said once for each change', () => {
    const { isPaused, said } = open();
    write(10);
    expect(isPaused(0)).toBe(true);
    for (const [index, text] of ['{', '{"version":1,"pauses":7}', '{"version":2,"pauses":[]}'].entries()) {
      fs.writeFileSync(`${file()}.new`, text, { mode: 0o600 });
      fs.renameSync(`${file()}.new`, file());
      expect(isPaused(1000 * (index + 1))).toBe(false);
      expect(isPaused(1000 * (index + 1) + 300)).toBe(false);
      expect(said).toHaveLength(index + 1);
    }
    write(10);
    fs.chmodSync(file(), 0o666);
    expect(isPaused(9000)).toBe(false);
    expect(said.at(-1)).toContain('others can write it');
  });
});
