// How a domain of `isolation.network` is written. Knows no network and asks nobody.

/**
 * A name and all ports, or one; `*.` with at least two names behind it, for every name below. No address: a name that turns out to be one of
 * this machine's or a link-local one is refused by the gate. At most 253 characters.
 */
export const DOMAIN_PATTERN =
  /^(?=.{1,253}$)(?:(?:\*\.(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.))?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?)(?::[1-9][0-9]{0,4})?$/;
