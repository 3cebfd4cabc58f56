// Where a pause is shown: its own list, `scope show`, `scope explain`; read from the disk only where this machine's key has signed it.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pausesSpec } from '../../src/adapters/pause-look.ts';
import { sealPauses } from '../../src/adapters/pause-seal.ts';
import { openStateDocument } from '../../src/adapters/state-document.ts';
import { makePrivateDir } from '../../src/adapters/state-paths.ts';
import { runPauseList } from '../../src/cli/pause-list.ts';
import { followPauses, readPausesHere } from '../../src/cli/pauses-here.ts';
import { runScopeExplain } from '../../src/cli/scope-explain.ts';
import { runScopeShow } from '../../src/cli/scope-show.ts';
import { NO_PAUSES, type Pause } from '../../src/policy/pause.ts';
import { makeLayer } from '../policy/scope/make-scope.ts';
import { compile, FULL, inventoryOf, listOf, makeScene, NOW, type SceneParts } from './scope-scene.ts';
import { openScreen, wideLines } from './screen.ts';

const MINUTE = 60_000;
const pauseOf = (server: string, more: Partial<Pause> = {}): Pause => ({
  ...{
    config: '/srv/a.json',
    server,
    sinceMs: NOW - MINUTE,
    untilMs: NOW + 14 * MINUTE,
    actor: 'ada',
    reason: 'the release waits',
  },
  ...more,
});
const policy = compile(FULL);
const files = inventoryOf('files', { tools: listOf('read_text', 'get_secret') });

describe('the list', () => {
  const list = (pauses: readonly Pause[], more: object = {}) => {
    const screen = openScreen(80);
    const given = { pauses: { version: 1, pauses }, nowMs: NOW, commandOptions: ' --tenant acme' } as const;
    expect(runPauseList({ tenant: 'acme', ...more }, screen.io, given)).toBe(0);
    return screen.out();
  };

  test('at 80 columns: those that hold, the next to end first, each with the command that ends it', () => {
    const over = pauseOf('gone', { untilMs: NOW });
    const later = pauseOf('a b', { untilMs: NOW + 60 * MINUTE, reason: `\u001b[2J${'x '.repeat(60)}` });
    expect(
      list([over, later, pauseOf('files')]),
    ).toBe(`files: PAUSED until 2026-03-01T12:14:00.000Z by ada (the release waits), in
/srv/a.json
  mcp-guard pause files --end --tenant acme

a b: PAUSED until 2026-03-01T13:00:00.000Z by ada (\\u{1b}[2Jx x x x x x x x x x
x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x
x x x x x x x x x x ), in /srv/a.json
  mcp-guard pause 'a b' --end --tenant acme
`);
    expect(list([over])).toBe('nothing is paused\n');
    expect(list([pauseOf('files')], { server: 'mail' })).toBe('`mail` is not paused\n');
  });

  test('as JSON', () => {
    expect(JSON.parse(list([pauseOf('files')], { json: true }))).toEqual({
      ...{ tenant: 'acme', config: '/srv/a.json', server: 'files', actor: 'ada', reason: 'the release waits' },
      ...{ since: '2026-03-01T11:59:00.000Z', until: '2026-03-01T12:14:00.000Z' },
    });
  });
});

describe('scope show', () => {
  const show = (parts: SceneParts, json = false): string => {
    const screen = openScreen(80);
    runScopeShow(
      { tenant: 'default', server: 'files', json },
      screen.io,
      makeScene({ inventories: [files], ...parts }),
    );
    return screen.out();
  };

  test('says so below the name, and shows what is visible meanwhile', () => {
    const out = show({ policy, pause: pauseOf('files') });
    const [first, second, third] = out.split('\n');
    expect(first).toBe('files: kept to scopes.notes');
    expect([second, third]).toEqual([
      '  PAUSED until 2026-03-01T12:14:00.000Z by ada (the release waits): what its',
      '  scope and its pins deny is recorded and let pass',
    ]);
    expect(out).toContain('visible: read_text, get_secret');
    expect(show({ policy })).toContain('hidden: get_secret');
    expect(show({ policy, pause: pauseOf('other') })).not.toContain('PAUSED');
  });

  test('what a ceiling denies stays hidden, and that is said', () => {
    const ceiling = { ...makeLayer({ grants: [{ tool: 'read_*' }] }, 'ceiling'), by: '/etc/ceiling.json' };
    const out = show({ policy, further: () => [ceiling], pause: pauseOf('files') });
    expect(out).toContain('but for what a ceiling');
    expect(out).toContain('hidden: get_secret');
  });

  test('as JSON: the mode of the config, and the pause', () => {
    expect(JSON.parse(show({ policy, pause: pauseOf('files') }, true))).toMatchObject({
      mode: 'enforce',
      pause: { until: '2026-03-01T12:14:00.000Z', actor: 'ada', reason: 'the release waits' },
    });
    expect(JSON.parse(show({ policy }, true))).toMatchObject({ pause: null });
  });
});

test('scope explain: what is denied passes while the server is paused, and until when', () => {
  const explain = (parts: SceneParts) => {
    const screen = openScreen(80);
    const status = runScopeExplain({ server: 'files', tool: 'get_secret' }, screen.io, makeScene(parts));
    expect(wideLines(screen.out())).toEqual([]);
    return { status, out: screen.out() };
  };
  expect(explain({ policy }).status).toBe(1);
  const paused = explain({ policy, pause: pauseOf('files') });
  expect(paused.status).toBe(0);
  expect(paused.out).toContain(`observed    files: tool get_secret
rule        scopes.notes.deny[0]
reason      scope_denied
why         the server is PAUSED until 2026-03-01T12:14:00.000Z by ada (the
            release waits), so it goes on and is recorded as such
else denied a denial names \`get_secret\`
`);
});

describe('on disk', () => {
  let stateDir: string;
  beforeEach(() => {
    stateDir = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'pauses-'));
    fs.chmodSync(stateDir, 0o700);
  });
  afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));
  const spec = () => pausesSpec(stateDir, 'default', { say: () => {}, nowMs: () => NOW });

  test('what this machine has signed is found, and nothing in a place that is no tenant', async () => {
    makePrivateDir(stateDir, ['default']);
    const pauses = { ...NO_PAUSES, pauses: [pauseOf('files')] };
    await openStateDocument(spec()).update(() => sealPauses(stateDir, 'default', pauses));
    expect(readPausesHere(stateDir, 'default', NOW).pauses).toMatchObject([{ server: 'files' }]);
    const follow = followPauses(stateDir, () => ({ wallMs: NOW, monoMs: 0 }));
    expect(follow('default', 'files', '/srv/a.json')).toMatchObject({ actor: 'ada' });
    expect(follow('default', 'files', '/srv/b.json')).toBeUndefined();
    expect(follow('default', 'mail', '/srv/a.json')).toBeUndefined();
    expect(follow('../default', 'files', '/srv/a.json')).toBeUndefined();
  });
});
