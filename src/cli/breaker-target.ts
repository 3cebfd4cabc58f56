// What `<server>[/<tool>]` on the command line means, and what to say where nobody knows it. Pure; knows no store.
import { nearestWord } from '../config/nearest-word.ts';
import { GuardError } from '../guard-error.ts';
import { LONGEST_TOOL } from '../policy/breaker/board.ts';
import { makeInert } from './inert-text.ts';

export interface Target {
  readonly server: string;
  /** Undefined: the server itself. */
  readonly tool: string | undefined;
}

const MOST_NAMES = 8;

/**
 * Tools may have `/` in their names: the server is the longest known name that fits, else what stands before the first `/`.
 * @throws GuardError usage
 */
export function readTarget(text: string, known: readonly string[]): Target {
  const fitting = known.filter((name) => text === name || text.startsWith(`${name}/`));
  const longest = fitting.toSorted((a, b) => b.length - a.length)[0];
  const slash = text.indexOf('/');
  const server = longest ?? (slash === -1 ? text : text.slice(0, slash));
  const tool = text.length === server.length ? undefined : text.slice(server.length + 1);
  if (server === '' || tool === '') {
    throw new GuardError('usage', `\`${text}\` names no ${server === '' ? 'server' : 'tool'}`, {
      hint: 'write `<server>` for a whole server, `<server>/<tool>` for one of its tools',
    });
  }
  if (tool !== undefined && tool.length > LONGEST_TOOL) {
    throw new GuardError('usage', `a tool whose name has ${tool.length} characters has no breaker of its own`, {
      hint: `the longest that has one has ${LONGEST_TOOL}: name the server`,
    });
  }
  return { server, tool };
}

/**
 * What a client of a gateway calls a tool, as a breaker does. Undefined where it begins with the prefix of no server.
 * @param prefixes by server; one that is not in it has `<id>__`
 */
export function readGatewayName(
  text: string,
  known: readonly string[],
  prefixes: ReadonlyMap<string, string> = new Map(),
): Target | undefined {
  const all = known.map((server) => ({ server, prefix: prefixes.get(server) ?? `${server}__` }));
  const fitting = all.filter(({ prefix }) => prefix !== '' && text.startsWith(prefix) && text.length > prefix.length);
  const longest = fitting.toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
  return longest === undefined ? undefined : { server: longest.server, tool: text.slice(longest.prefix.length) };
}

/** What to do about a target whose server nobody knows. */
export function explainTarget(text: string, known: readonly string[], prefixes?: ReadonlyMap<string, string>): string {
  const meant = readGatewayName(text, known, prefixes);
  if (meant === undefined) return suggestName(text, known);
  return `without the prefix of the gateway: write ${quote(`${meant.server}/${meant.tool}`)}`;
}

/** As a person types it, inert. */
export function showTarget({ server, tool }: Target): string {
  return makeInert(tool === undefined ? server : `${server}/${tool}`);
}

/** `did you mean …? known: …`: what to do about a name that nobody knows. */
export function suggestName(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'nothing is known yet';
  const near = nearestWord(name, known);
  const more = known.length > MOST_NAMES ? ` and ${known.length - MOST_NAMES} more` : '';
  const list = `known: ${known.slice(0, MOST_NAMES).map(quote).join(', ')}${more}`;
  return near === undefined ? list : `did you mean ${quote(near)}? ${list}`;
}

function quote(name: string): string {
  return `\`${makeInert(name)}\``;
}
