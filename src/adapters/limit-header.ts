// The first page of the limits file: what it is, by what it is locked, its time, and its salt. Knows no record.
//   0 magic · 8 version · 12 lock (1 kernel, 2 lock file) · 16 boot (SHA-256, 16 bytes) · 32 offset µs · 40 seen µs · 48 seen wall ms
//   (float64 each) · 56 salt (16 bytes) · 72 CRC-32 of all before it
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { crc32 } from 'node:zlib';
import type { TimeBase } from './limit-clock.ts';

const MAGIC = 'MCPGLIM\0';
const VERSION = 1;
const SALT_AT = 56;
const CRC_AT = 72;
export const HEADER_LENGTH = 76;

export type LockKind = 'kernel' | 'lock-file';

export interface Header {
  readonly base: TimeBase;
  readonly lock: LockKind;
  /** 32 hex digits, random, for as long as the file is: nobody who only makes calls knows where a record lies. */
  readonly salt: string;
}

export type HeaderReading =
  | ({ readonly kind: 'header' } & Header)
  | { readonly kind: 'newer' }
  | { readonly kind: 'damaged' };

/** How a boot stands in the header. */
export function bootWord(bootId: string): string {
  return crypto.hash('sha256', bootId).slice(0, 32);
}

export function readHeader(fd: number, into: Buffer): HeaderReading {
  const read = fs.readSync(fd, into, 0, HEADER_LENGTH, 0);
  if (read !== HEADER_LENGTH || into.toString('latin1', 0, 8) !== MAGIC) return { kind: 'damaged' };
  if (into.readUInt32LE(8) > VERSION) return { kind: 'newer' };
  if (crc32(into.subarray(0, CRC_AT)) !== into.readUInt32LE(CRC_AT)) return { kind: 'damaged' };
  const base: TimeBase = {
    bootId: into.toString('hex', 16, 32),
    offsetUs: into.readDoubleLE(32),
    seenUs: into.readDoubleLE(40),
    seenWallMs: into.readDoubleLE(48),
  };
  const salt = into.toString('hex', SALT_AT, CRC_AT);
  return { kind: 'header', base, lock: into[12] === 2 ? 'lock-file' : 'kernel', salt };
}

export function makeSalt(): string {
  return crypto.randomBytes(16).toString('hex');
}

/** @throws the file system's error */
export function writeHeader(fd: number, { base, lock, salt }: Header): void {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes[12] = lock === 'kernel' ? 1 : 2;
  bytes.write(base.bootId, 16, 16, 'hex');
  bytes.writeDoubleLE(base.offsetUs, 32);
  bytes.writeDoubleLE(base.seenUs, 40);
  bytes.writeDoubleLE(base.seenWallMs, 48);
  bytes.write(salt, SALT_AT, 16, 'hex');
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT);
  if (fs.writeSync(fd, bytes, 0, HEADER_LENGTH, 0) !== HEADER_LENGTH) throw new Error('the disk took only a part');
}
