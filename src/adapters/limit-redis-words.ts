// The port's questions as keys and words of the script (limit-redis-script.ts), and its replies read back. Pure. Knows no
// connection. TRUST: a reply that is not of the expected form decides nothing.
import type { CallEnd, Charge, KeyState, Receipt, Take } from '../ports/limit-store.ts';
import { isTenant } from '../tenant/tenant-scope.ts';

/** One run of the script: its keys, and its words, the first of which says what to do. */
export interface Question {
  readonly keys: readonly string[];
  readonly words: readonly string[];
}

/** Where the keys of one tenant lie. */
export interface KeyNames {
  readonly index: string;
  hash(key: string): string;
  leases(key: string): string;
}

/** The number is the version of what lies under the keys: another one never reads it. The braces keep a tenant in one hash slot. */
export function nameKeys(tenant: string): KeyNames {
  if (!isTenant(tenant)) throw new RangeError(`\`${tenant}\` is no name for a tenant`);
  const prefix = `mcp-guard:limits:1:{${tenant}}:`;
  return { index: `${prefix}index`, hash: (key) => `${prefix}h:${key}`, leases: (key) => `${prefix}z:${key}` };
}

const keysOf = (names: KeyNames, { kind, key }: Charge): readonly string[] =>
  kind === 'place' ? [names.hash(key), names.leases(key)] : [names.hash(key)];

export function askTake(names: KeyNames, charges: readonly Charge[]): Question {
  const keys = [names.index, ...charges.flatMap((charge) => keysOf(names, charge))];
  return { keys, words: ['take', String(charges.length), ...charges.flatMap(wordsOf)] };
}

function wordsOf(charge: Charge): readonly string[] {
  const { kind, label } = charge;
  if (kind === 'rate') {
    const { spendUs, depthUs, mostUs, unitUs } = charge;
    return ['r', label, ...[spendUs, depthUs, mostUs, unitUs].map(String)];
  }
  if (kind === 'place') return ['p', label, String(charge.max), charge.lease, String(charge.ttlMs)];
  const { cost, max, windows } = charge;
  const numbers = [cost, max, windows.length, ...windows.flatMap(({ startMs, endMs }) => [startMs, endMs])];
  return ['b', label, ...numbers.map(String)];
}

/** Undefined where nothing changes: what left has been paid for. */
export function askSettle(names: KeyNames, receipt: Receipt, { reached, postPaid }: CallEnd): Question | undefined {
  const paid = postPaid.filter(({ spendUs }) => spendUs > 0);
  const marked = receipt.charges.map((charge, index) => ({ charge, mark: String(receipt.marks[index] ?? 0) }));
  const changed = marked.filter(({ charge }) => !reached || charge.kind === 'place');
  if (changed.length + paid.length === 0) return undefined;
  const keys = changed.flatMap(({ charge }) => keysOf(names, charge));
  const ends = changed.flatMap(({ charge, mark }) => {
    if (charge.kind === 'place') return ['p', charge.lease];
    return charge.kind === 'rate' ? ['r', String(charge.spendUs), mark] : ['b', String(charge.cost), mark];
  });
  const debts = paid.flatMap(({ label, spendUs, depthUs, mostUs, unitUs }) => [
    label,
    ...[spendUs, depthUs, mostUs, unitUs].map(String),
  ]);
  return {
    keys: [names.index, ...keys, ...paid.map(({ key }) => names.hash(key))],
    words: ['settle', String(changed.length), ...ends, String(paid.length), ...debts],
  };
}

/** Undefined where nobody has a place. */
export function askRenew(names: KeyNames, receipts: readonly Receipt[]): Question | undefined {
  const places = receipts.flatMap(({ charges }) => charges.filter((one) => one.kind === 'place'));
  if (places.length === 0) return undefined;
  const words = places.flatMap(({ label, max, lease, ttlMs }) => [label, String(max), lease, String(ttlMs)]);
  const keys = places.flatMap((place) => keysOf(names, place));
  return { keys: [names.index, ...keys], words: ['renew', String(places.length), ...words] };
}

export function askAbout(names: KeyNames, what: 'list' | 'reset', keys: readonly string[]): Question {
  const both = keys.flatMap((key) => [names.hash(key), names.leases(key)]);
  return { keys: [names.index, ...both], words: [what, String(keys.length)] };
}

/** The server's time, ms of the epoch, where no window of a budget holds it. Nothing was taken then. */
export function readElsewhere(reply: unknown): number | undefined {
  if (!Array.isArray(reply) || reply[0] !== 'elsewhere') return undefined;
  const wallMs = Number(reply[1]);
  return Number.isFinite(wallMs) ? wallMs : undefined;
}

/** The same charges with the windows around `wallMs`. */
export function moveCharges(charges: readonly Charge[], wallMs: number): readonly Charge[] {
  return charges.map((one) =>
    one.kind === 'budget' && one.windowsAt !== undefined ? { ...one, windows: one.windowsAt(wallMs) } : one,
  );
}

/** @throws RangeError where the reply is no answer to a take of `charges` */
export function readTake(reply: unknown, charges: readonly Charge[], mostKeys: number): Take {
  const [kind, ...rest] = listOf(reply);
  if (kind === 'full')
    return {
      kind: 'full',
      why: `too many counts are in use (${mostKeys} at most, a quarter of them by one principal)`,
    };
  if (kind === 'denied') {
    const [by, retry] = rest;
    return { kind: 'denied', by: numberOf(by), retryAfterMs: retry === '' ? undefined : numberOf(retry) };
  }
  if (kind !== 'taken' || rest.length !== charges.length) throw new RangeError('no answer to a take');
  return { kind: 'taken', receipt: { charges, marks: rest.map(numberOf) } };
}

/** @throws RangeError where the reply is no list of states */
export function readStates(reply: unknown): readonly KeyState[] {
  return listOf(reply).map((row) => {
    const [kind, key, label, ...rest] = listOf(row);
    if (typeof key !== 'string' || typeof label !== 'string') throw new RangeError('no state of a key');
    const [first = Number.NaN, second = Number.NaN, third = Number.NaN] = rest.map(numberOf);
    if (kind === 'r') return { key, label, kind: 'rate', backlogUs: first, depthUs: second, unitUs: third };
    if (kind === 'p') return { key, label, kind: 'place', held: first, max: second };
    if (kind === 'b') return { key, label, kind: 'budget', used: first, max: second, endsMs: third };
    throw new RangeError('no state of a key');
  });
}

export function listOf(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw new RangeError('not a list');
}

/** Whole numbers come as integers or, where a Lua number is not, as text. */
export function numberOf(reply: unknown): number {
  const value = typeof reply === 'string' && /^-?\d+$/.test(reply) ? Number(reply) : reply;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new RangeError('not a number');
}
