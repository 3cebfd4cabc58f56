// What stands in the way beside the scope, as `scope show`, `explain` and `creep` tell it: pins, an approval that ends or has ended, a
// server that waits, a lock or ceiling that has less of a wildcard.
import { describe, expect, it } from 'vitest';
import { runScopeCreep } from '../../src/cli/scope-creep.ts';
import { PLOT_ASCII } from '../../src/cli/scope-creep-screen.ts';
import { type ExplainScene, runScopeExplain } from '../../src/cli/scope-explain.ts';
import { runScopeShow } from '../../src/cli/scope-show.ts';
import type { FurtherLayers } from '../../src/cli/scope-standing.ts';
import { standingOf } from '../../src/cli/scope-standing.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { findKeptOut } from '../../src/policy/pins/drift-on-file.ts';
import { resolvePins, resolveServerPins } from '../../src/policy/pins/pin-settings.ts';
import type { SeenSet } from '../../src/policy/pins/seen-set.ts';
import { pinsOf } from '../policy/pins/pins-of.ts';
import { makeLayer } from '../policy/scope/make-scope.ts';
import { compile, inventoryOf, listOf, makeScene, NOW } from './scope-scene.ts';
import { openScreen } from './screen.ts';

const policy = compile({
  servers: { files: { command: 'node', scope: 'notes' } },
  scopes: { notes: { grants: [{ tool: 'read' }, { tool: 'write' }, { tool: 'move_*' }, { method: 'vendor/*' }] } },
});
const inventories = [inventoryOf('files', { tools: listOf('read', 'write', 'move_a', 'other') })];
const seen = (tools: readonly { readonly name: string; readonly description?: string }[]): SeenSet => ({
  pins: pinsOf(tools),
  hasInstructions: true,
});
const keptOut = findKeptOut({
  ...{ server: 'files', since: 'approved', commandOptions: '' },
  known: seen([{ name: 'read' }, { name: 'write' }]),
  last: { ...seen([{ name: 'read', description: 'other' }, { name: 'write' }, { name: 'move_a' }]) },
  settingsOf: resolvePins(undefined),
  serverSettings: resolveServerPins(undefined),
});

function sceneOf(more: Partial<ExplainScene> = {}, further?: FurtherLayers): ExplainScene {
  return { ...makeScene({ policy, inventories, ...(further && { further }) }), ...more };
}

function show(scene: ExplainScene) {
  const [screen, json] = [openScreen(80), openScreen(80)];
  runScopeShow({ server: 'files', tenant: 'default' }, screen.io, scene);
  runScopeShow({ server: 'files', tenant: 'default', json: true }, json.io, scene);
  const out = screen.out();
  expect(out.split('\n').filter((line) => measureText(line) > 80)).toEqual([]);
  return { out, flat: out.replace(/\n +/g, ' '), rows: JSON.parse(json.out()) };
}

function explain(tool: string, scene: ExplainScene, args?: string) {
  const screen = openScreen(80);
  const status = runScopeExplain({ server: 'files', tool, json: true, args }, screen.io, scene);
  return { status, ...JSON.parse(screen.out()) };
}

function creep(scene: ExplainScene) {
  const record = { changes: { changes: [], turns: [], since: new Map(), hasMore: false }, uses: new Map() };
  const [screen, json] = [openScreen(80), openScreen(80)];
  const options = { server: 'files', days: '90', tenant: 'default' };
  runScopeCreep(options, screen.io, scene, record, PLOT_ASCII);
  runScopeCreep({ ...options, json: true }, json.io, scene, record, PLOT_ASCII);
  return { flat: screen.out().replace(/\n +/g, ' '), json: JSON.parse(json.out()) };
}

describe('what pins keep out of use', () => {
  const scene = sceneOf({ keptOutOf: () => keptOut });

  it('is hidden, counted apart, and said of its grant', () => {
    const { out, rows } = show(scene);
    expect(out).toContain('    read\n      its definition has changed, or is new: kept out of use by\n');
    expect(out).toContain(': 1 visible, 3 hidden (2 by pins)\n');
    expect(out).toContain('    visible: write\n    kept out of use by pins: read, move_a\n    hidden: other\n');
    expect(rows.offers[0].hidden).toContainEqual({ name: 'read', why: 'definition_drift', rule: 'servers.files.pins' });
    expect(rows.grants[0]).toMatchObject({ state: 'drifted', by: 'servers.files.pins' });
  });

  it('is denied by `explain`, as its call would be', () => {
    expect(explain('read', scene)).toMatchObject({
      ...{ status: 1, decision: 'deny', rule: 'servers.files.pins', reason: 'definition_drift' },
      told: expect.stringContaining('has changed since it was approved (description)'),
    });
    expect(explain('write', scene)).toMatchObject({ status: 0, decision: 'allow' });
    // the scope is asked first
    expect(explain('other', scene)).toMatchObject({ reason: 'not_granted' });
  });

  it('is not counted by `creep`, and said', () => {
    const { flat, json } = creep(scene);
    expect(json).toMatchObject({ granted: 1, keptOut: 2, offered: 4 });
    expect(flat).toContain('2 tools more would be callable and are kept out of use by pins');
    expect(creep(sceneOf()).json).toMatchObject({ granted: 3, keptOut: 0 });
  });

  it('passes where the server is observed', () => {
    const observed = compile({
      servers: { files: { command: 'node', scope: 'notes', mode: 'observe' } },
      scopes: { notes: { grants: [] } },
    });
    const lax = { ...makeScene({ policy: observed, inventories }), keptOutOf: () => keptOut };
    expect(show(lax).rows.offers[0].hidden).toEqual([]);
    expect(creep(lax).json).toMatchObject({ granted: 4, keptOut: 0 });
    expect(explain('read', lax).decision).toBe('observe');
  });

  it('is out of use without a scope, too', () => {
    const free = { ...makeScene({ policy: compile({ servers: { files: { command: 'x' } } }), inventories }) };
    const { out, rows } = show({ ...free, keptOutOf: () => keptOut });
    expect(rows.offers[0].visible).toEqual(['write']);
    expect(out).toContain('    visible: write\n');
    expect(creep({ ...free, keptOutOf: () => keptOut }).json).toMatchObject({ granted: 1, keptOut: 3 });
  });

  it('is said of instructions', () => {
    const { out, rows } = show(sceneOf({ keptOutOf: () => ({ tool: () => undefined, isSilenced: true }) }));
    expect(out).toContain('\n  its instructions have changed, and are withheld\n');
    expect(rows.instructionsWithheld).toBe(true);
  });
});

describe('an approval that ends', () => {
  const endMs = NOW + 90_500;
  const base = () => [makeLayer({ grants: [{ tool: 'read' }, { tool: 'move_x*' }] }, 'lock')];
  const ending = { number: 4, endMs, standingOf: (server: string) => standingOf(policy, server, base) };
  const scene = sceneOf({ ending });

  it('is shown with the time of day, and by each grant that ends with it', () => {
    const { out, rows } = show(scene);
    expect(out).toContain('\n  approval 4 ends at 2026-03-01T12:01:30Z, and what it alone gives with it\n');
    expect(out).toContain('    write\n      until 2026-03-01T12:01:30Z, when its approval ends\n');
    expect(out).toContain('    read\n      scopes.notes.grants[0]');
    expect(rows.ending).toEqual({ approval: 4, at: new Date(endMs).toISOString() });
    const until = rows.grants.map(({ approvedUntil }: { approvedUntil: string | null }) => approvedUntil);
    const end = new Date(endMs).toISOString();
    // of the wildcard less remains, of the methods nothing
    expect(until.slice(0, 4)).toEqual([null, end, end, end]);
  });

  it('is said by `explain` of what ends', () => {
    expect(explain('write', scene).notes).toEqual([
      'until 2026-03-01T12:01:30Z, when approval 4 ends: then nobody has approved it',
    ]);
    expect(explain('read', scene).notes).toEqual([]);
    const narrower = () => [makeLayer({ grants: [{ tool: 'write', args: { '/path': { maxLength: 3 } } }] }, 'lock')];
    const then = { ...ending, standingOf: (server: string) => standingOf(policy, server, narrower) };
    expect(explain('write', sceneOf({ ending: then })).notes[0]).toMatch(
      /when approval 4 ends: then its arguments decide$/,
    );
  });

  it('takes everything where nothing holds without it', () => {
    const closed = { ...ending, standingOf: () => ({ kind: 'refused' }) as const };
    expect(explain('read', sceneOf({ ending: closed })).notes[0]).toMatch(/^until 2026-03-01T12:01:30Z/);
    expect(show(sceneOf({ ending: closed })).rows.grants[0].approvedUntil).toBe(new Date(endMs).toISOString());
  });

  it('is told as ended afterwards', () => {
    const ended = 'approval 4 ended at 2026-03-01T11:00:00Z';
    const layers = () => base().map((layer) => ({ ...layer, ended }));
    const { flat, rows } = show(sceneOf({}, layers));
    expect(flat).toContain(`write denied: no approval covers it now (${ended}) by scopes.lock`);
    expect(flat).toContain(`vendor/* denied: no approval covers it now (${ended}) by scopes.lock`);
    expect(rows.grants[1]).toMatchObject({ state: 'not_approved', ended });
    const { why, changes } = explain('write', sceneOf({}, layers));
    expect(why).toContain(`no approval covers that now (${ended})`);
    expect(changes[0]).toContain('the scope allows it and the lock does not any more');
  });
});

it('says when a grant ends where its arguments decide', () => {
  const dated = compile({
    servers: { files: { command: 'node', scope: 'notes' } },
    scopes: {
      notes: {
        grants: [{ tool: 'read', args: { '/path': { maxLength: 9 } }, expires: '2026-03-01T18:30:15Z' }],
      },
    },
  });
  const lock = () => [makeLayer({ grants: [{ tool: 'read', expires: '2026-03-01T13:00:00Z' }] }, 'lock')];
  expect(explain('read', makeScene({ policy: dated })).why).toMatch(/, until 2026-03-01T18:30:15Z$/);
  const both = makeScene({ policy: dated, further: lock });
  expect(explain('read', both).why).toMatch(/, until 2026-03-01T13:00Z$/);
  expect(explain('read', both, '{"path":"a"}').why).toMatch(/, until 2026-03-01T13:00Z$/);
});

it('says of a server that waits that the server waits, and not each tool', () => {
  const why = '`files` has another `args` than was approved, and is not started before somebody approves that';
  const mend = 'mcp-guard scope approve --server files --reason …';
  const lock = () => [{ ...makeLayer({ grants: [] }, 'lock'), waits: why, mend }];
  const scene = sceneOf({ waitsOf: () => why }, lock);
  const { flat, rows } = show(scene);
  expect(flat).toContain(`kept to scopes.notes, and to scopes.lock ${why}`);
  expect(flat).not.toContain('nobody has approved it yet');
  expect(rows.waits).toBe(why);
  const { told, changes, reason } = explain('read', scene);
  expect(reason).toBe('not_approved');
  expect(told).toContain(`\`read\` was not sent: ${why}`);
  expect(changes).toEqual([`it is the server that waits, not this: a person has to run \`${mend}\``]);
});

describe('a wildcard', () => {
  const grants = (further: FurtherLayers) =>
    show(sceneOf({}, further)).rows.grants.map(({ pattern, state, by, lessBy }: Record<string, unknown>) => [
      ...[pattern, state, by ?? lessBy],
    ]);

  it('of which the lock has nothing waits, of which a ceiling has nothing is beyond it', () => {
    const lock = () => [makeLayer({ grants: [{ tool: '*' }] }, 'lock')];
    expect(grants(lock)).toContainEqual(['vendor/*', 'not_approved', 'scopes.lock']);
    expect(grants(lock)).toContainEqual(['move_*', 'active', undefined]);
    const ceiling = () => [makeLayer({ grants: [{ tool: 'read' }] }, 'ceiling')];
    expect(grants(ceiling)).toContainEqual(['move_*', 'beyond_ceiling', 'scopes.ceiling']);
    // no approval can give what a ceiling does not
    expect(grants(() => [...lock(), ...ceiling()])).toContainEqual(['vendor/*', 'beyond_ceiling', 'scopes.ceiling']);
  });

  it('of which another has less says so', () => {
    const lock = () => [makeLayer({ grants: [{ tool: 'move_a' }, { tool: 'move_b*' }] }, 'lock')];
    expect(grants(lock)).toContainEqual(['move_*', 'active', 'scopes.lock']);
    expect(show(sceneOf({}, lock)).out).toContain('    move_*\n      not all of it: scopes.lock has less\n');
  });
});
