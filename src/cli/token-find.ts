// A token by its id, as a person names it. TRUST: who pastes a whole token where an id belongs must not find it in an error text.
import { GuardError } from '../guard-error.ts';
import type { TokenRecord, Tokens } from '../policy/identity/token-record.ts';

/** @throws GuardError usage */
export function findToken({ tokens }: Tokens, id: string): TokenRecord {
  const found = tokens.find((one) => one.id === id);
  if (found !== undefined) return found;
  if (!/^[0-9A-Za-z]{10}$/.test(id)) {
    throw new GuardError('usage', 'this is no id of a token', {
      hint: 'an id is the 10 letters and digits after `mcpg_`, as `mcp-guard token list` shows it; never type a whole token into a command',
    });
  }
  throw new GuardError('usage', `no token has the id \`${id}\``, { hint: 'see `mcp-guard token list`' });
}
