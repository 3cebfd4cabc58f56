// Which deadline holds for a tool of a configured server. Pure; knows no clock.
import type { DeadlinePolicy, ServerPolicy } from './policy.ts';
import type { AppliedRestriction } from './restriction.ts';

type DeadlineSource = Pick<ServerPolicy, 'tools' | 'deadline' | 'restrictedBy'>;

const NEVER: DeadlinePolicy = { idleMs: Number.POSITIVE_INFINITY, hardMs: Number.POSITIVE_INFINITY };

/**
 * A key of `tools` that is the tool's very name decides alone; else all patterns that match, the stricter number of each
 * kind; what they leave open comes from the server. So a tool may be given more time than its server, by name or pattern.
 */
export function toolDeadline(server: DeadlineSource, tool: string): DeadlinePolicy {
  const own = writtenDeadline(server, tool);
  return restrictDeadline(own, server.restrictedBy ?? [], tool);
}

/** Of each the smaller, by what each restriction says of this very tool: in its own block a name decides alone, too. */
export function restrictDeadline(
  own: DeadlinePolicy,
  restrictions: readonly AppliedRestriction[],
  tool: string,
): DeadlinePolicy {
  return restrictions.reduce(({ idleMs, hardMs }, { tools = [], deadline }) => {
    const most = writtenDeadline({ tools, deadline: { ...NEVER, ...deadline } }, tool);
    return { idleMs: Math.min(idleMs, most.idleMs), hardMs: Math.min(hardMs, most.hardMs) };
  }, own);
}

function writtenDeadline(server: Pick<ServerPolicy, 'tools' | 'deadline'>, tool: string): DeadlinePolicy {
  const exact = server.tools.filter((entry) => entry.pattern === tool);
  const matching = exact.length > 0 ? exact : server.tools.filter((entry) => matchPattern(entry.pattern, tool));
  return {
    idleMs: strictest(matching.map((entry) => entry.idleMs)) ?? server.deadline.idleMs,
    hardMs: strictest(matching.map((entry) => entry.hardMs)) ?? server.deadline.hardMs,
  };
}

function strictest(values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((value) => value !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

/**
 * Anchored and case-sensitive: `*` is any run of characters (`/` and a leading dot included), `?` is one; nothing else is
 * special. At most |pattern|·|text| steps. attacker-controlled: `text`.
 */
export function matchPattern(pattern: string, text: string): boolean {
  const wanted = [...pattern];
  const given = [...text];
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < given.length) {
    if (wanted[p] === '*') {
      star = p;
      p += 1;
      resume = t;
    } else if (p < wanted.length && (wanted[p] === '?' || wanted[p] === given[t])) {
      p += 1;
      t += 1;
    } else if (star !== -1) {
      p = star + 1;
      resume += 1;
      t = resume;
    } else return false;
  }
  while (wanted[p] === '*') p += 1;
  return p === wanted.length;
}
