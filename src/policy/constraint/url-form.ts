// What a text says as a URL: scheme, host and port, or why two readers would go to different hosts. Knows no rule; asks no
// name server.

export interface UrlForm {
  /** Lower case, without `:`. */
  readonly scheme: string;
  /** Lower-case ASCII name, canonical IPv4, or IPv6 in brackets. */
  readonly host: string;
  /** Decimal; undefined where the URL names none. */
  readonly port: string | undefined;
}

export type UrlReading = { readonly ok: true; readonly url: UrlForm } | { readonly ok: false; readonly fault: string };

const MAX_URL_LENGTH = 8192;
const FORM = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([/?#].*)?$/i;
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::([0-9]+))?$/i;
const NAME = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;
const IDN = /^[\p{L}\p{M}\p{N}.-]+$/u;
/** Sharp s, final sigma and the joiners: mapped by one version of IDNA and kept by the other. */
const DEVIATION = /[ßς\u200c\u200d]/;

/** attacker-controlled: `text`. */
export function readUrl(text: string): UrlReading {
  if (text.length > MAX_URL_LENGTH) return deny(`must have at most ${MAX_URL_LENGTH} characters`);
  // WHATWG drops these or takes them for `/`; other readers do not
  if (/[\s\0-\x20\x7f-\xa0\\\p{Cf}]/u.test(text))
    return deny('must not hold blanks, control characters or backslashes');
  const [, scheme, authority, rest = ''] = FORM.exec(text) ?? [];
  if (scheme === undefined || authority === undefined)
    return deny('must be a full URL such as `https://example.com/x`');
  // a reader that knows no query or fragment looks for the host behind the `@`
  if (authority.includes('@') || /^[?#].*@/.test(rest)) return deny('must not hold a user name (`@` before the host)');
  const [, rawHost, port] = AUTHORITY.exec(authority) ?? [];
  if (rawHost === undefined) return deny('must name a plain host, with or without a port');
  if (port !== undefined && !/^(?:0|[1-9][0-9]{0,4})$/.test(port)) return deny('must name the port in plain digits');
  const host = readHost(rawHost);
  if (host === undefined)
    return deny('must name the host in its plain form, with neither odd characters nor a dot at its end');
  const form = { scheme: scheme.toLowerCase(), host, port };
  // INVARIANT: what the platform's own parser reads is the same host and port; it also refuses ports above 65535
  return isSameAsPlatform(text, form) ? { ok: true, url: form } : deny('must be a URL that every reader reads alike');
}

/**
 * The only form of a host: undefined for one that readers map, decode or round in their own ways (percent-encoding, fullwidth
 * letters, octal, hexadecimal and short IPv4 forms, zone ids).
 */
export function readHost(raw: string): string | undefined {
  if (!isPlainHost(raw)) return undefined;
  let host: string;
  try {
    host = new URL(`http://${raw}/`).hostname;
  } catch {
    return undefined;
  }
  if (host.startsWith('[')) return raw.startsWith('[') ? host : undefined;
  if (!NAME.test(host)) return undefined;
  // an IPv4 address that was not written as one
  if (isIpv4(host) && host !== raw) return undefined;
  return host;
}

function isPlainHost(raw: string): boolean {
  if (/^[\x21-\x7e]+$/.test(raw)) return !raw.includes('%');
  return IDN.test(raw) && !DEVIATION.test(raw) && raw.normalize('NFKC').toLowerCase() === raw;
}

/** Of a host in its only form. */
export function isIpv4(host: string): boolean {
  return /^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$/.test(host);
}

function isSameAsPlatform(text: string, form: UrlForm): boolean {
  let read: URL;
  try {
    read = new URL(text);
  } catch {
    return false;
  }
  if (read.protocol !== `${form.scheme}:` || read.username !== '' || read.password !== '') return false;
  const sameHost = read.hostname.toLowerCase() === form.host;
  // the platform leaves out the port that the scheme has anyway
  return sameHost && (read.port === '' ? form.port === undefined || isDefaultPort(form) : read.port === form.port);
}

export function defaultPort(scheme: string): string | undefined {
  const ports: Readonly<Record<string, string>> = { http: '80', https: '443', ws: '80', wss: '443', ftp: '21' };
  return Object.hasOwn(ports, scheme) ? ports[scheme] : undefined;
}

function isDefaultPort(form: UrlForm): boolean {
  return form.port === defaultPort(form.scheme);
}

function deny(fault: string): UrlReading {
  return { ok: false, fault };
}
