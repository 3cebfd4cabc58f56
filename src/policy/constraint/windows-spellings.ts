// What else Windows may open for a text that windows-path.ts calls doubtful: devices, shares of this machine, other drives, short names.
// For the guard's own files alone, where doubt denies. Knows no file system.

/** `\\?\`, `\\.\`, `\??\`, and a volume behind one. */
const DEVICE = /^\\(?:\\[?.]|\?\?)\\(?:GLOBALROOT\\Device\\[^\\]*(?=\\))?/i;
const SHARE = /^(?:UNC\\|\\\\)[^\\]+\\([A-Za-z])\$(?=\\|$)/i;
/** `/c/x`, `/mnt/c/x`, `/cygdrive/c/x`: as shells on Windows write a drive. */
const SHELL_DRIVE = /^\\(?:mnt\\|cygdrive\\)?([A-Za-z])(?=\\|$)/i;
/** `C|` in a URL. */
const DRIVE = /^\\*([A-Za-z])[:|]/;
const SHORT = /^([^~]*)~[0-9]/;

/** Absolute, drive first, `..` taken back. attacker-controlled: `text`. @param bases absolute; what a relative path counts from */
export function listSpellings(text: string, bases: readonly string[]): readonly string[] {
  const plain = text.replaceAll('/', '\\').replace(DEVICE, '').replace(SHARE, '$1:');
  return [...new Set([plain, plain.replace(SHELL_DRIVE, '$1:')].flatMap((one) => spell(one, bases)))];
}

function spell(text: string, bases: readonly string[]): readonly string[] {
  const [start = '', drive] = DRIVE.exec(text) ?? [];
  const rest = text.slice(start.length);
  // from the root of whichever drive is current
  if (rest.startsWith('\\')) {
    const drives = drive === undefined ? bases.map((base) => base.slice(0, 1)) : [drive];
    return drives.map((one) => collapse(`${one}:`, rest));
  }
  // `C:x` counts from where the drive was left
  return bases.map((base) => collapse(base.slice(0, 2), `${base.slice(2)}\\${rest}`));
}

/** As Windows reads parts: without a stream, nor dots and blanks at their end. */
function collapse(drive: string, path: string): string {
  const kept: string[] = [];
  for (const written of path.split('\\')) {
    const part = written.split(':', 1)[0] ?? '';
    let end = part.length;
    while (end > 0 && (part[end - 1] === '.' || part[end - 1] === ' ')) end -= 1;
    if (/^ *\.\. *$/.test(part)) kept.pop();
    else if (end > 0) kept.push(part.slice(0, end));
  }
  return `${drive}\\${kept.join('\\')}`;
}

/** Whether short (8.3) names in a path may stand for parts of a place, or of one above. Both folded; only two letters are certain. */
export function isUnderShort(path: string, place: string): boolean {
  if (!path.includes('~')) return false;
  const parts = path.split('\\');
  return place.split('\\').every((wanted, index) => {
    const part = parts[index];
    if (part === undefined || part === wanted) return part === wanted;
    const [, short] = SHORT.exec(part) ?? [];
    return short !== undefined && wanted.replace(/[ .]/g, '').startsWith(short.slice(0, 2));
  });
}
