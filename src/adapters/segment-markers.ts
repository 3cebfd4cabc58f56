// One marker per unsealed segment: who writes it, and where it is. The only thing a start has to look at. Knows no record.
import { isDay, isSegmentId } from '../audit/segment-id.ts';
import type { TrailPaths } from '../tenant/trail-paths.ts';
import { type ProcessIdentity, readIdentity } from './process-identity.ts';
import { listNames, readSmallJson } from './small-json.ts';
import type { TrailFiles } from './trail-files.ts';

export interface SegmentMarker {
  readonly segment: string;
  readonly day: string;
  readonly holder: ProcessIdentity;
}

/** Throws where it cannot be written; nothing is left then. */
export function writeMarker(files: TrailFiles, path: string, marker: SegmentMarker): void {
  const { segment, day, holder } = marker;
  const text = `${JSON.stringify({ v: 1, path: `${day}/${segment}.jsonl`, ...holder })}\n`;
  const fd = files.create(path);
  try {
    try {
      const taken = files.write(fd, text);
      if (taken !== Buffer.byteLength(text)) throw new Error('a marker was only written in part: the disk is full');
    } finally {
      files.close(fd);
    }
  } catch (error) {
    files.remove(path);
    throw error;
  }
}

/** The markers that can be read. What else lies in the directory is left alone. */
export function listMarkers(paths: TrailPaths): SegmentMarker[] {
  const found: SegmentMarker[] = [];
  for (const name of listNames(paths.open)) {
    const segment = name.endsWith('.json') ? name.slice(0, -5) : '';
    const marker = isSegmentId(segment) ? readMarker(segment, readSmallJson(paths.marker(segment))) : undefined;
    if (marker !== undefined) found.push(marker);
  }
  return found;
}

/** TRUST: of the path in a marker only the day is used; it is built anew from checked parts. */
function readMarker(segment: string, value: unknown): SegmentMarker | undefined {
  const holder = readIdentity(value);
  const path = typeof value === 'object' && value !== null && 'path' in value ? value.path : undefined;
  const [day, name] = typeof path === 'string' ? path.split('/') : [];
  if (holder === undefined || day === undefined || !isDay(day) || name !== `${segment}.jsonl`) return undefined;
  return { segment, day, holder };
}
