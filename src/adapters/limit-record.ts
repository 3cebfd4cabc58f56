// One record of the limits file: 256 bytes to numbers and back, with a checksum. Knows no file and no bucket.
//   0 key (16) · 16 kind · 17 how many (windows, leases, pages) · 18 length of the label · 24 numbers (float64, all integers)
//   88 label (160) · 252 CRC-32 of all before it. Of a place: up to two leases stand in it, 20 how many · 40 … 2 × (lease 12, until 8);
//   more stand on pages of their own: 24 … 11 × the same.
import { crc32 } from 'node:zlib';
import type { BudgetRecord, CountRecord, PlaceRecord } from '../policy/limits/counts.ts';

export const RECORD_BYTES = 256;
export const LEASES_PER_PAGE = 11;
/** In the place's own record: most calls need no page, and so half the writes. */
const LEASES_WITHIN = 2;
const KEY_BYTES = 16;
export const KIND_AT = 16;
const COUNT_AT = 17;
const LABEL_LENGTH_AT = 18;
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

/** @param key 32 hex digits */
export function encodeRecord(key: string, record: CountRecord, pages: number): Buffer {
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes.write(key, 0, KEY_BYTES, 'hex');
  bytes[KIND_AT] = KINDS[record.kind];
  if (record.kind === 'rate') writeNumbers(bytes, [record.tatUs, record.givenUs, record.depthUs, record.unitUs]);
  else if (record.kind === 'budget') {
    bytes[COUNT_AT] = record.windows.length;
    writeNumbers(bytes, [record.max, ...record.windows.flatMap(({ startMs, endMs, used }) => [startMs, endMs, used])]);
  } else {
    bytes[COUNT_AT] = pages;
    writeNumbers(bytes, [record.max, Math.max(0, ...record.leases.map(({ untilUs }) => untilUs))]);
    if (pages === 0) {
      bytes[WITHIN_COUNT_AT] = record.leases.length;
      writeLeases(bytes, WITHIN_AT, record.leases);
    }
  }
  bytes.writeUInt16LE(writeLabel(bytes, record.label), LABEL_LENGTH_AT);
  return seal(bytes);
}

/** @param leases at most LEASES_PER_PAGE */
export function encodePage(key: string, leases: Leases): Buffer {
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes.write(key, 0, KEY_BYTES, 'hex');
  bytes[KIND_AT] = KINDS.page;
  bytes[COUNT_AT] = leases.length;
  writeLeases(bytes, BODY_AT, leases);
  return seal(bytes);
}

/** The record at `at` of `bytes`, which is not empty. attacker-controlled: whoever may write the file. */
export function decodeRecord(bytes: Buffer, at: number): Decoded {
  const slot = bytes.subarray(at, at + RECORD_BYTES);
  if (crc32(slot.subarray(0, CRC_AT)) !== slot.readUInt32LE(CRC_AT)) return { kind: 'damaged' };
  const count = slot[COUNT_AT] ?? 0;
  const numbers = (many: number): readonly number[] =>
    Array.from({ length: many }, (_, index) => slot.readDoubleLE(BODY_AT + index * 8));
  const labelLength = Math.min(slot.readUInt16LE(LABEL_LENGTH_AT), LABEL_BYTES);
  const label = slot.toString('utf8', LABEL_AT, LABEL_AT + labelLength);
  switch (slot[KIND_AT]) {
    case KINDS.rate: {
      const [tatUs = 0, givenUs = 0, depthUs = 0, unitUs = 0] = numbers(4);
      return { kind: 'record', pages: 0, lastUs: 0, record: { kind: 'rate', label, tatUs, givenUs, depthUs, unitUs } };
    }
    case KINDS.budget:
      return { kind: 'record', pages: 0, lastUs: 0, record: readBudget(label, numbers(1 + 3 * Math.min(count, 2))) };
    case KINDS.place: {
      const [max = 0, lastUs = 0] = numbers(2);
      const within = count > 0 ? 0 : Math.min(slot[WITHIN_COUNT_AT] ?? 0, LEASES_WITHIN);
      const leases = readLeases(slot, WITHIN_AT, within);
      return { kind: 'record', pages: count, lastUs, record: { kind: 'place', label, max, leases } };
    }
    case KINDS.page:
      return { kind: 'page', leases: readLeases(slot, BODY_AT, Math.min(count, LEASES_PER_PAGE)) };
    default:
      return { kind: 'damaged' };
  }
}

function readBudget(label: string, [max = 0, ...rest]: readonly number[]): BudgetRecord {
  const windows = Array.from({ length: rest.length / 3 }, (_, index) => {
    const [startMs = 0, endMs = 0, used = 0] = rest.slice(index * 3);
    return { startMs, endMs, used };
  });
  return { kind: 'budget', label, max, windows };
}

function writeLeases(bytes: Buffer, from: number, leases: Leases): void {
  for (const [index, { lease, untilUs }] of leases.entries()) {
    const at = from + index * LEASE_STRIDE;
    bytes.write(lease, at, LEASE_BYTES, 'hex');
    bytes.writeDoubleLE(untilUs, at + LEASE_BYTES);
  }
}

function readLeases(slot: Buffer, from: number, count: number): Leases {
  return Array.from({ length: count }, (_, index) => {
    const at = from + index * LEASE_STRIDE;
    return { lease: slot.toString('hex', at, at + LEASE_BYTES), untilUs: slot.readDoubleLE(at + LEASE_BYTES) };
  });
}

function writeNumbers(bytes: Buffer, numbers: readonly number[]): void {
  for (const [index, number] of numbers.entries()) bytes.writeDoubleLE(number, BODY_AT + index * 8);
}

/** As much of it as fits, cut between characters. @returns its bytes */
function writeLabel(bytes: Buffer, label: string): number {
  const encoded = Buffer.from(label, 'utf8');
  let length = Math.min(encoded.length, LABEL_BYTES);
  while (length > 0 && length < encoded.length && ((encoded[length] ?? 0) & 0xc0) === 0x80) length -= 1;
  encoded.copy(bytes, LABEL_AT, 0, length);
  return length;
}

function seal(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT);
  return bytes;
}
