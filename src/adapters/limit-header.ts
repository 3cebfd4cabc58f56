// The head of the limits file: what it is, by what it is locked, its time, and its salt, as bytes and back. Knows no file and no record.
//   0 magic · 8 version · 12 lock (1 kernel, 2 lock file) · 16 boot (SHA-256, 16 bytes) · 32 offset µs · 40 seen µs · 48 seen wall ms
//   (float64 each) · 56 salt (16 bytes) · 72 how often the page was written (uint32) · 76 which records stand on it (limit-front.ts)
//   · 196 CRC-32 of all before it
import * as crypto from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { TimeBase } from './limit-clock.ts';

const MAGIC = 'MCPGLIM\0';
const VERSION = 2;
const SALT_AT = 56;
const TURN_AT = 72;
const CRC_AT = 196;
export const DIRECTORY_AT = 76;
export const HEADER_LENGTH = 200;

export type LockKind = 'kernel' | 'lock-file';

export interface Header {
  readonly base: TimeBase;
  readonly lock: LockKind;
  /** 32 hex digits, random, for as long as the file is: nobody who only makes calls knows where a record lies. */
  readonly salt: string;
  /** Another one after each writing of the page. */
  readonly turn: number;
}

export type HeaderReading =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'newer' }
  | { readonly kind: 'older' }
  | { readonly kind: 'damaged' };

/** How a boot stands in the header. */
export function bootWord(bootId: string): string {
  return crypto.hash('sha256', bootId).slice(0, 32);
}

export function makeSalt(): string {
  return crypto.randomBytes(16).toString('hex');
}

/** @param bytes at least HEADER_LENGTH, as they stand in the file */
export function decodeHeader(bytes: Buffer): HeaderReading {
  if (bytes.toString('latin1', 0, 8) !== MAGIC) return { kind: 'damaged' };
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) return { kind: version > VERSION ? 'newer' : 'older' };
  if (crc32(bytes.subarray(0, CRC_AT)) !== bytes.readUInt32LE(CRC_AT)) return { kind: 'damaged' };
  const base: TimeBase = {
    bootId: bytes.toString('hex', 16, 32),
    offsetUs: bytes.readDoubleLE(32),
    seenUs: bytes.readDoubleLE(40),
    seenWallMs: bytes.readDoubleLE(48),
  };
  const lock = bytes[12] === 2 ? 'lock-file' : 'kernel';
  const salt = bytes.toString('hex', SALT_AT, TURN_AT);
  return { kind: 'header', header: { base, lock, salt, turn: bytes.readUInt32LE(TURN_AT) } };
}

/** All but the directory and the checksum. */
export function encodeHeader(bytes: Buffer, { base, lock, salt, turn }: Header): void {
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes[12] = lock === 'kernel' ? 1 : 2;
  bytes.write(base.bootId, 16, 16, 'hex');
  bytes.writeDoubleLE(base.offsetUs, 32);
  bytes.writeDoubleLE(base.seenUs, 40);
  bytes.writeDoubleLE(base.seenWallMs, 48);
  bytes.write(salt, SALT_AT, 16, 'hex');
  bytes.writeUInt32LE(turn, TURN_AT);
}

/** The next turn, and the checksum over everything. @returns the turn */
export function sealHeader(bytes: Buffer): number {
  const turn = (bytes.readUInt32LE(TURN_AT) + 1) >>> 0;
  bytes.writeUInt32LE(turn, TURN_AT);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT);
  return turn;
}
