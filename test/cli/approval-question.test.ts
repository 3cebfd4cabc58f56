// The end of an approval screen: what is asked about, in short, who signs, and which definitions are read for it.
import { describe, expect, test } from 'vitest';
import { listLines } from '../../src/cli/approval-screen.ts';
import { countDrift, formatSummary } from '../../src/cli/approval-summary.ts';
import { makePaint } from '../../src/cli/render.ts';
import { type ApproveContext, runScopeApprove, type ScopeApproveOptions } from '../../src/cli/scope-approve.ts';
import { runScopeDiff } from '../../src/cli/scope-diff.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { GuardError } from '../../src/guard-error.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { lockOf, NOW } from '../policy/lock/locks.ts';
import { pinsOf } from '../policy/pins/pins-of.ts';
import { CONFIG, pictureOf, type Scene, seen, viewOf } from './approval-scene.ts';
import { openScreen, wideLines } from './screen.ts';

const KEY = `ed25519:${'a'.repeat(43)}=`;
const READ = { name: 'read_file', description: 'reads a file' };
const SEND = { name: 'send', description: 'sends to the sky' };
const WIPE = { name: 'wipe', description: 'wipes the disk' };
const WIDER: JsonObject = { ...CONFIG, scopes: { files: { grants: [{ tool: 'read_*' }, { tool: 'send' }] } } };
const pinned = new Map([['files', pinsOf([READ, SEND, WIPE], 'kind')]]);
const drifted = { files: { last: seen(pinsOf([{ ...READ, description: 'reads, and sends' }, SEND, WIPE], 'harsh')) } };

async function approve(
  document: JsonObject,
  scene: Scene,
  options: ScopeApproveOptions,
  more: Partial<ApproveContext> = {},
) {
  const screen = openScreen();
  const questions: string[] = [];
  const outcome = await runScopeApprove({ reason: 'why', ...options }, screen.io, {
    look: (isEnding) => viewOf(document, { ...scene, isEnding, isPolicyOnly: options.policyOnly ?? false }),
    consent: {
      isGuarded: false,
      ask: async (question) => {
        questions.push(question);
        return 'y';
      },
    },
    ...{ actor: 'ada', nowMs: NOW, commandOptions: '', check: () => {}, openKey: () => KEY },
    openTrail: () => ({ record: () => 'seg:1', close: () => undefined }),
    write: async () => lockOf({ policy: document, seen: 1 }),
    ...more,
  }).catch((error: unknown) => error);
  return { outcome, question: questions.join(), out: screen.out() };
}

describe('what drifted', () => {
  test('is counted by the question, and told apart from the policy', async () => {
    const both = await approve(WIDER, { pins: pinned, known: drifted }, {});
    expect(both.question).toMatch(/`--policy-only` leaves that out\napprove this, and 2 definitions as changed\? /);
    const alone = await approve(CONFIG, { pins: pinned, known: drifted }, {});
    expect(alone.question).toBe('\napprove 2 definitions as changed? [y/N] ');
    expect((await approve(WIDER, { pins: pinned }, {})).question).toBe('\napprove this? [y/N] ');
  });

  test('stays as it was approved with `--policy-only`', async () => {
    const picture = pictureOf(WIDER, { pins: pinned, known: drifted, isPolicyOnly: true });
    expect([...picture.pins]).toEqual([...pinned]);
    expect([countDrift(picture), picture.policy]).toEqual([0, WIDER]);
    const { question } = await approve(WIDER, { pins: pinned, known: drifted }, { policyOnly: true });
    expect(question).toBe('\napprove this? [y/N] ');
    const nothing = await approve(CONFIG, { pins: pinned, known: drifted }, { policyOnly: true });
    expect([nothing.outcome, nothing.question]).toEqual([0, '']);
  });
});

describe('definitions', () => {
  const shown = (document: JsonObject, scene: Scene, isWhole = false): string =>
    listLines(pictureOf(document, scene), isWhole)
      .flatMap(({ passages = [] }) => passages.map(({ text }) => text))
      .join('\n');
  const known = { files: { last: seen(pinsOf([READ, SEND, WIPE], 'kind')) } };

  test('of what cannot be called are not read; `--full` shows them, and they are counted', () => {
    const text = shown(WIDER, { known });
    expect(text).toMatch(/reads a file[\s\S]*sends to the sky[\s\S]*kind/);
    expect(text).not.toContain('wipes');
    expect(shown(WIDER, { known }, true)).toContain('wipes the disk');
    const lines = listLines(pictureOf(WIDER, { known })).map((line) => line.text);
    expect(lines.join()).toContain('not shown: 1 that no grant covers');
  });

  test.each([
    ['mode: observe', { ...WIDER, servers: { files: { ...CONFIG.servers.files, mode: 'observe' } } }],
    ['roles', { ...WIDER, roles: { reader: { scopes: ['files'] } } }],
    ['no scopes', { version: 1, servers: { files: { command: 'node', args: ['s.mjs'] } } }],
  ])('with %s all of them are', (_, document) => {
    expect(shown(document, { known })).toContain('wipes the disk');
  });

  test('of what becomes callable are, though they are pinned already: perhaps nobody has read them', () => {
    const scene = { pins: pinned, known };
    expect(shown(CONFIG, scene)).toBe('');
    expect(shown(WIDER, scene)).toContain('sends to the sky');
    expect(shown(WIDER, scene)).not.toMatch(/reads a file|wipes/);
  });
});

test('a long screen ends with what waits, in lines of their own above the question', async () => {
  const last = seen(pinsOf([{ ...SEND, description: 'word\n'.repeat(40) }], 'kind'));
  const { out } = await approve(WIDER, { known: { files: { last } } }, {});
  const [, end = ''] = out.split('in short\n');
  expect(end).toMatch(/^ {2}possible {2}files: grant tool `send` added\n/);
  expect((await approve(WIDER, {}, {})).out).not.toContain('in short');
});

test('in short, a change that does not fit says what it comes to, and marks what it leaves out', () => {
  const end = (rate: string, wide = 'principal') => {
    const of = (amount: string) => ({ ...CONFIG, limits: [{ key: [wide], rate: amount, burst: 3 }] });
    const view = viewOf(of(rate), { approved: of('99/h') });
    return formatSummary(view, '\n'.repeat(99), 60, makePaint(false)).split('\n').slice(2);
  };
  expect(end('200/h')).toEqual([
    expect.stringMatching(/^ {2}possible {2}limits: .*99/),
    expect.stringMatching(/^ {12}→ ….*"200\/h"/),
    '',
  ]);
  for (const line of end('200/h', '\u{1d4ae}'.repeat(40))) {
    expect(measureText(line)).toBeLessThanOrEqual(60);
    expect(line.isWellFormed()).toBe(true);
  }
});

test('so does `scope diff`, above the command that approves it', () => {
  const last = seen(pinsOf([{ ...SEND, description: 'word\n'.repeat(40) }], 'kind'));
  const screen = openScreen();
  runScopeDiff({}, screen.io, viewOf(WIDER, { known: { files: { last } } }));
  const [, end = ''] = screen.out().split('in short\n');
  expect(end).toMatch(/^ {2}possible {2}files: grant tool `send` added\n[\s\S]*mcp-guard scope approve/);
  const short = openScreen();
  runScopeDiff({}, short.io, viewOf(WIDER, {}));
  expect(short.out()).not.toContain('in short');
});

test('a long list of it is cut and counted, and no line is wider than the terminal', () => {
  const grants = Array.from({ length: 40 }, (_, at) => ({ tool: `t${at}_\u202e${'名 '.repeat(60)}` }));
  const text = formatSummary(
    viewOf({ ...CONFIG, scopes: { files: { grants } } }),
    '\n'.repeat(99),
    80,
    makePaint(false),
  );
  expect(text).toContain('  and 26 more lines as these above\n');
  expect(text.split('\n').length).toBeLessThanOrEqual(20);
  expect(wideLines(text)).toEqual([]);
  expect(text).not.toContain('\u202e');
});

test('what runs here comes first: the end of a long list is what is cut', () => {
  const grants = Array.from({ length: 40 }, (_, at) => ({ tool: `t${at}` }));
  const servers = { files: { ...CONFIG.servers.files, passEnv: ['SSH_X'] } };
  const view = viewOf({ ...CONFIG, servers, scopes: { files: { grants } } });
  const [, , first] = formatSummary(view, '\n'.repeat(99), 80, makePaint(false)).split('\n');
  expect(first).toMatch(/^ {2}starts {4}files: .*passEnv.*SSH_X/);
});

test('a name without a blank stands in its line as far as there is room', () => {
  const grants = [{ tool: `wipe_${'x'.repeat(230)}` }];
  const view = viewOf({ ...CONFIG, servers: CONFIG.servers, scopes: { files: { grants } } });
  const text = formatSummary(view, '\n'.repeat(99), 80, makePaint(false));
  expect(text).toMatch(/files: grant tool `wipe_x+…/);
  expect(wideLines(text)).toEqual([]);
});

describe('who signs', () => {
  const named: JsonObject = { ...WIDER, approvers: [`ed25519:${'b'.repeat(43)}=`] };
  const scene = { approved: { ...CONFIG, approvers: named.approvers ?? null } };

  test('a word that counts on this machine alone is called that, before and in `scope diff`', async () => {
    const { question } = await approve(named, scene, {});
    expect(question.replaceAll('\n', ' ')).toMatch(/counts here alone: do not commit it.*approve this\?/);
    const screen = openScreen();
    runScopeDiff({}, screen.io, viewOf(named, scene));
    expect(screen.out().replaceAll('\n', ' ')).toContain('by an approver, with `--key FILE`');
  });

  test('an approver is told nothing of it, nor where there are none', async () => {
    const openKey = (): string => `ed25519:${'b'.repeat(43)}=`;
    expect((await approve(named, scene, { key: 'k' }, { openKey })).question).toBe('\napprove this? [y/N] ');
    expect((await approve(WIDER, {}, {})).question).toBe('\napprove this? [y/N] ');
  });
});

test('nothing is shown where nobody can be asked, or the key cannot be used; a bad key is noticed with nothing to approve', async () => {
  const consent = { isGuarded: false, ask: undefined };
  expect(await approve(WIDER, {}, {}, { consent })).toMatchObject({ outcome: { code: 'approval_declined' }, out: '' });
  const openKey = (): never => {
    throw new GuardError('key_unusable', 'no');
  };
  expect(await approve(WIDER, {}, {}, { openKey })).toMatchObject({ outcome: { code: 'key_unusable' }, out: '' });
  const nothing = await approve(CONFIG, {}, { key: 'k', yes: true }, { openKey });
  expect(nothing.outcome).toMatchObject({ code: 'key_unusable' });
  expect((await approve(CONFIG, {}, {}, { openKey })).outcome).toBe(0);
});
