// Who runs this, by the name that the system has for them. Knows no command.
import { userInfo } from 'node:os';

/** A container may run a user that has no name. */
export function readActor(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
