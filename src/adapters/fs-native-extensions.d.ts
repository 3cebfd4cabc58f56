// The part of fs-native-extensions that kernel-lock.ts uses; the package brings no types.
declare module 'fs-native-extensions' {
  /** False where somebody else has it. Throws the system's error. `length` 0: to the end of the file. */
  export function tryLock(fd: number, offset?: number, length?: number): boolean;
  export function unlock(fd: number, offset?: number, length?: number): void;
}
