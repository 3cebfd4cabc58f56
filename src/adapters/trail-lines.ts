// The lines of a segment, from the front or from the end, in blocks. Knows no record; bounded whatever the file holds.
import { isUtf8 } from 'node:buffer';
import * as fs from 'node:fs';
import type { TrailLine } from '../audit/verify.ts';

const BLOCK_BYTES = 262_144;
/** No record is longer: 64 KiB of payload escaped at its worst, and a header. What is longer is not read into memory. */
export const MAX_LINE_BYTES = 1_048_576;
/** Where no LF comes for this long, no guard wrote it: nobody looks for what may stand behind it. */
const MAX_SEARCH_BYTES = 4 * MAX_LINE_BYTES;

/** `at` is the offset of the first byte. */
export interface PlacedLine extends TrailLine {
  readonly at: number;
}

function lineOf(bytes: Buffer | undefined, length: number, at: number, ended: boolean): PlacedLine {
  if (length === 0) return { text: '', ended, bytes: 0, at };
  return { text: bytes !== undefined && isUtf8(bytes) ? bytes.toString('utf8') : undefined, ended, bytes: length, at };
}

/**
 * From `from` to the end of the file as it is while this reads. The last line may not have ended. Ends with a line without
 * text after 4 MiB without an LF.
 */
export function* readLinesForward(fd: number, from = 0): Generator<PlacedLine> {
  const block = Buffer.alloc(BLOCK_BYTES);
  let held: Buffer[] = [];
  let length = 0;
  let at = from;
  for (let offset = from; ; ) {
    const taken = fs.readSync(fd, block, 0, BLOCK_BYTES, offset);
    if (taken === 0) break;
    offset += taken;
    let start = 0;
    for (let end = block.indexOf(10); end !== -1 && end < taken; end = block.indexOf(10, start)) {
      const part = block.subarray(start, end);
      length += part.length;
      yield lineOf(length > MAX_LINE_BYTES ? undefined : joined(held, part), length, at, true);
      at += length + 1;
      start = end + 1;
      held = [];
      length = 0;
    }
    length += taken - start;
    if (length > MAX_SEARCH_BYTES) return yield lineOf(undefined, length, at, true);
    if (length <= MAX_LINE_BYTES) held.push(Buffer.from(block.subarray(start, taken)));
    else held = [];
  }
  if (length > 0) yield lineOf(length > MAX_LINE_BYTES ? undefined : joined(held), length, at, false);
}

function joined(held: readonly Buffer[], last?: Buffer): Buffer {
  if (held.length === 0 && last !== undefined) return last;
  return Buffer.concat(last === undefined ? held : [...held, last]);
}

/** `length` bytes at `begin`, or undefined where they are not there (any more). */
export type ReadBlock = (begin: number, length: number) => Buffer | undefined;

export function blocksOf(fd: number): ReadBlock {
  return (begin, length) => {
    const block = Buffer.alloc(length);
    return fs.readSync(fd, block, 0, length, begin) === length ? block : undefined;
  };
}

/** Of the first `stop` bytes. Empty lines cost no search: a file may hold millions of them. */
function lastLf(block: Buffer, stop: number): number {
  if (stop === 0) return -1;
  return block[stop - 1] === 10 ? stop - 1 : block.lastIndexOf(10, stop - 1);
}

/** Newest first, from `size` to the front. The first one given may not have ended. Ends where no LF comes for 4 MiB. */
export function* readLinesBackward(read: ReadBlock, size: number): Generator<PlacedLine> {
  let held: Buffer[] = [];
  let length = 0;
  let ended = false;
  let isFirstBlock = true;
  const prepend = (part: Buffer) => {
    length += part.length;
    if (length <= MAX_LINE_BYTES) held.unshift(part);
    else held = [];
  };
  const complete = (at: number) => {
    const isEmpty = held.length === 0; // or too long
    const line = lineOf(isEmpty ? undefined : Buffer.concat(held), length, at, ended);
    if (!isEmpty) held = [];
    length = 0;
    ended = true;
    return line;
  };
  for (let end = size; end > 0; ) {
    // A tail is often all that is wanted: begin small.
    const begin = Math.max(0, end - (isFirstBlock ? BLOCK_BYTES / 8 : BLOCK_BYTES));
    const block = read(begin, end - begin);
    if (block === undefined) return; // it shrank: nothing here can be trusted
    let stop = block.length;
    for (let lf = lastLf(block, stop); lf !== -1; lf = lastLf(block, stop)) {
      if (lf + 1 < stop) prepend(block.subarray(lf + 1, stop));
      const isEndOfFile = begin + lf + 1 === size;
      if (isEndOfFile) ended = true;
      else yield complete(begin + lf + 1);
      stop = lf;
    }
    if (stop > 0) prepend(block.subarray(0, stop));
    if (length > MAX_SEARCH_BYTES) return;
    isFirstBlock = false;
    end = begin;
  }
  if (length > 0 || ended) yield complete(0);
}
