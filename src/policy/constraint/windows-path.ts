// What a text says as a path on Windows: absolute paths in their only form, or why readers would differ. Knows no file system.
import type { PathForm } from './path-form.ts';
import { climbsWhenEmpty } from './variables.ts';

const MAX_PATH_LENGTH = 4096;
const DRIVE = /^[A-Za-z]:[\\/]/;
/** Also with an extension: `nul.txt` is the device. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?$/i;
const FILE_URL = /^file:\/\/(?:localhost)?\/([A-Za-z]:\/[^?#%]*)$/i;

/** @param home absolute @param bases absolute; what a relative path counts from. attacker-controlled: `text`. */
export function readWindowsForm(text: string, home: string, bases: readonly string[]): PathForm {
  const [, fromUrl] = FILE_URL.exec(text) ?? [];
  const plain = fromUrl ?? text;
  const fault = findFault(plain);
  if (fault !== undefined) return { ok: false, fault };
  const paths = DRIVE.test(plain) ? [plain] : bases.map((base) => `${base}\\${plain}`);
  // for a server that does not know `~` it is the name of a directory
  if (/^~(?:[\\/]|$)/.test(plain)) paths.push(home + plain.slice(1));
  return { ok: true, paths: [...new Set(paths.map(collapse))] };
}

function findFault(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  if (text.length > MAX_PATH_LENGTH) return `must have at most ${MAX_PATH_LENGTH} characters`;
  if (/[\0-\x1f\x7f-\x9f<>"|?*%]/.test(text)) return 'must not hold control or reserved characters';
  if (text.normalize('NFKC') !== text.normalize('NFC')) return 'must not hold compatibility forms of characters';
  if (climbsWhenEmpty(text)) return 'must not hold a part that is `..` without the variables or quotes in it';
  // UNC, `\\?\`, `\\.\`, and what counts from the root of whichever drive is current
  if (/^[\\/]/.test(text)) return 'must be relative or begin with a drive, as in `C:\\`';
  if (/^~[^\\/]/.test(text)) return 'must not begin with the name of a user after `~`';
  const parts = (DRIVE.test(text) ? text.slice(2) : text).split(/[\\/]/).filter((part) => !/^\.{0,2}$/.test(part));
  if (parts.some((part) => part.includes(':'))) return 'must not hold a stream or a drive without a slash (`:`)';
  if (parts.some((part) => /^ |[. ]$/.test(part))) return 'must not hold names that end with a dot or a blank';
  if (parts.some((part) => DEVICE.test(part))) return 'must not name a device';
  if (parts.some((part) => /~[0-9]/.test(part))) return 'must not hold short (8.3) names';
  return undefined;
}

/** Windows takes `..` back before it looks at links: one reading. */
function collapse(path: string): string {
  const kept: string[] = [];
  for (const part of path.slice(2).split(/[\\/]/)) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return `${path.slice(0, 2).toUpperCase()}\\${kept.join('\\')}`;
}
