// Writes a config: a new one that replaces nothing, or another text for one that is as it was read. Whole or not at all. Knows no
// notation and no meaning.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { replaceFile } from './durable-file.ts';
import { codeOf } from './state-paths.ts';

/** Mode 600; its directory is made where there is none (700). @throws GuardError config_changed where there is a file by now, config_unwritable */
export function createConfigFile(path: string, text: string): void {
  const draft = `${path}.draft-${randomBytes(6).toString('hex')}`;
  try {
    fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    replaceFile(draft, text, 'drop');
  } catch (error) {
    throw unwritable(path, error);
  }
  try {
    // INVARIANT: a second name for a whole file, and never in place of another
    fs.linkSync(draft, path);
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? changed(path, 'is there by now') : unwritable(path, error);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/**
 * A link is followed and stays one; the mode stays, too. @param isUnchanged asked last of all
 * @throws GuardError config_changed, config_unwritable
 */
export function replaceConfigFile(path: string, text: string, isUnchanged: () => boolean): void {
  if (!isUnchanged()) throw changed(path, 'has changed meanwhile');
  try {
    const file = fs.realpathSync(path);
    const { mode } = fs.statSync(file);
    replaceFile(file, text, 'drop');
    fs.chmodSync(file, mode & 0o777);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function changed(path: string, how: string): GuardError {
  return new GuardError('config_changed', `\`${path}\` ${how}: nothing was written`, { hint: 'run it again' });
}

function unwritable(path: string, cause: unknown): GuardError {
  const why = codeOf(cause) ?? messageOf(cause);
  return new GuardError('config_unwritable', `cannot write the config \`${path}\`: ${why}`, {
    cause,
    hint: 'name another place with `--out FILE`, or let this user write there',
  });
}
