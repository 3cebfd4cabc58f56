// What `scope show` shows: each grant with what becomes of it, what of the offer is left, hostile names, JSON.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { showDay } from '../../src/cli/call-line.ts';
import { runScopeShow, type ScopeShowOptions } from '../../src/cli/scope-show.ts';
import { describeArguments } from '../../src/cli/scope-words.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { CONSTRAINT_KINDS } from '../../src/policy/constraint/constraint-document.ts';
import { buildLayer, buildOpenLayer } from '../../src/policy/scope/scope-layer.ts';
import { makeLayer, makeScope } from '../policy/scope/make-scope.ts';
import { compile, FULL, HOSTILE, inventoryOf, listOf, makeScene, NOW, type SceneParts } from './scope-scene.ts';
import { openScreen } from './screen.ts';

const policy = compile(FULL);
const files = inventoryOf(
  'files',
  {
    tools: listOf('read_text', 'old', 'move', 'get_secret', 'a b', '\u001b[2Jx'),
    resources: { ...listOf('file:///srv/a', 'file:///etc/b'), isComplete: false, omitted: 2 },
  },
  { name: 'srv', version: '1.2' },
);

function show(parts: SceneParts, more: Partial<ScopeShowOptions> = {}, columns = 80) {
  const screen = openScreen(columns);
  const status = runScopeShow({ tenant: 'default', ...more }, screen.io, makeScene(parts));
  return { status, out: screen.out(), err: screen.err() };
}

const json = (parts: SceneParts, server: string) => JSON.parse(show(parts, { server, json: true }).out);
const day = showDay(NOW);

describe('the screen', () => {
  test('of one server at 80 columns', () => {
    expect(show({ policy, inventories: [files] }, { server: 'files' })).toEqual({
      status: 0,
      err: '',
      out: `files (srv 1.2): kept to scopes.notes
  tools
    old
      expired: ended with 2026-02-01
      scopes.notes.grants[0]; matches 1 offered
    read_*
      until 2030-12-31
      /path: within ~/notes
      /head: may be missing, 1 to 9
      no other arguments
      scopes.notes.grants[1]; matches 1 offered; ada: answers questions
    move
      denied: needs an approval for each use
      scopes.notes.grants[2]; matches 1 offered
    get_secret
      denied by scopes.notes.deny[0]
      scopes.notes.grants[3]; matches 1 offered
  resources
    file:///srv/*
      scopes.notes.grants[4]; matches 1 offered
  prompts
    sum
      /text: at most 10 long
      scopes.notes.grants[5]
  the server may ask
    sampling/createMessage
      scopes.notes.grants[6]
    roots/list
      denied by scopes.notes.deny[1]
      default grant of roots/list
  denied, whatever is granted
    tool *_secret
      scopes.notes.deny[0]; never
    request roots/list
      scopes.notes.deny[1]
  offers 6 tools (seen ${day}): 2 visible, 4 hidden
    visible: read_text, move
    hidden: old, get_secret, \`a b\`, \\u{1b}[2Jx
  offers 4 resources (seen ${day}): 1 visible, 1 hidden, 2 not kept, nobody
  has read the list to its end
    visible: file:///srv/a
    hidden: file:///etc/b
`,
    });
  });

  test('of all servers: those of the config in its order, then those that were seen', () => {
    const { out } = show({ policy, inventories: [inventoryOf('strange', { tools: listOf('x') }), files] });
    const heads = out.split('\n').filter((line) => /^[a-z]/.test(line));
    expect(heads).toEqual([
      'files (srv 1.2): kept to scopes.notes',
      'other: only observed: what is denied is recorded and let pass; kept to',
      'scopes.notes',
      'bare: names no scope, so nothing is granted',
      'strange: not started: the config lists servers, and this is none of them',
    ]);
    expect(out).toContain('\n  what it offers is not known: nobody has listed it behind the guard yet\n');
    expect(out).toContain('offers 1 tool (');
  });

  test.each([
    ['no config', undefined, 'files (srv 1.2): free: there is no config'],
    ['a config without scopes', { servers: { files: { command: 'x' } } }, 'free: the config has no `scopes`'],
    ['a config without servers', {}, 'free: it is not in the config, and `unlisted` is `observe`'],
  ])('%s', (_, document, said) => {
    const { out } = show({ policy: document && compile(document), inventories: [files] }, { server: 'files' });
    expect(out.replaceAll(/\n(?=[a-z])/g, ' ')).toContain(said);
    expect(out).toContain('6 visible, 0 hidden');
    expect(out).toContain('    all: read_text, old');
  });

  test('an observed server hides nothing', () => {
    expect(json({ policy, inventories: [{ ...files, name: 'other' }] }, 'other').offers[0].hidden).toEqual([]);
  });

  test('without servers says so; one that nobody knows has a neighbour, and fails', () => {
    expect(show({})).toMatchObject({ status: 0, out: '', err: expect.stringContaining('there is no config') });
    expect(show({ policy: compile({}) }).err).toContain('`/etc/guard.json` lists no server');
    expect(show({ policy }, { server: 'flies' })).toMatchObject({
      status: 1,
      out: '',
      err: expect.stringContaining('did you mean `files`?'),
    });
  });

  test('many names are cut, fewer where one server is asked for', () => {
    const many = inventoryOf('files', { tools: listOf(...Array.from({ length: 300 }, (_, index) => `t${index}`)) });
    expect(show({ policy, inventories: [many] }).out).toContain('t19 … 280 more');
    expect(show({ policy, inventories: [many] }, { server: 'files' }).out).toMatch(/t199 …\s+100\s+more/);
  });
});

describe('layers beside the scope', () => {
  const further = () => [makeLayer({ grants: [{ tool: 'read_text' }, { tool: 'get_secret' }] }, 'lock')];

  test('take away what they do not allow, and are named', () => {
    const rows = json({ policy, inventories: [files], further }, 'files');
    expect(rows.layers).toEqual(['scopes.notes', 'scopes.lock']);
    expect(rows.grants[2]).toMatchObject({ pattern: 'move', state: 'not_approved', by: 'scopes.lock' });
    expect(rows.offers[0].visible).toEqual(['read_text']);
    expect(rows.offers[0].hidden).toContainEqual({ name: 'move', why: 'not_approved', rule: 'scopes.lock' });
    expect(show({ policy, further }, { server: 'files' }).out).toContain('kept to scopes.notes, and to scopes.lock');
  });

  test('keep a server whose config leaves it free', () => {
    const free = compile({ servers: { files: { command: 'x' } } });
    const rows = json({ policy: free, inventories: [files], further }, 'files');
    expect(rows).toMatchObject({ standing: 'scoped', scope: null, layers: ['scopes.lock'] });
    expect(rows.offers[0].visible).toEqual(['read_text', 'get_secret']);
  });
});

test('the states of grants', () => {
  const document = {
    servers: { s: { command: 'x', scope: 'a' } },
    scopes: {
      a: {
        grants: [
          { tool: 'w*' },
          { prompt: 'p*' },
          { resource: 'file:///a/../b' },
          { tool: 'z*', expires: '2026-03-01T12:00:00Z' },
        ],
        deny: [{ prompt: '**' }],
      },
    },
  };
  const { grants } = json({ policy: compile(document) }, 's');
  expect(grants.map(({ state, by }: { state: string; by?: string }) => [state, by])).toEqual([
    ['active', undefined],
    ['denied', 'scopes.a.deny[0]'],
    ['active', undefined],
    ['expired', undefined],
    ['active', undefined],
  ]);
  expect(grants[3].expires).toBe('2026-03-01T12:00:00.000Z');
  expect(grants[0].expires).toBe(null);
});

test('JSON is one line of ASCII a server, with the names as they are', () => {
  const { out } = show({ policy, inventories: [inventoryOf('files', { tools: listOf(...HOSTILE) })] }, { json: true });
  const lines = out.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(out).toMatch(/^[\x20-\x7e\n]+$/);
  const { offers, tenant, mode, scope, denies } = JSON.parse(lines[0] ?? '');
  expect([tenant, mode, scope, denies[0].rule]).toEqual(['default', 'enforce', 'notes', 'scopes.notes.deny[0]']);
  expect(offers[0].hidden.map(({ name }: { name: string }) => name)).toEqual(HOSTILE);
  expect(offers[0]).toMatchObject({ list: 'tools', seenAt: new Date(NOW).toISOString(), isComplete: true, omitted: 0 });
});

test('no name of a server or of a config widens a line or steers the terminal', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.constantFrom(...HOSTILE),
          fc.string({ unit: fc.constantFrom('a', ' ', '\u001b', '\u0301', '\u202e', '日', '\ud800', '`') }),
        ),
        { maxLength: 8 },
      ),
      fc.integer({ min: 20, max: 120 }),
      (names, columns) => {
        const grants = HOSTILE.filter((name) => !/[\n\ud800]|^$/.test(name)).map((tool) => ({
          tool: tool.slice(0, 200),
          reason: 'y'.repeat(90),
        }));
        const hostile = makeLayer({ grants }, 'ceiling');
        const known = inventoryOf('files', { tools: listOf(...names) }, { name: names[0] ?? '', version: '\u001b[0m' });
        const { out } = show({ policy, inventories: [known], further: () => [hostile] }, {}, columns);
        const { out: free } = show({ inventories: [known], further: () => [hostile] }, {}, columns);
        const lines = `${out}${free}`.split('\n');
        expect(lines.filter((line) => measureText(line) > columns || /[\p{Cc}\p{Cf}\p{Cs}]/u.test(line))).toEqual([]);
        expect(lines.length).toBeGreaterThan(20);
      },
    ),
    { numRuns: 20 },
  );
});

test('every kind of constraint has words', () => {
  const values = {
    absent: true,
    equals: 1,
    oneOf: ['a', null],
    maxLength: 3,
    min: 1,
    max: 2,
    prefix: 'p',
    pattern: '[a]',
  } as const;
  const more = {
    sql: 'read-only',
    host: ['h.example', '*'],
    schema: { type: 'object' },
    within: ['/a', '/b'],
  } as const;
  const all = { ...values, ...more };
  const words = CONSTRAINT_KINDS.map((kind) => describeArguments({ args: { '/x': { [kind]: all[kind] } } }));
  expect(words).toEqual([
    ['/x: must be left out'],
    ['/x: is 1'],
    ['/x: one of "a", null'],
    ['/x: at most 3 long'],
    ['/x: at least 1'],
    ['/x: at most 2'],
    ['/x: begins with "p"'],
    ['/x: matches "[a]"'],
    ['/x: SQL that only reads'],
    ['/x: on h.example, *'],
    ['/x: fits the schema {"type":"object"}'],
    ['/x: within /a, /b'],
  ]);
  expect(describeArguments({ args: { '': {}, '/\u001b': { optional: true } }, additional: false })).toEqual([
    'the arguments: must be given',
    '/\\u{1b}: may be missing',
    'no other arguments',
  ]);
  expect(describeArguments({ additional: true })).toEqual([]);
});

describe('under a ceiling', () => {
  const BY = '/etc/mcp-guard/ceiling.json';
  const read = makeScope({ grants: [{ tool: 'read_*', args: { '/path': { maxLength: 9 } } }] }, 'top');
  const ceiling = buildLayer('ceiling', [read], BY);
  const deny = buildOpenLayer([], BY);

  test('who keeps it, what comes to nothing by that, and which values it decides', () => {
    const decided = [
      { path: 'servers.files.deadline.hardMs', was: 3_600_000, is: 1000, by: BY },
      { path: 'servers.other.mode', was: 'observe', is: 'enforce', by: BY },
      { path: 'unlisted', was: 'observe', is: 'deny', by: BY },
    ];
    const parts = { policy, inventories: [files], further: () => [ceiling, deny], decided };
    const { out } = show(parts, { server: 'files' });
    expect(out).toContain(`files (srv 1.2): kept to scopes.notes, and to the ceiling\n${BY}\n`);
    expect(out).toContain('    move\n      denied: beyond the ceiling by scopes.top\n');
    expect(out).toContain(`  decided by a ceiling
    servers.files.deadline.hardMs: 1000 instead of 3600000, by
    ${BY}
    unlisted: deny instead of observe, by ${BY}
`);
    expect(out.split('\n').filter((line) => measureText(line) > 80)).toEqual([]);
    const { ceilings, layers, decided: told, offers } = json(parts, 'files');
    expect([ceilings, layers]).toEqual([[BY], ['scopes.notes', 'scopes.top', BY]]);
    expect(told[0]).toEqual({ path: 'servers.files.deadline.hardMs', was: '3600000', is: '1000', by: BY });
    expect(offers[0].hidden).toContainEqual({ name: 'move', why: 'beyond_ceiling', rule: 'scopes.top' });
  });

  test('an observed server shows what only its scope denies, and nothing beyond the ceiling', () => {
    const known = inventoryOf('other', { tools: listOf('read_a', 'write') });
    const parts = { policy, inventories: [known], further: () => [ceiling] };
    expect(json(parts, 'other').offers[0]).toMatchObject({ visible: ['read_a'], hidden: [{ name: 'write' }] });
    expect(show(parts, { server: 'other' }).out).toContain('but for what the');
  });

  test('a server that is in no config: what the ceiling leaves, and that it looks at arguments', () => {
    const { out } = show({ inventories: [files], further: () => [ceiling] }, { server: 'files' });
    expect(out).toContain(`kept to the ceiling ${BY}\n`);
    expect(out).toContain('    read_*\n      only with arguments that it allows\n');
  });
});
