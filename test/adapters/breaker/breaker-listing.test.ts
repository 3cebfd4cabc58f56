// Which servers a breaker is kept of, by the names of their files. On a real disk; decides nothing.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listBreakerServers } from '../../../src/adapters/breaker-listing.ts';
import { breakerPaths } from '../../../src/adapters/breaker-paths.ts';
import { openBreakerStore } from '../../../src/adapters/breaker-store.ts';
import { boardOf, isolated } from '../../cli/breaker-scene.ts';

const TENANT = 'default';
const clock = { now: () => ({ wallMs: Date.parse('2026-03-01T12:00:00Z'), monoMs: 1_000 }) };
let stateDir = '';

beforeEach(() => {
  stateDir = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-breaker-list-'));
});
afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

async function put(server: string): Promise<void> {
  const log = { write: () => {} };
  const store = openBreakerStore({ stateDir, tenant: TENANT, log, clock, between: (action) => action() });
  const board = boardOf(isolated('x'), {});
  expect(await new Promise((done) => store.update(server, () => board, done))).toEqual(board);
}

describe('the list of servers', () => {
  test.each(['files', 'A', 'a/b', 'con', '', '漢', '%41', '\u0000x', 'x'.repeat(10_000), '../../etc'])(
    '%j is read back from its file',
    async (server) => {
      await put(server);
      expect(listBreakerServers(stateDir, TENANT)).toEqual([server]);
    },
  );

  test('names one whose board is gone, and nothing that somebody else put there', async () => {
    await put('files');
    const paths = breakerPaths(join(stateDir, TENANT), 'files');
    fs.rmSync(paths.board);
    for (const name of ['B.json', 'x.txt', '.json', `${'y'.repeat(80)}%-0.json`, 'a.b.json'])
      fs.writeFileSync(join(stateDir, TENANT, 'breakers', name), '{"name":"evil"}');
    expect(listBreakerServers(stateDir, TENANT)).toEqual(['files']);
    expect(listBreakerServers(stateDir, 'nobody')).toEqual([]);
  });
});
