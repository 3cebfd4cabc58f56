// A secret that a server puts into the names of its tools is in no store that a session keeps: inventory, seen pins, breakers, limits, record;
// behind one server and behind a gateway.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Yard } from './guarded.ts';
import { artefactsOf, connect, findLeaks, openYard, writeConfig } from './tenant-stage.ts';
import { eachInYard } from './yards.ts';

const SERVER = fileURLToPath(new URL('../fixtures/servers/names-secret.mjs', import.meta.url));
/** Such as a name of a tool can have. */
const SECRET = 'ghp-0123456789abcdefXYZ';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
}, openYard);

describe.each([
  ['one server', ['--server', 'srv'], ''],
  ['a gateway', [], 'srv__'],
] as const)('behind %s', (_, flags, prefix) => {
  test('what is kept has the name of the secret, and never the secret', async () => {
    const file = join(yard.home, 'secret');
    fs.writeFileSync(file, SECRET, { mode: 0o600 });
    const config = writeConfig(
      yard,
      {
        acme: {
          servers: { srv: { env: { TOKEN: `file:${file}` } } },
          limits: [{ key: ['tool'], rate: '1000/min', burst: 1000 }],
        },
      },
      { args: [SERVER] },
    );
    const client = connect(yard, config, 'acme', {}, flags);
    await client.initialize();
    for (const [id, list] of ['tools/list', 'prompts/list', 'resources/list'].entries())
      expect(await client.request(`list-${id}`, list, '{}')).toContain(SECRET);
    const call = JSON.stringify({ name: `${prefix}use-${SECRET}`, arguments: {} });
    // it is called under its own name, and fails, so often that its breaker opens
    for (let id = 1; id <= 5; id += 1) expect(await client.request(id, 'tools/call', call)).toContain(`no: ${SECRET}`);
    expect(await client.request(6, 'tools/call', call)).toContain('breaker_open');
    expect(await client.end()).toBe(0);
    const artefacts = new Map(
      artefactsOf(yard, 'acme', client, [
        ['scope', 'diff', '--config', config, '--tenant', 'acme'],
        ['scope', 'show', '--config', config, '--tenant', 'acme'],
        ['breaker', 'status', '--json', '--tenant', 'acme'],
        ['limits', 'status', '--json', '--tenant', 'acme'],
      ]),
    );
    // what the server sends belongs to its client
    artefacts.delete('client');
    expect(findLeaks(artefacts, [SECRET])).toEqual([]);
    // it was there to be found
    const kept = (store: string) =>
      [...artefacts].some(([path, bytes]) => path.includes(`/acme/${store}/`) && bytes.includes('[secret TOKEN]'));
    expect(['inventory', 'pins', 'breakers', 'limits', 'audit'].filter((store) => !kept(store))).toEqual([]);
  });
});
