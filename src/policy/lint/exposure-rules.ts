// The rules about all servers together: what reads private data beside what sends it outside, and names that read alike. Pure.
// attacker-controlled: names and schemas.
import type { JsonObject } from '../../wire/json.ts';
import { compilePattern } from '../pattern.ts';
import { findShadows } from '../pins/shadow.ts';
import { argumentKinds } from './argument-kind.ts';
import { type Found, quoteName, quoteNames } from './finding.ts';
import type { LintInput } from './lint-input.ts';
import { type CallableTool, constraintsOf, listCallable, listGrants } from './subject.ts';
import { readsPrivate, sendsOutside } from './tool-traits.ts';

export function findToxic(input: LintInput): readonly Found[] {
  // what a person must agree to each time does not leave by itself
  const callable = input.servers.flatMap((server) => listCallable(server, input.nowMs)).filter(({ isHeld }) => !isHeld);
  const readers = callable.filter(({ tool }) => readsPrivate(tool));
  const senders = callable.filter((one) => sendsOutside(one.tool) && !isKeptToHosts(one, input));
  const isPair = readers.some((reader) => senders.some((sender) => sender.tool !== reader.tool));
  if (!isPair) return [];
  return [
    {
      path: ['servers'],
      text: `what ${showTools(readers)} may read, ${showTools(senders)} may send outside: a text that a model reads is enough to make it do both`,
      mend: 'constrain the senders with `host`, deny them, or put the two into configs of their own',
    },
  ];
}

/** Every grant of it keeps every URL that it takes to named hosts. */
function isKeptToHosts({ server, tool }: CallableTool, input: LintInput): boolean {
  const urls = argumentKinds(tool).filter(({ kind }) => kind === 'url');
  if (urls.length === 0) return false;
  const sites = listGrants(input).filter(
    ({ grant, servers }) =>
      grant.kind === 'tool' && servers.includes(server) && compilePattern(grant.pattern).matches(tool.name),
  );
  // an unscoped server has no grant that could keep it
  if (sites.length === 0) return false;
  return sites.every(({ document }) =>
    urls.every(({ pointer }) => constraintsOf(document).some(([one, rules]) => one === pointer && namesHosts(rules))),
  );
}

function namesHosts({ host, equals, oneOf }: JsonObject): boolean {
  if (equals !== undefined || oneOf !== undefined) return true;
  return Array.isArray(host) && !host.some((one) => typeof one !== 'string' || /^([a-z]+:\/\/)?\*(:|$)/.test(one));
}

function showTools(tools: readonly CallableTool[]): string {
  return quoteNames(tools.map(({ server, tool }) => `${server.id}/${tool.name}`));
}

/** Of tools that were seen alone: a name in a grant is no tool, and a scope that servers share would be its own lookalike. */
export function findShadowed(input: LintInput): readonly Found[] {
  const offered = input.servers
    .filter(({ offer }) => offer !== undefined)
    .flatMap((server) => listCallable(server, input.nowMs).map(({ tool }) => ({ server: server.id, tool: tool.name })));
  return findShadows(offered).map(({ kind, tools }) => {
    const [first] = tools;
    const server = tools.every((one) => one.server === first?.server) ? first?.server : undefined;
    const places = quoteNames(tools.map(({ server, tool }) => `${server}/${tool}`));
    const text =
      kind === 'same'
        ? `${places} have one name: a call may reach the wrong one`
        : `${places} read alike: one may be taken for the other`;
    return {
      path: server === undefined ? ['servers'] : ['servers', server],
      server,
      tool: first?.tool,
      text,
      mend: `deny all but one; look at who brought ${quoteName(tools.at(-1)?.tool ?? '')}`,
    };
  });
}
