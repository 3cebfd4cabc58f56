// Fetches the public keys of an issuer: one address, one request, bounded in bytes and time. Knows neither cache nor token.
// TRUST: the address stands in the config; who answers there is known by TLS. No other address is ever asked: no redirect is followed,
// and nothing in a token names one.

const MAX_BYTES = 262_144;
const DEADLINE_MS = 5_000;

/** The body as text. @throws Error with why, for people */
export async function fetchKeys(url: string, deadlineMs = DEADLINE_MS): Promise<string> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(deadlineMs),
  });
  if (response.status !== 200) throw new Error(`it answered with status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  // the body of a fetch is a web stream, which Node iterates
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`it answered with more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}
