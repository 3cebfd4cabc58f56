// Everything that some reader could take a text for as a path. The opposite of path-form.ts: that one refuses what is doubtful, this one
// follows every doubt, because what it does not see passes. Knows no file system.

const MAX_READINGS = 24;
/** Longer than any name on a disk, even when each of its bytes is percent-encoded. */
const MAX_NAME_LENGTH = 1024;
const PATH_MARK = /[/\\~.%$]/;
const NOT_ASCII = /[^\0-\x7f]/;

/** Whether a text could be a path at all; says no to most texts in well below 1 µs. attacker-controlled. */
export function isPathLike(text: string): boolean {
  if (text.length > 4096 || text === '') return false;
  if (!PATH_MARK.test(text) && !(NOT_ASCII.test(text) && PATH_MARK.test(text.normalize('NFKC')))) return false;
  return text.length <= MAX_NAME_LENGTH || text.split(/[/\\]/).every((part) => part.length <= MAX_NAME_LENGTH);
}

/** The text itself first. Absolute, or relative to the working directory; may hold `.` and `..`. */
export function listReadings(text: string, home: string): readonly string[] {
  const readings = new Set([text]);
  // a Set visits what is added on the way: every change is tried on the outcome of every other
  for (const reading of readings) {
    for (const change of CHANGES) {
      const changed = change(reading, home);
      if (changed !== '' && readings.size < MAX_READINGS) readings.add(changed);
    }
  }
  return [...readings];
}

const CHANGES: readonly ((text: string, home: string) => string)[] = [
  (text) => text.replace(/^file:(?:\/\/[^/\\]*(?=[/\\]))?([^?#]*).*$/is, '$1'),
  (text, home) => text.replace(/^(?:~[^/\\]*|\$HOME|\$\{HOME\}|%USERPROFILE%)(?=[/\\]|$)/, () => home),
  (text) => (text.includes('%') ? decode(text) : text),
  (text) => text.replaceAll('\\', '/'),
  (text) => text.split('\0')[0] ?? '',
  (text) => text.trim().replace(/^(["'`])(.*)\1$/s, '$2'),
  (text) => (NOT_ASCII.test(text) ? text.normalize('NFKC') : text),
];

function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}
