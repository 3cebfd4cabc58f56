// Who a session is, once that is decided, and every reason for which it is nobody. Values only; knows no token and no file.
import type { Json } from '../../wire/json.ts';

export interface Identity {
  /** `local`: nobody asked, and this is the user who runs the guard. */
  readonly kind: 'local' | 'token' | 'jwt';
  /** As it stands in the record and as limits count by it: `local:ada`, `token:ci`, `jwt:auth0|17`. INVARIANT: the kinds cannot be mistaken for each other. */
  readonly principal: string;
  /** The only tenant that this session may work for; undefined: nobody was asked, and `--tenant` says. */
  readonly tenant: string | undefined;
  /** Names of roles; undefined: roles do not apply, because nobody was asked who it is. */
  readonly roles: readonly string[] | undefined;
  /** Patterns over ids of configured servers; undefined: every server. */
  readonly servers: readonly string[] | undefined;
  /** Milliseconds since the epoch; from then on it is over. Infinity for never. */
  readonly expiresAtMs: number;
  /** The id of a guard token: what `token revoke` names. */
  readonly tokenId: string | undefined;
}

/** What is wrong with a token. INVARIANT: told to the record only; outside every one has the same answer. */
export type RefusalReason =
  | 'no_token' // none was presented
  | 'token_file_unreadable' // it is not there, is a link, is of somebody else, or others can read it
  | 'malformed' // neither a guard token nor a JWT
  | 'checksum_wrong' // a guard token with a slip in it
  | 'store_unreadable' // the store of guard tokens cannot be read
  | 'unknown' // no guard token has this id
  | 'secret_wrong' // one has, and its secret is another
  | 'revoked'
  | 'expired'
  | 'not_yet_valid'
  | 'not_for_server'
  | 'other_tenant' // `--tenant` names another than the token
  | 'jwt_not_accepted' // the config has no `auth.jwt`
  | 'too_large'
  | 'duplicate_member' // a JWT that two parsers could read differently
  | 'algorithm_refused'
  | 'key_unknown' // no key of the issuer fits
  | 'keys_unavailable' // the issuer's keys cannot be had
  | 'signature_wrong'
  | 'issuer_wrong'
  | 'audience_wrong'
  | 'header_refused' // `crit`, `b64` or something else that cannot be honoured
  | 'claims_refused' // a claim is missing, or is not what it has to be
  | 'failed'; // a defect: what cannot be judged is refused

/** A token as judged. `tokenId`, `principal`: known well enough to be recorded. */
export type IdentityVerdict =
  | { readonly kind: 'accepted'; readonly identity: Identity }
  | {
      readonly kind: 'refused';
      readonly why: RefusalReason;
      /** More of it, for the record: in the guard's own words, nothing out of the token. */
      readonly detail?: string | undefined;
      readonly tokenId?: string | undefined;
      readonly principal?: string | undefined;
    };

/** A server that a session wants to use. */
export interface WantedServer {
  /** By the config, or as its command line calls it. */
  readonly id: string;
  readonly isConfigured: boolean;
}

/** What a session wants to be started for; for which servers is asked once it is known who may know them. */
export interface StartRequest {
  /** What `--tenant` says; undefined: nothing. */
  readonly tenant: string | undefined;
  /** Wall clock, ms. */
  readonly nowMs: number;
}

export function localIdentity(user: string): Identity {
  return {
    kind: 'local',
    principal: `local:${user}`,
    tenant: undefined,
    roles: undefined,
    servers: undefined,
    expiresAtMs: Number.POSITIVE_INFINITY,
    tokenId: undefined,
  };
}

/** Who somebody is, as an issuer may say it: printable ASCII, so that nothing in it is invisible or reads like another. */
export function isPrincipal(value: Json | undefined): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,200}$/.test(value);
}
