// Who holds a file: a process, told apart from every later one with the same pid. Knows no file of ours.
import * as fs from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and start (proc(5), field 22); null where the system does not say. */
  readonly startTime: string | null;
  readonly bootId: string | null;
  /** Pids of another namespace mean nothing here (containers that share a state directory). */
  readonly pidNamespace: string | null;
}

export type Liveness = 'alive' | 'dead' | 'unknown';

export function readOwnIdentity(): ProcessIdentity {
  const { pid } = process;
  return { pid, startTime: readStart(pid)?.startTime ?? null, bootId: readBootId(), pidNamespace: readNamespace() };
}

/** `unknown` where the process cannot be seen from here. A zombie is dead: it writes nothing any more. */
export function judgeLiveness(holder: ProcessIdentity): Liveness {
  const bootId = readBootId();
  if (holder.bootId !== null && bootId !== null && holder.bootId !== bootId) return 'dead';
  if (holder.pidNamespace !== readNamespace()) return 'unknown';
  if (holder.startTime === null) return signalReaches(holder.pid) ? 'alive' : 'dead';
  const start = readStart(holder.pid);
  return start !== undefined && start.startTime === holder.startTime && !start.isZombie ? 'alive' : 'dead';
}

function readStart(pid: number): { startTime: string; isZombie: boolean } | undefined {
  try {
    // The command's name may hold anything, `)` included: fields are counted from the last one.
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const startTime = fields[19];
    return startTime === undefined ? undefined : { startTime, isZombie: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return undefined;
  }
}

function readBootId(): string | null {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

function readNamespace(): string | null {
  try {
    return fs.readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}

/** Untyped JSON → an identity, or undefined where it is none. attacker-controlled: the file may be anybody's. */
export function readIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const pid = 'pid' in value ? value.pid : undefined;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined;
  const text = (field: unknown) => (typeof field === 'string' ? field : null);
  return {
    pid,
    startTime: text('startTime' in value ? value.startTime : null),
    bootId: text('bootId' in value ? value.bootId : null),
    pidNamespace: text('pidNamespace' in value ? value.pidNamespace : null),
  };
}
