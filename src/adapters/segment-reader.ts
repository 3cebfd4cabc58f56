// Records of one segment, in either direction. Knows no call and no chain; reads what it finds, whoever wrote it.
import * as fs from 'node:fs';
import type { PlacedRecord } from '../audit/query.ts';
import { countAt, readRecord } from '../audit/record.ts';
import type { JsonObject } from '../wire/json.ts';
import { openRegular } from './small-json.ts';
import { type PlacedLine, type ReadBlock, readLinesBackward, readLinesForward } from './trail-lines.ts';
import type { SegmentPlace } from './trail-listing.ts';

export interface SegmentSource extends SegmentPlace {
  readonly tenant: string;
}

/** The header of the first record, where it is an `open`. */
export function readOpen(source: SegmentSource): JsonObject | undefined {
  const opened = openRegular(source.path);
  if (opened === undefined) return undefined;
  try {
    const [line] = readLinesForward(opened.fd);
    const header = line?.ended === true && line.text !== undefined ? readRecord(line.text)?.header : undefined;
    return header?.type === 'open' ? header : undefined;
  } finally {
    fs.closeSync(opened.fd);
  }
}

/** From the offset `from`; `onLine` is told where each whole line ended, readable or not. What is no record is passed over. */
export function* readForward(
  source: SegmentSource,
  from = 0,
  onEnd?: (offset: number) => void,
): Generator<PlacedRecord> {
  const opened = openRegular(source.path);
  if (opened === undefined) return;
  try {
    let open = from === 0 ? undefined : readOpen(source);
    for (const line of readLinesForward(opened.fd, from)) {
      if (!line.ended) return;
      const placed = place(source, line, open);
      if (placed?.record.header.type === 'open') open = placed.record.header;
      onEnd?.(line.at + line.bytes + 1);
      if (placed !== undefined) yield placed;
    }
  } finally {
    fs.closeSync(opened.fd);
  }
}

/** Newest first. Holds no descriptor between blocks: a day may have more segments than a process may open files. */
export function* readBackward(source: SegmentSource): Generator<PlacedRecord> {
  const opened = openRegular(source.path);
  if (opened === undefined) return;
  fs.closeSync(opened.fd);
  let open: JsonObject | undefined;
  let isOpenRead = false;
  for (const line of readLinesBackward(reopening(source.path), opened.stat.size)) {
    if (!line.ended) continue;
    if (!isOpenRead) open = readOpen(source);
    isOpenRead = true;
    const placed = place(source, line, open);
    if (placed !== undefined) yield placed;
  }
}

function reopening(path: string): ReadBlock {
  return (begin, length) => {
    const opened = openRegular(path);
    if (opened === undefined) return undefined;
    try {
      const block = Buffer.alloc(length);
      return fs.readSync(opened.fd, block, 0, length, begin) === length ? block : undefined;
    } finally {
      fs.closeSync(opened.fd);
    }
  };
}

function place(source: SegmentSource, line: PlacedLine, open: JsonObject | undefined): PlacedRecord | undefined {
  const record = line.text === undefined ? undefined : readRecord(line.text);
  const seq = countAt(record?.header, 'seq');
  if (record === undefined || seq === undefined) return undefined;
  return { ref: { segment: source.segment, seq }, tenant: source.tenant, record, open };
}
