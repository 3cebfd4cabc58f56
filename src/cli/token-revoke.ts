// `mcp-guard token revoke`: from then on the token counts nowhere, and sessions that run by it end within a second. Narrows, so that it may
// come from anywhere and asks nobody. Knows no file.
import { endToken } from '../policy/identity/token-record.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';
import { findToken } from './token-find.ts';
import { carryOut, type TokenContext } from './token-order.ts';

/** @returns the exit code: 0 @throws GuardError usage, audit_unwritable, state_… */
export async function runTokenRevoke(
  id: string,
  { reason }: { readonly reason?: string | undefined },
  io: CliIo,
  context: TokenContext,
): Promise<number> {
  const token = findToken(context.read(), id);
  const paint = makePaint(io.color);
  if (token.revokedMs !== null) {
    io.stdout.write(`${token.id} was revoked on ${new Date(token.revokedMs).toISOString()}\n`);
    return 0;
  }
  await carryOut({ order: 'revoke', token, reason }, context, io, async () => {
    await context.update((tokens) => endToken(tokens, token.id, 'now', context.nowMs()));
  });
  io.stdout.write(`${paint('good', 'revoked')}: ${token.id} of ${token.principal}; its sessions end within a second\n`);
  return 0;
}
