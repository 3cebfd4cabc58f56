// Which user of the system is one tenant's alone: whose its home is, where no other tenant's is, and the system knows nobody by it. Reads
// only; starts and ends nothing.
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { codeOf } from './state-paths.ts';
import { findOtherUse } from './user-claims.ts';
import type { SystemUser } from './user-processes.ts';

export type TenantUser =
  | ({ readonly kind: 'own' } & SystemUser)
  /** Somebody else may be at work as it. */
  | { readonly kind: 'shared'; readonly uid: number; readonly why: string }
  /** Its servers run as the guard does, or none has run yet. */
  | { readonly kind: 'none' };

const NONE: TenantUser = { kind: 'none' };

/**
 * The home lies in directories that the guard made and nobody of a tenant writes in (tenant-places.ts), so its owner is who the servers run as.
 *
 * @throws the error of the file system where it cannot be looked at
 */
export function findTenantUser(
  scope: TenantScope,
  own = process.getuid?.(),
  passwd = '/etc/passwd',
  findOther = findOtherUse,
): TenantUser {
  const { homes, id } = scope;
  const stat = fs.lstatSync(join(homes.directory, 'home'), { throwIfNoEntry: false });
  // only root can be others
  if (own !== 0 || stat === undefined || !stat.isDirectory() || stat.uid === 0) return NONE;
  const { uid, gid } = stat;
  const other = fs
    .readdirSync(homes.root)
    .find(
      (name) => name !== id && fs.lstatSync(join(homes.root, name, 'home'), { throwIfNoEntry: false })?.uid === uid,
    );
  if (other !== undefined) return { kind: 'shared', uid, why: 'another tenant has it, too' };
  const name = findAccount(uid, passwd);
  if (name !== undefined && name !== `mcpg-${id}`)
    return { kind: 'shared', uid, why: `it is \`${name}\` of this system` };
  const why = findOther(scope, uid);
  return why === undefined ? { kind: 'own', uid, gid } : { kind: 'shared', uid, why };
}

/** Its name, by the system's own list; a directory service that knows more is not asked. */
export function findAccount(uid: number, passwd = '/etc/passwd'): string | undefined {
  let text: string;
  try {
    text = fs.readFileSync(passwd, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , found]) => found !== undefined && Number(found) === uid && found !== '')?.[0];
}
