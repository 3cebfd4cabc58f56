// A start is refused in one way, whatever is wrong: the same words, the same status, the same time; and the record has the exact reason.
import { describe, expect, test } from 'vitest';
import type { Presented } from '../../src/adapters/token-file.ts';
import { ANSWER_AFTER_MS, establishIdentity, type Refusal } from '../../src/cli/establish-identity.ts';
import type { Identity, IdentityVerdict, RefusalReason } from '../../src/policy/identity/identity.ts';

const TOKEN = 'mcpg_the-whole-secret';
const SOMEBODY: Identity = {
  ...{ kind: 'token', principal: 'token:ci', tenant: 'acme', roles: [], servers: ['files'] },
  ...{ expiresAtMs: 1, tokenId: 'abc' },
};
const presented: Presented = { kind: 'text', text: TOKEN, source: '--token-file' };

interface Scene {
  readonly presented?: Presented;
  readonly isRequired?: boolean;
  readonly waitMs?: number;
  /** How long judging, recording and counting take, in ms. */
  readonly takes?: readonly [number, number, number];
  readonly judge?: () => IdentityVerdict;
  readonly broken?: boolean;
}

/** A clock that moves only where something sleeps or takes its time. */
async function establish(
  scene: Scene,
  then?: (established: { refuse(why: RefusalReason): Promise<never> }) => Promise<void>,
) {
  const [judging = 0, recording = 0, counting = 0] = scene.takes ?? [];
  const { broken = false } = scene;
  let nowMs = 1_000;
  const recorded: Refusal[] = [];
  let counted = 0;
  let isOver = false;
  const run = establishIdentity(
    { isRequired: scene.isRequired ?? true, presented: scene.presented ?? presented, user: 'ada' },
    {
      now: () => ({ wallMs: 0, monoMs: nowMs }),
      sleep: async (ms) => {
        nowMs += ms;
      },
      waitMs: () => scene.waitMs ?? 0,
      judge: async () => {
        nowMs += judging;
        if (scene.judge === undefined) throw new Error(`cannot judge ${TOKEN}`);
        return scene.judge();
      },
      record: (refusal) => {
        nowMs += recording;
        recorded.push(refusal);
        if (broken) throw new Error('the disk is full');
      },
      count: async () => {
        nowMs += counting;
        counted += 1;
        if (broken) throw new Error('the lock is held');
      },
    },
  );
  const outcome = await run
    .then(async (established) => {
      isOver = true;
      await then?.(established);
      return established;
    })
    .catch((error: unknown) => error);
  return { outcome, recorded, counted, isOver, tookMs: nowMs - 1_000 };
}

const refused =
  (why: RefusalReason): (() => IdentityVerdict) =>
  () => ({ kind: 'refused', why });

const WRONG: readonly (readonly [string, Scene, RefusalReason])[] = [
  ['no token', { presented: { kind: 'none' } }, 'no_token'],
  [
    'a file that others can read',
    { presented: { kind: 'refused', why: 'token_file_unreadable', source: 'auth.tokenFile' } },
    'token_file_unreadable',
  ],
  ['too large a text', { presented: { kind: 'refused', why: 'too_large', source: 'MCP_GUARD_TOKEN' } }, 'too_large'],
  ['a wrong token', { judge: refused('secret_wrong'), takes: [1, 2, 3] }, 'secret_wrong'],
  ['an expired one, judged slowly', { judge: refused('expired'), takes: [200, 100, 50] }, 'expired'],
  ['a revoked one, and a disk that is slow', { judge: refused('revoked'), takes: [0, 400, 0] }, 'revoked'],
  ['a forged JWT', { judge: refused('signature_wrong'), takes: [3, 30, 300] }, 'signature_wrong'],
  ['one that makes the judge throw', {}, 'failed'],
  ['a trail and a count that cannot be written', { judge: refused('unknown'), broken: true }, 'unknown'],
  ['one that was presented though none is required', { isRequired: false, judge: refused('unknown') }, 'unknown'],
];

describe.each(WRONG)('%s', (_, scene, why) => {
  test('has the one answer, at the one time', async () => {
    const { outcome, tookMs } = await establish(scene);
    expect(outcome).toMatchObject({ name: 'GuardError', code: 'auth_refused', exitCode: 77 });
    const { message, hint, cause } = outcome as Error & { hint: string };
    expect([message, hint, cause]).toMatchInlineSnapshot(`
      [
        "this session is not started: no token was presented that counts here",
        "present one with \`--token-file FILE\`; the reason is on record, and nowhere else: \`mcp-guard token history\`",
        undefined,
      ]
    `);
    expect(tookMs).toBe(ANSWER_AFTER_MS);
    expect(JSON.stringify(outcome, Object.getOwnPropertyNames(outcome))).not.toContain(TOKEN);
  });

  test(`is recorded as ${why}, without the token`, async () => {
    const { recorded } = await establish(scene);
    expect(recorded.map((one) => one.why)).toEqual([why]);
    expect(JSON.stringify(recorded)).not.toContain(TOKEN);
  });
});

test('what is found out later has the same answer, counted from the same moment', async () => {
  const scene: Scene = { judge: () => ({ kind: 'accepted', identity: SOMEBODY }), takes: [7, 5, 3] };
  const { outcome, recorded, tookMs, counted, isOver } = await establish(scene, ({ refuse }) =>
    refuse('not_for_server'),
  );
  expect(isOver).toBe(true);
  expect(outcome).toMatchObject({ code: 'auth_refused' });
  expect(tookMs).toBe(ANSWER_AFTER_MS);
  expect(recorded).toEqual([{ why: 'not_for_server', source: '--token-file', tokenId: 'abc', principal: 'token:ci' }]);
  expect(counted).toBe(1);
});

test('a wrong token is counted; a missing one, which guesses nothing, is not', async () => {
  expect((await establish({ judge: refused('unknown') })).counted).toBe(1);
  expect((await establish({ presented: { kind: 'none' } })).counted).toBe(0);
});

test('after many wrong ones everybody waits before the judging begins, the right one as well', async () => {
  const right = await establish({ waitMs: 2_000, judge: () => ({ kind: 'accepted', identity: SOMEBODY }) });
  expect([right.outcome, right.tookMs]).toMatchObject([{ identity: SOMEBODY }, 2_000]);
  const wrong = await establish({ waitMs: 2_000, judge: refused('unknown') });
  expect(wrong.tookMs).toBe(2_000 + ANSWER_AFTER_MS);
});

test('a right one is answered at once', async () => {
  const { outcome, tookMs, recorded, counted } = await establish({
    judge: () => ({ kind: 'accepted', identity: SOMEBODY }),
    takes: [3, 0, 0],
  });
  expect([outcome, tookMs, recorded, counted]).toMatchObject([{ identity: SOMEBODY }, 3, [], 0]);
});

test('where nobody is asked it is the local user, at once, and that is what it is called', async () => {
  const { outcome, tookMs } = await establish({ isRequired: false, presented: { kind: 'none' }, waitMs: 2_000 });
  expect(outcome).toMatchObject({ identity: { kind: 'local', principal: 'local:ada', roles: undefined } });
  expect(tookMs).toBe(0);
});
