// Tells the client that a list of a server is another, by the guard's doing: only where the server may say so itself, or where a gateway
// says it for all of its servers. Knows no list.
import { listChangedLine } from '../wire/reply.ts';
import type { UpstreamId } from './events.ts';
import type { ListName } from './interceptor.ts';
import type { SessionParts } from './session-parts.ts';

export function tellListChanged(parts: SessionParts, upstream: UpstreamId, list: ListName): void {
  const { handshake, ledger, tellList } = parts;
  if (tellList !== undefined) {
    tellList(list);
    return;
  }
  if (handshake.era !== 'legacy' || handshake.initialized === undefined || !handshake.announces.has(list)) return;
  ledger.log('debug', `the client is told that the ${list} of \`${upstream}\` have changed`);
  ledger.push({ type: 'to_client', bytes: listChangedLine(list), needs: undefined, batch: undefined });
}
