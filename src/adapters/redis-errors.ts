// What the errors of a redis, or of the way to one, say. Pure; knows no connection.
import type { RedisPlace } from '../config/redis-url.ts';

const LONGEST_WHY = 200;

/** `MOVED 3999 10.0.0.2:6381`; without a host it is the same one. */
export function readMoved(text: string, place: () => RedisPlace): Pick<RedisPlace, 'host' | 'port'> | undefined {
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(text) ?? [];
  if (host === undefined || port === undefined) return undefined;
  return { host: host === '' ? place().host : host, port: Number(port) };
}

/** A server's error begins with its code. */
export function isServerError(text: string): boolean {
  return /^[A-Z]{2,}(\s|$)/.test(text);
}

/** To who has said nothing else yet: a longer line of somebody who gave no password is a fault of the protocol to it, and ends the connection. */
export function explainNoAuth(text: string): string | undefined {
  return text.startsWith('NOAUTH') ? 'it wants a password, and its URL has none (`NOAUTH`)' : undefined;
}

export function textOf(error: unknown): string {
  // A name with several addresses fails with as many errors.
  if (error instanceof AggregateError && error.errors.length > 0) return textOf(error.errors[0]);
  const text = error instanceof Error && error.message !== '' ? error.message : String(error);
  return text.slice(0, LONGEST_WHY);
}
