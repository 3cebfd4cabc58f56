// The servers that the suite is played on: how each is started, nothing else.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Peer } from './stage.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const node = process.execPath;

const packaged = (name: string, ...args: string[]): Peer => ({
  command: () => [node, here(`../../node_modules/@modelcontextprotocol/${name}/dist/index.js`), ...args],
});

const fixture = (path: string, ...args: string[]): Peer => ({ command: () => [node, here(path), ...args] });

export const everything = packaged('server-everything', 'stdio');

export const filesystem: Peer = {
  command: (directory) => {
    const shared = join(directory, 'shared');
    mkdirSync(shared);
    writeFileSync(join(shared, 'a.txt'), 'first\nsecond\n', { mode: 0o600 });
    return [...packaged('server-filesystem').command(directory), shared];
  },
};

export const memory: Peer = {
  ...packaged('server-memory'),
  env: (directory) => ({ MEMORY_FILE_PATH: join(directory, 'memory.jsonl') }),
};

export const thinking = packaged('server-sequential-thinking');

/** Servers on SDK v1, one for each legacy revision of the protocol. */
export const legacyServers: readonly { readonly sdk: string; readonly revision: string; readonly peer: Peer }[] = [
  { sdk: '1.0.4', revision: '2024-11-05', peer: fixture('../fixtures/peers/sdk-1.0.4.mjs') },
  { sdk: '1.11.5', revision: '2025-03-26', peer: fixture('../fixtures/peers/sdk-1.11.5.mjs') },
  { sdk: '1.17.5', revision: '2025-06-18', peer: fixture('../fixtures/peers/sdk-1.17.5.mjs') },
  { sdk: '1.32.2', revision: '2025-11-25', peer: fixture('../fixtures/peers/sdk-1.32.2.mjs') },
];

/** SDK 2.4, `serveStdio`: the modern era and all legacy revisions. */
export const dualEra = fixture('../conformance/server.mjs');

export const fastmcp = fixture('../fixtures/peers/fastmcp.mjs');

/** SDK 2.4: its ids, tokens and cursors are as everybody's; all that it says bears `name`. */
export const pages = (name: string) => fixture('../fixtures/peers/pages.mjs', name);

/** Says what it is told to say, byte for byte. */
export const says = fixture('../fixtures/peers/says.mjs');

export const diesOfDiscover = fixture('../fixtures/peers/dies-of-discover.mjs');

/** A server of test/fixtures/servers, by name. */
export const oddity = (name: string): Peer => fixture(`../fixtures/servers/${name}.mjs`);
