// Where state lives, and that nobody else can get at it. Knows no document and no format.
import * as fs from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { StatePathError } from '../tenant/state-path-error.ts';

/** `MCP_GUARD_STATE_DIR`, else XDG's state directory, else its default; on Windows the local application data. */
export function resolveStateDir(env: Readonly<Record<string, string | undefined>>, home = homedir()): string {
  const own = env.MCP_GUARD_STATE_DIR;
  if (own !== undefined && own !== '') {
    if (isAbsolute(own)) return own;
    throw new StatePathError(`\`MCP_GUARD_STATE_DIR\` is \`${own}\`, which is not absolute: give the whole path`);
  }
  // XDG Base Directory Specification: a path that is not absolute is to be ignored.
  const xdg = env.XDG_STATE_HOME;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'mcp-guard');
  const local = env.LOCALAPPDATA;
  if (process.platform === 'win32' && local !== undefined) return join(local, 'mcp-guard', 'state');
  return join(home, '.local', 'state', 'mcp-guard');
}

/**
 * Makes `root/parts…` step by step, each 0700, and looks at each before it steps in. `root` may be a link or open to
 * readers (somebody chose it), but must be ours and writable by nobody else; below it every step is a real directory,
 * ours, and closed to all others. Throws StatePathError, or the error of the file system.
 */
export function makePrivateDir(root: string, parts: readonly string[]): string {
  fs.mkdirSync(root, { recursive: true, mode: 0o700 });
  checkDirectory(root, fs.statSync(root), 0o022);
  let path = root;
  for (const part of parts) {
    path = join(path, part);
    try {
      fs.mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    checkDirectory(path, fs.lstatSync(path), 0o077);
  }
  return path;
}

function checkDirectory(path: string, stat: fs.Stats, forbidden: number): void {
  if (!stat.isDirectory()) throw new StatePathError(`\`${path}\` is not a directory: move it away`);
  if (process.getuid === undefined) return;
  if (stat.uid !== process.getuid()) {
    throw new StatePathError(
      `\`${path}\` belongs to another user, who could change the trail: set \`MCP_GUARD_STATE_DIR\``,
    );
  }
  if ((stat.mode & forbidden) !== 0) {
    throw new StatePathError(
      `\`${path}\` is open to other users: run \`chmod go-rwx\` on it, or set \`MCP_GUARD_STATE_DIR\``,
    );
  }
}

/** The `code` of a file system error: `ENOSPC`; undefined for any other value. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
