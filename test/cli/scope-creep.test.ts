// The screen of `scope creep`, at 80 columns without colour: what grew, by whom and why; what is not known; hostile names.
import { describe, expect, it } from 'vitest';
import type { RecordedChange, ScopeChanges } from '../../src/adapters/scope-changes.ts';
import { type CreepRecord, runScopeCreep } from '../../src/cli/scope-creep.ts';
import { PLOT_ASCII, PLOT_BLOCKS } from '../../src/cli/scope-creep-screen.ts';
import type { ScopeScene } from '../../src/cli/scope-show.ts';
import type { Inventory } from '../../src/policy/inventory/known-list.ts';
import { collectUse } from '../../src/policy/lint/tool-use.ts';
import { openScreen } from './screen.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 12);
const TOOLS = ['read', 'write', 'move', 'delete'];

function inventory(name: string, tools: readonly string[]): Inventory {
  const entries = tools.map((tool) => ({ name: tool, definition: {}, digest: undefined }));
  const list = { entries, omitted: 0, isComplete: true, digest: 'd', sinceMs: 0, seenAtMs: 0 };
  return { version: 1, name, server: undefined, lists: { tools: list } };
}

const scene = (servers: readonly string[]): ScopeScene => ({
  policy: undefined,
  further: () => [],
  offered: () => servers,
  inventoryOf: (server) => (servers.includes(server) ? inventory(server, TOOLS) : undefined),
  nowMs: NOW,
});

function change(more: Partial<RecordedChange> = {}): RecordedChange {
  return {
    ...{ atMs: NOW - 30 * DAY, server: 'files', before: 1, after: 4, gained: 3, lost: 0 },
    ...{ who: 'ada', why: 'needs to write', until: null, record: '0123456789abcdef:3' },
    ...more,
  };
}

function record(changes: readonly RecordedChange[], more: Partial<ScopeChanges> = {}): CreepRecord {
  const collector = collectUse();
  collector.note(NOW - 80 * DAY);
  collector.add('tool', 'read', NOW - 60 * DAY, 'done');
  return {
    changes: { changes, turns: [], since: new Map([['files', NOW - 80 * DAY]]), hasMore: false, ...more },
    uses: new Map([['files', collector.use]]),
  };
}

function run(
  given: CreepRecord,
  options: { server?: string; days?: string; json?: boolean } = {},
  servers = ['files'],
) {
  const screen = openScreen(80);
  const all = { days: '90', tenant: 'default', ...options };
  const status = runScopeCreep(all, screen.io, scene(servers), given, PLOT_ASCII);
  return { status, out: screen.out(), err: screen.err() };
}

describe('scope creep', () => {
  it('shows what grew against what was used', () => {
    const { out, status } = run(record([change()]));
    expect(status).toBe(0);
    expect(out).toContain('2026-10-23  1 -> 4 (+3)  by ada: needs to write (0123456789abcdef:3)');
    expect(out).toMatch(/^ {5}4 \| +\.{20,22}$/m);
    expect(out).toMatch(/^ {5}2 \| +\.{20,22}$/m);
    expect(out).toMatch(/^ {7}\|\?{6,7}\.{14,15}#{42,44}$/m);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says that no approval is on record, and what is known', () => {
    const { out } = run(record([]));
    expect(out).toContain('1 ever used (25 %)');
    expect(out).toMatch(/^ {7}\|\?{63}#$/m);
  });

  it('says that another config came, and that it does not know what it granted', () => {
    const turn = { atMs: NOW - DAY, server: 'files', digest: 'ab'.repeat(32), record: 's:1' };
    expect(run(record([], { turns: [turn] })).out).toContain('2026-11-21  another config from here on (abababababab)');
  });

  it('says where the last change and today differ', () => {
    expect(run(record([change({ after: 9 })])).out).toContain('note: the last recorded change left 9');
  });

  it('counts changes that are older than what is shown', () => {
    expect(run(record([change({ atMs: NOW - 100 * DAY })])).out).toContain('1 change before these');
  });

  it('shows nothing of a record as it stands', () => {
    const evil = '\u001b[2J\u202e\nfiles\u0000';
    const { out } = run(record([change({ who: evil, why: evil.repeat(2000), record: evil, server: evil })]), {}, [
      evil,
    ]);
    expect(out).not.toMatch(/[\p{Cf}]|(?!\n)\p{Cc}/u);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const json = run(record([change({ who: evil, server: evil })]), { json: true }, [evil]).out;
    expect(json).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('gives it as JSON, with null for what is not known', () => {
    const lines = run(record([change()]), { json: true })
      .out.trim()
      .split('\n');
    expect(lines).toHaveLength(1);
    const view = JSON.parse(lines[0] ?? '');
    expect(view).toMatchObject({
      ...{ server: 'files', granted: 4, offered: 4, used: 1, share: 0.25, standing: 'unscoped', days: 90 },
      changes: [{ before: 1, after: 4, who: 'ada', why: 'needs to write', at: '2026-10-23T12:00:00.000Z' }],
    });
    expect(view.points).toHaveLength(64);
    expect(view.points[0]).toMatchObject({ granted: null, used: null });
    expect(view.points.at(-1)).toMatchObject({ at: '2026-11-22T12:00:00.000Z', granted: 4, used: 1 });
  });

  it('knows which server is meant', () => {
    expect(run(record([]), { server: 'file' })).toMatchObject({ status: 1, out: '' });
    expect(run(record([]), { server: 'file' }).err).toContain('no server is called `file`');
    expect(run(record([]), { server: 'files' }).out).toContain('files\n');
  });

  it('says that there is nothing yet', () => {
    const nothing = { changes: { changes: [], turns: [], since: new Map(), hasMore: false }, uses: new Map() };
    expect(run(nothing, {}, [])).toMatchObject({
      status: 0,
      out: '',
      err: expect.stringContaining('nothing has grown'),
    });
  });

  it.each(['0', '-1', 'x', '3651', '1.5', ''])('takes no `--days %s`', (days) => {
    expect(() => run(record([]), { days })).toThrow('is no number of days');
  });

  it('draws with blocks where they can be shown', () => {
    const screen = openScreen(80);
    runScopeCreep({ days: '90', tenant: 'default' }, screen.io, scene(['files']), record([change()]), PLOT_BLOCKS);
    expect(screen.out()).toMatch(/░░░█+$/m);
  });
});
