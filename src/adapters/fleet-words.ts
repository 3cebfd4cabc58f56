// The questions to the script of a fleet (fleet-script.ts) as words, and its replies read back. Pure. Knows no connection. TRUST: a reply
// that is not of the expected form says nothing, and a row of it that is not ours is left out.
import { type FleetBreaker, nameBreaker, readFleetRow } from '../policy/breaker/fleet-opening.ts';
import type { FleetTelling } from '../policy/breaker/fleet-tell.ts';
import { isTenant } from '../tenant/tenant-scope.ts';
import { listOf, numberOf } from './limit-redis-words.ts';

export interface FleetNews {
  /** To be asked with next time; the server says nothing else where nothing has changed. */
  readonly version: string;
  /** Something that was told had no room. */
  readonly isFull: boolean;
  /** Undefined: as before. */
  readonly breakers: readonly FleetBreaker[] | undefined;
}

export interface ClaimWords {
  readonly breakers: readonly (string | undefined)[];
  readonly marks: readonly (string | undefined)[];
  readonly member: string;
  readonly token: string;
  /** Who is dead and may be put out; empty: nobody. */
  readonly instead: string;
  readonly forMs: number;
}

export type ClaimReply =
  | { readonly kind: 'yours' }
  | { readonly kind: 'taken'; readonly leftMs: number; readonly holder: string };

const MOST_ROWS = 1_024;

/** The number is the version of what lies under the keys. The braces keep a tenant in one hash slot. @param digest of the server's name, hex */
export function nameFleetKey(tenant: string, digest: string): string {
  if (!isTenant(tenant)) throw new RangeError(`\`${tenant}\` is no name for a tenant`);
  return `mcp-guard:breakers:1:{${tenant}}:${digest}`;
}

export function askSync(version: string, tellings: readonly FleetTelling[], machine: string): readonly string[] {
  const words = tellings.flatMap((telling) => {
    const name = nameBreaker(telling.tool);
    if (telling.kind === 'end') return ['end', name, telling.id, machine];
    const { id, step, leftMs, note } = telling;
    return ['open', name, id, String(step), String(leftMs), JSON.stringify(note)];
  });
  return ['sync', version, String(tellings.length), ...words];
}

export function askClaim({ breakers, marks, member, token, instead, forMs }: ClaimWords): readonly string[] {
  const each = breakers.flatMap((tool, index) => [nameBreaker(tool), `${member}-`, marks[index] ?? '']);
  return ['claim', token, instead, String(Math.ceil(forMs)), String(breakers.length), ...each];
}

export function askFree(tool: string | undefined, token: string): readonly string[] {
  return ['free', token, nameBreaker(tool)];
}

/** @throws RangeError where the reply is no answer to a sync */
export function readNews(reply: unknown): FleetNews {
  const [version, full, rows] = listOf(reply);
  if (typeof version !== 'string' || version.length > 32) throw new RangeError('no answer to a look');
  const isFull = numberOf(full) !== 0;
  if (rows === undefined) return { version, isFull, breakers: undefined };
  const breakers = listOf(rows)
    .slice(0, MOST_ROWS)
    .flatMap((row) => readRow(row) ?? []);
  return { version, isFull, breakers };
}

/** @throws RangeError where the reply is no answer to a claim */
export function readClaim(reply: unknown): ClaimReply {
  const [kind, left, holder] = listOf(reply);
  // A server without room for a lease cannot say who probes: each machine does.
  if (kind === 'yours' || kind === 'full') return { kind: 'yours' };
  if ((kind !== 'open' && kind !== 'held') || typeof holder !== 'string') throw new RangeError('no answer to a claim');
  return { kind: 'taken', leftMs: numberOf(left), holder };
}

function readRow(row: unknown): FleetBreaker | undefined {
  try {
    const [breaker, id, step, left, note, endedBy, ended] = listOf(row);
    const [name, leftMs, number] = [textOf(breaker), numberOf(left), numberOf(step)];
    const texts = { breaker: name, id: textOf(id), note: textOf(note), endedBy: textOf(endedBy) };
    return readFleetRow({ ...texts, step: number, leftMs, ended: listOf(ended).map(textOf) });
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new RangeError('not a text');
}
