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
  const bytes = blank(key);
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

/** Of the pool: an array of its own for each record costs more than all that is written into it. */
function blank(key: string): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_BYTES).fill(0);
  bytes.write(key, 0, KEY_BYTES, 'hex');
  return bytes;
}

/** @param leases at most LEASES_PER_PAGE */
export function encodePage(key: string, leases: Leases): Buffer {
  const bytes = blank(key);
  bytes[KIND_AT] = KINDS.page;
  bytes[COUNT_AT] = leases.length;
  writeLeases(bytes, BODY_AT, leases);
  return seal(bytes);
}

/** The record at `at` of `bytes`, which is not empty. attacker-controlled: whoever may write the file. */
export function decodeRecord(bytes: Buffer, at: number): Decoded {
  // No view of the record, no list of its numbers: a call decodes several, and each of those costs as much as a checksum.
  if (crc32(bytes.subarray(at, at + CRC_AT)) !== bytes.readUInt32LE(at + CRC_AT)) return { kind: 'damaged' };
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
      return { kind: 'record', pages: 0, lastUs: 0, record: readBudget(label, Math.min(count, 2), number) };
    case KINDS.place: {
      const [max, lastUs] = [number(0), number(1)];
      const within = count > 0 ? 0 : Math.min(bytes[at + WITHIN_COUNT_AT] ?? 0, LEASES_WITHIN);
      const leases = readLeases(bytes, at + WITHIN_AT, within);
      return { kind: 'record', pages: count, lastUs, record: { kind: 'place', label, max, leases } };
    }
    case KINDS.page:
      return { kind: 'page', leases: readLeases(bytes, at + BODY_AT, Math.min(count, LEASES_PER_PAGE)) };
    default:
      return { kind: 'damaged' };
  }
}

function readBudget(label: string, count: number, number: (index: number) => number): BudgetRecord {
  const windows: BudgetRecord['windows'][number][] = [];
  for (let index = 1; index < 1 + 3 * count; index += 3)
    windows.push({ startMs: number(index), endMs: number(index + 1), used: number(index + 2) });
  return { kind: 'budget', label, max: number(0), windows };
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
