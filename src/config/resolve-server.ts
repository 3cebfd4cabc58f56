// Which entry of the policy a command line stands for, and what the server is called. Pure. INVARIANT: an entry of the
// policy is used only for the very command that is written in it.
import { GuardError } from '../guard-error.ts';
import { nearestWord } from './nearest-word.ts';
import type { Policy, ServerPolicy } from './policy.ts';
import type { ServerAt } from './restriction.ts';
import { nameServer } from './server-name.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

export interface Asked {
  /** `--server` */
  readonly serverFlag: string | undefined;
  readonly command: string | undefined;
  readonly args: readonly string[];
  /** How the config was looked for, for whoever expected another; only asked when something is wrong. */
  readonly search?: ConfigSearch;
}

export interface ConfigSearch {
  /** What to say of a project's file that was seen and not used. */
  readonly ignored: string | undefined;
  showPlaces(): string;
}

export interface ResolvedServer {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The entry that holds; undefined for a bare run and for an unlisted command that may run. */
  readonly entry: ServerPolicy | undefined;
}

/** Where a server that is not listed works, as far as anybody says: where the guard was started, with the user's home. */
export function bareAt({ name, args }: ResolvedServer): ServerAt {
  return { id: name, cwd: undefined, home: undefined, args };
}

/** @throws GuardError usage, server_unknown, server_ambiguous (64), server_mismatch, server_unlisted (77) */
export function resolveServer(policy: Policy | undefined, asked: Asked): ResolvedServer {
  const { serverFlag, command, args } = asked;
  if (serverFlag !== undefined && !NAME.test(serverFlag)) {
    throw new GuardError('usage', `\`--server ${serverFlag}\` is no legal name`, {
      hint: 'use 1 to 63 of `a-z`, `0-9` and `-`, not starting with `-`',
    });
  }
  const entry = findEntry(policy, asked);
  if (entry !== undefined) return { name: entry.id, command: entry.command, args: entry.args, entry };
  if (command === undefined) throw missingCommand(policy, asked);
  if (policy?.unlisted === 'deny') {
    throw new GuardError(
      'server_unlisted',
      // arguments may hold secrets: they are counted, not shown
      `\`${command}\` with ${countArguments(args)} is no server of \`${policy.source.path}\``,
      {
        hint: join(
          `add it there under \`servers\` with exactly this command and these args${orObserve(policy)}`,
          asked,
        ),
      },
    );
  }
  return { name: unlistedName(policy, serverFlag ?? nameServer(command, args)), command, args, entry: undefined };
}

/** Of no use in a tenant's view: there it would run unconfined, and is refused whatever the config says. */
function orObserve({ foreignPlaces }: Policy): string {
  return foreignPlaces === undefined ? ', or set `unlisted: observe`' : '';
}

function findEntry(policy: Policy | undefined, { serverFlag, command, args }: Asked): ServerPolicy | undefined {
  if (policy === undefined) return undefined;
  if (serverFlag !== undefined) {
    const named = policy.servers.get(serverFlag);
    if (named === undefined || command === undefined || isSameCommand(named, command, args)) return named;
    throw new GuardError('server_mismatch', `the command given differs from the one of \`servers.${serverFlag}\``, {
      hint: 'give exactly the command and args that are written there, or no command at all',
    });
  }
  if (command === undefined) return undefined;
  const matching = [...policy.servers.values()].filter((server) => isSameCommand(server, command, args));
  if (matching.length > 1) {
    const ids = matching.map((server) => `\`${server.id}\``).join(', ');
    throw new GuardError('server_ambiguous', `this command stands under ${ids}`, {
      hint: 'say which one with `--server`',
    });
  }
  return matching[0];
}

function countArguments({ length }: readonly string[]): string {
  return length === 1 ? '1 argument' : `${length === 0 ? 'no' : length} arguments`;
}

function isSameCommand(server: ServerPolicy, command: string, args: readonly string[]): boolean {
  return (
    server.command === command &&
    server.args.length === args.length &&
    server.args.every((argument, index) => argument === args[index])
  );
}

function missingCommand(policy: Policy | undefined, asked: Asked): GuardError {
  const { serverFlag, search } = asked;
  const ids = [...(policy?.servers.keys() ?? [])];
  const listed = `\`${policy?.source.path}\` has ${ids.map((id) => `\`${id}\``).join(', ') || 'no servers'}`;
  const looked = search === undefined ? '' : `; looked for ${search.showPlaces()}`;
  if (serverFlag === undefined) {
    const [first] = ids;
    if (first !== undefined)
      return new GuardError('usage', 'no server was named and no command was given', {
        hint: join(`as in \`--server ${first}\`: ${listed}`, asked),
      });
    const command = 'give the command of one, as in `mcp-guard run -- npx some-server`';
    return policy === undefined
      ? new GuardError('usage', `no command was given, and there is no config to take servers from${looked}`, {
          hint: join(`write a config at one of these places, or ${command}`, asked),
        })
      : new GuardError('usage', `no command was given, and \`${policy.source.path}\` has no servers`, {
          hint: join(`write \`servers\` there, or ${command}`, asked),
        });
  }
  if (policy === undefined) {
    return new GuardError('server_unknown', `there is no config to find \`${serverFlag}\` in${looked}`, {
      hint: search?.ignored ?? 'write a config, or give the command of the server after `--`',
    });
  }
  const near = nearestWord(serverFlag, ids);
  const mend = near === undefined ? listed : `did you mean \`${near}\`? ${listed}`;
  return new GuardError('server_unknown', `there is no server \`${serverFlag}\`, and no command was given`, {
    hint: join(mend, asked),
  });
}

/** `hint`, and what was not looked at. */
function join(hint: string, { search }: Asked): string {
  return search?.ignored === undefined ? hint : `${hint}; ${search.ignored}`;
}

/** An unlisted command never goes by the name of a configured one: records and breakers go by names. */
function unlistedName(policy: Policy | undefined, name: string): string {
  let free = name;
  for (let number = 1; policy?.servers.has(free) === true; number += 1) {
    const suffix = number === 1 ? '-unlisted' : `-unlisted-${number}`;
    free = `${name.slice(0, 63 - suffix.length)}${suffix}`;
  }
  return free;
}
