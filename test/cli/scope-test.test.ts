// Policy cases: a file is read strictly, a case fails for the right reason, and a CI system gets well-formed XML.
import { describe, expect, test } from 'vitest';
import { formatJunit } from '../../src/cli/junit-xml.ts';
import { readCases } from '../../src/cli/scope-cases.ts';
import { runScopeTest } from '../../src/cli/scope-test.ts';
import { compile, FULL, HOSTILE, makeScene, NOW } from './scope-scene.ts';
import { openScreen, wideLines } from './screen.ts';

const policy = compile(FULL);
const SERVERS = ['files', 'other', 'bare'];
const GOOD = { name: 'a', server: 'files', tool: 'read_text', args: { path: '/home/ada/notes/x' }, expect: 'allow' };

function faults(document: unknown, servers: readonly string[] | undefined = SERVERS) {
  const reading = readCases(document, servers);
  return reading.ok ? [] : reading.diagnostics.map(({ path, what, mend }) => `${path}: ${what}; ${mend}`);
}
const faultsOf = (more: object) => faults({ cases: [{ ...GOOD, ...more }] });

function run(cases: readonly object[], columns = 80, more: Parameters<typeof makeScene>[0] = { policy }) {
  const reading = readCases({ version: 1, cases }, undefined);
  if (!reading.ok) throw new Error(JSON.stringify(reading.diagnostics));
  const screen = openScreen(columns);
  const reports: string[] = [];
  const options = { file: 'cases.yaml', writeJunit: (text: string) => void reports.push(text) };
  const status = runScopeTest(options, reading.cases, screen.io, makeScene(more));
  return { status, out: screen.out(), xml: reports.join() };
}
const outcome = (more: object, parts?: Parameters<typeof makeScene>[0]) => run([{ ...GOOD, ...more }], 80, parts);

describe('a file', () => {
  test('is read, with every key', () => {
    const full = { ...GOOD, at: '2026-12-31T10:00:00Z', rule: 'scopes.*' };
    expect(readCases({ cases: [full] }, SERVERS)).toEqual({
      ok: true,
      cases: [
        {
          title: 'a',
          server: 'files',
          kind: 'tool',
          name: 'read_text',
          args: { path: '/home/ada/notes/x' },
          atMs: Date.parse('2026-12-31T10:00:00Z'),
          expect: 'allow',
          rule: 'scopes.*',
        },
      ],
    });
  });

  test.each([
    ['a list', [], '(document): is no object'],
    ['without cases', {}, 'cases: is no list of cases'],
    ['with an empty list', { cases: [] }, 'cases: is no list of cases'],
    ['of another version', { version: 2, cases: [GOOD] }, 'version: is not `1`'],
    ['with an unknown key', { case: [], cases: [GOOD] }, 'case: unknown key; did you mean `cases`?'],
    ['with a case that is none', { cases: ['x'] }, 'cases[0]: is no object'],
    ['with a name twice', { cases: [GOOD, GOOD] }, 'cases[1].name: stands twice'],
  ])('%s is refused', (_, document, fault) => {
    expect(faults(document)).toEqual([expect.stringContaining(fault)]);
  });

  test.each([
    ['an unknown key', { expects: 1 }, 'cases[0].expects: unknown key; did you mean `expect`?'],
    ['a key like no other', { zzzzzz: 1 }, 'cases[0].zzzzzz: unknown key; remove it; known here: `name`'],
    ['no name', { name: undefined }, 'cases[0].name: is missing'],
    ['an empty name', { name: '' }, 'cases[0].name: is no text'],
    [
      'a server that is none',
      { server: 'fiels' },
      'cases[0].server: is no server of the config; did you mean `files`?',
    ],
    ['a server like no other', { server: 'x' }, 'it has `files`, `other`, `bare`'],
    ['a number for a server', { server: 7 }, 'cases[0].server: is no text; put it in quotes'],
    ['nothing to ask for', { tool: undefined, args: undefined }, 'cases[0].tool: is no text'],
    ['two things at once', { prompt: 'p' }, 'cases[0]: asks for `tool` and `prompt` at once'],
    ['arguments of a list', { args: [1] }, 'cases[0].args: is no object'],
    ['a date in the arguments', { args: { a: [{ b: new Date(0) }] } }, 'is no JSON: a date'],
    ['an infinity in the arguments', { args: { a: Infinity } }, 'is no JSON'],
    ['another expectation', { expect: 'maybe' }, 'cases[0].expect: is none of `allow`, `deny` and `observe`'],
    ['a date', { at: new Date(0) }, 'cases[0].at: is a date; put it in quotes'],
    ['a day that is none', { at: '2026-02-30' }, 'cases[0].at: is no day or time'],
    ['a word for a time', { at: 'now' }, 'cases[0].at: is no day or time'],
    ['a rule that is no text', { rule: 1 }, 'cases[0].rule: is no text'],
  ])('%s is refused', (_, more, fault) => {
    expect(faultsOf(more).join('\n')).toContain(fault);
  });

  test('arguments of a resource are refused, and all faults are told at once', () => {
    expect(
      faults({ cases: [{ name: 'a', server: 'x', resource: 'r', args: {}, expect: 'no', at: '1' }] }),
    ).toHaveLength(4);
    expect(faults({ cases: [{ name: 'a', server: 'files', expect: 'deny' }] })).toEqual([
      expect.stringContaining('cases[0]: asks for nothing'),
    ]);
  });

  test('any server will do where there is no config', () => {
    expect(readCases({ cases: [{ ...GOOD, server: 'x' }] }, undefined).ok).toBe(true);
  });
});

describe('a case', () => {
  test.each([
    ['that is allowed', {}],
    ['that is denied', { expect: 'deny', args: { path: '/etc' } }],
    ['whose rule decides', { rule: 'scopes.notes.grants[1]' }],
    ['whose rule is a pattern', { rule: '*.within', expect: 'deny', args: { path: '/etc' } }],
    ['without arguments is an empty call', { args: undefined, expect: 'deny', rule: '*.required' }],
    ['at a time', { tool: 'old', args: undefined, at: '2026-01-01' }],
    ['at the moment of its end', { tool: 'old', expect: 'deny', at: '2026-02-02', rule: 'scopes.notes.grants[0]' }],
    [
      'of the guard’s own files',
      { server: 'other', tool: 'any', args: { p: '/state/a' }, expect: 'deny', rule: 'own_paths' },
    ],
    ['of a server that may not run', { server: 'x', expect: 'deny', rule: 'unlisted' }],
    ['of a server’s request', { tool: undefined, args: undefined, request: 'roots/list', expect: 'deny' }],
  ])('%s holds', (_, more) => {
    const clean = Object.fromEntries(Object.entries({ ...GOOD, ...more }).filter(([, value]) => value !== undefined));
    expect(run([clean])).toMatchObject({ status: 0, out: 'ok   a\nall hold: 1 case\n' });
  });

  test('that is only observed goes out, which is said; and may be what is expected', () => {
    const other = { server: 'other', tool: 'any', rule: 'scopes.notes' };
    const note = '1 case would be denied and passes: `mode: observe`\nall hold: 1 case\n';
    for (const expect_ of ['allow', 'observe'])
      expect(run([{ ...GOOD, ...other, expect: expect_ }])).toMatchObject({ status: 0, out: `ok   a\n${note}` });
    expect(run([{ ...GOOD, expect: 'observe' }])).toMatchObject({ status: 1 });
    expect(run([{ ...GOOD, args: { path: '/etc' }, expect: 'observe' }])).toMatchObject({ status: 1 });
  });

  test('is judged now, where it names no time', () => {
    expect(outcome({ tool: 'old' }, { policy, nowMs: Date.parse('2026-01-01') }).status).toBe(0);
    expect(outcome({ tool: 'old' }, { policy, nowMs: NOW }).status).toBe(1);
  });

  test('that fails says what came and why', () => {
    const cases = [
      GOOD,
      { ...GOOD, name: 'b', expect: 'deny' },
      { ...GOOD, name: 'c', args: { path: '/etc' } },
      { ...GOOD, name: 'd', rule: 'scopes.notes.grants[0]' },
      { ...GOOD, name: 'e', server: 'other', tool: 'any', expect: 'deny' },
    ];
    const { status, out } = run(cases);
    expect(status).toBe(1);
    expect(out).toBe(`ok   a
FAIL b
     expected deny, but it is allowed
     rule: scopes.notes.grants[1]
FAIL c
     expected allow, but it is denied
     rule: scopes.notes.grants[1].args["/path"].within
     argument_denied: mcp-guard did not send this call of \`read_text\`: \`/path\`
     must be a path within \`~/notes\` (\`/home/ada/notes\`).
FAIL d
     expected the rule \`scopes.notes.grants[0]\`, but another one decides
     rule: scopes.notes.grants[1]
FAIL e
     expected deny, but it is let pass (\`mode: observe\`)
     rule: scopes.notes
     not_granted: no grant names \`any\`
1 case would be denied and passes: \`mode: observe\`
4 of 5 cases failed
`);
  });

  test('of a hostile name is inert on the screen and in the report', () => {
    const names = HOSTILE.filter((name) => name !== '');
    const { out, xml } = run(
      names.flatMap((name) => [{ ...GOOD, name, tool: name, rule: name }]),
      60,
    );
    expect(wideLines(out, 60)).toEqual([]);
    expect(`${out}${xml}`.replaceAll('\n', '')).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]*$/u);
  });
});

test('JUnit counts, names and escapes', () => {
  const failure = { message: 'a "b" <c>', details: 'x & y\nz\u0000' };
  expect(
    formatJunit('f&.yaml', [
      { name: 'one', className: 'scope.files', failure: undefined },
      { name: '<two>', className: 'scope.files', failure },
    ]),
  ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" errors="0" skipped="0">
  <testsuite name="f&amp;.yaml" tests="2" failures="1" errors="0" skipped="0">
    <testcase classname="scope.files" name="one"/>
    <testcase classname="scope.files" name="&lt;two&gt;">
      <failure message="a &quot;b&quot; &lt;c&gt;">x &amp; y
z\\u{0}</failure>
    </testcase>
  </testsuite>
</testsuites>
`);
});
