// What `scope explain` says, and that it is what `run` decides: the same verdict as the interceptors, for any policy and call.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describePause } from '../../src/cli/pause-words.ts';
import { type ExplainScene, runScopeExplain, type ScopeExplainOptions } from '../../src/cli/scope-explain.ts';
import { judgeRequest, judgeWithoutArguments } from '../../src/cli/scope-judge.ts';
import { type Question, requestFor } from '../../src/cli/scope-request.ts';
import { standingOf } from '../../src/cli/scope-standing.ts';
import { measureText } from '../../src/cli/text-width.ts';
import type { Pause } from '../../src/policy/pause.ts';
import { createScopePolicy } from '../../src/policy/scope/scope.ts';
import type { TargetKind } from '../../src/policy/scope/scope-policy.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { makeLayer } from '../policy/scope/make-scope.ts';
import { compile, FULL, HOSTILE, inventoryOf, listOf, makeScene, NOW } from './scope-scene.ts';
import { openScreen } from './screen.ts';

const policy = compile(FULL);
const inventories = [inventoryOf('files', { tools: listOf('read_text', 'old', 'move', 'get_secret') })];
const scene = makeScene({ policy, inventories });

function explain(more: Omit<ScopeExplainOptions, 'server'>, server = 'files', at: ExplainScene = scene, columns = 80) {
  const screen = openScreen(columns);
  const status = runScopeExplain({ server, ...more }, screen.io, at);
  return { status, out: screen.out() };
}
const ask = (more: Omit<ScopeExplainOptions, 'server'>, server?: string, at?: ExplainScene) => {
  const { status, out } = explain({ ...more, json: true }, server, at);
  expect(out).toMatch(/^[\x20-\x7e]+\n$/);
  return { status, ...JSON.parse(out) };
};
const args = (value: JsonObject) => ({ args: JSON.stringify(value) });
const PAUSE: Pause = {
  ...{ config: '/srv/a.json', server: 'files', sinceMs: NOW, untilMs: NOW + 60_000 },
  ...{ actor: 'ada', reason: 'the release waits' },
};
const PAUSED = makeScene({ policy, inventories, pause: PAUSE });

describe('at 80 columns', () => {
  test('a denial: the rule, why, what the model is told, what would change it', () => {
    expect(explain({ tool: 'get_secret' })).toEqual({
      status: 1,
      out: `denied      files: tool get_secret
rule        scopes.notes.deny[0]
reason      scope_denied
why         a denial names \`get_secret\`
it is told  Unknown tool: get_secret
to change   a denial wins over every grant: take \`scopes.notes.deny[0]\` away, or
            make it narrower (its reason: never)
            then \`scopes.notes.grants[3]\` would decide
`,
    });
  });

  test('a tool whose arguments decide, and none were given', () => {
    expect(explain({ tool: 'read_text' })).toEqual({
      status: 0,
      out: `allowed if  files: tool read_text
rule        scopes.notes.grants[1]
why         its arguments decide, and none were given (\`--args\`), until
            2030-12-31
conditions  \`scopes.notes.grants[1]\` allows it where
            - /path: within ~/notes
            - /head: may be missing, 1 to 9
            - no other arguments
`,
    });
  });

  test('a call that is allowed', () => {
    expect(explain({ tool: 'read_text', ...args({ path: '/home/ada/notes/a' }) })).toEqual({
      status: 0,
      out: `allowed     files: tool read_text
rule        scopes.notes.grants[1]
why         granted as \`read_*\`, until 2030-12-31 (answers questions)
`,
    });
  });

  test('hostile names steer nothing and widen no line', () => {
    const hostile = makeScene({ policy, inventories: [inventoryOf('files', { tools: listOf(...HOSTILE) })] });
    for (const name of HOSTILE) {
      for (const columns of [40, 80]) {
        const { out } = explain({ tool: name }, 'files', hostile, columns);
        for (const line of out.split('\n')) {
          expect(measureText(line)).toBeLessThanOrEqual(columns);
          expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]*$/u);
        }
      }
    }
  });
});

describe('each decision', () => {
  const granted = { status: 0, decision: 'allow', reason: null, told: null, changes: [] };
  const denied = (reason: string, rule: string) => ({ status: 1, decision: 'deny', reason, rule });

  test.each([
    ['sampling', { request: 'sampling/createMessage' }, { ...granted, rule: 'scopes.notes.grants[6]' }],
    ['a request of an extension', { request: 'vendor/ask' }, denied('not_granted', 'scopes.notes')],
    ['a method beyond the protocol', { method: 'vendor/x' }, denied('not_granted', 'scopes.notes')],
    ['a plain resource', { resource: 'file:///srv/a' }, { ...granted, rule: 'scopes.notes.grants[4]' }],
    ['what needs no grant', { request: 'ping' }, { ...granted, rule: 'needs no grant' }],
    [
      'an empty call',
      { tool: 'read_text', args: '{}' },
      denied('argument_denied', 'scopes.notes.grants[1].args["/path"].required'),
    ],
    ['a prompt', { prompt: 'sum', args: '{"text":"short"}' }, { ...granted, rule: 'scopes.notes.grants[5]' }],
    [
      'a prompt without its arguments',
      { prompt: 'sum' },
      { status: 0, decision: 'conditional', rule: 'scopes.notes.grants[5]' },
    ],
    ['a grant that has ended', { tool: 'old' }, denied('grant_expired', 'scopes.notes.grants[0]')],
    ['a grant that needs an approval', { tool: 'move' }, denied('approval_required', 'scopes.notes.grants[2]')],
    ['what nothing names', { tool: 'write' }, denied('not_granted', 'scopes.notes')],
    ['a resource in disguise', { resource: 'file:///srv/../etc' }, denied('uri_not_plain', 'scopes.notes.grants[4]')],
    ['a denied request', { request: 'roots/list' }, denied('scope_denied', 'scopes.notes.deny[1]')],
  ])('%s', (_, question, expected) => {
    expect(ask(question)).toMatchObject(expected);
  });

  test.each([
    [
      'a grant that has ended',
      { tool: 'old' },
      ['`scopes.notes.grants[0]` ended with 2026-02-01: give it a later `expires`'],
    ],
    [
      'the nearest grant',
      { tool: 'mvoe' },
      [
        'the nearest grant is `move` (`scopes.notes.grants[2]`)',
        expect.stringContaining('add `{"tool":"mvoe"}` to `scopes.notes.grants`'),
      ],
    ],
    [
      'conditions',
      { tool: 'read_text', args: '{"path":"/etc"}' },
      [
        '`scopes.notes.grants[1]` allows it where',
        '- /path: within ~/notes',
        expect.anything(),
        '- no other arguments',
      ],
    ],
    ['an approval', { tool: 'move' }, [expect.stringContaining('take `approve` out')]],
    ['another spelling', { resource: 'file:///srv/../etc' }, [expect.stringContaining('ask for its plain form')]],
    [
      'a denial without a grant behind it',
      { request: 'roots/list' },
      [
        expect.stringContaining('take `scopes.notes.deny[1]` away'),
        expect.stringContaining('`default grant of roots/list` would decide'),
      ],
    ],
    [
      'a denial that nothing would follow',
      { tool: 'a_secret' },
      [expect.stringContaining('reason: never'), 'no grant names it, either'],
    ],
  ])('what would change it: %s', (_, question, changes) => {
    expect(ask(question).changes).toEqual(changes);
  });

  test('the guard’s own files are denied in every mode, with a scope and without', () => {
    const own = args({ path: '/state/x' });
    const free = makeScene({ policy: compile({ servers: { files: { command: 'x' } } }) });
    for (const at of [free, makeScene({})])
      expect(ask({ tool: 'any', ...own }, 'files', at)).toMatchObject(denied('own_path', 'own_paths'));
    expect(ask({ tool: 'any', ...own }, 'other')).toMatchObject(denied('own_path', 'own_paths'));
  });

  test('and what the scope denies is the scope’s to deny', () => {
    expect(ask({ tool: 'write', ...args({ path: '/state/x' }) })).toMatchObject(denied('not_granted', 'scopes.notes'));
  });

  test('without arguments, of a layer that allows none: that one decides', () => {
    const further = () => [makeLayer({ grants: [{ tool: 'read_*', approve: 'always' }] }, 'ceiling')];
    expect(ask({ tool: 'read_text' }, 'files', makeScene({ policy, further }))).toMatchObject(
      denied('approval_required', 'scopes.ceiling.grants[0]'),
    );
  });

  test('an observed server: what its scope denies goes on', () => {
    const { status, decision, reason, told, why } = ask({ tool: 'write' }, 'other');
    expect({ status, decision, reason, told }).toEqual({
      status: 0,
      decision: 'observe',
      reason: 'not_granted',
      told: null,
    });
    expect(why).toBe('the server is only observed, so it goes on and is recorded as such');
  });

  test('what a refusal would say is never said of what goes on', () => {
    const { why, otherwise } = ask({ tool: 'read_text', ...args({ path: '/etc/shadow' }) }, 'files', PAUSED);
    expect(why).toBe(`the server is ${describePause(PAUSE)}, so it goes on and is recorded as such`);
    expect(otherwise).toMatch(/^mcp-guard did not send this call of `read_text`: /);
    const { out } = explain({ tool: 'read_text', ...args({ path: '/etc/shadow' }) }, 'files', PAUSED);
    expect(out).toMatch(/\nwhy {9}the server is PAUSED [^.]*\.000Z by ada[^.;]*\nelse denied mcp-guard did not send/);
    expect(ask({ tool: 'read_text' }).otherwise).toBeNull();
  });

  test('a server that names no scope, one that is not listed, one that is free', () => {
    expect(ask({ tool: 'a' }, 'bare')).toMatchObject({
      ...denied('not_granted', 'servers.bare.scope'),
      changes: [expect.stringContaining('set `scope`')],
    });
    expect(ask({ tool: 'a', args: '{}' }, 'flies')).toMatchObject({
      ...denied('server_unlisted', 'unlisted'),
      changes: [expect.stringContaining('did you mean `files`?')],
    });
    expect(ask({ tool: 'a' }, 'flies')).toMatchObject(denied('server_unlisted', 'unlisted'));
    expect(ask({ tool: 'a' }, 'x', makeScene({}))).toMatchObject({ ...granted, rule: 'no scope' });
  });

  test('what only the lock denies can be approved', () => {
    const locked = makeScene({ policy, further: () => [makeLayer({ grants: [{ tool: 'move' }] }, 'lock')] });
    expect(ask({ tool: 'read_text', ...args({ path: '/home/ada/notes/a' }) }, 'files', locked)).toMatchObject({
      ...denied('not_approved', 'scopes.lock'),
      changes: [expect.stringContaining('mcp-guard scope approve')],
    });
  });

  test('a name that nobody offers is noted, where the whole list is known', () => {
    expect(ask({ tool: 'read_txet' }).notes).toEqual([
      '`files` offers no tool of this name: did you mean `read_text`?',
    ]);
    expect(ask({ tool: 'read_text' }).notes).toEqual([]);
    for (const part of [{ isComplete: false }, { omitted: 1 }]) {
      const known = inventoryOf('files', { tools: { ...listOf('a'), ...part } });
      expect(ask({ tool: 'b' }, 'files', makeScene({ policy, inventories: [known] })).notes).toEqual([]);
    }
    expect(ask({ request: 'roots/list' }).notes).toEqual([]);
  });
});

test.each([
  ['nothing', {}, /nothing is asked about/],
  ['two things', { tool: 'a', prompt: 'b' }, /one question is about one thing/],
  ['arguments of a resource', { resource: 'a', args: '{}' }, /a resource has no arguments/],
  ['a method of the protocol', { method: 'tools/call' }, /`tools\/call` is a method of the protocol/],
  ['a notification', { method: 'notifications/x' }, /`notifications\/x` is a notification/],
  [
    'a request that nobody makes',
    { request: 'sampling' },
    /`sampling` is no method of the protocol that a server asks/,
  ],
  ['arguments that are no object', { tool: 'a', args: '[1]' }, /no JSON object/],
  ['arguments that are no JSON', { tool: 'a', args: '{a:1}' }, /no JSON object/],
])('%s cannot be explained', (_, question, message) => {
  expect(() => explain(question)).toThrow(message);
});

describe('is what `run` decides', () => {
  const names = fc.constantFrom('a', 'ab', 'b', 'file:///a', 'file:///a/../b', 'roots/list', '__proto__', 'x/a');
  const patterns = fc.constantFrom('a', 'a*', '*', 'b', 'file:///*', 'roots/list', '?');
  const kinds = fc.constantFrom<TargetKind>('tool', 'resource', 'prompt', 'request');
  // a request without a `/` is an error of the config
  const namedAs = (kind: TargetKind, name: string): string =>
    kind === 'request' && /^\w$/.test(name) ? `x/${name}` : name;
  const grant = fc
    .record({
      kind: kinds,
      pattern: patterns,
      isConstrained: fc.boolean(),
      approve: fc.constantFrom(undefined, undefined, 'always'),
      expires: fc.constantFrom(undefined, undefined, '2026-02-01'),
    })
    .map(({ kind, pattern, isConstrained, approve, expires }) => ({
      [kind]: namedAs(kind, pattern),
      ...(isConstrained && (kind === 'tool' || kind === 'prompt') ? { args: { '/n': { max: 5 } } } : {}),
      ...(approve === undefined ? {} : { approve }),
      ...(expires === undefined ? {} : { expires }),
    }));
  const scope = fc.record({
    grants: fc.array(grant, { maxLength: 4 }),
    deny: fc
      .array(fc.record({ kind: kinds, pattern: patterns }), { maxLength: 1 })
      .map((rules) => rules.map(({ kind, pattern }) => ({ [kind]: namedAs(kind, pattern) }))),
  });
  const someArgs = fc.constantFrom<JsonObject | undefined>(undefined, {}, { n: 1 }, { n: 9 }, { n: 'x' });
  const scenes = fc.record({
    scope,
    lock: fc.option(scope, { nil: undefined }),
    mode: fc.constantFrom('enforce', 'observe'),
    ceiling: fc.option(scope, { nil: undefined }),
  });

  interface Given {
    readonly scope: object;
    readonly lock: object | undefined;
    readonly mode: string;
    readonly ceiling: object | undefined;
  }

  function standingFor({ scope, lock, mode, ceiling }: Given) {
    const compiled = compile({ servers: { files: { command: 'x', scope: 's', mode } }, scopes: { s: scope } });
    const further = [
      ...(lock === undefined ? [] : [makeLayer(lock, 'lock')]),
      ...(ceiling === undefined ? [] : [makeLayer(ceiling, 'ceiling')]),
    ];
    return standingOf(compiled, 'files', () => further);
  }

  test('the same verdict, rule and reason as the interceptor', () => {
    fc.assert(
      fc.property(scenes, kinds, names, someArgs, (given, kind, name, args) => {
        const standing = standingFor(given);
        if (standing.kind !== 'scoped') throw new Error('has a scope');
        const question: Question = {
          server: 'files',
          kind,
          name,
          args: kind === 'tool' || kind === 'prompt' ? args : undefined,
        };
        const judged = judgeRequest(standing, requestFor(question), NOW, undefined);
        const verdict = createScopePolicy(new Map([['files', standing.scope]])).onRequest?.(requestFor(question), {
          wallMs: NOW,
          monoMs: 0,
        });
        const { rule, reason } = judged;
        if (judged.verdict === 'allow') expect(verdict).toEqual({ kind: 'pass' });
        else if (judged.verdict === 'observe')
          expect(verdict).toEqual({ kind: 'pass', observed: { rule, reason, by: 'observe' } });
        else expect(verdict).toEqual(judged.denial);
      }),
      { numRuns: 200 },
    );
  });

  test('without arguments: an answer only where it is the same for all of them', () => {
    fc.assert(
      fc.property(scenes, fc.constantFrom<TargetKind>('tool', 'prompt'), names, (given, kind, name) => {
        const standing = standingFor(given);
        const question = { server: 'files', kind, name };
        const blind = judgeWithoutArguments(standing, requestFor({ ...question, args: {} }), question, NOW);
        const seen = [{}, { n: 1 }, { n: 9 }].map(
          (args) => judgeRequest(standing, requestFor({ ...question, args }), NOW, undefined).verdict,
        );
        if (blind !== undefined) expect(new Set([...seen, blind.verdict]).size).toBe(1);
        else expect(seen[0]).not.toBe('allow');
      }),
      { numRuns: 200 },
    );
  });
});
