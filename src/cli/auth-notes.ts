// What a session under a config's `auth` would stumble over here and now: a token file or keys that cannot be had. No errors, as with
// config-notes.ts: another machine may have them. Judges no token.
import { lstatSync } from 'node:fs';
import { readKeyFile } from '../adapters/issuer-keys.ts';
import { readPresented } from '../adapters/token-file.ts';
import type { AuthPolicy } from '../config/auth-policy.ts';
import type { ConfigNote } from './config-notes.ts';

export function listAuthNotes(auth: AuthPolicy | undefined, uid: number | undefined): readonly ConfigNote[] {
  if (auth === undefined) return [];
  return [...noteTokenFile(auth.tokenFile, uid), ...noteKeys(auth.jwt?.keys)];
}

/** The token in it is not looked at. */
function noteTokenFile(path: string | undefined, uid: number | undefined): readonly ConfigNote[] {
  if (path === undefined) return [];
  const presented = readPresented({ flag: undefined, env: {}, config: path }, uid);
  if (presented.kind === 'text' && presented.text !== '') return [];
  const then = 'a session that brings no other token is not started';
  const text = isThere(path)
    ? `\`${path}\` is no file with a token that only you can read, so ${then}; run \`chmod 600\` on it, or name the file itself where it is a link`
    : `there is no file \`${path}\`, so ${then}; make one with \`mcp-guard token create --principal NAME --out ${path}\``;
  return [{ path: 'auth.tokenFile', text }];
}

function noteKeys(keys: NonNullable<AuthPolicy['jwt']>['keys'] | undefined): readonly ConfigNote[] {
  const read = keys?.kind === 'file' ? readKeyFile(keys.path) : [];
  return 'why' in read ? [{ path: 'auth.jwt.jwksFile', text: `${read.why}, so no JWT counts; ${read.mend}` }] : [];
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
