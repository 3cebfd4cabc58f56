// What `breaker status` shows: every state at 80 columns, hostile names, JSON, and what changes under `--watch`.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runBreakerStatus } from '../../src/cli/breaker-status.ts';
import { showTime } from '../../src/cli/call-line.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { OneBreaker } from '../policy/breaker/one-breaker.ts';
import { boardOf, feed, fullShelf, HOSTILE, isolated, later, NOW, opened, Shelf, ticking } from './breaker-scene.ts';
import { openScreen } from './screen.ts';

const TENANT = { tenant: 'default' };

async function show(shelf: Shelf, more: Partial<Parameters<typeof runBreakerStatus>[0]> = {}, columns = 80) {
  const screen = openScreen(columns);
  expect(await runBreakerStatus({ ...TENANT, ...more }, screen.io, shelf, ticking())).toBe(0);
  return screen.out();
}

const at = showTime(NOW.wallMs);

describe('the screen', () => {
  test('at 80 columns: the bad ones first, with why and what comes next', async () => {
    const shelf = fullShelf();
    shelf.moment = later(12_000);
    expect(await show(shelf)).toBe(`             state     failed
files        closed          -
  search     open      ▇▇▇▇▇ 10/10   19 s left
    since ${at} (12 s); 10 of 10 calls answered with an error
  write/file open      ▇▇▇▇▇ 5/5     19 s left
    since ${at} (12 s); 5 of 5 calls failed, 5 in a row
  stat       half_open ▇▇▇▇▇ 5/5     0 of 2 passed, trying
    since ${at} (12 s); probe of pid 4711, at most 48 s more; 5 of 5 calls
    failed, 5 in a row
  move       isolated        -       until a person closes it
    since ${at} (12 s); by ada: it writes to the wrong disk
  read_file  closed    ▇▁▁▁▁ 1/7
db           isolated        -       until a person closes it
    since ${at} (12 s); by ada: moved to another host
quiet        closed          -
  list       closed    ▇▁▁▁▁ 1/5
`);
  });

  test.each([
    ['a cool-down that is over', opened({ kind: 'tools', open: 3, known: 5 }), 30_000, 'the next call tries it'],
    ['tools that are out', opened({ kind: 'tools', open: 3, known: 5 }), 0, '3 of its 5 tools fail'],
    [
      'an order',
      opened({ kind: 'person', actor: 'ada', reason: 'upgrade' }, { cause: 'person' }),
      0,
      'by ada: upgrade',
    ],
    [
      'the third opening in a row',
      opened({ kind: 'tools', open: 3, known: 5 }, { round: 3, lapses: 3 }),
      0,
      'opened 3 times in a row',
    ],
    [
      'a probe that nobody has taken',
      new OneBreaker().feed('FFFFF').wait(30_000).admit().settle('none').state,
      0,
      'the next call tries it',
    ],
    ['one success', new OneBreaker().feed('FFFFF').wait(30_000).admit().settle('success').state, 0, '1 of 2 passed'],
    [
      'lapses',
      new OneBreaker().feed('FFFFF').wait(30_000).admit().wait(60_000).admit().state,
      0,
      'probes that lapsed: 1',
    ],
    [
      'one that has healed',
      new OneBreaker().feed('FFFFF').wait(30_000).admit().settle('success').admit().settle('success').state,
      60_000,
      'closed ',
    ],
    ['a moment that is none', { ...isolated('x'), at: { ...NOW, wallMs: 1e300 } }, 0, 'since an unknown time'],
    [
      'a moment of another boot that lies ahead',
      { ...isolated('x'), at: { ...NOW, bootId: 'b', wallMs: NOW.wallMs + 1 } },
      0,
      `since ${at}; by ada`,
    ],
  ] as const)('of %s', async (_, state, ms, text) => {
    const shelf = new Shelf().put('s', boardOf(undefined, { t: state }));
    shelf.moment = later(ms);
    expect((await show(shelf)).replaceAll(/\n +/g, ' ')).toContain(text);
  });

  test('a bar is never full where something went well, nor empty where something failed', async () => {
    const shelf = new Shelf().put(
      's',
      boardOf(undefined, { a: feed('SSSSSSSSSSSSSSSSSSSF'), b: feed('SSSSS'), c: feed('FTTTTTTTS') }),
    );
    const out = await show(shelf);
    expect(out).toContain('a closed    ▇▁▁▁▁ 1/20');
    expect(out).toContain('b closed    ▁▁▁▁▁ 0/5');
    expect(out).toContain('c closed    ▇▇▇▇▁ 8/9');
    // of two in the same state the one that fails more often comes first
    expect(out.match(/^ {2}\w/gm)).toEqual(['  c', '  a', '  b']);
  });

  test('samples that are too old are not counted, as the rules do not', async () => {
    const shelf = new Shelf().put('s', boardOf(undefined, { t: feed('SF') }));
    shelf.moment = later(600_002);
    expect(await show(shelf)).toContain('no breaker has anything to say');
  });

  test('says what only observes: nothing but an isolation is refused then', async () => {
    const shelf = fullShelf();
    shelf.mode = 'observe';
    const out = await show(shelf, { target: 'files' });
    expect(out.match(/refuses nothing: mode observe/g)).toHaveLength(3);
    expect(out).toContain('move       isolated        -       until a person closes it');
  });

  test('of one server, or of one tool whose name has a slash', async () => {
    expect(await show(fullShelf(), { target: 'db' })).not.toContain('files');
    const one = await show(fullShelf(), { target: 'files/write/file' });
    expect(one).toContain('write/file');
    // the server it belongs to stands above it
    expect(one).toMatch(/^files /m);
    expect(one).not.toContain('search');
    const json = await show(fullShelf(), { target: 'files/write/file', json: true });
    expect(json.trimEnd().split('\n')).toHaveLength(1);
  });

  test('says kindly that there is nothing to say', async () => {
    expect(await show(new Shelf())).toBe(
      'no breaker has anything to say: nothing has failed of late, nothing is switched\noff\n',
    );
    const shelf = fullShelf();
    const place = '/nowhere\u202e';
    expect(await show(Object.assign(new Shelf(), { place }))).toMatch(/\nlooked in \/nowhere[^\u202e]+\n$/);
    shelf.configured = ['mail'];
    expect(await show(shelf, { target: 'mail' })).toBe('no breaker of `mail` has anything to say\n');
    expect(await show(shelf, { target: 'file' })).toBe(
      'no breaker of `file` has anything to say\ndid you mean `files`? known: `db`, `files`, `mail`, `quiet`\n',
    );
    expect(await show(shelf, { target: 'file', json: true })).toBe('');
  });
});

describe('hostile names', () => {
  // nothing but what a terminal draws in place; `…` and bars are drawn
  const steers = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

  test('are inert and cut, whatever their length', async () => {
    const name = HOSTILE + 'x'.repeat(10_000);
    const shelf = new Shelf()
      .put(name, boardOf(isolated(name, name), { [HOSTILE]: opened({ kind: 'person', actor: name, reason: name }) }))
      .put('s', boardOf(undefined, { ['y'.repeat(256)]: feed('FFFFF') }));
    const lines = (await show(shelf)).split('\n');
    expect(lines.filter((line) => measureText(line) > 80 || steers.test(line))).toEqual([]);
    // a name has one row and at most three lines that say why
    expect(lines.length).toBeLessThan(18);
    expect(lines.join('\n')).toContain('\\u{1b}[2J');
  });

  test('never wrap and never steer: any names, any width', async () => {
    const name = fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), fc.constant(HOSTILE.repeat(9)));
    await fc.assert(
      fc.asyncProperty(name, name, name, fc.integer({ min: 1, max: 200 }), async (server, tool, reason, columns) => {
        const shelf = new Shelf().put(
          server,
          boardOf(feed('SF'), { [tool]: isolated(reason), [`${tool}2`]: feed('FFFFF') }),
        );
        const lines = (await show(shelf, {}, columns)).slice(0, -1).split('\n');
        expect(lines.filter((line) => measureText(line) > columns || steers.test(line))).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  test('never wrap on the narrowest screens', async () => {
    for (let columns = 1; columns <= 30; columns += 1) {
      const lines = (await show(fullShelf(), {}, columns)).slice(0, -1).split('\n');
      expect(lines.filter((line) => measureText(line) > columns)).toEqual([]);
    }
  });

  test('are plain ASCII in JSON, and unchanged', async () => {
    const out = await show(new Shelf().put('s', boardOf(undefined, { [HOSTILE]: isolated(HOSTILE) })), { json: true });
    expect(out).toMatch(/^[\x20-\x7e\n]+$/);
    const [, row] = out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(row).toMatchObject({ tool: HOSTILE, why: { reason: HOSTILE } });
  });
});

test('JSON: one line a breaker, what does not apply is null', async () => {
  const lines = (await show(fullShelf(), { json: true }))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(9);
  expect(lines.find(({ tool }) => tool === 'write/file')).toEqual({
    tenant: 'default',
    server: 'files',
    tool: 'write/file',
    state: 'open',
    mode: 'enforce',
    share: 'machine',
    epoch: 1,
    round: 1,
    samples: 5,
    faults: 5,
    toolErrors: 0,
    slow: 0,
    since: { atMs: NOW.wallMs + 4, forMs: 0 },
    why: { kind: 'samples', samples: 5, faults: 5, toolErrors: 0, slow: 0, row: 5 },
    leftMs: 30_000,
    probes: null,
  });
  expect(lines.find(({ tool }) => tool === 'stat')).toMatchObject({
    leftMs: null,
    probes: { successes: 0, needed: 2, lapses: 0, holder: '4711,1,b,n,h,r', leftMs: 60_000 },
  });
  expect(lines.find(({ tool }) => tool === 'move')).toMatchObject({ samples: null, why: { actor: 'ada' } });
  for (const line of lines) expect(Object.keys(line)).toEqual(Object.keys(lines[0]));
});

describe('--watch', () => {
  const open = () => new Shelf().put('s', boardOf(undefined, { t: opened({ kind: 'tools', open: 3, known: 5 }) }));

  async function watch(
    shelf: Shelf,
    steps: readonly (() => void)[],
    size?: { rows: number; columns: number },
    json = false,
  ) {
    const screen = openScreen(80);
    const ticks = ticking(steps, size);
    expect(await runBreakerStatus({ ...TENANT, watch: true, json }, screen.io, shelf, ticks)).toBe(0);
    return screen.out();
  }

  test('on a terminal draws over what it drew, every second', async () => {
    const shelf = open();
    const pass = () => {
      shelf.moment = later(1_000, shelf.moment);
    };
    const out = await watch(shelf, [pass, pass], { rows: 24, columns: 80 });
    const frames = out.split('\u001b[4A\u001b[K');
    expect(frames).toHaveLength(3);
    expect(frames.map((frame) => /\d+ s left/.exec(frame)?.[0])).toEqual(['30 s left', '29 s left', '28 s left']);
    for (const frame of frames) expect(frame.split('\n')).toHaveLength(5);
  });

  test('on a terminal goes back as many lines as it drew, and no further than the screen', async () => {
    const shelf = open();
    const grow = () => shelf.put('s', fullShelf().read('files'));
    const out = await watch(shelf, [grow, () => {}], { rows: 6, columns: 80 });
    const [first, second, third] = out.replaceAll(/\u001b\[[JK]/g, '').split(/\u001b\[\dA/);
    expect([first, second, third].map((frame) => frame?.split('\n').length)).toEqual([5, 6, 6]);
    expect(out).toContain('\u001b[4A\u001b[K');
    expect(out).toContain('\u001b[5A\u001b[K');
    // each line over the one before, and what was longer only from below the last on: a cleared screen is kept by tmux
    expect(out).not.toMatch(/\u001b\[(?:2J|H\u001b\[J|\dA\u001b\[J)/);
    expect(out.split('\u001b[J')).toHaveLength(3);
    expect(second).toMatch(/\n… \d+ lines more\n$/);
  });

  test('a terminal that has changed its size is cleared: what was drawn has been wrapped', async () => {
    const size = { rows: 24, columns: 80 };
    const shrink = () => {
      size.columns = 40;
    };
    const out = await watch(open(), [shrink], size);
    const [, over = ''] = out.split('\u001b[H');
    const second = over.replaceAll(/\u001b\[[JK]/g, '');
    expect(out).toMatch(/\n\u001b\[J$/);
    expect(second.split('\n').filter((line) => measureText(line) > 40)).toEqual([]);
    expect(second).not.toBe('');
  });

  test('elsewhere prints a block for each change, and none for the time that passes', async () => {
    const shelf = open();
    const pass = () => {
      shelf.moment = later(1_000, shelf.moment);
    };
    const isolate = () => shelf.put('s', boardOf(undefined, { t: isolated('enough') }));
    const out = await watch(shelf, [pass, isolate, pass]);
    expect(out).not.toContain('\u001b');
    expect(out.split('\n\n').map((block) => /t (\w+)/.exec(block)?.[1])).toEqual(['open', 'isolated']);
  });

  test.each([
    [29, 1],
    [30, 2],
    [59, 2],
    [60, 3],
  ])(
    'elsewhere says it again every thirty ticks, so that a reader that left is noticed: %i ticks',
    async (ticks, blocks) => {
      const quiet = Array.from({ length: ticks }, () => () => {});
      expect((await watch(open(), quiet)).split('\n\n')).toHaveLength(blocks);
      expect((await watch(open(), quiet, undefined, true)).trimEnd().split('\n')).toHaveLength(2 * blocks);
    },
  );

  test('as JSON prints all breakers again at each change', async () => {
    const shelf = open();
    const out = await watch(
      shelf,
      [() => {}, () => shelf.put('s', boardOf(undefined, { t: isolated('x') }))],
      { rows: 24, columns: 80 },
      true,
    );
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ tool, state }) => [tool, state])).toEqual([
      [null, 'closed'],
      ['t', 'open'],
      [null, 'closed'],
      ['t', 'isolated'],
    ]);
  });

  test('waits where there is nothing yet', async () => {
    const shelf = new Shelf();
    const out = await watch(shelf, [() => shelf.put('s', boardOf(isolated('x'), {}))]);
    expect(out).toContain('no breaker has anything to say');
    expect(out).toContain('s isolated');
  });
});
