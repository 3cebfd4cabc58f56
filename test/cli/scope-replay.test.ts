// Recorded requests against a policy: what would flip, in both directions, what cannot be told, and that nothing is held.
import { describe, expect, test } from 'vitest';
import type { PlacedRecord } from '../../src/audit/query.ts';
import { showDay, showTime } from '../../src/cli/call-line.ts';
import { type ReplayInput, replay } from '../../src/cli/scope-replay.ts';
import { formatReplay, formatReplayJson } from '../../src/cli/scope-replay-screen.ts';
import { measureText } from '../../src/cli/text-width.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { makeLayer } from '../policy/scope/make-scope.ts';
import { compile, FULL, HOSTILE, makeScene, NOW } from './scope-scene.ts';
import { openScreen, SEGMENT } from './screen.ts';

const scene = makeScene({ policy: compile(FULL) });

interface Recorded {
  readonly header?: JsonObject;
  readonly params?: JsonObject;
  readonly payloadText?: string;
}

let seq = 0;
function record({ header = {}, params, payloadText }: Recorded = {}): PlacedRecord {
  seq += 1;
  const text = params === undefined ? payloadText : JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x', params });
  const base = { type: 'intent', at: NOW, asked: 'client', server: 'files', method: 'tools/call', decision: 'pass' };
  return {
    ref: { segment: SEGMENT, seq },
    tenant: 'default',
    record: {
      header: { ...base, ...(text === undefined ? {} : { p: 'line', in: 'd' }), ...header },
      headerText: '',
      hash: '',
      payloadText: text,
      salt: 's',
    },
    open: undefined,
  };
}

const call = (name: string, args: JsonObject = {}, header: JsonObject = {}) =>
  record({ header: { subject: name, ...header }, params: { name, arguments: args } });
/** Of which only the header is on record. */
const bare = (method: string, subject: string | undefined, header: JsonObject = {}) =>
  record({ header: { method, ...(subject === undefined ? {} : { subject }), ...header } });
const denial = (reason: string, rule = 'scopes.notes') => ({ decision: 'deny', reason, rule });

function run(records: Iterable<PlacedRecord>, more: Partial<ReplayInput> = {}, at = scene) {
  return replay({ records, server: undefined, as: undefined, loadText: () => undefined, ...more }, at);
}
/** `same`, a flip, or nothing where no scope is asked. */
function outcome(one: PlacedRecord, more: Partial<ReplayInput> = {}, at = scene): string {
  const sum = run([one], more, at);
  if (sum.asked === 0) return 'not asked';
  const flip = Object.entries(sum.flips).find(([, count]) => count === 1)?.[0];
  return flip ?? (sum.same === 1 ? 'same' : '?');
}

describe('a record', () => {
  const note = { path: '/home/ada/notes/a' };
  test.each([
    ['passed, and passes', call('read_text', note), 'same'],
    ['passed, and is denied now', call('write', {}), 'to_denied'],
    ['passed, with arguments that are denied now', call('read_text', { path: '/etc' }), 'to_denied'],
    ['passed, by a grant that has ended', call('old'), 'to_denied'],
    ['into the guard’s own files', call('read_text', { path: '/state/x' }, denial('own_path')), 'same'],
    ['was only observed', call('write', {}, { decision: 'observe' }), 'observed_to_denied'],
    ['was only observed, and passes now', call('read_text', note, { decision: 'observe' }), 'same'],
    ['was denied by its pins', call('read_text', note, denial('definition_drift')), 'same'],
    ['was denied, and is', call('write', {}, denial('not_granted')), 'same'],
    ['was denied, and passes now', call('read_text', note, denial('not_granted')), 'to_allowed'],
    ['was denied for its arguments', call('read_text', note, denial('argument_denied')), 'to_allowed'],
    ['was denied by the breaker behind the scope', call('read_text', note, denial('breaker_open')), 'same'],
    ['was denied by the breaker, and by the scope now', call('write', {}, denial('breaker_open')), 'same'],
    ['was denied by a fault of the scope', call('read_text', note, denial('guard_fault', 'scope')), 'to_allowed'],
    ['was denied by a fault behind it', call('read_text', note, denial('guard_fault', 'breaker')), 'same'],
    ['was denied, nobody knows why', call('read_text', note, { decision: 'deny' }), 'to_allowed'],
    ['of a server that the policy does not list', call('x', {}, { server: 'unknown' }), 'not asked'],
    ['of a server that is observed now', call('x', {}, { server: 'other' }), 'same'],
    ['of a resource', bare('resources/read', 'file:///srv/a'), 'same'],
    ['of a resource that is hidden now', bare('resources/read', 'file:///etc'), 'to_denied'],
    ['of a subscription', bare('resources/subscribe', 'file:///etc'), 'to_denied'],
    ['of a prompt without its arguments', bare('prompts/get', 'sum'), 'undecided'],
    ['of a prompt that nothing names', bare('prompts/get', 'other'), 'to_denied'],
    ['of a server’s request', bare('sampling/createMessage', undefined, { asked: 'server' }), 'same'],
    [
      'of a server’s request that is denied now',
      bare('elicitation/create', undefined, { asked: 'server' }),
      'to_denied',
    ],
    ['of a call without its arguments', bare('tools/call', 'read_text'), 'undecided'],
    ['of a call that is denied whatever they were', bare('tools/call', 'write'), 'to_denied'],
    ['of a call whose arguments were removed', record({ header: { subject: 'read_text', p: 'line' } }), 'undecided'],
    ['of a call whose line is no JSON', record({ header: { subject: 'read_text' }, payloadText: '{' }), 'undecided'],
    ['of an observed call without its arguments', bare('tools/call', 'read_text', { server: 'other' }), 'same'],
    ['of a list', bare('tools/list', undefined), 'not asked'],
    ['of a method that MCP does not define', bare('vendor/x', undefined), 'to_denied'],
    ['of such a method that was denied', bare('vendor/x', undefined, denial('not_granted')), 'same'],
    ['of a ping', bare('ping', undefined, { asked: 'server' }), 'not asked'],
    ['of a line that nobody read', bare('unread', undefined, denial('not_json', 'strict')), 'not asked'],
    ['of an outcome', call('write', {}, { type: 'outcome' }), 'not asked'],
    ['without a method', record({ header: { method: 7 } }), 'not asked'],
    ['of a completion that is not on record', bare('completion/complete', undefined), 'not asked'],
  ])('%s', (_, placed, expected) => {
    expect(outcome(placed)).toBe(expected);
  });

  test('whose payload stands outside is read from there', () => {
    const outside = record({ header: { subject: 'read_text', p: 'file', in: 'd' }, payloadText: '"d"' });
    const line = JSON.stringify({ params: { name: 'read_text', arguments: { path: '/etc' } } });
    expect(outcome(outside)).toBe('undecided');
    expect(outcome(outside, { loadText: () => line })).toBe('to_denied');
  });

  test('of one server, as another', () => {
    expect(outcome(call('write', {}), { server: 'db' })).toBe('not asked');
    expect(outcome(call('write', {}), { server: 'files', as: 'other' })).toBe('same');
    expect(outcome(call('read_text', note, { server: 'server-files' }), { as: 'files' })).toBe('same');
  });

  test('without a config everything passes', () => {
    expect(outcome(call('write', {}, denial('not_granted')), {}, makeScene({}))).toBe('to_allowed');
  });
});

test('what was recorded of servers that the policy does not list is counted apart', () => {
  const strangers = ['u', 'u', '\u001bv', ...Array.from({ length: 60 }, (_, index) => `w${index}`)];
  const sum = run([call('write'), ...strangers.map((server) => call('x', {}, { server }))]);
  expect(sum).toMatchObject({ asked: 1, flips: { to_denied: 1 }, groups: [{ name: 'write' }] });
  expect([sum.unlisted.get('u'), sum.unlisted.get('others')]).toEqual([2, 12]);
  const screen = openScreen();
  const heading = { policy: '/c.json', server: undefined, as: undefined, commandOptions: '' };
  const text = formatReplay(sum, heading, screen.io).replaceAll(/\s+/g, ' ');
  expect(text).toContain(
    '63 more are of servers that it does not list, so `run` would not start them: `others` 12, `u` 2',
  );
  expect(text).toContain('and 45 more (`--server` with `--as` judges');
  expect(JSON.parse(formatReplayJson(run([call('x', {}, { server: '__proto__' })]), heading))).toMatchObject({
    asked: 0,
  });
});

describe('the sum', () => {
  const records = () => [
    call('write', {}, { at: NOW }),
    call('write', {}, { at: NOW - 1_000 }),
    call('write', {}, { at: NOW - 2_000 }),
    call('write', {}, { at: NOW - 3_000 }),
    call(
      'read_text',
      { path: '/home/ada/notes/a' },
      { ...denial('argument_denied', 'scopes.notes.grants[0].args["/p"].within'), at: NOW - 4_000 },
    ),
    bare('tools/call', 'read_text'),
    call('any', {}, { server: 'other' }),
    call('read_text', { path: '/home/ada/notes/a' }),
  ];

  test('groups what flips, the most first, with the newest examples', () => {
    seq = 0;
    const sum = run(records());
    expect(sum).toMatchObject({ asked: 8, same: 2, observed: 1, ungrouped: 0, oldestMs: NOW - 4_000 });
    expect(sum.flips).toEqual({ to_denied: 4, observed_to_denied: 0, to_allowed: 1, undecided: 1 });
    expect(sum.groups.map(({ flip, name, rule, count }) => [flip, name, rule, count])).toEqual([
      ['to_denied', 'write', 'scopes.notes', 4],
      ['to_allowed', 'read_text', 'scopes.notes.grants[0].args["/p"].within (argument_denied)', 1],
      ['undecided', 'read_text', 'its arguments are not on record', 1],
    ]);
    expect(sum.groups[0]?.examples).toEqual(
      [1, 2, 3].map((at) => ({ id: `${SEGMENT}:${at}`, atMs: NOW - (at - 1) * 1_000 })),
    );
  });

  test('at 80 columns', () => {
    seq = 0;
    const at = (ms: number) => `${showDay(ms)} ${showTime(ms)}`;
    const { io } = openScreen(80);
    const heading = { policy: '/etc/new.json', server: 'files', as: undefined, commandOptions: ' --config /c' };
    expect(
      formatReplay(run(records()), heading, io),
    ).toBe(`8 recorded requests of \`files\` since ${showDay(NOW - 4_000)}, against /etc/new.json
  2 come to the same (1 of them denied and let pass: \`mode: observe\`)
  4 would be denied, and passed
    4 x files: tool write
      scopes.notes
      ${at(NOW)} ${SEGMENT}:1
      ${at(NOW - 1_000)} ${SEGMENT}:2
      ${at(NOW - 2_000)} ${SEGMENT}:3
  1 would pass, and were denied
    1 x files: tool read_text
      scopes.notes.grants[0].args["/p"].within (argument_denied)
      ${at(NOW - 4_000)} ${SEGMENT}:5
  1 cannot be told: the arguments decide, and are not on record
    1 x files: tool read_text
      its arguments are not on record
      ${at(NOW)} ${SEGMENT}:6
`);
  });

  test('tells what passed from what did not, and what still waits for an approval', () => {
    seq = 0;
    const note = { path: '/home/ada/notes/a' };
    const records = [
      call('read_text', note, denial('definition_drift')),
      call('write', {}, denial('definition_drift')),
      call('read_text', note, denial('\u001brate_limited')),
      call('write', {}, { decision: 'observe' }),
      call('read_text', note, denial('not_granted')),
      call('read_text', note),
    ];
    const locked = makeScene({ policy: compile(FULL), further: () => [makeLayer({}, 'lock')] });
    const { io } = openScreen(80);
    const sum = run(records, { inForce: locked });
    const heading = { policy: '/c', server: undefined, as: undefined, commandOptions: ' --config /c' };
    expect(formatReplay(sum, heading, io)).toBe(`6 recorded requests since ${showDay(NOW)}, against /c
  4 come to the same (3 of them denied by what this does not ask:
  definition_drift 2, \\u{1b}rate_limited 1)
  0 would be denied, and passed
  1 would be denied, and passed only because their server was observed or paused
    1 x files: tool write
      scopes.notes
      ${showDay(NOW)} ${showTime(NOW)} ${SEGMENT}:4
  1 would pass, and were denied
    1 x files: tool read_text
      scopes.notes (not_granted)
      ${showDay(NOW)} ${showTime(NOW)} ${SEGMENT}:5
  0 cannot be told: the arguments decide, and are not on record
  4 of those that would pass wait for an approval (\`mcp-guard scope diff
  --config /c\`)
`);
    expect(JSON.parse(formatReplayJson(sum, heading))).toMatchObject({
      ...{ same: 4, toDenied: 0, observedToDenied: 1, toAllowed: 1, unapproved: 4 },
      held: { definition_drift: 2 },
    });
    expect(run(records).unapproved).toBe(0);
  });

  test('as JSON is one line of ASCII', () => {
    const text = formatReplayJson(run(records()), {
      policy: undefined,
      server: undefined,
      as: undefined,
      commandOptions: ' --config /c',
    });
    expect(text).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(text)).toMatchObject({
      policy: null,
      asked: 8,
      same: 2,
      observed: 1,
      toDenied: 4,
      toAllowed: 1,
      undecided: 1,
      since: new Date(NOW - 4_000).toISOString(),
      groups: [{ flip: 'to_denied', count: 4, examples: [{ at: new Date(NOW).toISOString() }, {}, {}] }, {}, {}],
    });
    const empty = formatReplayJson(run([]), {
      policy: '/c',
      server: undefined,
      as: undefined,
      commandOptions: ' --config /c',
    });
    expect(JSON.parse(empty)).toMatchObject({ asked: 0, since: null, groups: [] });
  });

  test('of hostile names stays within its lines, and cuts long lists', () => {
    const many = [...HOSTILE, ...Array.from({ length: 40 }, (_, index) => `t${index}`)];
    const { io } = openScreen(60);
    const text = formatReplay(
      run(many.map((name) => call(name))),
      { policy: HOSTILE[0], server: 'x', as: '\u202e', commandOptions: '' },
      io,
    );
    expect(text).toContain('… 20 more (`--json` has them)');
    for (const line of text.split('\n')) {
      expect(measureText(line)).toBeLessThanOrEqual(60);
      expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]*$/u);
    }
  });

  test('keeps some thousand groups, and counts what is beyond', () => {
    function* stream() {
      for (let index = 0; index < 12_000; index += 1) yield bare('tools/call', `t${index % 6_000}`);
    }
    const sum = run(stream());
    expect(sum.groups).toHaveLength(5_000);
    expect(sum).toMatchObject({ asked: 12_000, ungrouped: 2_000, flips: { to_denied: 12_000 } });
    expect(
      formatReplay(
        sum,
        { policy: '/c', server: undefined, as: undefined, commandOptions: ' --config /c' },
        openScreen(80).io,
      ),
    ).toContain('\n  2000 more of these under other names than are kept apart\n');
  });
});
