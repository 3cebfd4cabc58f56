// Reads /proc: the processes under a target, their memory, their time on a CPU. Linux only.
// Ends processes by pid where told to; starts none.
import { readdirSync, readFileSync } from 'node:fs';

const SHELLS = new Set(['sh', 'dash', 'bash', 'ash', 'busybox']);

function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return undefined; // it has ended
  }
}

const listPids = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

/** Fields of /proc/<pid>/stat from the state on: the name before them may hold spaces and parentheses (proc(5)). */
function readStat(pid) {
  const text = readProc(pid, 'stat');
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

export function isAlive(pid) {
  const stat = readStat(pid);
  return stat !== undefined && stat[0] !== 'Z' && stat[0] !== 'X';
}

/** `root` and every live descendant of it. */
export function listTree(root) {
  const parents = new Map(listPids().map((pid) => [Number(pid), Number(readStat(pid)?.[1])]));
  const tree = [root];
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree.filter(isAlive);
}

/** The processes whose environment holds `entry` (`NAME=value`), whoever their parent is by now. */
export function listMarked(entry) {
  return listPids()
    .filter((pid) => readProc(pid, 'environ')?.split('\0').includes(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && isAlive(pid));
}

/** The tree under a target, sorted into the server, the shells that only wait, and the wrapper itself. */
export function sortTree(root) {
  const sorted = { wrapper: [], shells: [], server: [] };
  for (const pid of listTree(root)) {
    const [command = '', script = ''] = (readProc(pid, 'cmdline') ?? '').split('\0');
    if (script.endsWith('/echo-server.mjs')) sorted.server.push(pid);
    else if (SHELLS.has(command.split('/').at(-1))) sorted.shells.push(pid);
    else sorted.wrapper.push(pid);
  }
  return sorted;
}

function readMemory(pids, field) {
  const pattern = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm');
  const kib = pids.map((pid) => Number(pattern.exec(readProc(pid, 'status') ?? '')?.[1] ?? 0));
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

/** MiB resident now. */
export const residentMiB = (pids) => readMemory(pids, 'VmRSS');
/** MiB resident at most since the process started. */
export const peakMiB = (pids) => readMemory(pids, 'VmHWM');

/** Milliseconds on a CPU, all threads (schedstat, in ns: proc(5); utime and stime count in steps of 10 ms). */
export function cpuMs(pids) {
  let ns = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readProc(pid, `task/${thread}/schedstat`)?.split(' ')[0] ?? 0);
    }
  }
  return ns / 1e6;
}

/** SIGKILL to each that is still there. */
export function endAll(pids) {
  for (const pid of pids.filter(isAlive)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (cause) {
      if (cause.code !== 'ESRCH') throw cause;
    }
  }
}
