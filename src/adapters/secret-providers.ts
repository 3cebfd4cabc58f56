// Asks the programs and keychains that a server's `env` names for their secrets, when the server is about to be started. TRUST: what it
// returns is secret. Knows no config and no server; no error quotes what a program printed. Loaded only where a reference needs it.

import { isUtf8 } from 'node:buffer';
import { spawn } from 'node:child_process';
import type { EnvValue } from '../config/env-value.ts';
import { bareEnvironment } from '../config/environment.ts';
import { GuardError } from '../guard-error.ts';
import { resolveCommand } from './command-path.ts';
import { readKeychain } from './keychain.ts';
import type { Timers } from './shutdown-ladder.ts';

const MAX_SECRET_BYTES = 65_536;
/** A person may have to unlock something. Hosts wait about a minute for a server. */
const DEADLINE_MS = 20_000;
/** With the end of a program it stays well within a second. */
const LOOK_MS = 200;

export interface ProviderContext {
  /** The guard's own: a provider needs the home and the session of its user. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timers: Timers;
  readonly deadlineMs?: number;
  /** Nobody wants the secret any more: asked again and again while a program has not answered, which is then ended. */
  readonly isOver?: () => boolean;
}

/** By variable, all at once. @throws GuardError secret_unresolved, naming the variable and the program */
export async function resolveProvided(
  env: Readonly<Record<string, EnvValue>>,
  context: ProviderContext,
): Promise<Readonly<Record<string, string>>> {
  const asked = Object.entries(env).map(async ([name, value]): Promise<readonly (readonly [string, string])[]> => {
    if (value.kind === 'keychain') return [[name, await readKeychain(name, value)]];
    return value.kind === 'exec' ? [[name, await runProvider(name, value.argv, context)]] : [];
  });
  return Object.fromEntries((await Promise.all(asked)).flat());
}

async function runProvider(
  name: string,
  [program, ...args]: readonly [string, ...string[]],
  { env, timers, deadlineMs = DEADLINE_MS, isOver = () => false }: ProviderContext,
): Promise<string> {
  // Arguments name where a secret lies, and sometimes hold a password: only the program is quoted.
  const fail = (why: string, hint: string): GuardError =>
    new GuardError('secret_unresolved', `\`${name}\` needs \`exec:${program} …\`, but ${why}`, { hint });
  const found = resolveCommand(program, env.PATH, '/');
  if (!found.found) throw fail('there is no such program', 'install it, or give its absolute path');
  const given = await collect(found.path, args, bareEnvironment(env).env, { timers, deadlineMs, isOver });
  if (given.kind === 'late')
    throw fail(`it has not ended within ${deadlineMs / 1000} s`, 'run it by hand: it may ask for something');
  if (given.kind === 'failed') throw fail(given.why, 'run it by hand and see what it says');
  const text = given.bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text !== '' && !/[\0\r\n]/.test(text) && isUtf8(given.bytes)) return text;
  throw fail('it does not print one line of text', 'let it print the secret alone, as one line of UTF-8');
}

type Collected =
  | { readonly kind: 'printed'; readonly bytes: Buffer }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'late' };

/** Settles at the deadline whatever the program does: what it has started may hold its output open. */
function collect(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { timers, deadlineMs, isOver }: Required<Omit<ProviderContext, 'env'>>,
): Promise<Collected> {
  return new Promise((settle) => {
    // Its stderr may hold what it was asked for, so nobody sees it.
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
    const parts: Buffer[] = [];
    let size = 0;
    const end = (outcome: Collected): void => {
      cancel();
      cancelLook();
      child.kill('SIGKILL');
      child.stdout.destroy();
      settle(outcome);
    };
    const cancel = timers.after(deadlineMs, () => end({ kind: 'late' }));
    const look = (): void => {
      if (isOver()) end({ kind: 'failed', why: 'nobody waits for it any more' });
      else cancelLook = timers.after(LOOK_MS, look);
    };
    let cancelLook = timers.after(LOOK_MS, look);
    child.stdout.on('data', (chunk: Buffer) => {
      parts.push(chunk);
      size += chunk.length;
      if (size > MAX_SECRET_BYTES) end({ kind: 'failed', why: `it prints more than ${MAX_SECRET_BYTES} bytes` });
    });
    child.once('error', (error) => end({ kind: 'failed', why: `it cannot be started: ${error.message}` }));
    child.once('close', (code, signal) => {
      if (code === 0) end({ kind: 'printed', bytes: Buffer.concat(parts) });
      else end({ kind: 'failed', why: code === null ? `it was ended by ${signal}` : `it ended with status ${code}` });
    });
  });
}
