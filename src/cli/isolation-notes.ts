// What of a tenant's isolation does not hold here, or keeps its servers from starting: places that nothing keeps to, a user that is missing or
// somebody's, a working directory that is closed. No errors, as with config-notes.ts. Starts nothing, changes nothing.
import { findClosed } from '../adapters/closed-directory.ts';
import { findUser } from '../adapters/isolation-probe.ts';
import { findAccount } from '../adapters/tenant-user.ts';
import { showPath } from '../config/json-path.ts';
import type { ServerPolicy } from '../config/policy.ts';
import type { IsolationLevel } from '../config/restriction.ts';
import type { ConfigNote } from './config-notes.ts';

export interface IsolationHere {
  readonly tenant: string;
  /** Of whoever looks: only root can be others. */
  readonly uid: number | undefined;
  /** The strongest that config and ceilings ask for. */
  readonly level: IsolationLevel;
  /** Of the system's users; a test has its own. */
  readonly accounts?: { readonly named: typeof findUser; readonly nameOf: (uid: number) => string | undefined };
}

/** Paths are those of the tenant's own view: `servers.…`. */
export function listIsolationNotes(server: ServerPolicy, here: IsolationHere): readonly ConfigNote[] {
  const { isolation } = server;
  if (isolation === undefined) return [];
  const { tenant, uid: own, level, accounts = { named: findUser, nameOf: findAccount } } = here;
  const at = (...keys: readonly string[]): string => showPath(['servers', server.id, ...keys]);
  const notes: ConfigNote[] = [];
  for (const key of ['readable', 'writable'] as const)
    if (isolation[key].length > 0 && (level === 'L0' || level === 'L1'))
      notes.push({
        path: at('isolation', key),
        text: `nothing keeps to it at ${level}: set \`required\` to \`L2\` beside it, or take it out`,
      });
  const given = isolation.uid === undefined ? undefined : { uid: isolation.uid, gid: isolation.gid ?? isolation.uid };
  const user = given ?? (level === 'L0' ? undefined : accounts.named(`mcpg-${tenant}`));
  if (user === undefined) {
    // who is not root may look at a config whose guard root starts
    if (own === 0 && level !== 'L0')
      notes.push({
        path: at('isolation'),
        text: `it does not start: ${level} needs a user of its own here; set \`uid\`, or make a system user \`mcpg-${tenant}\``,
      });
    return notes;
  }
  const name = accounts.nameOf(user.uid);
  if (name !== undefined && name !== `mcpg-${tenant}`)
    notes.push({
      path: at('isolation', 'uid'),
      text: `${user.uid} is \`${name}\` of this machine, and each could reach into the other: give it a number nobody has`,
    });
  const closed = server.cwd === undefined || own !== 0 ? undefined : lookFor(server.cwd, user);
  if (closed !== undefined)
    notes.push({
      path: at('cwd'),
      text: `its user ${user.uid} cannot enter \`${closed}\`, and it would not start: open that to it (mode 711), or take \`cwd\` out`,
    });
  return notes;
}

/** What is not there is said elsewhere. */
function lookFor(cwd: string, user: { readonly uid: number; readonly gid: number }): string | undefined {
  try {
    return findClosed(cwd, user);
  } catch {
    return undefined;
  }
}
