// Starts the driver (a killable guard) and looks at the process table from outside. Asserts nothing; kills only what it started.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

export const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/servers/${name}.mjs`, import.meta.url));

/** Bundles driver.ts (node 20 runs no TypeScript). The caller removes the directory. */
export function buildDriver(): { path: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-guard-driver-'));
  const outfile = join(directory, 'driver.mjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('./driver.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return { path: outfile, remove: () => rmSync(directory, { recursive: true }) };
}

export interface Row {
  pid: number;
  parent: number;
  group: number;
  command: string[];
  environment: string;
}

function readRow(pid: number): Row | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    return { pid, parent: Number(parent), group: Number(group), command, environment };
  } catch {
    return undefined;
  }
}

/** Living processes; zombies are not. */
export function listRows(): Row[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readRow(Number(pid))).filter((row) => row !== undefined);
}

export const isAlive = (pid: number) => readRow(pid) !== undefined;

/** True as soon as `condition` holds; false after `limitMs`. There is no event for the death of somebody else's child. */
export async function holdsWithin(limitMs: number, condition: () => boolean): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) return false;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  return true;
}

export class Guard {
  readonly child: ChildProcess;
  private readonly said: Record<string, unknown> = {};
  private readonly waiting = new Map<string, (value: unknown) => void>();
  marker = '';
  leader = 0;

  constructor(driver: string, command: string, args: readonly string[], env: Record<string, string>) {
    const task = JSON.stringify({ command, args, env });
    this.child = spawn(process.execPath, [driver, task], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (this.child.stdout === null) throw new Error('no stdout');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      for (const [key, value] of Object.entries(JSON.parse(line))) {
        this.said[key] = value;
        this.waiting.get(key)?.(value);
      }
    });
  }

  /** The value the driver says under `key`: at once if it has said it. */
  hear(key: 'pid' | 'ready' | 'exited'): Promise<unknown> {
    if (key in this.said) return Promise.resolve(this.said[key]);
    return new Promise((resolve) => this.waiting.set(key, resolve));
  }

  /** Resolves with what the server said, once it is up and the supervisor has been looked at. */
  async start(): Promise<string> {
    this.leader = Number(await this.hear('pid'));
    const said = String(await this.hear('ready'));
    this.marker = readRow(this.leader)?.command.find((word) => /^[0-9a-f]{32}$/.test(word)) ?? 'no marker';
    return said;
  }

  watcher(): number {
    const rows = listRows().filter((row) => row.parent === this.leader && row.command.includes(this.marker));
    return rows[0]?.pid ?? 0;
  }

  /** Everything of this run: marked, in the group, or part of the supervisor. */
  survivors(): Row[] {
    return listRows().filter(
      (row) =>
        row.group === this.leader ||
        row.command.includes(this.marker) ||
        (row.pid !== process.pid && row.environment.includes(this.marker)),
    );
  }

  async exit(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }

  /** For afterEach: ends what a failed test left, until nothing is left (some fork while they are killed). */
  clean(): void {
    this.child.kill('SIGKILL');
    for (let left = this.leader > 1 ? this.survivors() : []; left.length > 0; left = this.survivors()) {
      for (const row of left) {
        try {
          process.kill(row.pid, 'SIGKILL');
        } catch {} // gone meanwhile
      }
    }
  }
}
