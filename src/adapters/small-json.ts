// Small JSON documents beside the trail (markers, tombstones, the last seal), read without trust. Knows none of their schemas.
import * as fs from 'node:fs';

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
const MAX_BYTES = 16_384;

/** Opens a regular file for reading: no link is followed, no FIFO waited for. Undefined where it is none, or not there. */
export function openRegular(path: string): { fd: number; stat: fs.Stats } | undefined {
  let fd: number;
  try {
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return undefined;
  }
  const stat = fs.fstatSync(fd);
  if (stat.isFile()) return { fd, stat };
  fs.closeSync(fd);
  return undefined;
}

/** The parsed document, or undefined for whatever is wrong with it. attacker-controlled. */
export function readSmallJson(path: string): unknown {
  const opened = openRegular(path);
  if (opened === undefined) return undefined;
  try {
    if (opened.stat.size > MAX_BYTES) return undefined;
    const buffer = Buffer.alloc(MAX_BYTES);
    const value: unknown = JSON.parse(buffer.toString('utf8', 0, fs.readSync(opened.fd, buffer, 0, MAX_BYTES, 0)));
    return value;
  } catch {
    return undefined;
  } finally {
    fs.closeSync(opened.fd);
  }
}

/** Names in a directory, sorted; none where it cannot be read. */
export function listNames(directory: string): string[] {
  try {
    return fs.readdirSync(directory).sort();
  } catch {
    return [];
  }
}
