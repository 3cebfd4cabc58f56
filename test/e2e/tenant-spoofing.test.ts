// Whatever a message calls a tenant, wherever it does, and however it spells it: everything stays in the directory of the tenant that the
// session began with. And no command line begins a session under another spelling.
import * as fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { connectRaw } from './client-raw.ts';
import type { Yard } from './guarded.ts';
import { openYard, writeConfig } from './tenant-stage.ts';
import { readTrail } from './trail.ts';
import { eachInYard } from './yards.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));
const SERVER = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
}, openYard);

/** As JSON text within quotes. */
const SPELLINGS = [
  ...['globex', 'GLOBEX', 'Globex', ' globex', 'globex\\u0000', 'globex\\u0000acme', 'acme\\u0000/../globex'],
  ...['../globex', '..', '../../globex', '/globex', 'acme/../globex', '..\\\\globex', '..%2fglobex', '%2e%2e/globex'],
  ...['gl\\u00f6bex', '\\uff47lobex', 'gl\\u03bfbex', 'globe\\u0301x', '\\u202eglobex', 'globex\\u200b', '\\ud800'],
];

/** Where a message can say it: method, the rest of the params, and what stands beside them in the message. */
const CARRIERS: readonly (readonly [
  carrier: string,
  method: string,
  params: (name: string) => string,
  beside?: (name: string) => string,
])[] = [
  ['tool', 'tools/call', (name) => `{"name":"${name}","arguments":{}}`],
  [
    'arguments',
    'tools/call',
    (name) => `{"name":"t","arguments":{"tenant":"${name}","path":"${name}/x","cwd":"${name}"}}`,
  ],
  ['body', 'tools/call', (name) => `{"name":"t","arguments":{},"tenant":"${name}","tenantId":"${name}"}`],
  [
    '_meta',
    'tools/call',
    (name) => `{"name":"t","_meta":{"tenant":"${name}","mcp-guard/tenant":"${name}","progressToken":"${name}"}}`,
  ],
  [
    'headers',
    'tools/call',
    (name) => `{"name":"t","headers":{"x-tenant-id":"${name}"},"_meta":{"headers":{"x-tenant-id":"${name}"}}}`,
  ],
  [
    'envelope',
    'ping',
    () => '{}',
    (name) => `"tenant":"${name}","headers":{"x-tenant-id":"${name}","authorization":"Bearer ${name}"}`,
  ],
  ['resource', 'resources/read', (name) => `{"uri":"file:///${name}/audit"}`],
  ['prompt', 'prompts/get', (name) => `{"name":"${name}"}`],
  ['task', 'tasks/get', (name) => `{"taskId":"${name}"}`],
  ['cursor', 'tools/list', (name) => `{"cursor":"${name}"}`],
  ['level', 'logging/setLevel', (name) => `{"level":"${name}"}`],
  ['method', 'PLACE', () => '{}'],
];

test.each(['one server', 'a gateway'])(
  'no message to %s leads elsewhere, in any carrier and spelling',
  async (behind) => {
    const config = writeConfig(yard, { acme: {}, globex: {} }, { args: [SERVER] });
    const flags = behind === 'one server' ? ['--server', 'srv'] : [];
    const args = [BIN, 'run', '--config', config, '--tenant', 'acme', ...flags];
    // what a host may have lying about
    const env = {
      ...yard.env(),
      MCP_GUARD_TENANT: 'globex',
      TENANT: 'globex',
      TENANT_ID: 'globex',
      X_TENANT_ID: 'globex',
    };
    const acme = connectRaw({ command: process.execPath, args, env, directory: yard.home });
    acme.write(
      '{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"tenant":"globex"},"clientInfo":{"name":"../globex","version":"globex","tenant":"globex"},"_meta":{"tenant":"globex"}}}\n',
    );
    await acme.until((line) => line.includes('"hello"'));
    acme.write('{"jsonrpc":"2.0","method":"notifications/initialized","params":{"_meta":{"tenant":"globex"}}}\n');
    let id = 0;
    for (const name of SPELLINGS) {
      acme.write(`{"jsonrpc":"2.0","id":"${name}","method":"ping"}\n`);
      for (const [, method, params, beside] of CARRIERS) {
        id += 1;
        const named = method === 'PLACE' ? name : method;
        const more = beside === undefined ? '' : `,${beside(name)}`;
        acme.write(`{"jsonrpc":"2.0","id":${id},"method":"${named}","params":${params(name)}${more}}\n`);
      }
      acme.write(
        `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"${name}","tenant":"${name}"}}\n`,
      );
    }
    await acme.request('last', 'ping', '{}');
    expect(await acme.end()).toBe(0);
    expect(fs.readdirSync(yard.state).filter((name) => !['acme', 'lock', 'run'].includes(name))).toEqual([]);
    expect(fs.readdirSync(`${yard.state}-homes`)).toEqual(['acme']);
    const names = fs.readdirSync(yard.state, { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => /globex/i.test(name))).toEqual([]);
    const segments = readTrail(yard.state);
    expect(segments.length).toBeGreaterThan(0);
    expect(segments.flatMap(({ records }) => records).length).toBeGreaterThan(SPELLINGS.length * 4);
    for (const { records } of segments)
      expect((records[0]?.h as { readonly tenant?: unknown } | undefined)?.tenant).toBe('acme'); // of an `open` record
  },
);

// every other spelling: test/tenant/one-door.test.ts
test.each([...['GLOBEX', ' globex', '../globex', '..', '', 'acme/../globex', '\uff47lobex', 'globe\u0301x', 'lock']])(
  '`--tenant %j` begins nothing',
  async (name) => {
    const config = writeConfig(yard, { acme: {}, globex: {} }, { args: [SERVER] });
    const args = [BIN, 'run', '--config', config, '--server', 'srv', '--tenant', name];
    const client = connectRaw({ command: process.execPath, args, env: yard.env(), directory: yard.home });
    expect(await client.exited).toEqual([64, null]);
    expect([fs.readdirSync(yard.state), fs.existsSync(`${yard.state}-homes`)]).toEqual([[], false]);
  },
);
