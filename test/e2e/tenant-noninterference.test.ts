// Whatever one tenant does, or whether it is there at all: what the other one sees, and what is kept of it, is the same to the byte, but for
// times, random ids, salts and hashes. Real guards, real servers, random traces.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connect, openYard, writeConfig } from './tenant-stage.ts';
import { readTrail } from './trail.ts';

const ECHO = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));
/** Three calls of a tool, and no fourth on the same day: what one spends must not be the other's. */
const BLOCK = { limits: [{ key: ['tool'], rate: '1/day', burst: 3 }], breaker: { maxInFlight: 2 }, canary: true };

type Step = readonly [method: string, params: string];
const word = fc.constantFrom('a', 'b', 'globex', 'acme', '../acme', 'canary');
const step = fc.oneof(
  fc.tuple(word, word).map(([name, text]): Step => ['tools/call', JSON.stringify({ name, arguments: { text } })]),
  fc.constantFrom<Step>(
    ['tools/list', '{}'],
    ['tools/list', '{"cursor":"x"}'],
    ['tasks/get', '{"taskId":"t1"}'],
    ['no/such', '{}'],
  ),
);
const trace = fc.array(step, { minLength: 1, maxLength: 8 });

/** Everything of `globex`, while `who` does `other`; undefined: it is not there. */
async function observe(
  own: readonly Step[],
  other: readonly Step[] | undefined,
  who = 'acme',
): Promise<readonly string[]> {
  const yard = openYard();
  try {
    const config = writeConfig(yard, { acme: BLOCK, globex: BLOCK }, { args: [ECHO] });
    const globex = connect(yard, config, 'globex');
    // the first one locks the config
    await globex.initialize();
    const acme = other === undefined ? undefined : connect(yard, config, who);
    await acme?.initialize();
    const theirs = (async () => {
      for (const [id, [method, params]] of (other ?? []).entries()) await acme?.request(id + 1, method, params);
    })();
    for (const [id, [method, params]] of own.entries()) await globex.request(id + 1, method, params);
    await theirs;
    expect([(await acme?.end()) ?? 0, await globex.end()]).toEqual([0, 0]);
    const records = readTrail(join(yard.state, 'globex')).flatMap((segment) => segment.records);
    const files = fs.readdirSync(join(yard.state, 'globex'), { recursive: true, encoding: 'utf8' });
    const seen = [
      ...globex.lines,
      globex.stderr(),
      ...records.map((record) => JSON.stringify(record)),
      ...files.sort(),
    ];
    return seen.map((text) => mask(text.replaceAll(yard.home, 'HOME')));
  } finally {
    const left = await yard.close();
    fs.rmSync(`${yard.state}-homes`, { recursive: true, force: true });
    expect(left).toEqual([]);
  }
}

/** Times, random ids, salts, hashes, process ids; nothing that a tenant or its server chose. */
function mask(text: string): string {
  return text
    .replace(/ed25519:[A-Za-z0-9+/=]{44}/g, 'KEY')
    .replace(/\b[0-9a-f]{12,}\b/g, 'HEX')
    .replace(/\b0[0-9a-hjkmnp-tv-z]{15}\b/g, 'SEGMENT')
    .replace(/\b\d{4}-\d\d-\d\d(T[\d:.]+Z)?/g, 'TIME')
    .replace(/"(at|mono|ms|durationMs|pid|startTime|since|bytes|retryAfterMs|salt|bootId)":("[^"]*"|[\d.]+)/g, '"$1":0')
    .replace(/\b\d+(\.\d+)? ?(ms|s|seconds?|min|minutes?|h|hours?|days?)\b/g, 'SPAN');
}

test('one tenant sees the same with the other’s trace there, absent and replaced', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(trace, trace, trace, async (own, one, another) => {
      const alone = await observe(own, undefined);
      expect(alone.length).toBeGreaterThan(own.length);
      expect(await observe(own, one)).toEqual(alone);
      expect(await observe(own, another)).toEqual(alone);
    }),
    { numRuns: 2, endOnFailure: true },
  );
});

test('it would show: what one tenant’s own second session does is seen', async () => {
  const calls = Array.from({ length: 3 }, (): Step => ['tools/call', '{"name":"a","arguments":{}}']);
  const alone = await observe(calls, undefined);
  const beside = await observe(calls, calls, 'globex');
  // six calls of the three that the limit allows
  expect(alone.join()).not.toContain('rate_limited');
  expect(beside.join()).toContain('rate_limited');
});
