// A suspended tenant's sessions end within a second, whatever its server, its client or its gateway is doing; and none begins meanwhile.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { writeSuspension } from '../../src/adapters/suspension.ts';
import { openTenantScope } from '../../src/tenant/tenant-scope.ts';
import { connectRaw, type RawClient } from './client-raw.ts';
import { descendants, eventually, type Yard } from './guarded.ts';
import { connect, openYard, writeConfig } from './tenant-stage.ts';
import { readTrail } from './trail.ts';
import { eachInYard } from './yards.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/servers/${name}.mjs`, import.meta.url));
/** A suspension does not wait as long as the config otherwise lets a server end by itself. */
const PATIENT = { termAfterMs: 8000, killAfterMs: 16_000 };
/** What the issue says. */
const WITHIN_MS = 1000;

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
}, openYard);

/** A config on which `acme` has the fixture servers. */
function configOf(servers: Readonly<Record<string, string>>): string {
  const path = join(yard.home, 'config.json');
  const entries = Object.entries(servers).map(([name, server]) => [
    name,
    { command: process.execPath, args: [fixture(server)], passEnv: ['GUARD_TEST_YARD'] },
  ]);
  const document = { version: 1, servers: Object.fromEntries(entries), tenants: { acme: {} }, shutdown: PATIENT };
  fs.writeFileSync(path, JSON.stringify(document), { mode: 0o600 });
  return path;
}

/** From the moment that the mark lies there to the end of the guard and everything it had started. */
async function suspendAndWait(client: RawClient): Promise<{ readonly ms: number; readonly code: number | null }> {
  writeSuspension(openTenantScope(yard.state, 'acme'), { version: 1, sinceMs: 0, actor: 'ada', reason: 'test' });
  const asked = performance.now();
  const [code] = await client.exited;
  const ms = performance.now() - asked;
  expect(await yard.leftovers(0)).toEqual([]);
  return { ms, code };
}

const stages = () =>
  readTrail(join(yard.state, 'acme')).flatMap(({ records }) =>
    // members of events
    records.flatMap(({ h }) => (h as { readonly detail?: { readonly stage?: string } }).detail?.stage ?? []),
  );

// a machine that does other things is asked again; what always takes longer stays red
describe('a session ends within a second', { retry: 2 }, () => {
  test.each([
    ['of a server that ignores TERM and the end of its input', 'ignores-sigterm', false],
    ['of one that has a call open', 'never-answers', true],
    ['of one that reads nothing, with a full pipe to it', 'never-reads', false],
  ])('%s', async (_, server, shakes) => {
    const client = connect(yard, configOf({ srv: server }), 'acme');
    if (shakes) await client.initialize();
    else await eventually('the server is up', () => client.stderr().includes('ready'));
    for (let id = 1; id <= 40; id += 1) {
      const text = 'x'.repeat(server === 'never-reads' ? 65_536 : 1);
      client.write(
        `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"t":"${text}"}}}\n`,
      );
    }
    const { ms, code } = await suspendAndWait(client);
    expect([code, ms < WITHIN_MS || ms]).toEqual([77, true]);
    expect(stages()).toContain('session_ended');
  });

  test('whose client reads nothing any more', async () => {
    const client = connect(yard, configOf({ srv: 'huge-result' }), 'acme');
    await client.initialize();
    client.pauseOutput();
    client.write('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"big","arguments":{}}}\n');
    await eventually('the call is on record', () =>
      readTrail(join(yard.state, 'acme')).some((one) => one.records.length > 4),
    );
    const { ms, code } = await suspendAndWait(client);
    expect([code, ms < WITHIN_MS || ms]).toEqual([77, true]);
  });

  test('of a gateway, with every server of it', async () => {
    const config = configOf({ stubborn: 'ignores-sigterm', mute: 'never-answers', plain: 'echo' });
    const args = [BIN, 'run', '--config', config, '--tenant', 'acme'];
    const client = connectRaw({ command: process.execPath, args, env: yard.env(), directory: yard.home });
    client.write(
      '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}\n',
    );
    await eventually('all of them run', () =>
      ['ignores-sigterm', 'never-answers', 'echo'].every((name) =>
        descendants(client.pid).some(({ command }) => command.includes(`${name}.mjs`)),
      ),
    );
    client.write('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"mute_echo","arguments":{}}}\n');
    const { ms, code } = await suspendAndWait(client);
    expect([code, ms < WITHIN_MS || ms]).toEqual([77, true]);
  });
});

test.each([
  ['one server', true],
  ['a gateway', true],
  ['one server', false],
  ['a gateway', false],
])('%s that is being started meanwhile is not; its secret comes: %s', async (kind, comes) => {
  // the provider says that it was asked, and answers when it is told to
  const [asked, go] = [join(yard.home, 'asked'), join(yard.home, 'go')];
  const provider = join(yard.home, 'provider.sh');
  fs.writeFileSync(
    provider,
    `#!/bin/sh\n: > ${asked}\nwhile [ ! -e ${go} ]; do sleep 0.02; done\necho s3cret-value\n`,
    {
      mode: 0o700,
    },
  );
  const started = join(yard.home, 'started');
  const config = writeConfig(
    yard,
    { acme: { servers: { srv: { env: { A: `exec:${provider}`, MARK: started } } } } },
    { args: [fixture('marks-start'), started] },
  );
  const args = [
    BIN,
    'run',
    '--config',
    config,
    '--tenant',
    'acme',
    ...(kind === 'a gateway' ? [] : ['--server', 'srv']),
  ];
  const client = connectRaw({ command: process.execPath, args, env: yard.env(), directory: yard.home });
  await eventually('the provider is asked', () => fs.existsSync(asked));
  writeSuspension(openTenantScope(yard.state, 'acme'), { version: 1, sinceMs: 0, actor: 'ada', reason: 'test' });
  const asking = performance.now();
  if (comes) fs.writeFileSync(go, '');
  expect(await client.exited).toEqual([77, null]);
  expect(client.stderr()).toContain('the tenant `acme` is suspended');
  // its program would be waited for 20 s
  expect(performance.now() - asking).toBeLessThan(5_000);
  expect([fs.existsSync(started), fs.existsSync(join(yard.state, 'acme', 'audit'))]).toEqual([false, false]);
});
