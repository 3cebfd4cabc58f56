// The one door to what belongs to a tenant: its name becomes a path here and nowhere else (a test reads the sources). Knows no document,
// no file system and no other tenant: who holds a scope can name nothing outside of it.
import { join } from 'node:path';
import { StatePathError } from './state-path-error.ts';
import { type TrailPaths, trailPaths } from './trail-paths.ts';

/** Directories beside the tenants', which belong to the machine's guards together; the config knows them, too (config/tenant-names.ts). */
export const RESERVED_TENANTS = ['run', 'projects', 'lock', 'tokens', 'canaries'] as const;
const RESERVED: ReadonlySet<string> = new Set(RESERVED_TENANTS);
/** Devices of Windows, whatever the directory: no directory can have such a name there. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;
const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** A step below a tenant's directory: a name, never a way. */
const STEP = /^(?!\.{1,2}$)[^/\\\0]{1,255}$/;

export interface TenantScope {
  readonly id: string;
  readonly stateDir: string;
  /** `<state>/<tenant>` */
  readonly directory: string;
  readonly trail: TrailPaths;
  /**
   * What its servers may write to: `<state>-homes/<tenant>`. Beside the state and not in it, because no tool may touch the state, and a
   * user of the tenant's own may not even enter it.
   */
  readonly homes: { readonly root: string; readonly directory: string };
  /** `<state>/<tenant>/<below…>`. @throws StatePathError where a step is no plain name */
  place(...below: readonly string[]): string;
  /** The same as steps from the state directory, for whoever makes them one by one. */
  steps(...below: readonly string[]): readonly string[];
}

/**
 * TRUST: compared as it is, nothing is transformed: no case folding, no Unicode form, no trimming, so that no two names are one directory.
 */
export function isTenant(name: string): boolean {
  return TENANT.test(name) && !RESERVED.has(name) && !DEVICE.test(name);
}

/** @throws StatePathError where `id` is no name for a tenant */
export function openTenantScope(stateDir: string, id: string): TenantScope {
  const directory = tenantDir(stateDir, id);
  const steps = (...below: readonly string[]): readonly string[] => tenantSteps(id, ...below);
  return Object.freeze<TenantScope>({
    id,
    stateDir,
    directory,
    trail: trailPaths(directory),
    homes: { root: homesBeside(stateDir), directory: join(homesBeside(stateDir), ...steps()) },
    place: (...below) => join(stateDir, ...steps(...below)),
    steps,
  });
}

/** Of all tenants: closed to every sandbox, but for a tenant's own part. */
export function homesBeside(stateDir: string): string {
  return `${stateDir}-homes`;
}

/** @throws StatePathError where `tenant` is no name for one */
export function tenantDir(stateDir: string, tenant: string): string {
  return join(stateDir, ...tenantSteps(tenant));
}

/** From the state directory. @throws StatePathError where `tenant` is no name for one, or a step is no plain name */
export function tenantSteps(tenant: string, ...below: readonly string[]): readonly string[] {
  if (!isTenant(tenant)) {
    throw new StatePathError(
      `\`${tenant}\` is no name for a tenant: use a-z, 0-9 and -, at most 63, not ${RESERVED_TENANTS.join(', ')} nor a device of Windows`,
    );
  }
  const odd = below.find((step) => !STEP.test(step));
  if (odd !== undefined)
    throw new StatePathError(`\`${odd}\` is no plain name of a file: this is a defect of mcp-guard`);
  return [tenant, ...below];
}
