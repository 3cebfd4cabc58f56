// What `status` and `reload` show: every guard at 80 columns, hostile names, JSON, and what came of what was asked.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunEntry, RunListing } from '../../src/adapters/run-files.ts';
import { type ReloadPlace, runGuardReload } from '../../src/cli/guard-reload.ts';
import { type RunningGuards, runGuardStatus } from '../../src/cli/guard-status.ts';
import { measureText } from '../../src/cli/text-width.ts';
import {
  type GuardRecord,
  type ReloadAnswer,
  SERVER_WORDS,
  type ServerStanding,
} from '../../src/ports/guard-status.ts';
import { openScreen } from './screen.ts';

const NOW = new Date(2026, 4, 6, 12, 0, 0).getTime();
const SERVER: ServerStanding = {
  ...{
    name: 'files',
    pid: 4712,
    state: 'up',
    isolation: 'none',
    era: 'legacy',
    sinceMs: NOW - 7_200_000,
    restarts: 0,
    inFlight: 0,
  },
  ...{ lastError: null, breaker: 'closed', limit: '-' },
};
const RECORD: GuardRecord = {
  ...{ version: 1, guard: '1.0.0', session: '0123456789abcdef', tenant: 'default', principal: 'local:ada' },
  ...{ client: 'claude-desktop/1.2', startedMs: NOW - 7_200_000, servers: [SERVER] },
  policy: { config: '/home/ada/mcp.json', digest: '4fe21c9a77', sinceMs: NOW - 60_000, reload: null },
};
const guard = (record: Partial<GuardRecord> = {}, more: Partial<RunEntry> = {}): RunEntry => ({
  path: '/state/run/4711.json',
  holder: { pid: 4711, startTime: '1', bootId: 'b', pidNamespace: 'n' },
  liveness: 'alive',
  writtenMs: NOW - 1_000,
  record: { ...RECORD, ...record },
  ...more,
});
const kept: ReloadAnswer = {
  ...{
    token: null,
    outcome: 'kept',
    why: '`/home/ada/mcp.json` has 1 error: servers: expected an object',
    atMs: NOW - 5_000,
  },
};
const listing = (guards: readonly RunEntry[], more: Partial<RunListing> = {}): RunListing => ({
  ...{ guards, cleared: 0, unreadable: [] },
  ...more,
});

const pauseOf: RunningGuards['pauseOf'] = (tenant, server) =>
  tenant === 'paused'
    ? { config: '/srv/a.json', server, sinceMs: NOW, untilMs: NOW + 60_000, actor: 'ada', reason: 'the \u001brelease' }
    : undefined;

async function show(found: RunListing, columns = 80, options: object = {}): Promise<string> {
  const screen = openScreen(columns);
  const place = { place: '/state', list: () => found, pauseOf, nowMs: () => NOW };
  const terminal = { size: () => undefined, tick: () => Promise.resolve(false) };
  expect(await runGuardStatus(options, screen.io, place, terminal)).toBe(0);
  return `${screen.out()}${screen.err()}`;
}

describe('the screen', () => {
  it('how far the servers are isolated: with the guard where all are so, else with each', async () => {
    const [l2, l3] = (['L2', 'L3'] as const).map((isolation) => ({ ...SERVER, isolation, restarts: 1 }));
    const [one, other] = [
      await show(listing([guard({ servers: [{ ...SERVER, isolation: 'L2' }, l2 ?? SERVER] })])),
      await show(listing([guard({ servers: [l2 ?? SERVER, { ...SERVER, isolation: 'none' }, l3 ?? SERVER] })])),
    ];
    expect(one).toContain('guard 4711  claude-desktop/1.2  local:ada  isolation L2  up 2 h\n');
    expect(one.match(/isolation/g)).toHaveLength(1);
    expect(other.match(/ {4}isolation .*/g)).toEqual([
      '    isolation L2; 1 restart',
      '    isolation none',
      '    isolation L3; 1 restart',
    ]);
    expect(other).not.toContain('ada  isolation');
    const json = await show(listing([guard({ servers: [l2 ?? SERVER] })]), 80, { json: true });
    expect(JSON.parse(json).servers[0].isolation).toBe('L2');
  });

  it('what was never started has no level, and takes it from none', async () => {
    const never = (['no start', 'unapproved'] as const).map((word) => ({
      ...SERVER,
      ...{ name: word, pid: null, state: 'down' as const, word, isolation: 'unknown' as const },
    }));
    const l2 = { ...SERVER, isolation: 'L2' as const };
    const screen = await show(listing([guard({ servers: [l2, ...never] })]));
    expect(screen).toContain('local:ada  isolation L2  up 2 h\n');
    expect(screen.match(/isolation/g)).toHaveLength(1);
    expect(await show(listing([guard({ servers: never })]))).not.toContain('isolation');
    expect((await show(listing([guard({ servers: [l2, SERVER, ...never] })]))).match(/isolation .*/g)).toEqual([
      'isolation L2',
      'isolation none',
    ]);
  });

  it('at 80 columns: who, since when, under which policy, and what went wrong last', async () => {
    const troubled: ServerStanding = {
      ...SERVER,
      ...{ name: 'db', pid: null, state: 'down', era: 'modern', inFlight: 12, restarts: 3, breaker: '2 tools open' },
      ...{ limit: '1 limited', lastError: { atMs: NOW - 300_000, text: '`query` was not answered in time' } },
    };
    const other = { client: null, tenant: 'acme', policy: { ...RECORD.policy, reload: kept }, servers: [] };
    expect(
      await show(
        listing([
          guard({ servers: [SERVER, troubled] }),
          guard(other, { liveness: 'unknown' }),
          guard({ policy: { config: null, digest: null, sinceMs: 0, reload: null } }),
        ]),
      ),
    ).toBe(`  server   era     pid            up calls breaker        limits
guard 4711  claude-desktop/1.2  local:ada  up 2 h
  policy 4fe21c9a since 11:59:00, /home/ada/mcp.json
  files    legacy  4712          2 h     0 closed         -
  db       modern  down            -    12 2 tools open   1 limit…
    3 restarts; 5 min ago: \`query\` was not answered in time
guard 4711  no client yet  tenant acme  local:ada  up 2 h
  policy 4fe21c9a since 11:59:00, /home/ada/mcp.json
  changed at 11:59:55 and NOT taken over: it has 1 error: servers: expected an
  object
  of another container: whether it still runs cannot be told from here, last
  heard 1 s ago
guard 4711  claude-desktop/1.2  local:ada  up 2 h
  no config: observes only
  files    legacy  4712          2 h     0 closed         -
`);
  });

  it('what of the policy waits, a sentence a line, from the start on; not what stands below a server', async () => {
    const why = '2 tools are out of use: they are not as approved';
    const long = `the secret of \`files\` ${'cannot be had and '.repeat(9)}so on`;
    const waits = ['3 changes have no effect until approved: look with `mcp-guard scope diff`', why, long];
    const screen = await show(listing([guard({ policy: { ...RECORD.policy, waits }, servers: [{ ...SERVER, why }] })]));
    expect(screen).toContain(`/home/ada/mcp.json
  3 changes have no effect until approved: look with \`mcp-guard scope diff\`
  the secret of \`files\` cannot be had`);
    expect(screen).toContain('so on\n  files ');
    expect(screen.match(/2 tools are out of use/g)).toHaveLength(1);
    const many = await show(listing([guard({ policy: { ...RECORD.policy, waits: Array(9).fill('x') } })]));
    expect(many.match(/^ {2}(x|and 3 more)$/gm)).toEqual(
      [...Array(6).fill('x'), 'and 3 more'].map((one) => `  ${one}`),
    );
    const json = await show(listing([guard({ policy: { ...RECORD.policy, waits } })]), 80, { json: true });
    expect(JSON.parse(json).policy.waits).toEqual(waits);
  });

  it('what is left out is said where its server stands, and else beside the policy', async () => {
    const waits = ['`new` is left out: it is new', '`gone` is left out: it is new'];
    const left: ServerStanding = { ...SERVER, name: 'new', pid: null, word: 'unapproved', why: 'it is new' };
    const screen = await show(listing([guard({ policy: { ...RECORD.policy, waits }, servers: [left] })]));
    expect(screen.match(/^.*it is new.*$/gm)).toEqual(['  `gone` is left out: it is new', '    it is new']);
  });

  it('an older guard says it only with its last reload', async () => {
    const reload = { ...kept, outcome: 'unchanged', why: '`db` is left out' } as const;
    expect(await show(listing([guard({ policy: { ...RECORD.policy, reload } })]))).toContain('\n  `db` is left out\n');
  });

  it('a server behind a gateway says in a word why none of its processes runs, or that it is late', async () => {
    const words = SERVER_WORDS.filter((word) => word !== 'late');
    const away = words.map((word, n): ServerStanding => ({ ...SERVER, name: `s${n}`, pid: null, state: 'down', word }));
    const screen = await show(listing([guard({ servers: [...away, { ...SERVER, word: 'late', restarts: 1 }] })]));
    const rows = screen.split('\n').slice(3);
    for (const [n, word] of words.entries())
      expect(rows[n]).toBe(`  s${n}       legacy  ${word.padEnd(10)}      -     0 closed         -`);
    expect(rows.slice(words.length, words.length + 2)).toEqual([
      '  files    legacy  4712          2 h     0 closed         -',
      '    late; 1 restart',
    ]);
    const json = await show(listing([guard({ servers: [{ ...SERVER, word: 'idle' }] })]), 80, { json: true });
    expect(JSON.parse(json).servers[0].word).toBe('idle');
  });

  it('why one was rejected or may not start stands below it, and hides nothing else', async () => {
    const why = "it did not accept the client's `initialize`: it says `no\u001b`";
    const rejected: ServerStanding = { ...SERVER, pid: null, state: 'down', word: 'rejected', why };
    const screen = await show(listing([guard({ servers: [rejected, SERVER] })]));
    expect(screen).toContain(`  files    legacy  rejected        -     0 closed         -
    it did not accept the client's \`initialize\`: it says \`no\\u{1b}\`
  files    legacy  4712 `);
    const json = await show(listing([guard({ servers: [rejected] })]), 80, { json: true });
    expect(JSON.parse(json).servers[0]).toMatchObject({ word: 'rejected', why });
  });

  it('says where it looked, what it took away, and what is no record', async () => {
    expect(await show(listing([]))).toBe('no guard is running\nlooked in /state\n');
    const found = listing([], {
      cleared: 2,
      unreadable: [{ path: '/state/run/1.json', why: 'it is no regular file' }],
    });
    expect(await show(found)).toContain('2 records of guards that ended without a word: taken away\n');
    expect(await show(found)).toContain('no record of a guard: /state/run/1.json: it is no regular file\n');
    expect(await show(found)).toContain('no guard that can be shown is running\n');
    expect(await show(listing([guard({ tenant: 'acme' }), guard()]), 80, { tenant: 'acme' })).toContain('tenant acme');
    expect(await show(listing([guard()]), 80, { tenant: 'acme' })).toContain('no guard is running');
  });

  it('never goes beyond its columns, and steers no terminal, whatever servers and clients are called', async () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('\u001b[2J\u001b[Hx', '\u202egnp', '日本語'.repeat(20), 'a\nguard 1  admin', 'x'.repeat(300)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(hostile, { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 20, max: 130 }),
        async (texts, columns) => {
          const [name = '', client = '', text = '', why = ''] = texts;
          const server = { ...SERVER, name, breaker: text, limit: why, lastError: { atMs: NOW, text } };
          const policy = { ...RECORD.policy, config: client, reload: { ...kept, why }, waits: texts };
          const shown = await show(
            listing([guard({ client, principal: name, tenant: why, policy, servers: [server, server] })]),
            columns,
          );
          const lines = shown.trimEnd().split('\n');
          for (const line of lines) expect(measureText(line)).toBeLessThanOrEqual(columns);
          expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
          expect(lines.filter((line) => line.startsWith('guard ')).length).toBe(1);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('with twenty guards is twenty times as long, and has one head', async () => {
    const lines = (await show(listing(Array.from({ length: 20 }, () => guard())))).trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 20 * 3);
  });

  it('a pause stands below its server; a guard without a config heeds none', async () => {
    const paused = guard({ tenant: 'paused' });
    const bare = guard({ tenant: 'paused', policy: { config: null, digest: null, sinceMs: 0, reload: null } });
    expect(await show(listing([paused]))).toContain(
      `  files    legacy  4712          2 h     0 closed         -
    PAUSED until ${new Date(NOW + 60_000).toISOString()} by ada (the \\u{1b}release)
`,
    );
    expect(await show(listing([bare, guard()]))).not.toContain('PAUSED');
    const [one, other] = (await show(listing([paused, guard()]), 80, { json: true })).split('\n');
    expect(JSON.parse(one ?? '').servers[0].pause).toMatchObject({ actor: 'ada', until: expect.any(String) });
    expect(JSON.parse(other ?? '').servers[0].pause).toBeNull();
  });

  it('as JSON: one line of ASCII a guard', async () => {
    const out = await show(listing([guard({ client: 'é\u001b' }), guard()]), 80, { json: true });
    const [line = ''] = out.split('\n');
    expect(out.trimEnd().split('\n')).toHaveLength(2);
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(line)).toMatchObject({
      pid: 4711,
      liveness: 'alive',
      client: 'é\u001b',
      servers: [{ name: 'files' }],
    });
    expect(await show(listing([], { cleared: 1 }), 80, { json: true })).toBe('');
  });

  it('watched without a terminal, shows each change once', async () => {
    const screen = openScreen(80);
    const records = [guard(), guard({}, { writtenMs: NOW }), guard({ servers: [{ ...SERVER, inFlight: 1 }] })];
    let turn = 0;
    await runGuardStatus(
      { watch: true },
      screen.io,
      { place: '/state', list: () => listing([records[turn] ?? guard()]), pauseOf, nowMs: () => NOW },
      { size: () => undefined, tick: () => Promise.resolve(++turn < records.length) },
    );
    expect(screen.out().match(/guard 4711/g)).toHaveLength(2);
  });
});

describe('reload', () => {
  function place(answers: readonly (readonly RunEntry[])[]): ReloadPlace & { readonly asked: string[] } {
    const asked: string[] = [];
    let turn = 0;
    let ms = 0;
    return {
      asked,
      place: '/state',
      list: () => listing(answers[Math.min(turn++, answers.length - 1)] ?? []),
      ask: async (path, token) => void asked.push(`${path} ${token}`),
      makeToken: () => 'aaaaaaaaaaaaaaaa',
      monoMs: () => (ms += 1_000),
      pause: () => Promise.resolve(),
    };
  }
  const answered = (reload: Partial<ReloadAnswer>) =>
    guard({ policy: { ...RECORD.policy, reload: { ...kept, token: 'aaaaaaaaaaaaaaaa', ...reload } } });
  const bare = guard(
    { policy: { config: null, digest: null, sinceMs: 0, reload: null } },
    { path: '/state/run/1.json' },
  );

  it.each([
    ['taken_over', 0, 'guard 4711 (files) has taken the policy over\n'],
    ['unchanged', 0, 'guard 4711 (files) has this policy already\n'],
    ['kept', 78, 'guard 4711 (files) keeps its old policy: no\n'],
  ] as const)('tells that the policy was %s', async (outcome, code, text) => {
    const screen = openScreen(80);
    const world = place([[guard(), bare], [guard()], [answered({ outcome, why: outcome === 'kept' ? 'no' : '' })]]);
    expect(await runGuardReload({}, screen.io, world)).toBe(code);
    expect(screen.out()).toBe(text);
    expect(world.asked).toEqual(['/state/run/4711.json aaaaaaaaaaaaaaaa']);
  });

  it('tells what is refused or waits, and names the servers of the policy that holds by now', async () => {
    const screen = openScreen(80);
    const why = '`nw` is left out';
    const policy = {
      ...RECORD.policy,
      reload: { ...kept, token: 'aaaaaaaaaaaaaaaa', outcome: 'unchanged', why } as const,
    };
    const now = guard({ policy, servers: [SERVER, { ...SERVER, name: 'nw' }] });
    expect(await runGuardReload({}, screen.io, place([[guard()], [now]]))).toBe(0);
    expect(screen.out()).toBe('guard 4711 (files, nw) has this policy already: `nw` is left out\n');
    expect(await show(listing([now]))).toContain('/home/ada/mcp.json\n  `nw` is left out\n');
  });

  it('waits a moment for a guard that has just been started, also for the one that is named', async () => {
    for (const [options, first] of [
      [{}, [bare]],
      [{ pid: 4711 }, []],
    ] as const) {
      const screen = openScreen(80);
      let ms = 0;
      const turns = place([[], first, [guard()], [answered({ outcome: 'unchanged', why: '' })]]);
      const world = { ...turns, monoMs: () => (ms += 50) };
      expect(await runGuardReload(options, screen.io, world)).toBe(0);
      expect(screen.out()).toBe('guard 4711 (files) has this policy already\n');
    }
  });

  it('does not take the answer to somebody else for its own, and does not wait for ever', async () => {
    const screen = openScreen(80);
    expect(await runGuardReload({}, screen.io, place([[guard()], [answered({ token: 'bbbbbbbbbbbbbbbb' })]]))).toBe(69);
    expect(screen.out()).toContain('does not answer');
  });

  it('tells a guard that has ended, and another that has taken its pid', async () => {
    const screen = openScreen(80);
    expect(await runGuardReload({}, screen.io, place([[guard()], [guard({ session: 'fedcba9876543210' })]]))).toBe(0);
    expect(screen.out()).toContain('has ended meanwhile');
  });

  it('asks nobody where there is nobody to ask, and says why', async () => {
    const screen = openScreen(80);
    const world = place([[bare]]);
    expect(await runGuardReload({}, screen.io, world)).toBe(0);
    expect(screen.out()).toBe('no guard with a config is running\n');
    await expect(runGuardReload({ pid: 4711 }, screen.io, world)).rejects.toThrow('without a config');
    await expect(runGuardReload({ pid: 9 }, screen.io, world)).rejects.toThrow('no guard with the pid 9');
    expect(world.asked).toEqual([]);
  });
});
