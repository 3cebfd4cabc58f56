// Starts the built guard in front of a fixture server, in directories of its own, and sees to it that nothing is left alive.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { awaitNone } from '../fixtures/peers/leftovers.mjs';
import { connectRaw, type RawClient } from './client-raw.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));
const SERVERS = fileURLToPath(new URL('../fixtures/servers/', import.meta.url));

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

export class Yard {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), 'guard-yard-')));
  readonly #marker = `GUARD_TEST_YARD=${randomUUID()}`;
  state = join(this.home, 'state');

  /** The command of a fixture server. */
  static server(name: string, ...args: string[]): string[] {
    return [process.execPath, join(SERVERS, `${name}.mjs`), ...args];
  }

  /** `mcp-guard run <flags> -- <server>`. */
  start(server: readonly string[], flags: readonly string[] = []): RawClient {
    return connectRaw({
      command: process.execPath,
      args: [BIN, 'run', ...flags, '--', ...server],
      env: this.env(),
      directory: this.home,
    });
  }

  /** Another command of the guard, to its end. @returns exit status, stdout, stderr */
  command(...args: string[]): { status: number; stdout: string; stderr: string } {
    try {
      const stdout = execFileSync(process.execPath, [BIN, ...args], {
        env: this.env(),
        cwd: this.home,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return { status: 0, stdout: stdout.toString(), stderr: '' };
    } catch (error) {
      // execFileSync throws what spawnSync would return.
      const { status, stdout, stderr } = error as { status: number | null; stdout: Buffer; stderr: Buffer };
      return { status: status ?? -1, stdout: stdout.toString(), stderr: stderr.toString() };
    }
  }

  env(): Record<string, string> {
    const [name = '', value = ''] = this.#marker.split('=');
    return {
      PATH: process.env.PATH ?? '',
      HOME: this.home,
      MCP_GUARD_STATE_DIR: this.state,
      NO_COLOR: '1',
      [name]: value,
    };
  }

  /** What is still alive of everything that this yard started, after at most `withinMs`. */
  leftovers(withinMs: number): Promise<string[]> {
    return awaitNone(this.#marker, withinMs);
  }

  async close(): Promise<string[]> {
    const left = await this.leftovers(5000);
    for (const one of left) {
      try {
        process.kill(Number(one.split(' ', 1)[0]), 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    rmSync(this.home, { recursive: true, force: true });
    return left;
  }
}

/** Every process below `root`, nearest first. Linux. */
export function descendants(root: number): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readProcess);
  const found: Process[] = [];
  for (let parents = [root]; parents.length > 0; ) {
    const children = all.filter((one) => parents.includes(one.parent));
    found.push(...children);
    parents = children.map((one) => one.pid);
  }
  return found;
}

function readProcess(pid: string): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return [
      {
        pid: Number(pid),
        parent,
        command: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim(),
      },
    ];
  } catch {
    return [];
  }
}

/** Resident memory now and its peak, in MiB. Linux. */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const mib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024;
  return { now: mib('VmRSS'), peak: mib('VmHWM') };
}

/** Bytes that a process has read so far. Linux. */
export function bytesRead(pid: number): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1] ?? Number.NaN);
}

/** Polls, for what has no event: the memory of a process, the growth of a file. Rejects after ten seconds. */
export async function eventually(what: string, holds: () => boolean, withinMs = 10_000): Promise<void> {
  const until = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const call = (text: string) => `{"name":"echo","arguments":{"text":${JSON.stringify(text)}}}`;
