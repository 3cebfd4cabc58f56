// The kernel's lock over a range of an open file: gone with the one who holds it, however that one ends. The only importer of
// fs-native-extensions, which is optional: there is no build of it for musl. Knows no file of ours.

export interface KernelLock {
  /** At once; false where another process has it. @throws the system's error */
  tryLock(fd: number): boolean;
  unlock(fd: number): void;
}

/** The byte that is locked: beyond what any file of ours holds, so that no platform's mandatory lock hides what is read. */
const AT = 2 ** 30;

/** Undefined: not on this machine. */
export async function loadKernelLock(): Promise<KernelLock | undefined> {
  try {
    const { tryLock, unlock } = await import('fs-native-extensions');
    return { tryLock: (fd) => tryLock(fd, AT, 1), unlock: (fd) => unlock(fd, AT, 1) };
  } catch {
    return undefined;
  }
}
