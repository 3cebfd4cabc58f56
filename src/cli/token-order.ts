// What a person orders about guard tokens, on record before it is done; and what came of it. Knows no file; a token's text is never in it.
import { messageOf } from '../error-text.ts';
import type { TokenRecord, Tokens } from '../policy/identity/token-record.ts';
import type { JsonScalar } from '../wire/json.ts';
import type { Consent } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import type { OneShotTrail } from './one-shot-trail.ts';

export interface TokenContext {
  readonly consent: Consent;
  readonly actor: string;
  /** Wall clock, ms, an integer. */
  readonly nowMs: () => number;
  /** The token, as it is handed out once, and its id. */
  readonly make: () => { readonly id: string; readonly text: string; readonly hash: string };
  readonly read: () => Tokens;
  /** On disk when it resolves. @throws GuardError state_… */
  readonly update: (change: (tokens: Tokens) => Tokens) => Promise<Tokens>;
  readonly openTrail: (tenant: string) => OneShotTrail;
}

export interface TokenOrder {
  readonly order: 'create' | 'revoke' | 'rotate';
  readonly token: TokenRecord;
  readonly reason: string | undefined;
}

/** INVARIANT: on record before it is done; what came of it is, too. @throws what `action` throws, GuardError audit_unwritable */
export async function carryOut(
  { order, token, reason }: TokenOrder,
  { actor, openTrail }: TokenContext,
  io: CliIo,
  action: () => Promise<void>,
): Promise<void> {
  const trail = openTrail(token.tenant);
  try {
    const asked = trail.record('token', {
      stage: 'asked',
      order,
      ...describeToken(token),
      actor,
      reason: reason ?? null,
    });
    try {
      await action();
    } catch (error) {
      trail.record('token', { stage: 'failed', asked, why: messageOf(error) });
      throw error;
    }
    trail.record('token', { stage: 'done', asked });
  } finally {
    const unsealed = trail.close();
    if (unsealed !== undefined) io.stderr.write(`mcp-guard: ${makeInert(unsealed)}\n`);
  }
}

function describeToken(token: TokenRecord): Readonly<Record<string, JsonScalar>> {
  const { id, principal, roles, servers, expiresMs, replaces } = token;
  return {
    ...{ token: id, principal, roles: roles.join(' '), servers: servers === null ? null : servers.join(' ') },
    ...{ until: expiresMs === null ? null : new Date(expiresMs).toISOString(), replaces },
  };
}
