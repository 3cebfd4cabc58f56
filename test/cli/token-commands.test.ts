// The commands of `token`: on record before it is done, shown once and nowhere else, never wider than the terminal.
import { describe, expect, test } from 'vitest';
import { runTokenCreate, runTokenRotate, type TokenCreateOptions } from '../../src/cli/token-create.ts';
import { runTokenRevoke } from '../../src/cli/token-revoke.ts';
import { GuardError } from '../../src/guard-error.ts';
import { NO_TOKENS, type Tokens } from '../../src/policy/identity/token-record.ts';
import { digest, HOUR, makeToken, NOW, storeOf } from '../policy/identity/tokens.ts';
import { openScreen } from './screen.ts';

const made = makeToken(77);
const DAY = 24 * HOUR;
const CREATE: TokenCreateOptions = { principal: 'ci', tenant: 'acme', expires: '90d', yes: true };

interface Given {
  readonly tokens?: Tokens;
  readonly isGuarded?: boolean;
  /** What a person answers; undefined: there is no terminal. */
  readonly answer?: string;
  readonly fileFails?: boolean;
  readonly storeFails?: boolean;
  /** Something other than the token stands in the file. */
  readonly isOtherFile?: boolean;
  readonly trailFails?: boolean;
  /** Something stands where the file is to be. */
  readonly isTaken?: boolean;
  readonly doubts?: readonly string[];
  readonly refusal?: Promise<never>;
}

function openMachine(given: Given = {}) {
  const screen = openScreen();
  const steps: unknown[] = [];
  const asked: string[] = [];
  const { answer } = given;
  const answered = async (question: string) => {
    asked.push(question);
    return answer ?? '';
  };
  const ask = answer === undefined ? undefined : answered;
  let tokens = given.tokens ?? NO_TOKENS;
  const context = {
    consent: { ask, isGuarded: given.isGuarded ?? false },
    actor: 'ada',
    nowMs: () => NOW,
    make: () => ({ id: made.record.id, text: made.text, hash: digest(made.text) }),
    read: () => tokens,
    update: async (change: (tokens: Tokens) => Tokens) => {
      if (given.storeFails === true) throw new GuardError('state_unusable', 'the disk is full');
      tokens = change(tokens);
      steps.push('update');
      return tokens;
    },
    openTrail: (tenant: string) => ({
      record(name: string, detail: object) {
        if (given.trailFails === true) throw new GuardError('audit_unwritable', 'the disk is full');
        steps.push([name, tenant, detail]);
        return 'seg:2';
      },
      close: () => undefined,
    }),
    doubts: async () => given.refusal ?? given.doubts ?? [],
    noteFile: async (path: string) => {
      steps.push(['noted', path]);
    },
    isFree: () => given.isTaken !== true,
    mayReplace: (_path: string, hash: string) => given.isOtherFile !== true && hash === old.record.hash,
    writeFile: (path: string, text: string, how: string) => {
      if (given.fileFails === true) throw new GuardError('state_unusable', 'it is there');
      steps.push(['file', path, text, how]);
    },
  };
  return { screen, context, steps, asked, tokens: () => tokens };
}

async function create(options: Partial<TokenCreateOptions>, given?: Given) {
  const machine = openMachine(given);
  const error = await runTokenCreate({ ...CREATE, ...options }, machine.screen.io, machine.context).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { ...machine, error, out: machine.screen.out(), err: machine.screen.err() };
}

describe('create', () => {
  test('is recorded, kept as a hash, and shown once: alone on stdout, so that it can go into a file', async () => {
    const { error, out, err, steps, tokens } = await create({
      roles: 'reader, writer',
      servers: 'files,m*',
      reason: 'x',
    });
    expect(error).toBeUndefined();
    expect(out).toBe(`${made.text}\n`);
    expect(err).not.toContain(made.text);
    expect(err).toMatch(/shown\s+this once/);
    expect(steps).toMatchObject([
      [
        'token',
        'acme',
        {
          stage: 'asked',
          order: 'create',
          token: made.record.id,
          principal: 'ci',
          roles: 'reader writer',
          servers: 'files m*',
          actor: 'ada',
          reason: 'x',
        },
      ],
      'update',
      ['token', 'acme', { stage: 'done', asked: 'seg:2' }],
    ]);
    expect(JSON.stringify([steps, tokens()])).not.toContain(made.text);
    expect(tokens().tokens).toEqual([
      {
        ...{
          id: made.record.id,
          hash: digest(made.text),
          principal: 'ci',
          tenant: 'acme',
          roles: ['reader', 'writer'],
        },
        ...{
          servers: ['files', 'm*'],
          createdMs: NOW,
          expiresMs: NOW + 90 * DAY,
          revokedMs: null,
          by: 'ada',
          replaces: null,
        },
      },
    ]);
  });

  test('into a file: it stands there alone', async () => {
    const { out, err, steps } = await create({ out: '/home/ada/t' });
    expect(out).toBe('');
    expect(err).not.toContain(made.text);
    expect(steps.slice(1, 3)).toEqual([
      ['noted', '/home/ada/t'],
      ['file', '/home/ada/t', `${made.text}\n`, 'new'],
    ]);
  });

  test('as JSON: with the token, or with the file', async () => {
    expect(JSON.parse((await create({ json: true })).out)).toMatchObject({
      token: made.text,
      principal: 'ci',
      servers: null,
    });
    const { out } = await create({ json: true, out: '/t' });
    expect(JSON.parse(out)).toMatchObject({ file: '/t', state: 'valid' });
    expect(out).not.toContain(made.text);
  });

  test('after a person’s yes, who is asked for whom; `--yes` asks nobody', async () => {
    const { error, asked, tokens } = await create({ yes: undefined }, { answer: 'yes' });
    expect([error, tokens().tokens.length]).toEqual([undefined, 1]);
    expect(asked).toEqual([
      'make a token for ci of acme, until 2026-10-26T09:00:00.000Z, with no role, for every server? [y/N] ',
    ]);
    const reach = { roles: 'reader,writer', servers: 'files', out: '/t', yes: undefined };
    expect((await create(reach, { answer: 'n' })).asked).toEqual([
      expect.stringContaining(', with the roles reader, writer, for the server files, into `/t`? [y/N] '),
    ]);
    expect((await create({}, { answer: 'n' })).asked).toEqual([]);
  });

  test('what the config does not have is said before anybody is asked, and the token made all the same', async () => {
    const doubts = [`\`/c\`: it has no tenant \`acmee\`\u001b[2J ${'x '.repeat(80)}`];
    const { error, err, out, tokens } = await create({}, { doubts });
    expect([error, out, tokens().tokens.length]).toEqual([undefined, `${made.text}\n`, 1]);
    expect(err).toMatch(/^`\/c`: it has no tenant `acmee`\\u\{1b\}/);
    expect(err.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect((await create({ yes: undefined }, { doubts, answer: 'n' })).err).toContain('acmee');
    expect((await create({ json: true }, { doubts })).out).not.toContain('acmee');
  });

  test('what must not be made is neither on record nor made', async () => {
    const doubts = Promise.reject(new GuardError('tenant_unknown', 'no tenant `acmee`'));
    const { error, steps, tokens } = await create({}, { refusal: doubts });
    expect(error).toMatchObject({ code: 'tenant_unknown' });
    expect([steps, tokens().tokens]).toEqual([[], []]);
  });

  test('for ever, where somebody says so', async () => {
    expect((await create({ expires: 'never' })).tokens().tokens).toMatchObject([{ expiresMs: null }]);
  });

  test.each([
    ['no principal', { principal: undefined }, {}, 'usage'],
    ['a principal with a blank', { principal: 'a b' }, {}, 'usage'],
    ['an option for a principal', { principal: '--yes' }, {}, 'usage'],
    ['an option for servers', { servers: '--yes' }, {}, 'usage'],
    ['a file that is there', { out: '/t' }, { isTaken: true }, 'usage'],
    ['an odd role', { roles: 'Reader' }, {}, 'usage'],
    ['a role as a pattern', { roles: '*' }, {}, 'usage'],
    ['no role', { roles: '' }, {}, 'usage'],
    ['an odd server', { servers: '../x' }, {}, 'usage'],
    ['too many', { roles: Array.from({ length: 65 }, (_, at) => `r${at}`).join() }, {}, 'usage'],
    ['a time that is over', { expires: '2020-01-01' }, {}, 'usage'],
    ['inside a server behind the guard', {}, { isGuarded: true }, 'approval_declined'],
    ['inside one, on a terminal that says yes', { yes: false }, { isGuarded: true, answer: 'y' }, 'approval_declined'],
    ['nobody can be asked, and nobody said yes', { yes: undefined }, {}, 'approval_declined'],
    ['a person who says no', { yes: undefined }, { answer: '' }, 'approval_declined'],
    ['a trail that cannot be written', {}, { trailFails: true }, 'audit_unwritable'],
  ] as const)('%s: nothing is made', async (_, options, given, code) => {
    const { error, steps, tokens, out } = await create(options, given);
    expect(error).toMatchObject({ code });
    expect([steps, tokens(), out]).toEqual([[], NO_TOKENS, '']);
  });

  test.each([
    ['a file that cannot be written', { fileFails: true }],
    ['a store that cannot be written', { storeFails: true }],
  ])('%s: nothing counts, nothing is shown, and that is on record', async (_, given) => {
    const { error, steps, tokens, out } = await create({ out: '/t' }, given);
    expect(error).toMatchObject({ code: 'state_unusable' });
    expect(steps.at(-1)).toMatchObject(['token', 'acme', { stage: 'failed', asked: 'seg:2' }]);
    expect([tokens(), out]).toEqual([NO_TOKENS, '']);
  });
});

const old = makeToken(1, { createdMs: NOW - DAY, expiresMs: NOW + 9 * DAY });

async function rotate(options: object, given: Given = {}, id = old.record.id) {
  const machine = openMachine({ tokens: storeOf(old.record), ...given });
  const error = await runTokenRotate(id, { yes: true, ...options }, machine.screen.io, machine.context).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { ...machine, error, out: machine.screen.out() };
}

describe('rotate', () => {
  test('another token for the same, and the old one ends at once', async () => {
    const { error, out, steps, tokens } = await rotate({ out: '/t' });
    expect([error, out]).toEqual([undefined, '']);
    const { principal, tenant, roles, servers } = old.record;
    expect(tokens().tokens).toMatchObject([
      { id: old.record.id, revokedMs: NOW },
      {
        id: made.record.id,
        principal,
        tenant,
        roles,
        servers,
        replaces: old.record.id,
        expiresMs: NOW + 10 * DAY,
        revokedMs: null,
      },
    ]);
    expect(steps).toMatchObject([
      ['token', 'acme', { order: 'rotate' }],
      'update',
      ['noted', '/t'],
      ['file', '/t', `${made.text}\n`, 'replace'],
      'update',
      ['token', 'acme', { stage: 'done' }],
    ]);
  });

  test('after a person’s yes, who is told which one ends, and when', async () => {
    const { error, asked } = await rotate({ yes: undefined, overlap: '15m' }, { answer: 'y' });
    expect(error).toBeUndefined();
    expect(asked).toEqual([expect.stringContaining(`in the place of ${old.record.id}, which ends in 15m, for `)]);
  });

  test('beside the old one for a while', async () => {
    const { tokens } = await rotate({ overlap: '15m' });
    expect(tokens().tokens).toMatchObject([{ expiresMs: NOW + 15 * 60_000, revokedMs: null }, { revokedMs: null }]);
  });

  test('where the new one cannot be put the old one goes on, and the new one does not count', async () => {
    const { error, tokens, out } = await rotate({ out: '/t' }, { fileFails: true });
    expect(error).toMatchObject({ code: 'state_unusable' });
    expect(out).toBe('');
    expect(tokens().tokens).toMatchObject([{ revokedMs: null, expiresMs: NOW + 9 * DAY }, { revokedMs: NOW }]);
  });

  test('again where the one in its place was revoked', async () => {
    const gone = makeToken(2, { replaces: old.record.id, revokedMs: NOW }).record;
    expect((await rotate({}, { tokens: storeOf(old.record, gone) })).error).toBeUndefined();
  });

  test.each([
    ['one that was revoked', { tokens: storeOf({ ...old.record, revokedMs: 5 }) }, {}, 'usage'],
    ['one that expired', { tokens: storeOf({ ...old.record, expiresMs: NOW }) }, {}, 'usage'],
    ['one that is not there', { tokens: NO_TOKENS }, {}, 'usage'],
    ['too long an overlap', {}, { overlap: '8d' }, 'usage'],
    ['a file that holds something else', { isOtherFile: true }, { out: '/notes.md' }, 'usage'],
    [
      'one that has been replaced, in its overlap',
      { tokens: storeOf(old.record, makeToken(2, { replaces: old.record.id }).record) },
      { overlap: '15m' },
      'usage',
    ],
    ['inside a server behind the guard', { isGuarded: true }, {}, 'approval_declined'],
    ['nobody can be asked', {}, { yes: undefined }, 'approval_declined'],
    ['a person who says no', { answer: 'no' }, { yes: undefined }, 'approval_declined'],
  ] as const)('%s: nothing changes', async (_, given, options, code) => {
    const { error, steps } = await rotate(options, given);
    expect([error, steps]).toMatchObject([{ code }, []]);
  });
});

describe('revoke', () => {
  const revoke = async (id: string, tokens: Tokens, isGuarded = false) => {
    const machine = openMachine({ tokens, isGuarded });
    const error = await runTokenRevoke(id, { reason: 'lost' }, machine.screen.io, machine.context).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return { ...machine, error, out: machine.screen.out() };
  };

  test('takes it back, from anywhere', async () => {
    const { error, out, steps, tokens } = await revoke(old.record.id, storeOf(old.record), true);
    expect([error, tokens().tokens]).toMatchObject([undefined, [{ revokedMs: NOW }]]);
    expect(out).toContain('its sessions end within a second');
    expect(steps).toMatchObject([
      ['token', 'acme', { stage: 'asked', order: 'revoke', reason: 'lost' }],
      'update',
      ['token', 'acme', { stage: 'done' }],
    ]);
  });

  test('twice changes nothing', async () => {
    const { error, out, steps } = await revoke(old.record.id, storeOf({ ...old.record, revokedMs: NOW }));
    expect([error, steps]).toEqual([undefined, []]);
    expect(out).toContain('was revoked on 2026-07-28');
  });

  test('a whole token on the command line stands in no error', async () => {
    const { error } = await revoke(old.text, storeOf(old.record));
    expect(error).toMatchObject({ code: 'usage' });
    expect(`${(error as GuardError).message} ${(error as GuardError).hint}`).not.toContain(old.text);
  });
});
