// Who this machine is among those of a fleet: the same for all guards that share one state directory, another for every other one.
// Knows no store.
import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { hostname } from 'node:os';

export interface FleetMember {
  /** 16 hex digits. */
  readonly member: string;
  /** For people. */
  readonly machine: string;
}

const LONGEST_MACHINE = 64;
const MEMBER_HEX = 16;

/**
 * After a reboot it is another one, which costs nothing: what was told before runs out. Two machines that were copied from one image, and
 * call themselves alike, are told apart by their boot.
 */
export function nameFleetMember(stateDir: string, bootId: string | null): FleetMember {
  const host = hostname();
  const stat = lstatSync(stateDir, { bigint: true, throwIfNoEntry: false });
  const place = stat === undefined ? stateDir : `${stat.dev}:${stat.ino}`;
  const digest = createHash('sha256')
    .update(JSON.stringify([host, bootId, place]))
    .digest('hex');
  return { member: digest.slice(0, MEMBER_HEX), machine: host.slice(0, LONGEST_MACHINE) };
}
