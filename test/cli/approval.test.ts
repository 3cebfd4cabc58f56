// What waits for an approval, as `scope diff` shows it and `scope approve` would write it: from one picture.
import { describe, expect, test } from 'vitest';
import { formatApprovalJson, listLines } from '../../src/cli/approval-screen.ts';
import { runScopeDiff } from '../../src/cli/scope-diff.ts';
import { measureText } from '../../src/cli/text-width.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { memberOf, objectOf } from '../../src/wire/json.ts';
import { judge, verdictOf } from '../policy/lock/locks.ts';
import { pinsOf } from '../policy/pins/pins-of.ts';
import { CONFIG, pictureOf, type Scene, seen, viewOf } from './approval-scene.ts';
import { openScreen } from './screen.ts';

const READ = { name: 'read_file', description: 'reads a file' };
const SEND = { name: 'send', description: 'sends' };
const WIDER: JsonObject = {
  ...CONFIG,
  scopes: { files: { grants: [{ tool: 'read_*' }, { tool: 'send' }, { tool: 'w*' }] } },
};

function show(document: JsonObject, scene?: Scene, columns = 80): { status: number; text: string } {
  const screen = openScreen(columns);
  const status = runScopeDiff({}, screen.io, viewOf(document, scene));
  return { status, text: screen.out() };
}
const kinds = (document: JsonObject, scene?: Scene): readonly string[] =>
  listLines(pictureOf(document, scene)).map(({ kind, text }) => `${kind} ${text}`);

test('where config and lock say the same nothing waits', () => {
  const set = pinsOf([{ name: 'read_file' }]);
  const { status, text } = show(CONFIG, { pins: new Map([['files', set]]), known: { files: { last: seen(set) } } });
  expect(status).toBe(0);
  expect(text).toBe(
    [
      'config  /c/mcp-guard.config.json',
      'lock    /c/mcp-guard.lock.json',
      '        approval 1, 2026-07-28 by ada: first',
      '',
      'nothing waits for an approval',
      '',
    ].join('\n'),
  );
  expect(pictureOf(CONFIG)).toMatchObject({ isUpToDate: true, waits: false, policy: CONFIG });
});

test('a server of which no definition was seen is said, and one whose list never ended fails the check', () => {
  const unseen = show(CONFIG);
  expect(unseen.status).toBe(0);
  expect(unseen.text).toMatch(/no definition of `files` was seen yet.*then approve it\n$/s);
  const off = { ...CONFIG, servers: { files: { ...objectOf(memberOf(CONFIG.servers, 'files')), pins: 'off' } } };
  expect(show(off, { approved: off }).text).not.toContain('no definition');
  const [kept, fresh] = [
    pinsOf([{ name: 'read_file' }, { name: 'list' }]),
    pinsOf([{ name: 'read_file', title: 'x' }]),
  ];
  const scene = {
    pins: new Map([['files', kept]]),
    known: { files: { last: { ...seen(fresh), isPart: true } as const } },
  };
  const part = show(CONFIG, scene);
  expect(part.status).toBe(1);
  expect(part.text).toContain('unpinned  no list of its tools ever came to its end');
  // what was not seen this time is not gone
  expect(part.text).not.toContain('is gone');
  expect([...(pictureOf(CONFIG, scene).pins.get('files')?.tools.keys() ?? [])].sort()).toEqual(['list', 'read_file']);
});

test('what becomes possible, by name and by a wildcard; what holds already', () => {
  const known = { files: { tools: ['read_file', 'send', 'write', 'wipe'] } };
  const { status, text } = show({ ...WIDER, strict: 'payload' }, { known });
  expect(status).toBe(1);
  expect(text).toContain(
    [
      '(the config)',
      '  holds     strict: "envelope" (the default) → "payload"',
      '',
      'files',
      '  possible  grant tool `send` added',
      '  possible  grant tool `w*` added',
      '  possible  newly callable, asked for by name: `send`',
      '  possible  newly callable, swallowed by a wildcard: `write`, `wipe`',
    ].join('\n'),
  );
  expect(text).toContain(
    'this waits for an approval:\n  mcp-guard scope approve --config /c/mcp-guard.config.json --reason …\n',
  );
});

test('what is narrower alone does not wait, and an approval would still take it into the lock', () => {
  const narrower = { ...CONFIG, strict: 'payload' };
  expect(show(narrower).status).toBe(0);
  expect(pictureOf(narrower)).toMatchObject({ waits: false, isUpToDate: false });
});

describe('definitions', () => {
  const last = seen(pinsOf([{ ...READ, description: 'reads a file, and sends it' }, SEND], 'be careless'));

  test('that differ from the approved ones wait, and are what an approval pins', () => {
    const scene = {
      pins: new Map([['files', pinsOf([READ, { name: 'gone' }], 'be careful')]]),
      known: { files: { last } },
    };
    expect(show(CONFIG, scene).status).toBe(1);
    expect(kinds(CONFIG, scene)).toEqual([
      'drift `read_file` description: "reads a file" → "reads a file, and sends it"',
      'drift `send` is new',
      'drift `gone` is gone',
      'drift instructions: "be careful" → "be careless"',
    ]);
    expect(pictureOf(CONFIG, scene).pins).toEqual(new Map([['files', last.pins]]));
  });

  test('that were never approved are compared with what was seen first', () => {
    const known = { files: { first: seen(pinsOf([READ], 'be careless')), last } };
    expect(kinds(CONFIG, { known })).toEqual([
      'drift `read_file` description: "reads a file" → "reads a file, and sends it"',
      'drift `send` is new',
      'pins 2 tools as last seen, and the instructions; not shown: 1 that no grant covers (shown once one does, or with `--full`)',
    ]);
  });

  test('that are as approved change nothing; a server that was not seen keeps its pins', () => {
    const pins = new Map([['files', last.pins]]);
    expect(pictureOf(CONFIG, { pins, known: { files: { last } } })).toMatchObject({ isUpToDate: true, pins });
    expect(pictureOf(CONFIG, { pins })).toMatchObject({ isUpToDate: true, pins });
  });

  test('a field that is ignored is no drift', () => {
    const config = { ...CONFIG, servers: { files: { ...CONFIG.servers.files, pins: { ignore: ['description'] } } } };
    const first = seen(pinsOf([READ, SEND], 'be careless'));
    const scene = { approved: config, known: { files: { first, last } } };
    expect(kinds(config, scene)).toEqual([
      'pins 2 tools as last seen, and the instructions; not shown: 1 that no grant covers (shown once one does, or with `--full`)',
    ]);
  });

  test('text that a person does not see is shown', () => {
    const known = { files: { last: seen(pinsOf([{ ...READ, description: 'reads\u200b a file' }])) } };
    expect(kinds(CONFIG, { known })).toContain('hidden `read_file` description: reads\\u{200b} a file');
  });
});

test('names that read alike, over all servers', () => {
  const two = { ...CONFIG, servers: { files: CONFIG.servers.files, mail: { command: 'mail', scope: 'files' } } };
  const known = { files: { tools: ['send', 'x'] }, mail: { tools: ['Send', 'x', 'y'] } };
  const lines = kinds(two, { approved: two, known });
  expect(lines).toContain('alike names that read alike: `send` of `files`, `Send` of `mail`');
  expect(lines).toContain('alike the same name: `x` of `files`, `x` of `mail`');
  expect(lines).toHaveLength(2);
  // one that is not asked about is not told of either
  const third = { ...two, servers: { ...two.servers, other: { command: 'o' } } };
  expect(kinds(third, { approved: third, known, only: 'other' })).toEqual([]);
});

describe('one server alone', () => {
  const two: JsonObject = {
    ...WIDER,
    strict: 'envelope',
    servers: { files: { command: 'node', args: ['s.mjs'], scope: 'files' }, mail: { command: 'mail', scope: 'mail' } },
    scopes: { ...(WIDER.scopes as JsonObject), mail: { grants: [{ tool: 'send' }] } },
  };

  test('takes it and the scope that it names, and leaves everything else as it was approved', () => {
    const { policy, pins } = pictureOf(two, { only: 'mail', pins: new Map([['files', pinsOf([READ])]]) });
    expect(policy).toEqual({
      version: 1,
      servers: { files: CONFIG.servers.files, mail: { command: 'mail', scope: 'mail' } },
      scopes: { files: CONFIG.scopes.files, mail: { grants: [{ tool: 'send' }] } },
    });
    expect([...pins.keys()]).toEqual(['files']);
  });

  test('a scope that another server shares is shown as what it gains', () => {
    const shared = { ...CONFIG, servers: { files: CONFIG.servers.files, copy: { command: 'copy', scope: 'files' } } };
    const document = { ...shared, scopes: WIDER.scopes as JsonObject };
    const lines = listLines(pictureOf(document, { approved: shared, only: 'copy' }));
    expect(lines).toContainEqual({ kind: 'possible', server: 'files', text: 'grant tool `send` added' });
  });

  test('one that has left the config leaves the lock', () => {
    const { policy } = pictureOf({ ...CONFIG, servers: {} }, { only: 'files' });
    expect(policy.servers).toEqual({});
  });

  test('where nothing was approved, nothing else is', () => {
    const first = judge(undefined, { config: two });
    expect(verdictOf(first)).toBe('first_use');
    expect(pictureOf(two, { judgement: first, only: 'mail' })).toMatchObject({
      policy: { servers: { mail: {} }, unlisted: 'deny' },
      waits: true,
    });
  });

  test('is refused where it is none, or where it is about all', () => {
    expect(() => pictureOf(two, { only: 'mial' })).toThrow(/no server `mial`/);
    const none = { version: 1, servers: { files: CONFIG.servers.files, mail: { command: 'mail' } } };
    expect(() => pictureOf(none, { approved: two, only: 'mail' })).toThrow(/cannot be approved alone/);
  });
});

test('a lock that does not count: why, and everything becomes possible', () => {
  const refused = judge('{}', { config: CONFIG });
  const { status, text } = show(CONFIG, { judgement: refused });
  expect(status).toBe(1);
  expect(text.replace(/\n */g, ' ')).toContain(
    'does not count, so nothing may start: the lock was changed by somebody else',
  );
  expect(text).toContain('possible  grant tool `read_*` added');
  expect(show(CONFIG, { judgement: judge(undefined) }).text).toContain('none yet: the next `run` locks the config');
});

test('as JSON, ASCII only', () => {
  const text = formatApprovalJson(viewOf(WIDER, { known: { files: { tools: ['wе'] } } }));
  expect(text).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(text)).toMatchObject({
    ...{ config: '/c/mcp-guard.config.json', state: 'holds', waits: true, approval: { number: 1, who: 'ada' } },
    lines: expect.arrayContaining([{ kind: 'possible', server: 'files', text: 'grant tool `send` added' }]),
  });
  expect(JSON.parse(formatApprovalJson(viewOf(CONFIG, { judgement: judge('{}') })))).toMatchObject({
    state: 'refused',
    refusal: { code: 'lock_edited' },
  });
});

test.each([80, 60])('hostile names at %i columns: inert, and no line is wider', (columns) => {
  const evil = [
    '\u001b[2J',
    '\u202etxt',
    'a'.repeat(300),
    'x\u0300\u0300\u0300\u0300\u0300',
    '名'.repeat(60),
    'two words\nand a line',
  ];
  const tools = evil.map((name) => ({ name, description: `${name} ${'word '.repeat(30)}` }));
  const config = { ...CONFIG, scopes: { files: { grants: [{ tool: '*', reason: 'a b c '.repeat(40) }] } } };
  const first = seen(
    pinsOf(
      tools.map((tool) => ({ ...tool, title: 'before' })),
      'short',
    ),
  );
  const known = { files: { first, last: seen(pinsOf(tools, `long ${'text '.repeat(80)}`)), tools: evil } };
  const { text } = show(config, { known }, columns);
  expect(text).not.toMatch(/[\u001b\u202e\u0007]/);
  for (const line of text.split('\n')) expect(measureText(line)).toBeLessThanOrEqual(columns);
  for (const kind of ['possible', 'drift', 'hidden', 'pins', 'holds']) expect(text).toContain(`\n  ${kind.padEnd(10)}`);
});
