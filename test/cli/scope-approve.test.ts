// `scope approve`: a person's word on a terminal, or a key's elsewhere; on record before anything is written.
import { describe, expect, test } from 'vitest';
import {
  type ApprovalWords,
  type ApproveContext,
  runScopeApprove,
  type ScopeApproveOptions,
} from '../../src/cli/scope-approve.ts';
import { GuardError } from '../../src/guard-error.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { lockOf, NOW } from '../policy/lock/locks.ts';
import { CONFIG, type Scene, viewOf } from './approval-scene.ts';
import { openScreen } from './screen.ts';

const WIDER: JsonObject = { ...CONFIG, scopes: { files: { grants: [{ tool: 'read_*' }, { tool: 'send' }] } } };
const KEY = `ed25519:${'a'.repeat(43)}=`;

interface Setting {
  readonly document?: JsonObject;
  readonly scene?: Scene;
  readonly answer?: string;
  readonly context?: Partial<ApproveContext>;
  /** Records that cannot be written, by their number. */
  readonly unwritable?: number;
}

async function approve(options: ScopeApproveOptions, setting: Setting = {}) {
  const { document = WIDER, scene = { known: { files: { tools: ['send'] } } }, answer, unwritable } = setting;
  const screen = openScreen();
  const steps: unknown[] = [];
  const questions: string[] = [];
  const result = runScopeApprove({ reason: 'because', ...options }, screen.io, {
    look: (isEnding) => viewOf(document, { ...scene, keep: options.keep ?? false, isEnding }),
    consent: {
      isGuarded: false,
      ask:
        answer === undefined
          ? undefined
          : async (question) => {
              questions.push(question);
              return answer;
            },
    },
    actor: 'ada',
    nowMs: NOW,
    commandOptions: ' --config /c/mcp-guard.config.json',
    check: () => {},
    openKey: (path) => {
      steps.push(['key', path]);
      return KEY;
    },
    openTrail: () => ({
      record(name, detail, about) {
        if (steps.filter((step) => Array.isArray(step) && step[0] === 'record').length === unwritable)
          throw new GuardError('audit_unwritable', 'the disk is full');
        steps.push(['record', name, about, detail]);
        return 'seg:2';
      },
      close: () => undefined,
    }),
    async write(words: ApprovalWords) {
      steps.push(['write', words]);
      return lockOf({ policy: document, who: words.who, why: words.why, seen: 1 });
    },
    ...setting.context,
  });
  const outcome = await result.then(
    (status) => ({ status, error: undefined }),
    (error: unknown) => ({ status: undefined, error }),
  );
  return { ...outcome, out: screen.out(), steps, questions };
}
const words = (steps: readonly unknown[]): unknown => steps.find((step) => Array.isArray(step) && step[0] === 'write');

test('shows what becomes possible, asks, records, writes, records', async () => {
  const { status, out, steps, questions } = await approve({}, { answer: 'y' });
  expect(status).toBe(0);
  expect(questions).toEqual(['\napprove this? [y/N] ']);
  expect(out).toMatch(/newly callable, asked for by name: `send`[\s\S]*approved as number 2, signed by ed25519:/);
  expect(steps).toMatchObject([
    ['key', undefined],
    [
      'record',
      'approval',
      undefined,
      { stage: 'asked', actor: 'ada', reason: 'because', until: null, key: KEY, possible: 2 },
    ],
    ['write', { who: 'ada', why: 'because', untilMs: undefined }],
    [
      'record',
      'approval',
      'files',
      { stage: 'server', number: 2, byName: 1, byWildcard: 0, grantsBefore: 1, grantsAfter: 2 },
    ],
    ['record', 'approval', undefined, { stage: 'approved', number: 2, asked: 'seg:2' }],
  ]);
});

test.each(['n', '', 'yep', 'no'])('%j is no yes: nothing is written or recorded', async (answer) => {
  const { error, steps } = await approve({}, { answer });
  expect(error).toMatchObject({ code: 'approval_declined' });
  expect(steps).toEqual([['key', undefined]]);
});

describe('without a terminal', () => {
  test('nobody can be asked', async () => {
    expect((await approve({})).error).toMatchObject({
      code: 'approval_declined',
      hint: expect.stringContaining('--key FILE --yes'),
    });
    expect((await approve({ key: 'k.pem' })).error).toMatchObject({ code: 'approval_declined' });
  });

  test('`--key --yes`: the key is the authority', async () => {
    const { status, steps } = await approve({ key: '/keys/team key.pem', yes: true });
    expect(status).toBe(0);
    expect(steps[0]).toEqual(['key', '/keys/team key.pem']);
    expect(words(steps)).toMatchObject(['write', { who: "key 'team key.pem'" }]);
  });

  test('`--yes` alone is a usage error, on a terminal too', async () => {
    for (const answer of [undefined, 'y']) {
      const { error, steps } = await approve({ yes: true }, answer === undefined ? {} : { answer });
      expect(error).toMatchObject({ code: 'usage' });
      expect(steps).toEqual([]);
    }
  });
});

test('from within a guarded server: refused before anything else, whoever answers', async () => {
  const consent = { isGuarded: true, ask: async () => 'y' };
  const { error, steps, out } = await approve({ key: 'k', yes: true }, { context: { consent } });
  expect(error).toMatchObject({ code: 'approval_declined' });
  expect([steps, out]).toEqual([[], '']);
});

test('a reason is needed, and an end in the future', async () => {
  expect((await approve({ reason: ' ' }, { answer: 'y' })).error).toMatchObject({ code: 'usage' });
  expect((await approve({ reason: 'x'.repeat(501) }, { answer: 'y' })).error).toMatchObject({ code: 'usage' });
  expect((await approve({ expires: '2026-07-27' }, { answer: 'y' })).error).toMatchObject({ code: 'usage' });
  const { steps, questions } = await approve({ expires: '2026-07-28' }, { answer: 'y' });
  expect(words(steps)).toMatchObject(['write', { untilMs: Date.parse('2026-07-29T00:00:00Z') }]);
  expect(questions).toEqual(['\napprove this until 2026-07-29T00:00:00Z? [y/N] ']);
});

test('where nothing waits nobody is asked, whatever the end', async () => {
  const { status, out, steps } = await approve({}, { document: CONFIG, answer: 'y' });
  expect([status, steps]).toEqual([0, []]);
  expect(out).toContain('nothing waits for an approval');
  expect((await approve({ expires: '8h' }, { document: CONFIG, answer: 'y' })).steps).toEqual([]);
});

describe('while an earlier approval has an end', () => {
  const untilMs = NOW + 3_600_000;
  const scene = { approved: WIDER, base: CONFIG, untilMs };
  const END = '2026-07-28T10:00:00Z';
  const STRICTER: JsonObject = {
    ...WIDER,
    onExit: 'restart',
    servers: { ...CONFIG.servers, mail: { command: 'mail' } },
  };

  test('what it gave keeps its end, and with nothing changed nobody is asked', async () => {
    const { status, out, steps, questions } = await approve({}, { document: WIDER, scene, answer: 'y' });
    expect([status, steps, questions]).toEqual([0, [], []]);
    expect(out).toContain(`  until     until ${END}: grant tool \`send\` added`);
    expect(out).toContain('nothing waits for an approval');
  });

  test('another approval lasts, and what ends is said to end', async () => {
    let written: unknown;
    const write: ApproveContext['write'] = async (words, { passing }) => {
      written = [words.untilMs, passing?.base];
      return lockOf({ policy: STRICTER, seen: 1 });
    };
    const { out } = await approve({}, { document: STRICTER, scene, answer: 'y', context: { write } });
    expect(written).toEqual([untilMs, { ...STRICTER, scopes: CONFIG.scopes }]);
    expect(out).toContain(`until ${END}: grant tool \`send\` added`);
    expect(out).toContain(`what was approved until ${END} still ends then`);
    expect(out).not.toContain('lasts');
  });

  test('`--keep` makes it permanent, and says so before', async () => {
    const { out, steps, questions } = await approve({ keep: true }, { document: WIDER, scene, answer: 'y' });
    expect(out.replace(/\n +/g, ' ')).toContain(`lasts     so far until ${END}: grant tool \`send\` added`);
    expect(questions).toHaveLength(1);
    expect(words(steps)).toMatchObject(['write', { untilMs: undefined }]);
  });

  test('with `--server` only of that server', () => {
    const more = { ...WIDER, servers: { ...CONFIG.servers, mail: { command: 'mail', scope: 'mail' } } };
    const document = {
      ...more,
      scopes: { files: { grants: [{ tool: 'read_*' }, { tool: 'send' }] }, mail: { grants: [] } },
    };
    const { passing } = viewOf(document, { ...scene, only: 'mail', keep: true }).picture;
    expect(passing?.base).toEqual({ ...document, scopes: { ...document.scopes, files: CONFIG.scopes.files } });
    expect(viewOf(document, { ...scene, approved: document, only: 'files', keep: true }).picture.passing?.base).toEqual(
      {
        ...CONFIG,
        scopes: WIDER.scopes,
      },
    );
  });

  test('an end of its own is no later one, but with `--keep`', async () => {
    const later = await approve({ expires: '2h' }, { document: WIDER, scene, answer: 'y' });
    expect(later.error).toMatchObject({ code: 'usage', hint: expect.stringContaining('--keep') });
    expect(later.steps).toEqual([]);
    const sooner = await approve({ expires: '30m' }, { document: WIDER, scene, answer: 'y' });
    expect(words(sooner.steps)).toMatchObject(['write', { untilMs: NOW + 1_800_000 }]);
    expect(sooner.out.replace(/\n +/g, ' ')).toContain(`so far until ${END}, now until this approval ends: grant`);
    const kept = await approve({ expires: '2h', keep: true }, { document: WIDER, scene, answer: 'y' });
    expect(words(kept.steps)).toMatchObject(['write', { untilMs: NOW + 7_200_000 }]);
  });

  test('what would hold then must be a policy, too', async () => {
    const check: ApproveContext['check'] = (policy, mend) => {
      if (policy !== STRICTER) throw new GuardError('usage', 'no policy', { hint: mend });
    };
    const { error, questions } = await approve({}, { document: STRICTER, scene, answer: 'y', context: { check } });
    expect(error).toMatchObject({ code: 'usage', hint: expect.stringContaining('`--keep`') });
    expect(questions).toEqual([]);
  });
});

test('what is no policy, and a key whose word does not count: nobody is asked', async () => {
  const refuse = (): never => {
    throw new GuardError('key_unusable', 'no');
  };
  for (const context of [{ check: refuse }, { openKey: refuse }]) {
    const { error, questions } = await approve({}, { answer: 'y', context });
    expect(error).toMatchObject({ code: 'key_unusable' });
    expect(questions).toEqual([]);
  }
});

describe('on record', () => {
  test('what cannot be recorded is not done', async () => {
    const { error, steps } = await approve({}, { answer: 'y', unwritable: 0 });
    expect(error).toMatchObject({ code: 'audit_unwritable' });
    expect(words(steps)).toBeUndefined();
  });

  test('what failed is told, and that it failed', async () => {
    const write = async (): Promise<never> => {
      throw new GuardError('lock_changed', 'it has changed');
    };
    const { error, steps } = await approve({}, { answer: 'y', context: { write } });
    expect(error).toMatchObject({ code: 'lock_changed' });
    expect(steps.at(-1)).toMatchObject([
      'record',
      'approval',
      undefined,
      { stage: 'failed', asked: 'seg:2', why: 'it has changed' },
    ]);
  });

  test('what is done and cannot be recorded any more is said', async () => {
    const { error } = await approve({}, { answer: 'y', unwritable: 1 });
    expect(error).toMatchObject({ code: 'audit_unwritable', message: expect.stringContaining('it is approved') });
  });
});
