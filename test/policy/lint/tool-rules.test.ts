// The rules about tools: what destroys, what takes anything, what contradicts itself, what is dangerous together.
import { describe, expect, test } from 'vitest';
import { offerOf } from '../../../src/cli/lint-subject.ts';
import { argumentKinds } from '../../../src/policy/lint/argument-kind.ts';
import type { OfferedTool } from '../../../src/policy/lint/lint-input.ts';
import { isBound } from '../../../src/policy/lint/tool-rules.ts';
import { findContradiction, readsPrivate, sendsOutside, whyDestructive } from '../../../src/policy/lint/tool-traits.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { found, lint, namesOf, offer, oneScope, TEXT, tool } from './lint-scene.ts';

describe('argumentKinds', () => {
  const kinds = (properties: JsonObject, name = 't') =>
    argumentKinds(tool(name, properties)).map(({ pointer, kind }) => `${pointer} ${kind}`);

  test.each<[JsonObject, readonly string[], string?]>([
    [{ path: TEXT }, ['/path path']],
    [{ filePath: TEXT, output_dir: TEXT }, ['/filePath path', '/output_dir path']],
    [{ paths: { type: 'array', items: TEXT } }, ['/paths/* path']],
    [{ source: TEXT, destination: TEXT }, ['/source path', '/destination path'], 'move_file'],
    [{ source: TEXT }, [], 'translate'],
    [{ url: TEXT, callback: { type: 'string', format: 'uri' } }, ['/url url', '/callback url']],
    [{ command: TEXT, script: TEXT }, ['/command command', '/script command']],
    [{ sql: TEXT }, ['/sql sql']],
    [{ query: TEXT }, [], 'web_search'],
    [{ query: TEXT }, ['/query sql'], 'sqlite_read'],
    [{ query: { ...TEXT, description: 'A SQL query' } }, ['/query sql']],
    [{ path: { type: 'number' }, file: { type: 'string', enum: ['a'] }, dir: { const: 'x' } }, []],
    [{ path: {} }, ['/path path']],
    [{ path: { type: ['string', 'null'] } }, ['/path path']],
    [{ options: { type: 'object', properties: { file: TEXT } } }, ['/options/file path']],
    [{ edits: { type: 'array', items: { type: 'object', properties: { path: TEXT } } } }, ['/edits/*/path path']],
    [{ 'a/b~file': TEXT }, ['/a~1b~0file path']],
    [{ name: TEXT, limit: { type: 'integer' } }, []],
  ])('%j: %j', (properties, expected, name) => {
    expect(kinds(properties, name)).toEqual(expected);
  });

  test('a hostile schema costs little', () => {
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`path${at} path`, TEXT]));
    expect(kinds(wide).length).toBeLessThanOrEqual(2_000);
    let deep: JsonObject = { file: TEXT };
    for (let level = 0; level < 200; level += 1) deep = { o: { type: 'object', properties: deep } };
    expect(kinds(deep)).toEqual([]);
    for (const schema of [null, 7, 'x', [], { properties: 'x' }, { properties: { path: null } }])
      expect(argumentKinds({ name: 't', inputSchema: schema })).toEqual([]);
  });
});

describe('isBound', () => {
  test.each<[JsonObject, boolean]>([
    [{}, false],
    [{ args: { '/path': { within: ['/x'] } } }, true],
    [{ args: { '/path': { oneOf: ['a'] } } }, true],
    [{ args: { '/path': { absent: true } } }, true],
    [{ args: { '/path': { maxLength: 9 } } }, false],
    [{ args: { '/path': {} } }, false],
    [{ args: { '/path': { optional: true } } }, false],
    [{ args: { '/path': { prefix: '/' } } }, false],
    [{ args: { '/path': { prefix: 'refs/' } } }, true],
    [{ args: { '/other': { within: ['/x'] } } }, false],
    [{ args: { '/other': { within: ['/x'] } }, additional: false }, true],
    [{ args: { '/path': { maxLength: 9 } }, additional: false }, false],
    [{ args: { '/*': { pattern: 'a' } } }, true],
    [{ additional: false }, true],
    [{ additional: true }, false],
  ])('%j bounds `/path`: %s', (grant, expected) => {
    expect(isBound(grant, '/path')).toBe(expected);
  });

  test('a list by its elements or as a whole', () => {
    expect(isBound({ args: { '/paths/*': { within: ['/x'] } } }, '/paths/*')).toBe(true);
    expect(isBound({ args: { '/paths': { schema: { type: 'array' } } } }, '/paths/*')).toBe(true);
    expect(isBound({ args: { '/paths/0': { within: ['/x'] } } }, '/paths/*')).toBe(false);
  });
});

test('unconstrained-argument: each grant of the tool is asked, one open one is enough', () => {
  const facts = { offers: { files: offer([tool('read', { path: TEXT, url: TEXT })]) } };
  const closed = { tool: 'read', args: { '/path': { within: ['/x'] }, '/url': { host: ['a.example'] } } };
  const of = (grants: readonly object[]) => found('unconstrained-argument', oneScope({ grants }), facts);
  expect(of([closed])).toEqual([]);
  expect(of([closed, { tool: 're*' }])).toEqual(['scopes.s.grants[1]: `read` takes any `/path` (path), `/url` (URL)']);
  expect(of([{ ...closed, expires: '2026-06-01' }])).toEqual([]);
});

test('`additional: false` is advised only where the tool can be called then', () => {
  const mendOf = (required: readonly string[], args: object = {}) => {
    const read = tool('read', { path: TEXT, mode: TEXT });
    const schema = { ...(read.inputSchema as object), required: [...required] };
    const offers = { files: offer([{ ...read, inputSchema: schema }]) };
    const { findings } = lint(oneScope({ grants: [{ tool: 'read', args }] }), { offers });
    return findings.find(({ rule }) => rule === 'unconstrained-argument')?.mend;
  };
  const both = 'constrain it in `args` with `within`; or say `additional: false`';
  const one = 'constrain it in `args` with `within`';
  expect(mendOf([])).toBe(both);
  expect(mendOf(['mode'], { '/mode': { maxLength: 9 } })).toBe(both);
  expect(mendOf(['path'])).toBe(one);
  expect(mendOf(['mode'])).toBe(one);
  // it is named already, and not bound
  expect(mendOf([], { '/path': { maxLength: 9 } })).toBe(one);
  expect(mendOf([], { '/*': { maxLength: 9 } })).toBe(one);
});

test('no mend names what would deny every call', () => {
  const mends = lint(oneScope({ grants: [{ tool: 'delete_all' }, { tool: 'x' }] })).findings.map(({ mend }) => mend);
  expect(mends.some((mend) => mend.includes('`expires`'))).toBe(true);
  for (const mend of mends) expect(mend).not.toMatch(/approve: "always"|approved each time/);
});

describe('destructive-without-approval', () => {
  test.each<[OfferedTool, boolean]>([
    [tool('delete_file'), true],
    [tool('deleteFile'), true],
    [tool('DropTable'), true],
    [tool('run_shell'), true],
    [tool('save', {}, { annotations: { destructiveHint: true } }), true],
    [tool('purge', {}, { annotations: { destructiveHint: false, readOnlyHint: true } }), true],
    [tool('undeleted'), false],
    [tool('read_file'), false],
    [tool('save', {}, { annotations: { destructiveHint: 'true' } }), false],
  ])('%j: %s', (one, expected) => {
    expect(whyDestructive(one) !== undefined).toBe(expected);
  });

  const of = (grant: object, deny: readonly object[] = []) =>
    found('destructive-without-approval', oneScope({ grants: [{ tool: 'delete', ...grant }], deny }), {
      offers: { files: offer(['delete']) },
    });

  test('an approval, an end or a denial is an answer', () => {
    expect(of({})).toHaveLength(1);
    expect(of({ approve: 'always' })).toEqual([]);
    expect(of({ expires: '2027-01-01' })).toEqual([]);
    expect(of({}, [{ tool: 'del*' }])).toEqual([]);
  });

  test('without an inventory the name of the grant is judged', () => {
    expect(
      found('destructive-without-approval', oneScope({ grants: [{ tool: 'drop_table' }, { tool: 'x*' }] })),
    ).toHaveLength(1);
  });
});

describe('annotation-contradiction', () => {
  const readOnly = { annotations: { readOnlyHint: true } };
  test.each<[OfferedTool, boolean]>([
    [tool('delete_x', {}, readOnly), true],
    [tool('write_x', {}, readOnly), true],
    [tool('x', {}, { annotations: { readOnlyHint: true, destructiveHint: true } }), true],
    [tool('x', {}, { ...readOnly, description: 'Writes a file.' }), true],
    [tool('x', {}, { ...readOnly, description: ' Permanently deletes it' }), true],
    [tool('delete_x', {}, { annotations: { destructiveHint: false } }), true],
    [tool('read_x', {}, { ...readOnly, description: 'Reads what others write. Deletes nothing.' }), false],
    [tool('get_last_update', {}, readOnly), false],
    [tool('read_x', {}, readOnly), false],
    [tool('delete_x'), false],
    [tool('x', {}, { ...readOnly, description: 7 }), false],
  ])('%j: %s', (one, expected) => {
    expect(findContradiction(one) !== undefined).toBe(expected);
  });

  test('only of tools that can be called', () => {
    const facts = { offers: { files: offer([tool('delete_x', {}, readOnly)]) } };
    expect(found('annotation-contradiction', oneScope({ grants: [] }), facts)).toEqual([]);
    expect(found('annotation-contradiction', oneScope({ grants: [{ tool: 'delete_x' }] }), facts)).toHaveLength(1);
  });
});

describe('toxic-combination', () => {
  test.each<[OfferedTool, boolean, boolean]>([
    [tool('read_file', { path: TEXT }), true, false],
    [tool('search_messages'), true, false],
    [tool('run_query', { sql: TEXT }), true, false],
    [tool('send_mail'), false, true],
    [tool('fetch', { url: TEXT }), false, true],
    [tool('add_issue', {}, { annotations: { openWorldHint: true } }), false, true],
    [tool('web_lookup', {}, { annotations: { openWorldHint: true, readOnlyHint: true } }), false, true],
    [tool('add', { a: { type: 'number' } }), false, false],
  ])('%j: reads %s, sends %s', (one, reads, sends) => {
    expect([readsPrivate(one), sendsOutside(one)]).toEqual([reads, sends]);
  });

  const scene = (web: object) => ({
    version: 1,
    servers: { files: { command: 'f', scope: 'f' }, web: { command: 'w', scope: 'w' } },
    scopes: { f: { grants: [{ tool: 'read_file' }] }, w: { grants: [web] } },
  });
  const facts = { offers: { files: offer([tool('read_file')]), web: offer([tool('fetch', { url: TEXT })]) } };
  const of = (web: object) => found('toxic-combination', scene(web), facts);

  test('across servers; names both sides', () => {
    expect(of({ tool: 'fetch' })[0]).toContain('what `files/read_file` may read, `web/fetch` may send outside');
    expect(of({ tool: 'fetch', args: { '/url': { host: ['*'] } } })).toHaveLength(1);
    expect(of({ tool: 'fetch', args: { '/url': { host: ['https://*'] } } })).toHaveLength(1);
  });

  test('not where a person is asked, the hosts are named, or it is denied', () => {
    expect(of({ tool: 'fetch', approve: 'always' })).toEqual([]);
    expect(of({ tool: 'fetch', args: { '/url': { host: ['*.example.org'] } } })).toEqual([]);
    expect(of({ tool: 'other' })).toEqual([]);
  });

  test('one tool alone is no combination', () => {
    const document = oneScope({ grants: [{ tool: 'fetch_file' }] });
    const one = tool('fetch_file', { url: TEXT, path: TEXT });
    expect(found('toxic-combination', document, { offers: { files: offer([one]) } })).toEqual([]);
  });

  test('a server that nothing restricts counts with all it offers', () => {
    const document = { version: 1, servers: { a: { command: 'a' } } };
    const { findings } = lint(document, { offers: { a: offer(['read_file', 'send_mail']) } });
    expect(namesOf(findings)).toContain('toxic-combination servers');
  });
});

describe('definition-not-looked-at', () => {
  const RULE = 'definition-not-looked-at';
  const unread = { name: 'huge', isNameOnly: true };

  test('of a tool that can be called, and of those for which there was no room', () => {
    const offers = { files: offer([unread, 'a'], { omitted: 2, isComplete: false }) };
    expect(found(RULE, oneScope({ grants: [{ tool: 'huge' }] }), { offers })).toEqual([
      'servers.files: the definition of `huge` was too large to look at: what it takes and claims is not known',
      'servers.files: `files` lists 2 tools more than there was room to look at',
    ]);
  });

  test('of a tool with more parameters than are looked at, which could hide one among them', () => {
    const of = (count: number) =>
      tool('wide', { ...Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, {}])), path: TEXT });
    const unseen = (count: number, rule: string) =>
      found(rule, oneScope({ grants: [{ tool: 'wide' }] }), { offers: { files: offer([of(count)]) } }).length;
    expect([unseen(1_999, RULE), unseen(1_999, 'unconstrained-argument')]).toEqual([0, 1]);
    expect([unseen(2_000, RULE), unseen(2_000, 'unconstrained-argument')]).toEqual([1, 0]);
  });

  test('not of one that cannot be called, or that was shortened', () => {
    expect(found(RULE, oneScope({ grants: [{ tool: 'a' }] }), { offers: { files: offer([unread, 'a']) } })).toEqual([]);
    const lists = {
      tools: {
        entries: [{ name: 'a', definition: { inputSchema: { properties: { path: TEXT } } }, digest: 'd' }],
        ...{ omitted: 0, isComplete: true, digest: 'd', sinceMs: 0, seenAtMs: 0 },
      },
    };
    const read = offerOf({ version: 1, name: 'files', server: undefined, lists });
    if (read === undefined) throw new Error('there are tools');
    const facts = { offers: { files: read } };
    expect(found(RULE, oneScope({ grants: [{ tool: 'a' }] }), facts)).toEqual([]);
    expect(found('unconstrained-argument', oneScope({ grants: [{ tool: 'a' }] }), facts)).toHaveLength(1);
  });
});

describe('shadowed-names', () => {
  const document = {
    version: 1,
    servers: { a: { command: 'a', scope: 's' }, b: { command: 'b', scope: 's' } },
    scopes: { s: { grants: [{ tool: '*' }], deny: [{ tool: 'hidden' }] } },
  };
  const of = (a: string, b: string) => found('shadowed-names', document, { offers: { a: offer([a]), b: offer([b]) } });

  test.each([
    ['read', 'read', 'have one name'],
    ['read_file', 'readFile', 'read alike'],
    ['read', 'reаd', 'read alike'],
  ])('%s beside %s', (a, b, words) => {
    expect(of(a, b)).toHaveLength(1);
    expect(of(a, b)[0]).toContain(words);
  });

  test('of one server, said of that server', () => {
    const findings = lint(document, { offers: { a: offer(['search', 'se\u0430rch']) } }).findings;
    expect(findings.filter(({ rule }) => rule === 'shadowed-names')).toMatchObject([
      { path: ['servers', 'a'], server: 'a', tool: 'search' },
    ]);
  });

  test('names of grants are no tools: only what was seen to be offered', () => {
    const named = { ...document, scopes: { s: { grants: [{ tool: 'read' }, { tool: 'raed' }] } } };
    expect(found('shadowed-names', named, { offers: { a: offer(['read']) } })).toEqual([]);
    expect(found('shadowed-names', named)).toEqual([]);
    expect(found('shadowed-names', named, { offers: { a: offer(['read']), b: offer(['read']) } })).toHaveLength(1);
  });

  test('not where they differ, or the scope hides them', () => {
    expect(of('read', 'write')).toEqual([]);
    expect(of('hidden', 'hidden')).toEqual([]);
  });
});
