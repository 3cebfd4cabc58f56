// The token files that guards of this machine have made or were presented: no session's tools may touch any of them. Noted in
// `<state>/tokens/files.json`, and looked at while sessions run. Knows no token.
// TRUST: only who may write the state directory adds to it or takes from it.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { addTokenFile, NO_TOKEN_FILES, readTokenFiles, type TokenFiles } from '../policy/identity/token-files.ts';
import type { DocumentSpec } from './document-file.ts';
import { DocumentLook, loadDocument } from './document-look.ts';
import { makePrivateDir } from './state-paths.ts';

const DIRECTORY = 'tokens';

interface Parts {
  readonly say: (text: string) => void;
  /** Wall clock. */
  readonly nowMs: () => number;
}

function filesSpec(stateDir: string, parts: Parts): DocumentSpec<TokenFiles> {
  const path = join(stateDir, DIRECTORY, 'files.json');
  return { ...parts, path, version: 1, empty: NO_TOKEN_FILES, check: readTokenFiles, backup: 'same' };
}

/** On disk when it resolves. @param path absolute @throws GuardError state_… */
export async function noteTokenFile(stateDir: string, path: string, parts: Parts): Promise<void> {
  const spec = filesSpec(stateDir, parts);
  if (loadDocument(spec)?.paths.includes(path) === true) return;
  makePrivateDir(stateDir, [DIRECTORY]);
  const { openStateDocument } = await import('./state-document.ts');
  await openStateDocument(spec).update((files) => addTokenFile(files, path, isThere));
}

export interface KnownTokenFiles {
  /** As they were last read. INVARIANT: what cannot be read takes nothing away. */
  readonly paths: readonly string[];
  /** Looks at the disk now and then. @param monoMs monotonic clock @returns whether `paths` are others since the last time */
  refresh(monoMs: number): boolean;
}

/** Loads nothing that writes. */
export function watchTokenFiles(stateDir: string, parts: Parts): KnownTokenFiles {
  const look = new DocumentLook(filesSpec(stateDir, parts));
  let known: TokenFiles = NO_TOKEN_FILES;
  return {
    get paths() {
      return known.paths;
    },
    refresh(monoMs) {
      const files = look.read(monoMs) ?? known;
      const isOther = files !== known;
      known = files;
      return isOther;
    },
  };
}

function isThere(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
