// Hosts that were used, as patterns of the rule `host` that match each of them alone. Pure; resolves nothing.
// attacker-controlled: the hosts. INVARIANT: no wildcard.
import { isPublicIpv4 } from '../constraint/public-address.ts';
import { isIpv4 } from '../constraint/url-form.ts';

export interface UsedHosts {
  /** Sorted, each once. */
  readonly hosts: readonly string[];
  /** Those of them that mean this machine or network. */
  readonly near: readonly string[];
}

const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const PORT = /^[1-9][0-9]{0,4}$/;
const NEAR = /^[^.]+$|\.(?:local|localhost|internal|home\.arpa)$/;

/** @param seen `name` or `name:port`, lower case */
export function findHosts(seen: Iterable<string>): UsedHosts {
  const hosts: string[] = [];
  const near: string[] = [];
  for (const text of [...new Set(seen)].sort()) {
    const [name = '', port, ...more] = text.split(':');
    if (!NAME.test(name) || name.length > 253 || more.length > 0 || (port !== undefined && !PORT.test(port))) continue;
    hosts.push(text);
    if (isIpv4(name) ? !isPublicIpv4(name) : NEAR.test(name)) near.push(text);
  }
  return { hosts, near };
}
