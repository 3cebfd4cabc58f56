// Starts the gate through which one server reaches the domains that it may (network-gate-script.ts), and ends it with the guard. Knows no
// tenant and no config. INVARIANT: the gate reads what a hostile server sends, so it sees nothing of the guard: a sandbox of its own, as
// the server's user, with one directory. It ends with the guard whatever ends that (`--die-with-parent`, and its own processes with it).
import { spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { showInert } from '../wire/inert-text.ts';
import { sandboxPrefix } from './bubblewrap.ts';
import { removeGateDirectory } from './gate-directory.ts';
import { filterPrefix } from './key-filter.ts';
import type { NetworkRuntime } from './network-gate-probe.ts';
import { networkGateScript } from './network-gate-script.ts';

export interface NetworkGateInput {
  readonly bwrap: string;
  /** Of key-filter.ts, absolute. */
  readonly filter: string;
  readonly runtime: NetworkRuntime;
  readonly domains: readonly string[];
  /** Words that make another user of it; empty: the guard's. */
  readonly asUser: readonly string[];
  /** One for this gate alone, of the server's user, absolute; taken away in the end (gate-directory.ts). */
  readonly makeDirectory: () => string;
  /** The way out of this machine, where it has one: `https_proxy` and its like, without anybody's password. */
  readonly proxies: Readonly<Record<string, string>>;
  /** Who is told which connection was refused, and that the gate has ended. attacker-controlled: made inert. */
  readonly say: (text: string) => void;
}

export interface NetworkGate {
  /** Absolute: what a sandbox connects to. */
  readonly socket: string;
  /** Of this gate alone: without it the gate refuses everything. */
  readonly token: string;
}

const INSIDE = '/run/mcp-guard-gate';
/** On a machine that is busy a second Node.js takes seconds. */
const OPEN_MS = 20_000;
const LONGEST_LINE = 4096;
/** It keeps nothing in files. */
const GATE_MEMORY = 16 * 1_048_576;
/** Lines of a gate that are told: it says fewer, unless somebody speaks through it. */
const MOST_TOLD = 64;

/** Settles once it is open. @throws GuardError isolation_unavailable: it did not open, and why */
export async function openNetworkGate(input: NetworkGateInput): Promise<NetworkGate> {
  const { bwrap, filter, runtime, domains, asUser, makeDirectory, proxies, say } = input;
  const directory = makeDirectory();
  const sandbox = sandboxPrefix({
    ...{ bwrap, network: true, hostname: 'gate', cwd: '/', program: process.execPath },
    ...{ writable: [], readable: [runtime.modules], placed: [{ from: directory, to: INSIDE, isWritable: true }] },
    // TRUST: what it shows is the guard's own program and modules: whoever could replace those would be the guard
    ...{ judge: (path) => path, memoryBytes: GATE_MEMORY },
  });
  const words = [
    ...filterPrefix(filter),
    ...asUser,
    ...sandbox,
    process.execPath,
    '--input-type=module',
    '-e',
    networkGateScript,
  ];
  const [program = '', ...args] = [...words, runtime.entry, JSON.stringify(domains)];
  const env = { ...proxies, PATH: '/usr/bin:/bin', HOME: '/tmp', TMPDIR: INSIDE };
  // a group of its own: what a terminal sends to the guard's ends the guard first
  const child = spawn(program, args, { env, cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let ending = '';
  let isOpen = false;
  let isLeaving = false;
  let told = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (ending.length < LONGEST_LINE) ending += text;
  });
  const first = new Promise<string>((resolve, reject) => {
    readLines(child.stdout, (line) => {
      if (!isOpen) {
        isOpen = true;
        clearTimeout(timer);
        resolve(line);
      } else if (told < MOST_TOLD) {
        told += 1;
        say(explainRefusal(line));
      }
    });
    const fail = (why: string): void => {
      if (isOpen && !isLeaving) say(`its gate to the network has ended (${why}): it reaches nothing any more`);
      reject(new Error(why));
    };
    child.once('error', (error) => fail(error.message));
    child.once('close', (code, signal) => fail(explainEnd(ending) ?? `it ended with ${signal ?? code}`));
    const timer = setTimeout(() => reject(new Error(`it did not open within ${OPEN_MS} ms`)), OPEN_MS);
    timer.unref();
  });
  const end = (): void => {
    isLeaving = true;
    child.kill('SIGKILL');
    removeGateDirectory(directory);
  };
  process.once('exit', end);
  try {
    const { socket, token } = readOpening(await first);
    // the session ends when it ends, with or without this
    child.unref();
    for (const stream of [child.stdout, child.stderr]) (stream as Partial<{ unref(): void }>).unref?.(); // pipes are sockets
    return { socket: join(directory, basename(socket)), token };
  } catch (error) {
    end();
    const why = messageOf(error);
    throw new GuardError('isolation_unavailable', `the gate to \`isolation.network\` did not open: ${showInert(why)}`, {
      hint: 'mend that, or take the domains out',
    });
  }
}

function readOpening(line: string): { readonly socket: string; readonly token: string } {
  const said: unknown = JSON.parse(line);
  // the gate's own words; whoever spoke for it would say anything
  const { socket, token } = said as { readonly socket?: unknown; readonly token?: unknown };
  if (typeof socket === 'string' && /^[\w/.-]+\.sock$/.test(socket) && /^[0-9a-f]{32}$/.test(String(token)))
    return { socket, token: String(token) };
  throw new Error('it said something else than where it is');
}

/** attacker-controlled: it holds names that the server made up. */
function explainRefusal(line: string): string {
  let text = line;
  try {
    text = String((JSON.parse(line) as { readonly refused?: unknown }).refused); // bounded, and shown as text only
  } catch {
    // what is no JSON is shown as it is
  }
  return `its gate to the network: ${showInert(text.slice(0, 300))}`;
}

/** The last words of a program that failed: a stack has them in the middle. */
function explainEnd(text: string): string | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.find((line) => /^(?:\w*Error\b|bwrap:|setpriv:)/.test(line))?.slice(0, 300);
}

function readLines(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    for (const line of lines) take(line.slice(0, LONGEST_LINE));
  });
}
