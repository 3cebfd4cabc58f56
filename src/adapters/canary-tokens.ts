// The tokens that are planted at tenants: each made from a key of this machine and the tenant's name, so that none is kept anywhere. Knows no
// traffic. TRUST: whoever reads the key can make every token; it lies in the state directory, private to the guard's user.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Canary } from '../audit/redact/canary-search.ts';
import { GuardError } from '../guard-error.ts';
import { isTenant, type TenantScope } from '../tenant/tenant-scope.ts';
import { readPrivateFile, replaceFile } from './durable-file.ts';
import { listNames } from './small-json.ts';
import { codeOf, makePrivateDir } from './state-paths.ts';

/** No tenant can be called so. */
const DIRECTORY = 'canaries';
const KEY = /^[0-9a-f]{64}$/;

export interface CanaryTokens extends Canary {
  readonly own: string;
}

/** @throws GuardError state_unusable, StatePathError, the error of the file system */
export function openCanaryTokens({ stateDir, id }: TenantScope): CanaryTokens {
  const key = readKey(makePrivateDir(stateDir, [DIRECTORY]));
  const make = (text: string): string => createHmac('sha256', key).update(text).digest('hex');
  const prefix = `canary-${make('prefix').slice(0, 16)}-`;
  const tokenOf = (tenant: string): string => `${prefix}${make(`tenant ${tenant}`).slice(0, 32)}`;
  return {
    prefix,
    own: tokenOf(id),
    // whoever was ever started here has a directory
    foreign: () =>
      listNames(stateDir)
        .filter((name) => isTenant(name) && name !== id)
        .map(tokenOf),
  };
}

/** By which a person tells tokens apart without repeating them: 12 hex digits. */
export function fingerprintOf(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 12);
}

function readKey(directory: string): string {
  const path = join(directory, 'key');
  const known = readPrivateFile(path, 4096)?.toString();
  if (known === undefined) {
    makeKey(path);
    return readKey(directory);
  }
  if (KEY.test(known)) return known;
  throw new GuardError('state_unusable', `the key of canaries \`${path}\` is none`, {
    hint: 'remove it, and it is made anew',
  });
}

/** Through link(2): never seen half written, never replaced. */
function makeKey(path: string): void {
  const draft = `${path}.draft-${randomBytes(6).toString('hex')}`;
  replaceFile(draft, randomBytes(32).toString('hex'), 'drop');
  try {
    fs.linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}
