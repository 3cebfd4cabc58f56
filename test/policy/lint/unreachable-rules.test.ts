// Rules that change nothing: denied as a whole, moot, impossible, in a scope of nobody. And what changed since an approval.
import { describe, expect, test } from 'vitest';
import { findContradictions } from '../../../src/policy/lint/contradiction.ts';
import type { Definitions } from '../../../src/policy/lint/lint-input.ts';
import { buildLayer } from '../../../src/policy/scope/scope-layer.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { PORTS } from '../constraint/one-constraint.ts';
import { makeScope } from '../scope/make-scope.ts';
import { DAY, type Facts, found, NOW, offer, oneScope, TEXT } from './lint-scene.ts';

const of = (scope: object, facts?: Facts) => found('rule-can-never-match', oneScope(scope), facts);
const READ = { tool: 'read', args: { '/path': { within: ['/x'] } } };

describe('rule-can-never-match', () => {
  test.each<[string, object, readonly string[]]>([
    ['denied by name', { grants: [{ tool: 'a' }], deny: [{ tool: 'a' }] }, ['grants[0]']],
    ['denied by pattern', { grants: [{ tool: 'ab*' }], deny: [{ tool: 'a*' }] }, ['grants[0]']],
    ['denied in part', { grants: [{ tool: 'a*' }], deny: [{ tool: 'ab*' }] }, []],
    ['another kind is denied', { grants: [{ tool: 'a' }], deny: [{ prompt: 'a' }] }, []],
    ['constraints beside a free grant', { grants: [READ, { tool: 're*' }] }, ['grants[0]']],
    ['the same twice', { grants: [{ tool: 'a' }, { tool: 'a' }] }, ['grants[1]']],
    ['a free grant beside constraints of another', { grants: [READ, { tool: 'other' }] }, []],
    ['the free one ends sooner', { grants: [READ, { tool: 're*', expires: '2027-01-01' }] }, []],
    ['the free one is held', { grants: [READ, { tool: 're*', approve: 'always' }] }, []],
    ['the wide one is constrained', { grants: [{ tool: 'read' }, { ...READ, tool: 're*' }] }, []],
    ['two constrained ones', { grants: [READ, { tool: 'read', args: { '/path': { within: ['/y'] } } }] }, []],
    ['a held one beside a free one', { grants: [{ tool: 'a', approve: 'always' }, { tool: 'a' }] }, ['grants[0]']],
    ['a deny below a deny', { deny: [{ tool: 'a*' }, { tool: 'ab' }] }, ['deny[1]']],
    ['a deny twice', { deny: [{ tool: 'a' }, { tool: 'a' }] }, ['deny[1]']],
    ['a wide deny written later', { deny: [{ tool: 'ab' }, { tool: 'a*' }] }, ['deny[0]']],
    ['denies apart', { deny: [{ tool: 'a' }, { tool: 'b' }, { prompt: 'a' }] }, []],
  ])('%s', (_, scope, expected) => {
    expect(of(scope).map((text) => text.split(': ')[0])).toEqual(expected.map((at) => `scopes.s.${at}`));
  });

  test('a scope that no server names; a role counts as one', () => {
    const scopes = { s: { grants: [] }, t: { grants: [{ tool: 'a' }] } };
    const document = { version: 1, servers: { a: { command: 'a', scope: 's' } }, scopes };
    expect(found('rule-can-never-match', document)[0]).toContain('no server names the scope `t`');
  });

  test.each<[JsonObject, boolean]>([
    [{ min: 1, prefix: 'a' }, true],
    [{ max: 1, maxLength: 2 }, true],
    [{ within: ['/x'], host: ['a.example'] }, true],
    [{ sql: 'read-only', host: ['a.example'] }, true],
    [{ equals: 'b', prefix: 'a' }, true],
    [{ oneOf: ['b', 'c'], pattern: 'a.*' }, true],
    [{ oneOf: ['b', 'ab'], pattern: 'a.*' }, false],
    [{ equals: 5, max: 4 }, true],
    [{ equals: 5, oneOf: [6] }, true],
    [{ oneOf: [1, 2], min: 2 }, false],
    [{ equals: 'a', optional: true }, false],
    [{ equals: null, maxLength: 3 }, true],
    [{ prefix: 'a', maxLength: 3 }, false],
    [{ min: 1, max: 2 }, false],
    [{}, false],
  ])('%j can never hold: %s', (constraint, expected) => {
    expect(findContradictions({ args: { '/v': constraint } }, PORTS).length > 0).toBe(expected);
  });

  describe('beside the schema of the tool', () => {
    const schema = { type: 'object', properties: { path: TEXT, mode: TEXT }, required: ['path'] };
    const facts = { offers: { files: offer([{ name: 'read', inputSchema: schema }]) } };
    const why = (grant: object) =>
      of({ grants: [{ tool: 'read', ...grant }] }, facts).map((text) => text.replace(/^.*used: /, ''));

    test.each<[object, readonly string[]]>([
      [{ args: { '/paht': { within: ['/x'] } } }, ['asks for `paht`, which `read` does not take']],
      [{ args: { '/paht': { within: ['/x'], optional: true } } }, []],
      [{ args: { '/paht': { absent: true } } }, []],
      [{ args: { '/path': { absent: true } } }, ['refuses `path`, which `read` requires']],
      [{ additional: false, args: { '/mode': { equals: 'r' } } }, ['refuses `path`, which `read` requires']],
      [{ additional: false, args: { '/path': { within: ['/x'] } } }, []],
      [{ additional: false, args: { '/*': { maxLength: 9 } } }, []],
    ])('%j: %j', (grant, expected) => {
      expect(why(grant)).toEqual(expected);
    });

    test('a pattern may mean another tool', () => {
      expect(of({ grants: [{ tool: 'rea*', args: { '/paht': {} } }] }, facts)).toEqual([]);
    });
  });
});

describe('definition-drift', () => {
  const set = (tools: Readonly<Record<string, JsonObject>>, instructions?: string) => ({
    tools: new Map(Object.entries(tools).map(([name, fields]) => [name, { name, fields }])),
    instructions,
  });
  type Sides = Pick<Definitions, 'before' | 'now'> & Partial<Definitions>;
  const drift = (sides: Sides, server: object = {}) =>
    found('definition-drift', oneScope({ grants: [{ tool: '*' }] }, server), {
      definitions: new Map([['files', { since: 'approved', hasInstructions: true, ...sides }]]),
    });
  const READ_ONE = set({ read: { description: 'one' } });

  test('what changed, in short, and since when', () => {
    const now = set({ read: { description: 'two\u202e' } });
    const [text = '', ...more] = drift({ before: READ_ONE, now });
    expect(text).toContain('is not what was approved: `read` description: "one" → "two\\u{202e}"');
    expect(more).toEqual([]);
    expect(drift({ before: READ_ONE, now, since: 'first_seen' })[0]).toContain('is not what was seen first');
  });

  test('a clone of what is gone; not what is only new or gone', () => {
    expect(drift({ before: READ_ONE, now: set({ raed: { description: 'one' } }) })[0]).toContain(
      '`raed` has the definition of `read`',
    );
    expect(drift({ before: READ_ONE, now: set({}) })).toEqual([]);
    expect(drift({ before: READ_ONE, now: set({ read: { description: 'one' }, more: {} }) })).toEqual([]);
  });

  test('instructions, where they are known', () => {
    const [before, now] = [set({}, 'be kind'), set({}, 'be quick')];
    expect(drift({ before, now })).toEqual(['servers.files: its instructions are not what was approved']);
    expect(drift({ before, now: before })).toEqual([]);
    expect(drift({ before, now, hasInstructions: false })).toEqual([]);
  });

  test('not what the config lets change, nor where nothing is known', () => {
    const sides = {
      before: set({ read: { description: 'one' } }, 'a'),
      now: set({ read: { description: 'two' } }, 'b'),
    };
    expect(drift(sides)).toHaveLength(2);
    expect(drift(sides, { pins: 'off' })).toEqual([]);
    expect(drift(sides, { pins: { ignore: ['description', 'instructions'] } })).toEqual([]);
    expect(drift(sides, { tools: { read: { pins: 'off' } } })).toHaveLength(1);
    expect(found('definition-drift', oneScope({ grants: [{ tool: '*' }] }))).toEqual([]);
  });
});

describe('growth', () => {
  const GROWTH = 'growth-since-approval';
  const before = oneScope({ grants: [{ tool: 'a' }, { tool: 'l_*' }] });
  const offers = { files: offer(['a', 'b', 'l_1', 'l_2']) };
  const approved = {
    policy: JSON.parse(JSON.stringify(before)),
    pins: new Map([
      ['files', { tools: new Map(['a', 'l_1'].map((name) => [name, { name, fields: {} }])), instructions: undefined }],
    ]),
  };

  test('by a wider scope, and by what is new under a pattern', () => {
    const now = oneScope({ grants: [{ tool: 'a' }, { tool: 'b' }, { tool: 'l_*' }] });
    expect(found(GROWTH, now, { approved, offers })).toEqual([
      'servers.files: 2 tools in the scope that nobody has approved, refused until somebody does: `b` and `l_2`',
    ]);
  });

  test('tells what the lock and the pins refuse from what they let pass', () => {
    const grants = [{ tool: 'a' }, { tool: 'b' }, { tool: 'l_*' }];
    // of config and lock the stricter one holds: what nobody has approved opens nothing
    const approvedWith = (more: object) => ({
      ...{
        ...approved,
        policy: JSON.parse(JSON.stringify(oneScope({ grants: [{ tool: 'a' }, { tool: 'l_*' }] }, more))),
      },
    });
    const refused = expect.stringContaining('2 tools in the scope that nobody has approved, refused');
    for (const more of [{ pins: 'warn' }, { mode: 'observe' }]) {
      expect(found(GROWTH, oneScope({ grants }, more), { approved, offers })).toEqual([refused]);
      expect(found(GROWTH, oneScope({ grants }), { approved: approvedWith(more), offers })[0]).toContain('refused');
    }
    const warned = approvedWith({ pins: 'warn' });
    expect(found(GROWTH, oneScope({ grants }, { pins: 'warn' }), { approved: warned, offers })).toEqual([
      'servers.files: 1 tool in the scope that nobody has approved, refused until somebody does: `b`; 1 tool can be called that nobody has approved: `l_2`',
    ]);
    const lax = approvedWith({ mode: 'observe' });
    const observed = found(GROWTH, oneScope({ grants }, { mode: 'observe' }), { approved: lax, offers });
    expect(observed[0]).toContain('2 tools can be called that nobody has approved: `b` and `l_2`');
  });

  test('not by narrowing, and not without an approval', () => {
    expect(found(GROWTH, oneScope({ grants: [{ tool: 'a' }] }), { approved, offers })).toEqual([]);
    expect(found(GROWTH, before, { offers })).toEqual([]);
  });

  test('over 30 and 90 days, from what is on record', () => {
    const of = (points: readonly (readonly [days: number, tools: number])[], facts: Facts = {}) => {
      const surface = points.map(([days, tools]) => ({ atMs: NOW - days * DAY, tools }));
      return found('growth-30-90', oneScope({ grants: [{ tool: 'a*' }] }), {
        surfaces: new Map([['files', surface]]),
        ...facts,
      });
    };
    expect(
      of([
        [100, 2],
        [40, 5],
        [3, 9],
      ])[0],
    ).toContain('9 tools can be called now, and 5 30 days ago, 2 90 days ago');
    expect(
      of([
        [40, 5],
        [3, 9],
      ])[0],
    ).not.toContain('90 days');
    expect(
      of([
        [100, 9],
        [3, 9],
      ]),
    ).toEqual([]);
    expect(
      of([
        [100, 9],
        [3, 2],
      ]),
    ).toEqual([]);
    expect(of([[3, 9]])).toEqual([]);
    expect(of([])).toEqual([]);
    // what is offered now counts, where that is known
    expect(of([[40, 2]], { offers: { files: offer(['a', 'a1', 'a2', 'b']) } })[0]).toContain(
      '3 tools can be called now',
    );
    expect(of([[40, 2]], { offers: { files: offer(['a', 'b']) } })).toEqual([]);
  });
});

describe('wider-than-ceiling', () => {
  const ceiling = (scope: object) => new Map([['files', [buildLayer('ceiling', [makeScope(scope, 'top')])]]]);
  const beyond = (grant: object, top: object, tools: readonly string[] = []) =>
    found('wider-than-ceiling', oneScope({ grants: [grant] }), {
      ceilings: ceiling(top),
      offers: { files: offer(tools) },
    });

  test.each<[string, object, object, readonly string[], number]>([
    ['a name it grants', { tool: 'a' }, { grants: [{ tool: 'a*' }] }, [], 0],
    ['a name it does not', { tool: 'b' }, { grants: [{ tool: 'a*' }] }, [], 1],
    ['a name it denies', { tool: 'a' }, { grants: [{ tool: '*' }], deny: [{ tool: 'a' }] }, [], 1],
    ['a pattern beside it', { tool: 'b*' }, { grants: [{ tool: 'a*' }] }, [], 1],
    ['a pattern that goes beyond, nothing offered there', { tool: '*' }, { grants: [{ tool: 'a*' }] }, ['ab'], 0],
    ['a pattern that goes beyond', { tool: '*' }, { grants: [{ tool: 'a*' }] }, ['ab', 'b'], 1],
    ['another kind', { prompt: 'a' }, { grants: [{ tool: 'a' }] }, [], 1],
    ['an expired grant', { tool: 'b', expires: '2026-06-01' }, { grants: [] }, [], 0],
  ])('%s', (_, grant, top, tools, count) => {
    expect(beyond(grant, top, tools)).toHaveLength(count);
  });

  test('of servers that share the scope what is the same is said once', () => {
    const top = (by: string, scope: object) => buildLayer('ceiling', [makeScope(scope, 'top')], by);
    const servers = Object.fromEntries(['a', 'b', 'c', 'd'].map((id) => [id, { command: id, scope: 's' }]));
    const scopes = { s: { grants: [{ tool: 'x' }] } };
    const nothing = top('/etc/c.json', { grants: [] });
    const ceilings = new Map([
      ['a', [nothing]],
      ['b', [nothing]],
      ['c', [top('/etc/other.json', { grants: [] })]],
      ['d', [top('/etc/c.json', { grants: [{ tool: 'x' }] })]],
    ]);
    const texts = found('wider-than-ceiling', { version: 1, servers, scopes }, { ceilings });
    expect(texts.map((text) => text.replace(/^[^:]*: /, ''))).toEqual([
      'tool `x`: `/etc/c.json` over `a` and `b` does not allow it, so it is denied',
      'tool `x`: `/etc/other.json` over `c` does not allow it, so it is denied',
    ]);
  });

  test('without a ceiling there is nothing to be wider than', () => {
    expect(found('wider-than-ceiling', oneScope({ grants: [{ tool: '*' }] }))).toEqual([]);
  });
});
