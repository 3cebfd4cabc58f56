// Whether there is such a tenant at all: a name that was mistyped must not look as if it had been obeyed. Knows no file.
import { nearestWord } from '../config/nearest-word.ts';
import { GuardError } from '../guard-error.ts';

export interface TenantNames {
  /** Of the config; undefined where none was found. */
  readonly listed: readonly string[] | undefined;
  /** Of whom something is kept here. */
  readonly kept: readonly string[];
}

/** @throws GuardError tenant_unknown */
export function requireKnown(tenant: string, { listed, kept }: TenantNames): void {
  if (kept.includes(tenant) || listed?.includes(tenant) === true) return;
  // what a config without tenants runs for
  if (tenant === 'default' && listed?.length === 0) return;
  const looked = listed === undefined ? 'no config was found' : 'the config lists none of this name';
  const near = nearestWord(tenant, [...(listed ?? []), ...kept]);
  const meant = near === undefined ? '' : `did you mean \`${near}\`? `;
  throw new GuardError('tenant_unknown', `there is no tenant \`${tenant}\`: ${looked}, and nothing of it is kept`, {
    hint: `${meant}look with \`mcp-guard tenant list\`; another config: \`--config FILE\``,
  });
}
