// Which methods a lenient server may take for one of the protocol's, and which may mean another than they say. Decides nothing.
import { readUri, type UriReading } from './uri-readings.ts';

const LONGEST_METHOD = 1024;

const POLICED: readonly string[] = [
  ...['tools/call', 'prompts/get', 'resources/read', 'resources/subscribe', 'resources/unsubscribe'],
  ...['completion/complete', 'subscriptions/listen', 'tool/call', 'prompt/get', 'resource/read'],
  ...['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'],
].map((method) => wordsOf(method).join(''));
const LONGEST_POLICED = Math.max(...POLICED.map((bare) => bare.length));

/** A lenient server may take ` Tools/Call` for `tools/call`: no grant of a method may let that in. */
export function isDisguised(method: string): boolean {
  return method.length > LONGEST_METHOD || POLICED.includes(wordsOf(method).join(''));
}

/**
 * A server that takes names apart may come from `vendor/tools/call` or `vendor/../tools/call` to `tools/call`: such a method only its
 * very name grants, and no wildcard. attacker-controlled: `method`.
 */
export function readMethod(method: string): UriReading {
  const isPlain = method.length <= LONGEST_METHOD && readUri(`x:/${method}`).isPlain && !endsInPoliced(method);
  return { isPlain, others: [] };
}

function endsInPoliced(method: string): boolean {
  let end = '';
  for (const word of wordsOf(method).reverse()) {
    end = `${word}${end}`;
    if (end.length > LONGEST_POLICED) return false;
    if (POLICED.includes(end)) return true;
  }
  return false;
}

function wordsOf(method: string): string[] {
  return method
    .slice(0, LONGEST_METHOD)
    .normalize('NFKD')
    .toLowerCase()
    .split(/[^a-z]+/);
}
