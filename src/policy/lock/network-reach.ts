// How far a confined server may reach: nowhere, to named domains, anywhere; and what two voices leave of it. Pure; knows no config and
// nothing of how it is enforced.
import type { Json } from '../../wire/json.ts';

/** A domain is `api.example.com` or `*.example.com` (any name below it), either with `:443`. Lower case; the schema keeps to that. */
export type NetworkReach = boolean | readonly string[];

/** An absent key and anything that is no legal value is `false`. A list of nothing is, too. */
export function readReach(value: Json | undefined): NetworkReach {
  if (value === true) return true;
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) return false;
  return value.length > 0 && value;
}

/** INVARIANT: what both permit, and nothing else. The same value where one is within the other. */
export function narrowReach(one: NetworkReach, other: NetworkReach): NetworkReach {
  if (one === true || other === false) return other;
  if (other === true || one === false) return one;
  const met = one.flatMap((ours) => other.flatMap((theirs) => meet(ours, theirs)));
  const kept = [...new Set(met)].filter((domain) => !met.some((wider) => wider !== domain && covers(wider, domain)));
  return kept.length > 0 && kept;
}

/** Whether `wide` permits all of `narrow`. */
export function isWithin(narrow: NetworkReach, wide: NetworkReach): boolean {
  if (wide === true || narrow === false) return true;
  if (narrow === true || wide === false) return false;
  return narrow.every((domain) => wide.some((one) => covers(one, domain)));
}

function covers(wide: string, narrow: string): boolean {
  const [ours, theirs] = [splitPort(wide), splitPort(narrow)];
  return (ours.port === undefined || ours.port === theirs.port) && coversHost(ours.host, theirs.host);
}

/** `*.example.com` is every name below `example.com`, and not that name itself. */
function coversHost(wide: string, narrow: string): boolean {
  return wide === narrow || (wide.startsWith('*.') && narrow.endsWith(wide.slice(1)));
}

function meet(one: string, other: string): readonly string[] {
  const [ours, theirs] = [splitPort(one), splitPort(other)];
  if (ours.port !== undefined && theirs.port !== undefined && ours.port !== theirs.port) return [];
  const port = ours.port ?? theirs.port;
  const host = coversHost(ours.host, theirs.host)
    ? theirs.host
    : coversHost(theirs.host, ours.host)
      ? ours.host
      : undefined;
  return host === undefined ? [] : [port === undefined ? host : `${host}:${port}`];
}

function splitPort(domain: string): { readonly host: string; readonly port: string | undefined } {
  const [host = '', port] = domain.split(':');
  return { host, port };
}
