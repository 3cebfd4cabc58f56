// Two tenants of one config on the same hostile server, at once; and everything that is left of one of them, searched for the other.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { probeNetworkRuntime } from '../../src/adapters/network-gate-probe.ts';
import { listForms } from '../../src/audit/redact/secret-forms.ts';
import { connectRaw, type RawClient } from './client-raw.ts';
import { Yard } from './guarded.ts';
import { readTrail } from './trail.ts';

export const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));
const SERVERS = fileURLToPath(new URL('../fixtures/servers', import.meta.url));

/** Where every user may enter: a tenant may have a user of its own. */
export function openYard(): Yard {
  const yard = new Yard();
  fs.chmodSync(yard.home, 0o711);
  fs.mkdirSync(yard.state, { mode: 0o700 });
  return yard;
}

/** Why this machine cannot show a level; undefined where it can. */
export function lacks(level: 'L1' | 'L2' | 'L3'): string | undefined {
  if (process.platform !== 'linux') return `${level} is built for Linux`;
  if (level === 'L1') {
    if (process.getuid?.() !== 0) return 'L1 needs a guard that root has started';
    const able = spawnSync('setpriv', ['--reuid', '7001', '--clear-groups', 'test', '-r', join(SERVERS, 'echo.mjs')]);
    return able.status === 0 ? undefined : 'setpriv is missing, or another user cannot read this checkout';
  }
  const able = spawnSync('bwrap', [
    '--unshare-user',
    '--disable-userns',
    '--unshare-pid',
    '--unshare-net',
    '--ro-bind',
    '/',
    '/',
    'true',
  ]);
  if (level === 'L3' && able.status === 0) {
    const offer = probeNetworkRuntime(process.platform, { from: BIN });
    return offer.kind === 'missing' ? offer.why : undefined;
  }
  return able.status === 0
    ? undefined
    : `bubblewrap cannot build a sandbox here: ${able.error?.message ?? able.stderr}`;
}

/** A sandbox needs a user of its own where root starts the guard, and has none where somebody else does. */
export function ownUserOf(uid: number): { readonly uid?: number } {
  return process.getuid?.() === 0 ? { uid } : {};
}

/** A config on which two tenants meet on one server. `blocks` are theirs. */
export function writeConfig(yard: Yard, blocks: Readonly<Record<string, object>>, server: object = {}): string {
  const path = join(yard.home, 'config.json');
  const told = { command: process.execPath, args: [join(SERVERS, 'told-tenant.mjs')], ...server };
  const text = JSON.stringify({ version: 1, servers: { srv: told }, tenants: blocks });
  fs.writeFileSync(path, text, { mode: 0o600 });
  fs.rmSync(join(yard.home, 'mcp-guard.lock.json'), { force: true });
  return path;
}

export function connect(
  yard: Yard,
  config: string,
  tenant: string,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = ['--server', 'srv'],
): RawClient {
  const args = [BIN, 'run', '--config', config, ...flags, '--tenant', tenant];
  return connectRaw({ command: process.execPath, args, env: { ...yard.env(), ...env }, directory: yard.home });
}

/** What the server finds out about its surroundings. */
export interface Look {
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly home: string;
  readonly host: string;
  readonly uid: number;
  readonly umask: number;
  readonly limits: string;
  readonly open: readonly string[];
  readonly processes: readonly unknown[];
  readonly [more: string]: unknown;
}

/** @param tool also a name that the client chooses: it ends up in record and breakers */
export async function lookAround(client: RawClient, id: number, tool = 'look', text = ''): Promise<Look> {
  const line = await client.request(id, 'tools/call', JSON.stringify({ name: tool, arguments: { text } }));
  const { text: said } = JSON.parse(line).result.content[0];
  if (!said.startsWith('{')) throw new Error(`${said}: ${client.stderr().slice(-2000)}`);
  // the fixture's own answer
  return JSON.parse(said) as Look;
}

/** The level of each session of a tenant, as the record has it. */
export function isolationOf(yard: Yard, tenant: string): readonly unknown[] {
  return readTrail(join(yard.state, tenant))
    .map(({ records }) => (records[0]?.h as { readonly isolation?: unknown } | undefined)?.isolation) // of an `open` record
    .filter((level) => level !== 'none');
}

/** Everything that belongs to a tenant, by where it was found. @param reports commands whose output belongs to it, too */
export function artefactsOf(
  yard: Yard,
  tenant: string,
  client: RawClient,
  reports: readonly (readonly string[])[] = [],
): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  found.set('client', Buffer.from(client.lines.join('\n')));
  found.set('stderr', Buffer.from(client.stderr()));
  for (const root of [join(yard.state, tenant), join(`${yard.state}-homes`, tenant)]) {
    if (!fs.existsSync(root)) continue;
    for (const name of fs.readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      const path = join(root, name);
      if (fs.statSync(path).isFile()) found.set(path, Buffer.concat([Buffer.from(`${path}\n`), fs.readFileSync(path)]));
    }
  }
  for (const words of reports) {
    const { stdout, stderr } = yard.command(...words);
    found.set(words.join(' '), Buffer.from(stdout + stderr));
  }
  return found;
}

/** Where one of `tokens` stands, in any form, also within what is compressed. */
export function findLeaks(artefacts: ReadonlyMap<string, Buffer>, tokens: readonly string[]): readonly string[] {
  const forms = tokens.flatMap(listForms).map((form) => Buffer.from(form));
  return [...artefacts].flatMap(([place, bytes]) => {
    const texts = [bytes, ...inflateAll(bytes)];
    return texts.some((text) => forms.some((form) => text.includes(form))) ? [place] : [];
  });
}

function inflateAll(bytes: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (
    let at = bytes.indexOf('\x1f\x8b\x08', 0, 'latin1');
    at !== -1;
    at = bytes.indexOf('\x1f\x8b\x08', at + 1, 'latin1')
  ) {
    try {
      found.push(gunzipSync(bytes.subarray(at)));
    } catch {
      // Three bytes that only look like the beginning of an archive.
    }
  }
  return found;
}
