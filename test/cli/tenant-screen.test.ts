// The screens of `tenant`: no wider than the terminal whatever a reason says, an order that is given twice, and whom no tenant can be called.
import { expect, test } from 'vitest';
import { runTenantErase } from '../../src/cli/tenant-erase.ts';
import { runTenantExport } from '../../src/cli/tenant-export.ts';
import { requireTenant, runTenantOrder } from '../../src/cli/tenant-order.ts';
import { showTenant, showTenants, type TenantFacts } from '../../src/cli/tenant-screen.ts';
import { isTenant } from '../../src/tenant/tenant-scope.ts';
import { openScreen, wideLines } from './screen.ts';

const SAID = { since: '2026-03-01T12:00:00.000Z', actor: 'ada', reason: `${'漢字 '.repeat(80)}\u001b[2J` };
const FACTS: TenantFacts = {
  ...{ id: 'acme', isConfigured: true, suspended: SAID, isSuspended: true, erased: undefined, sessions: [] },
  ...{ segments: 2, recordBytes: 5, quotaBytes: undefined, state: '/state/acme', homes: '/state-homes/acme' },
};
const SESSION = { pid: 7, servers: Array.from({ length: 30 }, (_, at) => `server-${at}`) };
const trail = (steps: unknown[]) => ({
  record: (_: string, detail: { readonly stage?: unknown }) => {
    steps.push(detail.stage);
    return 'seg:1';
  },
  close: () => undefined,
});

test('one of them fits, but for paths, which are to be copied whole', () => {
  const screen = openScreen(80);
  expect(showTenant({ ...FACTS, sessions: [SESSION], state: `/${'s'.repeat(200)}` }, false, screen.io)).toBe(0);
  expect(wideLines(screen.out())).toEqual([`  state in  /${'s'.repeat(200)}`]);
  expect(screen.out()).toMatch(/ {2}reason {4}漢字 .*\n {12}漢字 /);
  expect(screen.out()).toContain('  history   `mcp-guard tenant history acme`');
  expect(screen.out()).not.toContain('\u001b');
});

test('names of one family are told apart in the list', () => {
  const screen = openScreen(80);
  const ids = ['north', 'south'].map((end) => `${'customer-'.repeat(6)}${end}`);
  expect(
    showTenants(
      ids.map((id) => ({ ...FACTS, id })),
      false,
      screen.io,
    ),
  ).toBe(0);
  const [, north = '', south = ''] = screen.out().split('\n');
  expect(north).toMatch(/^customer-cu…r-customer-north +SUSPENDED/);
  expect(south).toMatch(/^customer-cu…r-customer-south +SUSPENDED/);
});

test('suspended twice: on record, and since, by and for what it was', () => {
  const steps: unknown[] = [];
  const written: string[] = [];
  const screen = openScreen(80);
  const suspend = (since: typeof SAID | undefined) =>
    runTenantOrder({ tenant: 'acme', word: 'suspend', reason: 'another' }, screen.io, {
      ...{ actor: 'bob', nowMs: () => 5, isSuspended: () => true, since: () => since },
      ...{ suspend: (reason: string) => void written.push(reason), resume: () => {}, openTrail: () => trail(steps) },
    });
  expect([suspend(SAID), written]).toEqual([0, []]);
  expect(steps).toEqual(['suspend_asked', 'suspended']);
  expect(screen.out()).toMatch(
    /^SUSPENDED acme \(it was already\)\nsince 2026-03-01T12:00:00.000Z by ada, and that stands: /,
  );
  expect(wideLines(screen.out())).toEqual([]);
  // of what cannot be read nothing stands
  expect([suspend(undefined), written]).toEqual([0, ['another']]);
});

test('one that is not suspended is not resumed: said, and nothing is on record', () => {
  const steps: unknown[] = [];
  const screen = openScreen(80);
  const given = runTenantOrder({ tenant: 'acme', word: 'resume', reason: 'r' }, screen.io, {
    ...{ actor: 'bob', nowMs: () => 5, isSuspended: () => false, since: () => undefined },
    ...{ suspend: () => {}, resume: () => void steps.push('lifted'), openTrail: () => trail(steps) },
  });
  expect([given, steps]).toEqual([0, []]);
  expect(screen.out()).toBe('acme is not suspended, so there is nothing to resume; nothing is recorded\n');
});

test('each order has an example of its own', () => {
  const give = (word: 'suspend' | 'resume') => () =>
    runTenantOrder({ tenant: 'acme', word }, openScreen().io, {
      ...{ actor: 'bob', nowMs: () => 5, isSuspended: () => false, since: () => undefined },
      ...{ suspend: () => {}, resume: () => {}, openTrail: () => trail([]) },
    });
  expect(give('suspend')).toThrow(expect.objectContaining({ hint: expect.stringContaining('the contract has ended') }));
  expect(give('resume')).toThrow(expect.objectContaining({ hint: expect.stringContaining('the contract goes on') }));
});

test.each(['lock', 'run', 'con', 'lpt9'])('%s is taken, and said to be', (name) => {
  expect(isTenant(name)).toBe(false);
  expect(() => requireTenant(name)).toThrow(`no tenant can be called \`${name}\`: the name is taken`);
});

test('an archive is never written over another file, and that is said in words', () => {
  const context = { tenant: 'acme', path: '/there.tar', actor: 'ada', hasRecord: true, openTrail: () => trail([]) };
  const write = () => {
    throw Object.assign(new Error('EEXIST: file already exists, open'), { code: 'EEXIST' });
  };
  expect(() => runTenantExport({ ...context, write }, openScreen().io)).toThrow(
    expect.objectContaining({ message: '`/there.tar` is there already: nothing is overwritten' }),
  );
});

test('erased twice: said before the question and after it', async () => {
  const screen = openScreen(80);
  const asked: string[] = [];
  const consent = {
    isGuarded: false,
    ask: async (question: string) => {
      asked.push(screen.out());
      return question.includes('for good') ? 'y' : 'n';
    },
  };
  const erased = { at: '2026-03-02T12:00:00.000Z', actor: 'ada', reason: 'r' };
  const erase = (facts: TenantFacts, hadMore = true) =>
    runTenantErase({ reason: 'r' }, screen.io, {
      ...{ facts, actor: 'ada', consent, openTrail: () => trail([]), leaveTombstone: () => {} },
      ...{
        claim: async () => ({ release: () => {}, cancel: () => {} }),
        look: () => FACTS,
        endLeftovers: async () => {},
      },
      erase: () => ({ segments: 2, records: 0, hadMore }),
    });
  expect(await erase({ ...FACTS, erased })).toBe(0);
  expect(asked[0]?.replaceAll('\n', ' ')).toContain('It was erased on 2026-03-02T12:00:00.000Z already.');
  expect(screen.out().replaceAll('\n', ' ')).toContain('nothing but their headers now (it was erased before) ');
  expect(wideLines(screen.out())).toEqual([]);
  expect(await erase(FACTS)).toBe(0);
  expect(screen.out().match(/erased\s(?:on|before)/g)).toHaveLength(2);
  expect(await erase({ ...FACTS, erased }, false)).toBe(0);
  expect(screen.out().replaceAll('\n', ' ')).toContain(
    'nothing of it was left: what `tenant show` says of its erasure stays (2026-03-02T12:00:00.000Z by ada: r)',
  );
});
