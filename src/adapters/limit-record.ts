// One record of the limits file: 256 bytes to numbers and back, with a checksum. Knows no file and no bucket.
//   0 key (16) · 16 kind · 17 how many (windows, leases, pages) · 18 length of the label · 24 numbers (float64, all integers)
//   88 label (160) · 252 CRC-32 of all before it.
// Of a budget: 20 max (uint32) · 24 until when what was dropped counts (float64) · 32 how much that is (uint32) · 40 … 2 × (start, last
//   µs: float64; length in ms, used: uint32). Of a place: up to two leases stand in it, 20 how many · 40 … 2 × (lease 12, until 8);
//   more stand on pages of their own: 24 … 11 × the same.
import { crc32 } from 'node:zlib';
import type { BudgetRecord } from '../policy/limits/budget.ts';
import type { CountRecord, PlaceRecord } from '../policy/limits/counts.ts';

export const RECORD_BYTES = 256;
export const LEASES_PER_PAGE = 11;
/** In the place's own record: most calls need no page, and so half the writes. */
const LEASES_WITHIN = 2;
const KEY_BYTES = 16;
export const KIND_AT = 16;
const COUNT_AT = 17;
const LABEL_LENGTH_AT = 18;
const MAX_AT = 20;
const WINDOWS_AT = 40;
const WINDOW_STRIDE = 24;
const WITHIN_COUNT_AT = 20;
const WITHIN_AT = 40;
const BODY_AT = 24;
const LABEL_AT = 88;
const LABEL_BYTES = 160;
const CRC_AT = 252;
const LEASE_BYTES = 12;
const LEASE_STRIDE = 20;

export const KINDS = { empty: 0, rate: 1, budget: 2, place: 3, page: 4 } as const;

type Leases = PlaceRecord['leases'];

/** How many pages a place takes. */
export function pagesOf({ leases }: PlaceRecord): number {
  return leases.length <= LEASES_WITHIN ? 0 : Math.ceil(leases.length / LEASES_PER_PAGE);
}

/** A page's part of a place; the place itself says how many pages there are, and holds the leases where there are none. */
export type Decoded =
  | {
      readonly kind: 'record';
      readonly record: CountRecord;
      /** Of a place: how many, and when the last of its leases dies. */
      readonly pages: number;
      readonly lastUs: number;
    }
  | { readonly kind: 'page'; readonly leases: Leases }
  /** Not what was written. */
  | { readonly kind: 'damaged' };

/** @param key 32 hex digits @param at where it begins in `bytes` */
export function encodeRecord(bytes: Buffer, at: number, key: string, record: CountRecord, pages: number): void {
  begin(bytes, at, key, KINDS[record.kind]);
  if (record.kind === 'rate') {
    const { tatUs, givenUs, depthUs, unitUs } = record;
    bytes.writeDoubleLE(tatUs, at + BODY_AT);
    bytes.writeDoubleLE(givenUs, at + BODY_AT + 8);
    bytes.writeDoubleLE(depthUs, at + BODY_AT + 16);
    bytes.writeDoubleLE(unitUs, at + BODY_AT + 24);
  } else if (record.kind === 'budget') writeBudget(bytes, at, record);
  else {
    bytes[at + COUNT_AT] = pages;
    bytes.writeDoubleLE(record.max, at + BODY_AT);
    bytes.writeDoubleLE(Math.max(0, ...record.leases.map(({ untilUs }) => untilUs)), at + BODY_AT + 8);
    if (pages === 0) {
      bytes[at + WITHIN_COUNT_AT] = record.leases.length;
      writeLeases(bytes, at + WITHIN_AT, record.leases);
    }
  }
  // Whole characters, as many as fit.
  bytes.writeUInt16LE(bytes.write(record.label, at + LABEL_AT, LABEL_BYTES, 'utf8'), at + LABEL_LENGTH_AT);
  seal(bytes, at);
}

function begin(bytes: Buffer, at: number, key: string, kind: number): void {
  bytes.fill(0, at, at + RECORD_BYTES);
  bytes.write(key, at, KEY_BYTES, 'hex');
  bytes[at + KIND_AT] = kind;
}

/** @param leases at most LEASES_PER_PAGE */
export function encodePage(bytes: Buffer, at: number, key: string, leases: Leases): void {
  begin(bytes, at, key, KINDS.page);
  bytes[at + COUNT_AT] = leases.length;
  writeLeases(bytes, at + BODY_AT, leases);
  seal(bytes, at);
}

/** The record at `at` of `bytes`, which is not empty. attacker-controlled: whoever may write the file. */
export function decodeRecord(bytes: Buffer, at: number): Decoded {
  // No view of the record, no list of its numbers: a call decodes several, and each of those costs as much as a checksum.
  if (!isSound(bytes, at)) return DAMAGED;
  const count = bytes[at + COUNT_AT] ?? 0;
  const number = (index: number): number => bytes.readDoubleLE(at + BODY_AT + index * 8);
  const labelLength = Math.min(bytes.readUInt16LE(at + LABEL_LENGTH_AT), LABEL_BYTES);
  const label = bytes.toString('utf8', at + LABEL_AT, at + LABEL_AT + labelLength);
  switch (bytes[at + KIND_AT]) {
    case KINDS.rate: {
      const [tatUs, givenUs, depthUs, unitUs] = [number(0), number(1), number(2), number(3)];
      return { kind: 'record', pages: 0, lastUs: 0, record: { kind: 'rate', label, tatUs, givenUs, depthUs, unitUs } };
    }
    case KINDS.budget:
      return { kind: 'record', pages: 0, lastUs: 0, record: readBudget(bytes, at, label) };
    case KINDS.place: {
      const [max, lastUs] = [number(0), number(1)];
      const within = count > 0 ? 0 : Math.min(bytes[at + WITHIN_COUNT_AT] ?? 0, LEASES_WITHIN);
      const leases = readLeases(bytes, at + WITHIN_AT, within);
      return { kind: 'record', pages: count, lastUs, record: { kind: 'place', label, max, leases } };
    }
    case KINDS.page:
      return { kind: 'page', leases: readLeases(bytes, at + BODY_AT, Math.min(count, LEASES_PER_PAGE)) };
    default:
      return DAMAGED;
  }
}

export const DAMAGED: Decoded = { kind: 'damaged' };

export function isSound(bytes: Buffer, at: number): boolean {
  return crc32(bytes.subarray(at, at + CRC_AT)) === bytes.readUInt32LE(at + CRC_AT);
}

function writeBudget(bytes: Buffer, at: number, { max, windows, dropped }: BudgetRecord): void {
  bytes[at + COUNT_AT] = windows.length;
  bytes.writeUInt32LE(max, at + MAX_AT);
  bytes.writeDoubleLE(dropped.untilUs, at + BODY_AT);
  bytes.writeUInt32LE(dropped.used, at + BODY_AT + 8);
  let to = at + WINDOWS_AT;
  for (const { startMs, endMs, lastUs, used } of windows) {
    bytes.writeDoubleLE(startMs, to);
    bytes.writeDoubleLE(lastUs, to + 8);
    bytes.writeUInt32LE(endMs - startMs, to + 16);
    bytes.writeUInt32LE(used, to + 20);
    to += WINDOW_STRIDE;
  }
}

function readBudget(bytes: Buffer, at: number, label: string): BudgetRecord {
  const windows: BudgetRecord['windows'][number][] = [];
  const end = at + WINDOWS_AT + Math.min(bytes[at + COUNT_AT] ?? 0, 2) * WINDOW_STRIDE;
  for (let from = at + WINDOWS_AT; from < end; from += WINDOW_STRIDE) {
    const startMs = bytes.readDoubleLE(from);
    const endMs = startMs + bytes.readUInt32LE(from + 16);
    windows.push({ startMs, endMs, used: bytes.readUInt32LE(from + 20), lastUs: bytes.readDoubleLE(from + 8) });
  }
  const dropped = { used: bytes.readUInt32LE(at + BODY_AT + 8), untilUs: bytes.readDoubleLE(at + BODY_AT) };
  return { kind: 'budget', label, max: bytes.readUInt32LE(at + MAX_AT), windows, dropped };
}

function writeLeases(bytes: Buffer, from: number, leases: Leases): void {
  for (const [index, { lease, untilUs }] of leases.entries()) {
    const at = from + index * LEASE_STRIDE;
    bytes.write(lease, at, LEASE_BYTES, 'hex');
    bytes.writeDoubleLE(untilUs, at + LEASE_BYTES);
  }
}

function readLeases(bytes: Buffer, from: number, count: number): Leases {
  const leases: Leases[number][] = [];
  for (let at = from; at < from + count * LEASE_STRIDE; at += LEASE_STRIDE)
    leases.push({ lease: bytes.toString('hex', at, at + LEASE_BYTES), untilUs: bytes.readDoubleLE(at + LEASE_BYTES) });
  return leases;
}

function seal(bytes: Buffer, at: number): void {
  bytes.writeUInt32LE(crc32(bytes.subarray(at, at + CRC_AT)), at + CRC_AT);
}
