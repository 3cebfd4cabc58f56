// What a command that is named in a text needs behind it, to be about the policy of whoever says it. Pure.
import type { ConfigPlace } from '../config/find-config.ts';
import { quoteWord } from '../config/shell-word.ts';
import type { CommandOptions } from '../policy/lock/lock-command.ts';
import { DEFAULT_TENANT } from './bare-run.ts';

/** A config that was named, or stands in a working directory, is not found from elsewhere; the user's own is. */
export function commandOptions(place: ConfigPlace, tenant: string): CommandOptions {
  const config = place.origin === 'user' ? '' : ` --config ${quoteWord(place.path)}`;
  return tenant === DEFAULT_TENANT ? config : `${config} --tenant ${quoteWord(tenant)}`;
}
