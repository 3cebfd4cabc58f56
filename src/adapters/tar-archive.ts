// Writes one tar archive (POSIX ustar): regular files in one directory, nothing else. Knows nothing of what is in them.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';

const BLOCK = 512;
const CHUNK = 1 << 20;
/** Eleven octal digits. */
const LONGEST_FILE = 8_589_934_591;

export interface ArchivedFile {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

export interface TarArchive {
  addText(path: string, content: string | Uint8Array): ArchivedFile;
  /** The first `bytes` of an open file. @throws where there are fewer by now */
  addOpened(path: string, fd: number, bytes: number): ArchivedFile;
  /** Ends it and makes it durable. */
  finish(): { readonly bytes: number; readonly sha256: string };
  /** Leaves no half of one behind. After `finish` it does nothing. */
  abandon(): void;
}

/**
 * A new file, 0600; one that is there is never replaced, and no link is followed.
 * @param atMs the time of every file in it, since the epoch @throws the error of the file system
 */
export function createTarArchive(path: string, atMs: number): TarArchive {
  const fd = fs.openSync(path, 'wx', 0o600);
  const whole = createHash('sha256');
  let size = 0;
  let isOpen = true;
  function write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const taken = fs.writeSync(fd, bytes, at);
      if (taken === 0) throw new Error('the disk took nothing');
      at += taken;
    }
    whole.update(bytes);
    size += bytes.length;
  }
  function pad(bytes: number): void {
    write(Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK));
  }
  return {
    addText: (name, content) => {
      const bytes = Buffer.from(content);
      write(headerOf(name, bytes.length, atMs));
      write(bytes);
      pad(bytes.length);
      return { path: name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    },
    addOpened: (name, source, bytes) => {
      write(headerOf(name, bytes, atMs));
      const hash = createHash('sha256');
      const chunk = Buffer.alloc(Math.min(CHUNK, Math.max(bytes, 1)));
      for (let at = 0; at < bytes; ) {
        const taken = fs.readSync(source, chunk, 0, Math.min(chunk.length, bytes - at), at);
        if (taken === 0) throw new Error(`\`${name}\` became shorter while it was read`);
        write(chunk.subarray(0, taken));
        hash.update(chunk.subarray(0, taken));
        at += taken;
      }
      pad(bytes);
      return { path: name, bytes, sha256: hash.digest('hex') };
    },
    finish: () => {
      write(Buffer.alloc(2 * BLOCK));
      fs.fsyncSync(fd);
      fs.closeSync(fd);
      isOpen = false;
      return { bytes: size, sha256: whole.digest('hex') };
    },
    abandon: () => {
      if (!isOpen) return;
      isOpen = false;
      fs.closeSync(fd);
      fs.rmSync(path, { force: true });
    },
  };
}

/** INVARIANT: a relative path of plain names: it never leads out of where somebody unpacks it. */
function headerOf(path: string, bytes: number, atMs: number): Buffer {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/.test(path) || bytes > LONGEST_FILE)
    throw new Error(`\`${path}\` cannot stand in an archive: this is a defect of mcp-guard`);
  const [prefix, name] = splitPath(path);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o600, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(bytes, 11), 124);
  header.write(octal(Math.max(0, Math.floor(atMs / 1000)), 11), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.write(prefix, 345);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  );
  return header;
}

/** A name of at most 100 bytes behind a prefix of at most 155. */
function splitPath(path: string): readonly [prefix: string, name: string] {
  if (path.length <= 100) return ['', path];
  const cut = path.lastIndexOf('/', 155);
  if (cut <= 0 || path.length - cut - 1 > 100) throw new Error(`\`${path}\` is too long for an archive`);
  return [path.slice(0, cut), path.slice(cut + 1)];
}
