// Closes what whoever started this process left open in it, before something that it starts inherits that. Linux, since it reads /proc.
import * as fs from 'node:fs';

/** `O_CLOEXEC` in `flags:` of /proc/self/fdinfo. Node.js opens everything with it. Source: proc_pid_fdinfo(5). */
const CLOSES_ON_EXEC = 0o2000000;

/** Whatever its number. What is this process's own is left as it is. @returns how many were closed */
export function closeInherited(): number {
  let closed = 0;
  for (const name of listDescriptors()) {
    const fd = Number(name);
    if (fd < 3 || !isPassedOn(name)) continue;
    fs.closeSync(fd);
    closed += 1;
  }
  return closed;
}

function listDescriptors(): readonly string[] {
  try {
    return fs.readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
}

function isPassedOn(name: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSES_ON_EXEC) === 0;
  } catch {
    return false; // the listing's own, closed by now
  }
}
