// What is said of drift is what was done: kept out of use, or let pass, and why.
import { expect, test } from 'vitest';
import { recordDrift, warnOfDrift } from '../../src/cli/drift-note.ts';
import type { DriftFinding } from '../../src/policy/pins/watch.ts';

const FOUND: DriftFinding = {
  ...{ server: 'files', tool: 'read', since: 'approved', kind: 'changed', change: undefined, mode: 'deny' },
};

test.each<[string, Partial<DriftFinding>, 'observe' | 'pause' | undefined, string]>([
  ['a changed tool', {}, undefined, 'the tool `read` has changed since it was approved: kept out of use;'],
  [
    'a new tool',
    { kind: 'added', since: 'first_seen' },
    undefined,
    'is new since its tools were first seen: kept out of use;',
  ],
  ['under `pins: warn`', { mode: 'warn' }, undefined, 'let pass (`pins: warn`);'],
  ['of a server that is only observed', {}, 'observe', 'let pass (`mode: observe`);'],
  ['of a server that is paused', {}, 'pause', 'let pass while it is paused;'],
  ['under `pins: warn`, whatever else', { mode: 'warn' }, 'observe', 'let pass (`pins: warn`);'],
  ['instructions', { tool: undefined }, undefined, 'its instructions have changed since they were approved: withheld;'],
  ['instructions that are only observed', { tool: undefined }, 'observe', 'approved: let pass (`mode: observe`);'],
])('%s', (_, more, by, text) => {
  const [line] = warnOfDrift([{ ...FOUND, ...more }], by, ' --config /srv/mcp.json');
  expect(line).toContain(text);
  expect(line).toContain('`mcp-guard scope diff --server files --config /srv/mcp.json`');
  expect(line).toContain('`mcp-guard scope approve --server files --config /srv/mcp.json --reason …`');
});

test('what one answer shows together is said together, and how to mend it once', () => {
  const added = (tool: string): DriftFinding => ({ ...FOUND, tool, kind: 'added' });
  const names = Array.from({ length: 13 }, (_, index) => `t${index}`);
  const lines = warnOfDrift([FOUND, ...names.map(added), { ...added('loud'), mode: 'warn' }], undefined);
  expect(lines).toEqual([
    '`files`: 13 tools are new since its tools were approved: kept out of use: `t0`, `t1`, `t2`, `t3`, `t4`, `t5` and 7 more',
    '`files`: the tool `loud` is new since its tools were approved: let pass (`pins: warn`)',
    '`files`: the tool `read` has changed since it was approved: kept out of use',
    '`files`: look with `mcp-guard scope diff --server files`, then `mcp-guard scope approve --server files --reason …`',
  ]);
  expect(warnOfDrift(names.slice(0, 2).map(added), undefined)).toEqual([
    expect.stringMatching(/^`files`: 2 tools are new .*: kept out of use: `t0`, `t1`; look with `.*`$/),
  ]);
  expect(warnOfDrift([], undefined)).toEqual([]);
});

test('a new tool that reads like a known one says so, and comes first', () => {
  const added = (tool: string, like?: string): DriftFinding => ({
    ...{ ...FOUND, tool, kind: 'added' },
    ...(like !== undefined && { like }),
  });
  const likened = added('se\u0430rch', 'search');
  expect(warnOfDrift([likened], undefined)[0]).toContain(
    'the tool `se\u0430rch`, which reads like `search`, is new since its tools were approved: kept out of use;',
  );
  expect(warnOfDrift([added('x'), likened], undefined)[0]).toContain(
    ': kept out of use: `se\u0430rch` (reads like `search`), `x`;',
  );
});

test('the record has both: the mode of the pins, and why it passed all the same', () => {
  expect(recordDrift(FOUND, 'pause')).toEqual({
    ...{ tool: 'read', kind: 'changed', mode: 'deny', by: 'pause', since: 'approved', fields: null, flips: null },
  });
  expect(recordDrift({ ...FOUND, tool: undefined }, undefined)).toMatchObject({ tool: null, by: null });
});
