// The rule `host`: a URL that goes to one of the allowed hosts. Names are compared, never resolved, and redirects are not seen.
import { isPublicIpv4, isPublicIpv6 } from './public-address.ts';
import { readText } from './readable-value.ts';
import { type CompileRule, type Report, TOO_MUCH } from './rule.ts';
import { listChoices, quote } from './shown-text.ts';
import { defaultPort, isIpv4, readHost, readUrl, type UrlForm } from './url-form.ts';

interface HostPattern {
  /** As it is written. */
  readonly text: string;
  /** Undefined: `http` and `https`. */
  readonly scheme: string | undefined;
  /** `any`: every public address and every name that does not mean this machine or network. */
  readonly host: { readonly kind: 'any' } | { readonly kind: 'exact' | 'below'; readonly name: string };
  /** Undefined: the default port of the scheme, or none given. */
  readonly port: string | '*' | undefined;
}

const PATTERN = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\*|\[[^\]]+\]|[^:/?#@[\]]+)(?::([1-9][0-9]{0,4}|\*))?$/i;
const UNITS_PER_URL = 2_000;

export const compileHost: CompileRule<readonly string[]> = (written, report) => {
  const patterns = written.map((text, index) => readPattern(text, (at, message) => report(`[${index}]${at}`, message)));
  if (patterns.length === 0) report('', 'must name at least one host: an empty list would refuse everything');
  const known = patterns.filter((pattern) => pattern !== undefined);
  if (known.length === 0 || known.length < patterns.length) return undefined;
  const allowed = `a URL on ${listChoices(written.map(quote))}`;
  return {
    kind: 'host',
    check(value, budget) {
      const read = readText(value);
      if (!read.ok) return typeof value === 'string' ? `${read.fault}; allowed is ${allowed}` : `must be ${allowed}`;
      if (!budget.spend(UNITS_PER_URL)) return TOO_MUCH;
      const url = readUrl(read.value);
      if (!url.ok) return `${url.fault}; allowed is ${allowed}`;
      if (known.some((pattern) => matches(pattern, url.url))) return undefined;
      const wide = known.find(({ host }) => host.kind === 'any');
      return `must be ${allowed}${wide === undefined ? '' : explainAny(wide, url.url)}`;
    },
  };
};

function readPattern(text: string, report: Report): HostPattern | undefined {
  const [, scheme, written, port] = PATTERN.exec(text) ?? [];
  if (written === undefined || Number(port ?? 1) > 65_535) {
    const forms = '`api.example.com`, `*.example.com`, `example.com:8443`, `example.com:*`, `wss://example.com` or `*`';
    return void report('', `must have one of the forms ${forms}; is ${quote(text)}`);
  }
  const base = { text, scheme: scheme?.toLowerCase(), port };
  if (written === '*') return { ...base, host: { kind: 'any' } };
  const isBelow = written.startsWith('*.');
  const name = readHost((isBelow ? written.slice(2) : written).toLowerCase());
  if (name === undefined) return void report('', `must name a host in its plain form; is ${quote(text)}`);
  if (isBelow && (name.startsWith('[') || isIpv4(name))) {
    return void report('', `must not put \`*.\` before an address; is ${quote(text)}`);
  }
  return { ...base, host: { kind: isBelow ? 'below' : 'exact', name } };
}

function matches(pattern: HostPattern, url: UrlForm): boolean {
  return matchesScheme(pattern.scheme, url) && matchesPort(pattern.port, url) && matchesHost(pattern.host, url.host);
}

function matchesScheme(scheme: HostPattern['scheme'], url: UrlForm): boolean {
  return scheme === undefined ? /^https?$/.test(url.scheme) : url.scheme === scheme;
}

/** Why a pattern that seems to allow every host does not allow this one. */
function explainAny({ text, scheme, port }: HostPattern, url: UrlForm): string {
  let missed = 'private and local names and addresses';
  if (!matchesScheme(scheme, url)) {
    missed = `other schemes than ${scheme === undefined ? '`http` and `https`' : quote(scheme)}`;
  } else if (!matchesPort(port, url)) {
    missed = `other ports than ${port === undefined ? 'the usual one of the scheme' : quote(port)}`;
  }
  return `; ${quote(text)} does not include ${missed}: such must be named`;
}

function matchesPort(port: HostPattern['port'], url: UrlForm): boolean {
  if (port === '*') return true;
  const standard = defaultPort(url.scheme);
  return (url.port ?? standard) === (port ?? standard);
}

function matchesHost(wanted: HostPattern['host'], host: string): boolean {
  if (wanted.kind === 'exact') return host === wanted.name;
  // INVARIANT: a private address is allowed only by its own name, never by a wildcard
  if (wanted.kind === 'below') return host.endsWith(`.${wanted.name}`);
  if (host.startsWith('[')) return isPublicIpv6(host);
  return isIpv4(host) ? isPublicIpv4(host) : !isLocalName(host);
}

/**
 * Below no registry: reserved (RFC 6761, 6762, 7686, 8375, ICANN's name collisions), or what `/etc/hosts`, home routers and clusters
 * give out by themselves. `fritz.box` is, `box` is not.
 */
const LOCAL_DOMAIN =
  /(?:^|\.)(?:localhost[46]?|localdomain[46]?|local|internal|intranet|lan|home|mail|corp|private|domain|workgroup|belkin|router|gateway|test|invalid|onion|alt|svc|default|ip|nas|consul|docker|lxd|incus|localnet|(?:fritz|easy|o2)\.box|home\.arpa|in-addr\.arpa|ip6\.arpa)$/;

/** Every domain of the root is letters alone (RFC 3696), or a name in another script. */
const PUBLIC_SHAPE = /\.(?:[a-z]{2,63}|xn--[a-z0-9-]+)$/;

/** Names that stand for this machine or its network: one label, or a domain that is never public. */
function isLocalName(host: string): boolean {
  return !PUBLIC_SHAPE.test(host) || LOCAL_DOMAIN.test(host);
}
