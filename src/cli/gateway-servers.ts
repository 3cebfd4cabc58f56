// Which servers of the config stand behind this run, where no command was given. Pure.
import { nearestWord } from '../config/nearest-word.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';
import type { RunFlags } from './run.ts';

/**
 * Undefined: one server is meant, by its command or by `--server`.
 * @param words the command that was given @throws GuardError usage, server_unknown
 */
export function gatewayServers(
  policy: Policy | undefined,
  words: readonly string[],
  flags: Pick<RunFlags, 'server' | 'servers'>,
): readonly ServerPolicy[] | undefined {
  const { servers: asked } = flags;
  if (asked === undefined) {
    const isMany = words.length === 0 && flags.server === undefined && policy !== undefined && policy.servers.size > 0;
    return isMany ? [...policy.servers.values()] : undefined;
  }
  const clash = words.length > 0 ? 'a command' : flags.server === undefined ? undefined : '`--server`';
  if (clash !== undefined) {
    throw new GuardError('usage', `\`--servers\` takes its servers from the config, and ${clash} was given, too`, {
      hint: 'give one of the two',
    });
  }
  const ids = idsOf(asked);
  if (ids.includes('')) {
    const what = ids.length === 1 ? 'names no server' : 'has a comma with no name beside it';
    throw new GuardError('usage', `\`--servers ${quoteWord(asked)}\` ${what}`, {
      hint: 'give names of servers with a comma between them, or leave `--servers` out for all',
    });
  }
  const known = [...(policy?.servers.keys() ?? [])];
  for (const id of ids) {
    if (known.includes(id)) continue;
    const near = nearestWord(id, known);
    const listed = known.map((one) => `\`${one}\``).join(', ') || 'no servers';
    throw new GuardError(
      'server_unknown',
      `there is no server \`${id}\` in ${policy === undefined ? 'a config: there is none' : `\`${policy.source.path}\``}`,
      {
        hint: near === undefined ? `it has ${listed}` : `did you mean \`${near}\`? it has ${listed}`,
      },
    );
  }
  return serversOf(policy, asked);
}

/** Those that are behind the gateway under this policy, in the order of the config, which is the order of every list. @param asked `--servers`; undefined: all */
export function serversOf(policy: Policy | undefined, asked: string | undefined): readonly ServerPolicy[] {
  const all = [...(policy?.servers.values() ?? [])];
  return asked === undefined ? all : all.filter(({ id }) => idsOf(asked).includes(id));
}

function idsOf(asked: string): readonly string[] {
  return asked.split(',').map((id) => id.trim());
}
