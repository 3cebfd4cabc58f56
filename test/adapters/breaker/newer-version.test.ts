// What a newer version of mcp-guard left in the state directory, or writes there beside this one: set aside or obeyed, never lost.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endScene, makeScene, order, readAnew, type Scene, stateAnew } from './scene.ts';

const NEWER = '{"version":2,"what":"ever"}';

let scene: Scene;
beforeEach(async () => {
  scene = makeScene();
  const store = scene.open();
  await order(store, 'isolate', 'bad');
  await order(store, 'open', 'query');
});
afterEach(() => endScene(scene));

const put = (ending: string, text: string) => fs.writeFileSync(scene.file(ending), text);
const remove = (ending: string) => fs.rmSync(scene.file(ending), { force: true });

describe('what a newer version wrote', () => {
  const backupText = () =>
    fs.existsSync(scene.file('.json.bak')) ? fs.readFileSync(scene.file('.json.bak'), 'utf8') : undefined;
  const asides = () => scene.files().filter((name) => name.includes('.newer-'));

  test.each([
    ['its own backup', NEWER],
    ['a backup of ours', undefined],
    ['no backup', ''],
    ['a broken one', '{'],
  ])(
    'a board with %s: set aside by the next update, said, the statistics start anew, the isolation holds',
    async (_, backup) => {
      put('.json', NEWER);
      if (backup === '') remove('.json.bak');
      else if (backup !== undefined) put('.json.bak', backup);
      expect(stateAnew(scene, 'query')).toBe('closed 0');
      expect(stateAnew(scene, 'bad')).toBe('isolated 1');
      expect(fs.readFileSync(scene.file('.json'), 'utf8')).toBe(NEWER);
      scene.said.length = 0;
      const kept = backupText();
      const { board } = await order(scene.open(), 'isolate', 'other');
      expect(board).toEqual(readAnew(scene));
      expect([stateAnew(scene, 'query'), stateAnew(scene, 'bad'), stateAnew(scene, 'other')]).toEqual([
        'closed 0',
        'isolated 1',
        'isolated 1',
      ]);
      // What was the last good one stays it.
      expect(backupText()).toBe(kept);
      const [aside = ''] = asides();
      expect(asides()).toEqual([aside]);
      expect(fs.readFileSync(join(scene.directory, aside), 'utf8')).toBe(NEWER);
      expect(scene.said).toEqual([
        expect.stringMatching(
          /^warn: .*newer version of mcp-guard: kept as `.*newer-\d+`, it starts empty; .*move it back/,
        ),
      ]);
    },
  );

  test('a board, again and again, by a guard that works beside this one: taken once by each session, then left alone', async () => {
    const guard = scene.open();
    put('.json', NEWER);
    expect((await order(guard, 'open', 'other')).board).toBeDefined();
    put('.json', NEWER);
    expect((await order(guard, 'open', 'other')).board).toBeUndefined();
    expect((await order(guard, 'close', 'other')).board).toBeUndefined();
    expect(fs.readFileSync(scene.file('.json'), 'utf8')).toBe(NEWER);
    expect(asides()).toHaveLength(1);
    expect(scene.said.filter((text) => text.includes('goes on alone'))).toEqual([
      expect.stringMatching(/newer version \(2, this one knows 1\): use that version/),
    ]);
    // Another server's is another document; and what the first session set aside is not replaced within the same millisecond.
    put('.json', '{"version":3}');
    expect((await order(scene.open(), 'open', 'other')).board).toBeDefined();
    expect(asides().map((name) => fs.readFileSync(join(scene.directory, name), 'utf8'))).toEqual([
      NEWER,
      '{"version":3}',
    ]);
  });

  test('a board beside a record that cannot be read: the whole server is isolated, and the board is kept all the same', async () => {
    put('.json', NEWER);
    put('.isolations.json', '');
    put('.isolations.json.bak', '');
    expect((await order(scene.open(), 'close', 'other')).board?.server).toMatchObject({ kind: 'isolated' });
    expect(stateAnew(scene)).toBe('isolated 0');
    expect(asides()).toHaveLength(1);
  });

  test('a backup: it is in nobody’s way', async () => {
    put('.json', '{');
    put('.json.bak', NEWER);
    expect((await order(scene.open(), 'open', 'other')).board).toBeDefined();
    expect(stateAnew(scene, 'bad')).toBe('isolated 1');
  });

  test('a record of isolations: the whole server is isolated, and no order of this version lifts it', async () => {
    put('.isolations.json', NEWER);
    expect(stateAnew(scene)).toBe('isolated 0');
    expect(readAnew(scene).server).toMatchObject({ reason: expect.stringContaining('use that version') });
    expect((await order(scene.open(), 'reset')).board).toBeUndefined();
    expect(fs.readFileSync(scene.file('.isolations.json'), 'utf8')).toBe(NEWER);
    expect(stateAnew(scene)).toBe('isolated 0');
  });

  test('both: neither is touched', async () => {
    put('.json', NEWER);
    put('.isolations.json', NEWER);
    expect((await order(scene.open(), 'reset')).board).toBeUndefined();
    expect([fs.readFileSync(scene.file('.json'), 'utf8'), asides()]).toEqual([NEWER, []]);
    expect(stateAnew(scene)).toBe('isolated 0');
  });
});
