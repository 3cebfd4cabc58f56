// The name of this process among all that ever share a store, and whether the process behind such a name is dead. Knows no store.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { judgeLiveness, type ProcessIdentity, readIdentity } from './process-identity.ts';

const PARTS = 6;

/** `pid,start time,boot id,pid namespace,host,random`, each without a comma; empty where the system does not say. */
export function nameHolder({ pid, startTime, bootId, pidNamespace }: ProcessIdentity): string {
  const parts = [String(pid), startTime, bootId, pidNamespace, hostname(), randomBytes(8).toString('hex')];
  return parts.map((part) => encodeURIComponent(part ?? '')).join(',');
}

/**
 * True only where the process is surely dead: its pid is nobody's or, by the start time, somebody else's, or this machine has
 * booted since. attacker-controlled: `name`, as whatever stands in a document.
 */
export function isHolderGone(name: string): boolean {
  const parts = name.split(',').map(decode);
  if (parts.length !== PARTS || parts.includes(undefined)) return false;
  const [pid, startTime, bootId, pidNamespace, host] = parts;
  // Another boot id is an earlier boot of this machine only if it is this machine.
  if (host !== hostname()) return false;
  const holder = readIdentity({
    pid: Number(pid),
    startTime: startTime || null,
    bootId: bootId || null,
    pidNamespace: pidNamespace || null,
  });
  return holder !== undefined && judgeLiveness(holder) === 'dead';
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
