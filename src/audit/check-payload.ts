// Does a record still hold what its header commits to? Knows no chain; the external file is looked at by the caller's function.
import { stringAt } from '../wire/json.ts';
import type { Digest } from './chain.ts';
import { commitmentOf, type TrailRecord } from './record.ts';

export type ExternalState = 'ok' | 'missing' | 'mismatch';

/** Looks at the external payload of `segment` that is named by `digest`, and hashes it with `salt`. */
export type CheckExternal = (segment: string, digest: string, salt: string) => ExternalState;

export type PayloadState =
  | 'none' // the record never had one
  | 'ok'
  | 'removed' // the payload, or payload and salt, were taken out: legal, the chain does not cover them
  | 'mismatch';

/** What `p` says where the payload stands outside. */
export function externalText(digest: string): string {
  return `{"file":"${digest}"}`;
}

export function checkPayload(
  record: TrailRecord,
  segment: string,
  digest: Digest,
  external: CheckExternal,
): PayloadState {
  const { payloadText: text, salt, header } = record;
  const form = stringAt(header, 'p');
  const committed = commitmentOf(header);
  // INVARIANT: what no header commits to has no place in a record.
  if (form === undefined || form === 'off') return text === undefined && salt === undefined ? 'none' : 'mismatch';
  if (committed === undefined) return 'mismatch';
  if (form === 'digest') return text === undefined ? 'none' : 'mismatch';
  if (text === undefined || salt === undefined) return 'removed';
  if (form === 'file')
    return text === externalText(committed) ? fromExternal(external(segment, committed, salt)) : 'mismatch';
  const payload = form === 'line' ? text : form === 'text' ? unquote(text) : undefined;
  return payload !== undefined && digest.salted(salt, payload) === committed ? 'ok' : 'mismatch';
}

const fromExternal = (state: ExternalState): PayloadState => (state === 'missing' ? 'removed' : state);

/** The string of a literal in its one canonical form; undefined for any other way to write it. */
function unquote(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' && JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}
