// What programs and keychains give, and that no error shows any of it.
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readKeychain } from '../../../src/adapters/keychain.ts';
import { resolveProvided } from '../../../src/adapters/secret-providers.ts';
import { systemTimers } from '../../../src/adapters/shutdown-ladder.ts';
import { readEnvValue } from '../../../src/config/env-value.ts';
import { listSecrets, needsProviders, resolveEnv } from '../../../src/config/resolve-env.ts';
import { isGuardError } from '../../../src/guard-error.ts';

const home = mkdtempSync(join(tmpdir(), 'guard-providers-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function program(name: string, script: string): string {
  const path = join(home, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o700);
  return path;
}

function reference(text: string) {
  const reading = readEnvValue(text, { HOME: '/h' });
  if (!reading.ok) throw new Error(reading.what);
  return reading.value;
}

async function ask(text: string, deadlineMs = 10_000): Promise<string> {
  const env = { PATH: `${home}:/usr/bin:/bin`, KEEP: 'kept', NODE_OPTIONS: '--x', MCP_GUARD_TOKEN: 't' };
  try {
    return (
      (await resolveProvided({ KEY: reference(text) }, { env, timers: systemTimers, deadlineMs })).KEY ?? 'nothing'
    );
  } catch (error) {
    if (!isGuardError(error)) throw error;
    expect(`${error.message} ${error.hint}`).not.toMatch(/hidden|s3cret/);
    expect(error.message).toContain('`KEY`');
    return `${error.code}: ${error.message}`;
  }
}

test('a program prints one line, and gets its words as they are written', async () => {
  program('words', 'printf "%s|" "$@"; echo');
  const [first, second] = ['op://a/$HOME/$', '{HOME}']; // apart, as no template is meant
  expect(await ask(`exec:words read ${first}${second} ;id`)).toBe(`read|${first}${second}|;id|`);
  expect(await ask('exec:["words","a b","-c"]')).toBe('a b|-c|');
});

test('it has the environment of its user, without what steers the guard or loads code', async () => {
  program('envs', 'echo "$KEEP,$NODE_OPTIONS,$MCP_GUARD_TOKEN"');
  expect(await ask('exec:envs')).toBe('kept,,');
});

test.each([
  ['exits', 'echo s3cret; exit 3', 'it ended with status 3'],
  ['silent', 'true', 'it does not print one line of text'],
  ['lines', 'echo s3cret; echo two', 'it does not print one line of text'],
  ['bytes', "printf 's3cret\\377'", 'it does not print one line of text'],
  ['floods', 'while :; do echo s3crets3crets3crets3crets3cret; done', 'it prints more than 65536 bytes'],
  ['dies', 'kill -9 $$', 'it was ended by SIGKILL'],
])('a program that %s is an error that shows nothing of it', async (name, script, why) => {
  program(name, script);
  expect(await ask(`exec:${name} hidden`)).toContain(`secret_unresolved: \`KEY\` needs \`exec:${name} …\`, but ${why}`);
});

test('one that nobody waits for any more is ended at once', async () => {
  const ended = join(home, 'unwanted');
  const path = program('lasts', `sleep 5; touch ${ended}; echo s3cret`);
  let looks = 0;
  const isOver = () => {
    looks += 1;
    return looks > 1;
  };
  const env = { KEY: reference(`exec:${path}`) };
  const given = resolveProvided(env, { env: { PATH: '/usr/bin:/bin' }, timers: systemTimers, isOver });
  await expect(given).rejects.toThrow('nobody waits for it any more');
  expect([looks, existsSync(ended)]).toEqual([2, false]);
});

test('one that hangs, and one whose child holds its output, are left at the deadline', async () => {
  const ended = join(home, 'ended');
  program('hangs', `trap '' TERM; sleep 5; touch ${ended}`);
  expect(await ask('exec:hangs', 100)).toContain('it has not ended within 0.1 s');
  program('leaves', 'sleep 5 & echo s3cret');
  expect(await ask('exec:leaves', 100)).toContain('it has not ended within 0.1 s');
  expect(existsSync(ended)).toBe(false);
});

test('a program that is not there', async () => {
  expect(await ask('exec:no-such-program-here hidden')).toContain('there is no such program');
});

test.each([
  'exec:',
  'exec: ',
  'exec:[]',
  'exec:[1]',
  'exec:["a"',
  'keychain:',
  'keychain:a',
  'keychain:/b',
  'keychain:a/',
])('%j is no reference, and no literal either', (text) => {
  expect(readEnvValue(text, {})).toMatchObject({ ok: false, what: 'malformed reference' });
});

test.each(["exec:sh -c 'echo x'", 'exec:echo "a b"', "exec:'op' read", 'exec:op read "x"'])(
  'quotes are none to anybody: %s',
  (text) => {
    const reading = readEnvValue(text, {});
    expect(reading).toMatchObject({ ok: false, why: 'quotes mean nothing behind `exec:`: no shell reads them' });
    expect(!reading.ok && reading.mend).toContain('`exec:["sh", "-c", "echo x"]`');
  },
);

test('quotes within a word, or of an array, are words', () => {
  expect(reference(`exec:op it's a"b`)).toMatchObject({ argv: ['op', "it's", 'a"b'] });
  expect(reference(`exec:["sh","-c","echo 'x'"]`)).toMatchObject({ argv: ['sh', '-c', "echo 'x'"] });
});

test('a keychain is asked for service and account', async () => {
  expect(reference('keychain:my app/me@x/y')).toEqual({ kind: 'keychain', service: 'my app', account: 'me@x/y' });
  const asked: unknown[] = [];
  const read = async (name: unknown) => {
    asked.push(name);
    return 'pw';
  };
  expect(await readKeychain('KEY', { service: 's', account: 'a' }, async () => ({ read }))).toBe('pw');
  expect(asked).toEqual([{ service: 's', account: 'a' }]);
});

test.each([
  ['this installation has no access', () => Promise.reject(new Error('no module'))],
  ['the keychain cannot be read', async () => ({ read: () => Promise.reject(new Error('locked')) })],
  ['there is no such entry', async () => ({ read: async () => null })],
  ['there is no such entry', async () => ({ read: async () => '' })],
])('%s', async (why, load) => {
  await expect(readKeychain('KEY', { service: 's', account: 'a' }, load)).rejects.toMatchObject({
    code: 'secret_unresolved',
    message: expect.stringContaining(`\`KEY\` needs \`keychain:s/a\`, but ${why}`),
  });
});

test('what was asked for is handed on; what nobody asked for is an error, never its own text', () => {
  const env = { A: reference('exec:words'), B: reference('plain'), C: reference('env:FROM') };
  const sources = { env: { FROM: 'outside' }, uid: undefined };
  expect(() => resolveEnv(env, sources)).toThrow('nobody was asked');
  const resolved = resolveEnv(env, { ...sources, provided: { A: 'given' } });
  expect(resolved).toEqual({ A: 'given', B: 'plain', C: 'outside' });
  expect(listSecrets(env, resolved)).toEqual([
    { name: 'A', value: 'given' },
    { name: 'C', value: 'outside' },
  ]);
  expect([needsProviders(env), needsProviders({ B: env.B, C: env.C })]).toEqual([true, false]);
});
