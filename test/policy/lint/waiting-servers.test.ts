// A server that waits for an approval does not start: lint says that of it, and never that it was approved or that its tools can be called.
import { expect, test } from 'vitest';
import { found, lint, offer } from './lint-scene.ts';

const RULES = { grants: [{ tool: 'search' }, { tool: 'read' }] };
const OLD = { command: 'old', scope: 's' };
const approvedOf = (policy: object) => ({ policy: JSON.parse(JSON.stringify(policy)), pins: new Map() });
const before = { version: 1, servers: { old: OLD }, scopes: { s: RULES } };
const approved = approvedOf(before);
const after = (server: object) => ({
  ...before,
  servers: { old: OLD, fresh: { command: 'fresh', scope: 's', ...server } },
});
const WAITS = '`fresh` is new, and is not started before somebody approves that';
const waits = new Map([['fresh', WAITS]]);

test('its definitions: it waits, and running it is no way to see them', () => {
  const { findings } = lint(after({}), { approved, waits, commandOptions: ' --config c.json' });
  const ofRule = findings.filter(({ rule }) => rule === 'definitions-not-pinned');
  expect(ofRule.map(({ server, text, mend }) => [server, text, mend])).toEqual([
    ['old', expect.stringContaining('was approved before its definitions were seen'), expect.stringMatching(/^run it/)],
    ['fresh', WAITS, 'look at it, then `mcp-guard scope approve --server fresh --config c.json --reason …`'],
  ]);
});

test.each([{}, { mode: 'observe' }, { pins: 'warn' }, { pins: 'off', mode: 'observe' }])(
  'with %j its tools are refused, not open',
  (more) => {
    expect(found('growth-since-approval', after(more), { approved, waits })).toEqual([
      'servers.fresh: 2 tools in the scope that nobody has approved, refused until somebody does: `search` and `read`',
    ]);
  },
);

test('with another command than was approved what it offers anew is refused, whatever its pins say', () => {
  const pins = new Map([
    ['old', { tools: new Map([['read', { name: 'read', fields: {} }]]), instructions: undefined }],
  ]);
  const document = { ...before, servers: { old: { ...OLD, pins: 'warn' } } };
  const facts = { approved: { ...approvedOf(document), pins }, offers: { old: offer(['read', 'search']) } };
  const text = (more: object) => found('growth-since-approval', document, { ...facts, ...more })[0];
  expect(text({})).toBe('servers.old: 1 tool can be called that nobody has approved: `search`');
  expect(text({ waits: new Map([['old', 'it waits']]) })).toContain(
    '1 tool in the scope that nobody has approved, refused',
  );
});

test('a wish to be only observed opens nothing before it is approved', () => {
  const observed = {
    ...before,
    servers: { old: { ...OLD, mode: 'observe' } },
    scopes: { s: { grants: [{ tool: 'wipe' }] } },
  };
  expect(found('growth-since-approval', observed, { approved })).toEqual([
    'servers.old: 1 tool in the scope that nobody has approved, refused until somebody does: `wipe`',
  ]);
});
