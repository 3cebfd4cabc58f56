// The ceilings of this machine, for `run` and for every command that says what holds. Loads nothing where there are none. Decides
// nothing.
import { type Ceilings, NO_CEILINGS } from '../config/ceilings.ts';
import { findCeilings } from '../config/find-ceilings.ts';
import type { Policy } from '../config/policy.ts';
import { restrictPolicy } from '../config/restrict-policy.ts';
import { GuardError } from '../guard-error.ts';
import { withConstraints } from './with-constraints.ts';

export interface CeilingSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number | undefined;
  readonly cwd: string;
}

/** @throws GuardError ceiling_…, config_unreadable, config_unparsable (78): then nothing may start */
export async function openCeilings({ env, uid, cwd }: CeilingSurroundings): Promise<Ceilings> {
  const places = findCeilings({ env, cwd, platform: process.platform });
  if (places.length === 0) return NO_CEILINGS;
  const { loadCeilings } = await import('../config/load-config.ts');
  return withConstraints((portsFor) => loadCeilings(places, { uid, portsFor }));
}

/** Of this process, for a command. @throws as `openCeilings` */
export function openCeilingsHere(): Promise<Ceilings> {
  return openCeilings({ env: process.env, uid: process.getuid?.(), cwd: process.cwd() });
}

/**
 * What holds where there is no config: what the ceilings take away from a policy that denies nothing. Undefined: no ceilings.
 *
 * @throws GuardError lock_required, server_unlisted (77) where a ceiling lets nothing run that no config lists
 */
export async function restrictBareRun({ files, restrictions, lock }: Ceilings): Promise<Policy | undefined> {
  const [file] = files;
  if (file === undefined) return undefined;
  if (lock === 'required')
    throw refuseBare(
      'lock_required',
      files.map(({ path }) => path),
      'lock: required',
    );
  const { compileDocument } = await import('../config/load-config.ts');
  const compiled = compileDocument(
    { version: 1 },
    { path: file.path, digest: file.digest },
    { env: {}, uid: undefined },
  );
  if (!compiled.ok) throw new Error('a config that says nothing does not compile');
  const { policy, decided } = restrictPolicy(compiled.policy, restrictions);
  const closed = decided.find(({ path }) => path === 'unlisted');
  if (closed !== undefined) throw refuseBare('server_unlisted', [closed.by], 'unlisted: deny');
  return policy;
}

function refuseBare(code: 'lock_required' | 'server_unlisted', files: readonly string[], key: string): GuardError {
  const shown = files.map((path) => `\`${path}\``).join(' and ');
  return new GuardError(code, `there is no config, and a ceiling (${shown}) lets nothing run without one: \`${key}\``, {
    hint: 'write a config that lists this server (`mcp-guard scope init -- <command>`)',
  });
}
