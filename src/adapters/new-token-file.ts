// A file that holds one token and that only this user can read. Knows no format; a byte of the text is in no error.
import * as fs from 'node:fs';
import { GuardError } from '../guard-error.ts';
import { replaceFile } from './durable-file.ts';
import { codeOf } from './state-paths.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = fs.constants;

/** `new`: there must be none yet. `replace`: the new text or the old one stands there, never a part. @throws GuardError state_unusable */
export function writeTokenFile(path: string, text: string, how: 'new' | 'replace'): void {
  try {
    if (how === 'replace') {
      replaceFile(path, text, 'drop');
      return;
    }
    const fd = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      fs.writeFileSync(fd, text);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    const code = codeOf(error) ?? 'it failed';
    throw new GuardError('state_unusable', `cannot write the token to \`${path}\`: ${code}`, {
      hint: 'name a new file in a directory that you may write to',
    });
  }
}
