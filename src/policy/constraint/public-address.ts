// Whether an IP address is one of the public network. One table; asks nobody. Sources: IANA special-purpose registries for IPv4
// and IPv6 (RFC 6890 and its updates), and the addresses at which clouds answer with credentials.

interface Range {
  readonly from: number;
  readonly bits: number;
}

/** IPv4 that is not public, with why. */
const NOT_PUBLIC_IPV4: readonly Range[] = [
  '0.0.0.0/8', // this host
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by carriers (CGNAT); one cloud's metadata
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // one cloud's wire server
  '169.254.0.0/16', // link-local; most clouds' metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; one cloud's metadata
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
].map((range) => {
  const [address = '', bits] = range.split('/');
  return { from: toNumber(address), bits: Number(bits) };
});

/** @param host in its only form, as url-form.ts gives it: dotted IPv4. */
export function isPublicIpv4(host: string): boolean {
  const address = toNumber(host);
  return !NOT_PUBLIC_IPV4.some(({ from, bits }) => {
    const size = 2 ** (32 - bits);
    return address >= from && address < from + size;
  });
}

/**
 * Of IPv6 only global unicast is public: not loopback, mapped or translated IPv4, unique local (one cloud's metadata), link-local,
 * multicast. In it, what tunnels or documents is not.
 *
 * @param host in its only form: brackets, lower case, compressed.
 */
export function isPublicIpv6(host: string): boolean {
  const groups = host.slice(1, -1).split('::')[0]?.split(':') ?? [];
  const [first = 0, second = 0] = groups.map((group) => (group === '' ? 0 : Number.parseInt(group, 16)));
  if (first < 0x2000 || first > 0x3fff) return false;
  if (first === 0x2001 && (second < 0x0200 || second === 0x0db8)) return false; // protocol assignments (Teredo), documentation
  if (first === 0x2002) return false; // 6to4: any IPv4 address
  return !(first === 0x3fff && second < 0x1000); // documentation
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
