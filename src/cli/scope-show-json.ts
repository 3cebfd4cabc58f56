// The rows of `scope show` as JSON. Names of a server are attacker-controlled; every line is ASCII.
import { stringifyInert } from './call-json.ts';
import { pauseJson } from './pause-words.ts';
import type { ServerRows } from './scope-rows.ts';

/** One line of ASCII; keys stand in docs/scopes.md. */
export function formatServerJson(tenant: string, rows: ServerRows): string {
  const { server, standing, layers, ceilings, decided, grants, denies, inventory, offers, pause } = rows;
  const { waits, ending, isSilenced } = rows;
  const scoped = standing.kind === 'scoped' ? standing : undefined;
  return stringifyInert({
    tenant,
    server,
    standing: standing.kind,
    why: standing.kind === 'unscoped' ? standing.why : undefined,
    mode: scoped?.scope.mode,
    pause: pauseJson(pause),
    waits: waits ?? null,
    ending: ending === undefined ? null : { approval: ending.number, at: new Date(ending.endMs).toISOString() },
    instructionsWithheld: isSilenced,
    scope: scoped?.entry?.scope?.name || null,
    layers,
    ceilings,
    decided: decided.map(({ path, was, is, by }) => ({ path, was: String(was), is: String(is), by })),
    grants: grants.map(({ expiresAtMs, approvedUntilMs, ...grant }) => ({
      ...grant,
      expires: timeOf(expiresAtMs),
      approvedUntil: timeOf(approvedUntilMs),
    })),
    denies: denies.map(({ kind, pattern, rule, reason }) => ({ kind, pattern, rule, reason })),
    serverInfo: inventory?.server ?? null,
    offers: offers.map(({ seenAtMs, ...offer }) => ({ ...offer, seenAt: new Date(seenAtMs).toISOString() })),
  });
}

/** Null: never. */
function timeOf(timeMs: number): string | null {
  return Number.isFinite(timeMs) ? new Date(timeMs).toISOString() : null;
}
