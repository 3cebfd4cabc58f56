// What keeps a sandbox from the keyrings of the kernel, which no namespace divides: a program for seccomp that knows three system calls.
// Writes it where bubblewrap reads it; starts nothing. Source: seccomp(2), keyrings(7), the tables of system calls of Linux.
import * as fs from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

/** `AUDIT_ARCH_…` and the numbers of add_key, request_key and keyctl there. A processor has the tables of its smaller siblings, too. */
const TABLES: readonly (readonly [architecture: number, first: number])[] = [
  [0xc000003e, 248], // x86-64, and x32 behind bit 30
  [0x40000003, 286], // i386
  [0xc00000b7, 217], // aarch64
  [0x40000028, 309], // arm
  [0xc00000f3, 217], // riscv64
  [0xc0000102, 217], // loongarch64
  [0xc0000015, 269], // ppc64le
  [0x80000016, 278], // s390x
];

const [LOAD, AND, IS_EQUAL, RETURN] = [0x20, 0x54, 0x15, 0x06];
const [ALLOW, NO_SUCH_CALL, KILL] = [0x7fff0000, 0x00050026, 0x80000000];
const [NUMBER_AT, ARCHITECTURE_AT] = [0, 4];
const CALLS = 3;

/** Each call fails as on a kernel without keyrings. What is no table of this list is killed. */
function filterProgram(): Buffer {
  const steps: (readonly [code: number, yes: number, no: number, value: number])[] = [[LOAD, 0, 0, ARCHITECTURE_AT]];
  for (const [architecture, first] of TABLES) {
    steps.push([IS_EQUAL, 0, CALLS + 4, architecture], [LOAD, 0, 0, NUMBER_AT], [AND, 0, 0, 0xbfffffff]);
    for (let call = 0; call < CALLS; call += 1) steps.push([IS_EQUAL, CALLS - call, 0, first + call]);
    steps.push([RETURN, 0, 0, ALLOW], [RETURN, 0, 0, NO_SUCH_CALL]);
  }
  steps.push([RETURN, 0, 0, KILL]);
  return Buffer.concat(
    steps.map(([code, yes, no, value]) => {
      const step = Buffer.alloc(8);
      if (endianness() === 'LE') step.writeUInt16LE(code, 0);
      else step.writeUInt16BE(code, 0);
      step.writeUInt8(yes, 2);
      step.writeUInt8(no, 3);
      if (endianness() === 'LE') step.writeUInt32LE(value, 4);
      else step.writeUInt32BE(value, 4);
      return step;
    }),
  );
}

/** @param directory the guard's own: nobody else writes in it @returns its path */
export function writeKeyFilter(directory: string): string {
  const path = join(directory, 'key-filter');
  const written = `${path}.${process.pid}`;
  fs.rmSync(written, { force: true });
  fs.writeFileSync(written, filterProgram(), { mode: 0o600, flag: 'wx' });
  fs.renameSync(written, path);
  return path;
}

/** Where bubblewrap finds it open; it closes it. */
export const FILTER_DESCRIPTOR = '9';

/** Before the words that make another user: the file is the guard's. INVARIANT: begins with an absolute path. */
export function filterPrefix(path: string): readonly string[] {
  return ['/bin/sh', '-c', `exec ${FILTER_DESCRIPTOR}<"$1" || exit 126; shift; exec "$@"`, 'mcp-guard-filter', path];
}
