// Whatever one tenant does, or whether it is there at all: what the other one sees, and what is kept of it, is the same to the byte, but for
// times, random ids, salts and hashes. Real guards, real servers, random traces.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectRaw, type RawClient } from './client-raw.ts';
import type { Yard } from './guarded.ts';
import { connect, openYard, writeConfig } from './tenant-stage.ts';
import { readTrail } from './trail.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));
const ECHO = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));
/** Three calls of a tool, and no fourth on the same day: what one spends must not be the other's. */
const BLOCK = {
  limits: [{ key: ['tool'], rate: '1/day', burst: 3 }],
  breaker: { maxInFlight: 2 },
  audit: { quota: { maxBytes: 1_048_576 } },
  canary: true,
};
type Behind = 'one server' | 'a gateway';

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
/** More than all that a tenant may keep: from then on nothing more of it is recorded, nor done. */
const FLOOD: Step = ['tools/call', `{"name":"a","arguments":{"text":"${'x'.repeat(1_200_000)}"}}`];

/** Everything of `globex`, while `who` does `other`; undefined: it is not there. */
async function observe(
  own: readonly Step[],
  other: readonly Step[] | undefined,
  who = 'acme',
  behind: Behind = 'one server',
): Promise<readonly string[]> {
  const yard = openYard();
  try {
    const config = writeConfig(yard, { acme: BLOCK, globex: BLOCK }, { args: [ECHO], prefix: '' });
    const open = (tenant: string) =>
      behind === 'one server' ? connect(yard, config, tenant) : front(yard, config, tenant);
    const globex = open('globex');
    // the first one locks the config
    await globex.initialize();
    const acme = other === undefined ? undefined : open(who);
    await acme?.initialize();
    // all at once: what is in flight, too, is each one's own
    const theirs = Promise.all((other ?? []).map(([method, params], id) => acme?.request(id + 1, method, params)));
    for (const [id, [method, params]] of own.entries()) await globex.request(id + 1, method, params);
    await theirs;
    expect([(await acme?.end()) ?? 0, await globex.end()]).toEqual([0, 0]);
    const records = readTrail(join(yard.state, 'globex')).flatMap((segment) => segment.records);
    const seen = [
      ...globex.lines,
      globex.stderr(),
      ...records.map((record) => JSON.stringify(record)),
      ...listKept(join(yard.state, 'globex')),
      ...listKept(join(`${yard.state}-homes`, 'globex')),
    ];
    return seen.map((text) => mask(text.replaceAll(yard.home, 'HOME')));
  } finally {
    const left = await yard.close();
    fs.rmSync(`${yard.state}-homes`, { recursive: true, force: true });
    expect(left).toEqual([]);
  }
}

/** What is kept, by name, and what it says: breakers, limits, inventory, pins; not keys, which are random, nor the record, which was read. */
function listKept(root: string): readonly string[] {
  return fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const isText = name.endsWith('.json') && fs.statSync(join(root, name)).isFile();
      return isText ? `${name}: ${fs.readFileSync(join(root, name), 'utf8')}` : name;
    });
}

/** The same server behind a gateway, under no prefix, so that the same calls reach it. */
function front(yard: Yard, config: string, tenant: string): RawClient {
  const args = [BIN, 'run', '--config', config, '--servers', 'srv', '--tenant', tenant];
  return connectRaw({ command: process.execPath, args, env: yard.env(), directory: yard.home });
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

test.each<[Behind, number]>([
  ['one server', 2],
  ['a gateway', 1],
])(
  'behind %s one tenant sees the same with the other’s trace there, absent and replaced',
  { timeout: 60_000 },
  async (behind, numRuns) => {
    await fc.assert(
      fc.asyncProperty(trace, trace, trace, async (own, one, another) => {
        const alone = await observe(own, undefined, 'acme', behind);
        expect(alone.length).toBeGreaterThan(own.length);
        expect(await observe(own, one, 'acme', behind)).toEqual(alone);
        // its limits spent, its breaker full, its room used up
        expect(await observe(own, [FLOOD, ...another, ...another], 'acme', behind)).toEqual(alone);
      }),
      { numRuns, endOnFailure: true },
    );
  },
);

test('it would show: what one tenant’s own second session does is seen', async () => {
  const calls = Array.from({ length: 3 }, (): Step => ['tools/call', '{"name":"a","arguments":{}}']);
  const alone = await observe(calls, undefined);
  const beside = await observe(calls, calls, 'globex');
  // six calls of the three that the limit allows
  expect(alone.join()).not.toContain('rate_limited');
  expect(beside.join()).toContain('rate_limited');
});
