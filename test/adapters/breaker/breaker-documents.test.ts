// What disks and people do to the two documents: the statistics may go, an isolation never does, and nobody is locked out.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EMPTY_BOARD, stateOf } from '../../../src/policy/breaker/board.ts';
import { FIRST_STATE } from '../../../src/policy/breaker/breaker-state.ts';
import { endScene, makeScene, order, readAnew, type Scene, SERVER, stateAnew } from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = makeScene();
  const store = scene.open();
  await order(store, 'isolate', 'bad');
  await order(store, 'open', 'query');
});
afterEach(() => endScene(scene));

const isRoot = process.getuid?.() === 0;
const put = (ending: string, text: string) => fs.writeFileSync(scene.file(ending), text);
const remove = (...endings: string[]) => {
  for (const ending of endings) fs.rmSync(scene.file(ending), { force: true });
};
const onDisk = (ending: string): unknown => JSON.parse(fs.readFileSync(scene.file(ending), 'utf8'));

test('both are private, and each isolation lies in two files of its own beside the board', () => {
  expect(scene.files()).toEqual(['db.isolations.json', 'db.isolations.json.bak', 'db.json', 'db.json.bak']);
  for (const name of scene.files()) expect(fs.statSync(join(scene.directory, name)).mode & 0o777).toBe(0o600);
  expect(onDisk('.isolations.json')).toEqual(onDisk('.isolations.json.bak'));
  expect(fs.statSync(scene.file('.isolations.json')).ino).not.toBe(fs.statSync(scene.file('.isolations.json.bak')).ino);
});

const CORRUPTIONS: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['half', '{"version":1,"name":"db","bo'],
  ['null', 'null'],
  ['of another schema', '{"version":1,"name":"db","board":{"version":1},"isolations":[{}]}'],
  [
    'of a state that is none of its own',
    JSON.stringify({ version: 1, name: 'db', isolations: [{ state: FIRST_STATE }] }),
  ],
  ['older than any we know', '{"version":0,"name":"db"}'],
  ['another server’s', JSON.stringify({ version: 1, name: 'other', board: EMPTY_BOARD, isolations: [] })],
];

describe.each(CORRUPTIONS)('a board that is %s', (_, text) => {
  test('starts anew without a backup; the isolation holds, and a guard that knew better forgets nothing', async () => {
    const guard = scene.open();
    const known = guard.read(SERVER);
    put('.json', text);
    remove('.json.bak');
    scene.wait(200);
    expect(guard.read(SERVER)).toBe(known);
    expect(stateAnew(scene, 'query')).toBe('closed 0');
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
    // Reading changes nothing on disk …
    expect(fs.readFileSync(scene.file('.json'), 'utf8')).toBe(text);
    // … the next update does, and keeps what it found.
    const { board } = await order(scene.open(), 'close', 'other');
    expect(board).toEqual(readAnew(scene));
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
    const [aside = ''] = scene.files().filter((name) => name.includes('corrupt'));
    expect(fs.readFileSync(join(scene.directory, aside), 'utf8')).toBe(text);
    expect(onDisk('.json')).toMatchObject({ version: 1, name: 'db', board: { version: 1 } });
  });
});

describe.each(CORRUPTIONS)('a record of isolations that is %s', (_, text) => {
  test('is read from its second copy, which is as new', async () => {
    await order(scene.open(), 'isolate', 'newest');
    remove('.json', '.json.bak');
    put('.isolations.json', text);
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
    expect(stateAnew(scene, 'newest')).toBe('isolated 1');
    expect(stateAnew(scene)).toBe('closed 0');
    await order(scene.open(), 'close', 'other');
    expect(onDisk('.isolations.json')).toEqual(onDisk('.isolations.json.bak'));
    expect(stateAnew(scene, 'newest')).toBe('isolated 1');
  });

  test('and has no second copy isolates the whole server, until a person resets it', async () => {
    put('.isolations.json', text);
    remove('.isolations.json.bak');
    const guard = scene.open();
    const board = guard.read(SERVER);
    expect(board.server).toMatchObject({ kind: 'isolated', epoch: 0, actor: 'mcp-guard' });
    expect(board.server).toMatchObject({ reason: expect.stringContaining('run `mcp-guard breaker reset db`') });
    for (let look = 0; look < 5; look += 1) {
      scene.wait(200);
      expect(guard.read(SERVER)).toBe(board);
    }
    expect(scene.said).toHaveLength(1);
    // Another update does not lift it, and from then on it is on record.
    await order(scene.open(), 'close', 'other');
    expect(stateAnew(scene)).toBe('isolated 0');
    expect(onDisk('.isolations.json')).toMatchObject({
      isolations: [{ state: { actor: 'mcp-guard' } }, { tool: 'bad' }],
    });
    const { board: reset, transitions } = await order(scene.open(), 'reset');
    expect(transitions).toMatchObject([{ transition: { from: 'isolated', to: 'closed', epoch: 1 } }]);
    scene.wait(200);
    expect(guard.read(SERVER)).toEqual(reset);
    expect(stateAnew(scene)).toBe('closed 1');
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
  });
});

test('a corrupt board is replaced by the next update, also where that changes nothing', async () => {
  fs.writeFileSync(join(scene.directory, 'well.json'), '{', { mode: 0o600 });
  const store = scene.open();
  await order(store, 'close', 'query', 'well');
  await order(store, 'close', 'query', 'well');
  expect(JSON.parse(fs.readFileSync(join(scene.directory, 'well.json'), 'utf8'))).toEqual({
    version: 1,
    name: 'well',
    board: EMPTY_BOARD,
  });
  expect(scene.said).toEqual([expect.stringMatching(/well\.json` is not JSON: kept as .*, it starts empty/)]);
});

test('a corrupt board is said once by a guard that only reads', () => {
  const guard = scene.open();
  const known = guard.read(SERVER);
  put('.json', '{');
  for (let look = 0; look < 5; look += 1) {
    scene.wait(200);
    // (newer than the backup)
    expect(guard.read(SERVER)).toBe(known);
  }
  expect(scene.said).toEqual([
    expect.stringMatching(/^warn: breakers of `db`: .*db\.json` .*last good version is used/),
  ]);
});

test('where both copies of the record are worth nothing, the first order that resets the server mends both', async () => {
  put('.isolations.json', '');
  put('.isolations.json.bak', '');
  await order(scene.open(), 'reset');
  expect(stateAnew(scene)).toBe('closed 1');
  expect(stateAnew(scene, 'bad')).toBe('isolated 1');
  expect(onDisk('.isolations.json')).toEqual(onDisk('.isolations.json.bak'));
});

describe('what is gone', () => {
  test('the board: the isolation holds', async () => {
    remove('.json', '.json.bak');
    expect(stateAnew(scene, 'query')).toBe('closed 0');
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
    await order(scene.open(), 'close', 'other');
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
    expect(scene.said).toEqual([]);
  });

  test('the record of isolations: the board still says it, and the next update writes it down again', async () => {
    remove('.isolations.json', '.isolations.json.bak');
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
    await order(scene.open(), 'close', 'other');
    remove('.json', '.json.bak');
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
  });

  test('the board, and one of the two records', async () => {
    for (const ending of ['.isolations.json', '.isolations.json.bak']) {
      remove('.json', '.json.bak', ending);
      expect(stateAnew(scene, 'bad')).toBe('isolated 1');
      await order(scene.open(), 'reset', 'other');
      expect(stateAnew(scene, 'bad')).toBe('isolated 1');
      expect(onDisk('.isolations.json')).toEqual(onDisk('.isolations.json.bak'));
    }
  });

  test('what a killed writer left out of the second copy is made good by the next update', async () => {
    const before = fs.readFileSync(scene.file('.isolations.json'));
    await order(scene.open(), 'isolate', 'newest');
    for (const left of [before, '{', undefined]) {
      if (left === undefined) remove('.isolations.json.bak');
      else fs.writeFileSync(scene.file('.isolations.json.bak'), left);
      await order(scene.open(), 'close', 'other');
      expect(onDisk('.isolations.json.bak')).toEqual(onDisk('.isolations.json'));
      expect(stateAnew(scene, 'newest')).toBe('isolated 1');
    }
  });

  test('the board, and the only record left is worth nothing', async () => {
    remove('.json', '.json.bak', '.isolations.json');
    put('.isolations.json.bak', '{');
    expect(stateAnew(scene)).toBe('isolated 0');
    await order(scene.open(), 'close', 'other');
    expect(stateAnew(scene)).toBe('isolated 0');
  });
});

describe('a board from a backup', () => {
  test('of before the isolation: it holds under its own epoch', async () => {
    const store = scene.open();
    const before = fs.readFileSync(scene.file('.json'));
    await order(store, 'isolate', 'query');
    fs.writeFileSync(scene.file('.json'), before);
    expect(stateAnew(scene, 'query')).toBe('isolated 2');
    await order(scene.open(), 'close', 'other');
    expect(stateAnew(scene, 'query')).toBe('isolated 2');
  });

  test('of before a person lifted it: it is in force again, not lost', async () => {
    const store = scene.open();
    const before = fs.readFileSync(scene.file('.json'));
    await order(store, 'close', 'bad');
    expect(stateAnew(scene, 'bad')).toBe('closed 2');
    fs.writeFileSync(scene.file('.json'), before);
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
  });
});

describe('an isolation that a person lifts', () => {
  test.each(['close', 'reset'] as const)('by `%s` is in no document any more', async (what) => {
    await order(scene.open(), what, 'bad');
    expect(stateAnew(scene, 'bad')).toBe('closed 2');
    remove('.json', '.json.bak');
    expect(stateAnew(scene, 'bad')).toBe('closed 0');
    expect(onDisk('.isolations.json')).toEqual({ version: 1, name: 'db', isolations: [] });
    expect(onDisk('.isolations.json.bak')).toEqual({ version: 1, name: 'db', isolations: [] });
  });

  test('is never seen under an epoch of its own by a guard that reads between the two writes', async () => {
    // The record is written first: this is what lies there then.
    const board = fs.readFileSync(scene.file('.json'));
    await order(scene.open(), 'close', 'bad');
    const lifted = fs.readFileSync(scene.file('.json'));
    fs.writeFileSync(scene.file('.json'), board);
    const guard = scene.open();
    expect(stateOf(guard.read(SERVER), 'bad')).toMatchObject({ kind: 'isolated', epoch: 1 });
    fs.writeFileSync(scene.file('.json'), lifted);
    scene.wait(200);
    expect(stateOf(guard.read(SERVER), 'bad')).toMatchObject({ kind: 'closed', epoch: 2 });
  });
});

describe('what is no file of ours', () => {
  const elsewhere = () => join(scene.stateDir, 'elsewhere.json');
  const CASES: readonly (readonly [string, boolean, (ending: string) => void])[] = [
    ['a link', true, (ending) => fs.symlinkSync(elsewhere(), scene.file(ending))],
    ['a link to nothing', true, (ending) => fs.symlinkSync(join(scene.stateDir, 'nothing'), scene.file(ending))],
    ['a directory', true, (ending) => fs.mkdirSync(scene.file(ending))],
    [
      'open to others',
      true,
      (ending) => {
        fs.renameSync(elsewhere(), scene.file(ending));
        fs.chmodSync(scene.file(ending), 0o666);
      },
    ],
    [
      'another user’s',
      isRoot,
      (ending) => {
        fs.renameSync(elsewhere(), scene.file(ending));
        fs.chownSync(scene.file(ending), 12_345, 0);
      },
    ],
  ];

  test.each(CASES.filter(([, can]) => can))(
    'a board that is %s is neither believed nor replaced',
    async (_, __, make) => {
      fs.renameSync(scene.file('.json'), elsewhere());
      make('.json');
      expect(stateAnew(scene, 'query')).toBe('closed 0');
      expect(stateAnew(scene, 'bad')).toBe('isolated 1');
      const before = fs.lstatSync(scene.file('.json')).ino;
      expect((await order(scene.open(), 'open', 'other')).board).toBeUndefined();
      expect(fs.lstatSync(scene.file('.json')).ino).toBe(before);
      expect(scene.said.join('\n')).toContain('cannot read');
    },
  );

  test.each(CASES.filter(([, can]) => can))('a record that is %s isolates the whole server', async (_, __, make) => {
    fs.renameSync(scene.file('.isolations.json'), elsewhere());
    make('.isolations.json');
    expect(stateAnew(scene)).toBe('isolated 0');
    expect(readAnew(scene).server).toMatchObject({
      reason: expect.stringContaining('`mcp-guard breaker status` says'),
    });
    const before = fs.lstatSync(scene.file('.isolations.json')).ino;
    expect((await order(scene.open(), 'reset')).board).toBeUndefined();
    expect(fs.lstatSync(scene.file('.isolations.json')).ino).toBe(before);
  });

  test('a record that others can write says how to mend it, and is believed again once it is', async () => {
    const path = scene.file('.isolations.json');
    fs.chmodSync(path, 0o620);
    const guard = scene.open();
    expect(stateOf(guard.read(SERVER), undefined).kind).toBe('isolated');
    expect(scene.said).toEqual([
      expect.stringContaining(
        `\`${path}\`: others can write it: look at what it says, then run \`chmod go-w ${path}\``,
      ),
    ]);
    expect((await order(scene.open(), 'reset')).board).toBeUndefined();
    expect(scene.said.at(-1)).toContain(`run \`chmod go-w ${path}\``);
    fs.chmodSync(path, 0o600);
    scene.wait(200);
    expect(stateOf(guard.read(SERVER), undefined).kind).toBe('closed');
    expect(stateOf(guard.read(SERVER), 'bad').kind).toBe('isolated');
  });

  test('a directory that is a link, or open to others, is not written to', async () => {
    const away = join(scene.stateDir, 'away');
    fs.renameSync(scene.directory, away);
    fs.symlinkSync(away, scene.directory);
    expect((await order(scene.open(), 'open', 'other')).board).toBeUndefined();
    fs.rmSync(scene.directory);
    fs.renameSync(away, scene.directory);
    fs.chmodSync(scene.directory, 0o777);
    expect((await order(scene.open(), 'open', 'other')).board).toBeUndefined();
    fs.chmodSync(scene.directory, 0o700);
    expect((await order(scene.open(), 'open', 'other')).board).toBeDefined();
  });

  test('where a file stands in place of the directory there is nothing to read, and no isolation to fear', async () => {
    fs.rmSync(scene.directory, { recursive: true });
    fs.writeFileSync(scene.directory, 'x');
    expect(readAnew(scene)).toEqual(EMPTY_BOARD);
    expect((await order(scene.open(), 'open', 'other')).board).toBeUndefined();
  });
});

test('a board that has grown beyond what can be read again is not written', async () => {
  const store = scene.open();
  const board = await new Promise((resolve) =>
    store.update(
      SERVER,
      (current) => ({
        ...current,
        tools: Array.from({ length: 200 }, (_, index) => ({
          tool: `${index}`,
          state: {
            kind: 'isolated',
            epoch: 1,
            at: { wallMs: 0, monoMs: 0, bootId: '' },
            actor: 'a',
            reason: 'b'.repeat(30_000),
          },
        })),
      }),
      resolve,
    ),
  );
  expect(board).toBeUndefined();
  expect(scene.said.join()).toContain('would be larger than');
  expect(stateAnew(scene, 'query')).toBe('open 1');
  expect(stateAnew(scene, 'bad')).toBe('isolated 1');
});
