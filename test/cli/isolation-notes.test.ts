// What of a tenant's isolation does not hold on this machine: said, and nothing where it does.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type IsolationHere, listIsolationNotes } from '../../src/cli/isolation-notes.ts';
import { compileDocument } from '../../src/config/load-config.ts';
import type { ServerPolicy } from '../../src/config/policy.ts';
import type { JsonObject } from '../../src/wire/json.ts';

const NAMES = new Map([
  [33, 'www-data'],
  [1000, 'ada'],
  [7001, 'mcpg-acme'],
]);
function notesOf(server: JsonObject, here: Partial<IsolationHere> = {}): readonly string[] {
  const document = { version: 1, servers: { files: { command: 'sh', ...server } } };
  const compiled = compileDocument(document, { path: '/c/x.json', digest: '' }, { env: {}, uid: undefined });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  const entry = compiled.policy.servers.get('files') as ServerPolicy; // it is listed
  const level = entry.isolation?.required ?? 'L0';
  const accounts = { named: () => undefined, nameOf: (uid: number) => NAMES.get(uid) };
  const notes = listIsolationNotes(entry, { tenant: 'acme', uid: 0, level, accounts, ...here });
  return notes.map(({ path, text }) => `${path}: ${text}`);
}
const isolated = (isolation: JsonObject): JsonObject => ({ isolation });

test.each<[JsonObject, Partial<IsolationHere>]>([
  [{}, {}],
  [isolated({}), {}],
  [isolated({ required: 'L2', uid: 7002, readable: ['/srv'], writable: ['/srv/a'] }), {}],
  [isolated({ required: 'L1', uid: 7001 }), {}],
  // who is not root may look at a config whose guard root starts
  [isolated({ required: 'L1' }), { uid: 1000 }],
  [isolated({ required: 'L1' }), { accounts: { named: () => ({ uid: 7001, gid: 7001 }), nameOf: () => 'mcpg-acme' } }],
  // a ceiling lifts it
  [isolated({ readable: ['/srv'], uid: 7002 }), { level: 'L2' }],
])('nothing of %j', (server, here) => expect(notesOf(server, here)).toEqual([]));

test.each(['L0', 'L1'])('places that nothing keeps to at %s', (required) => {
  const notes = notesOf(isolated({ required, uid: 7002, readable: ['/srv'], writable: ['/srv/a'] }));
  expect(notes).toEqual([
    `servers.files.isolation.readable: nothing keeps to it at ${required}: set \`required\` to \`L2\` beside it, or take it out`,
    `servers.files.isolation.writable: nothing keeps to it at ${required}: set \`required\` to \`L2\` beside it, or take it out`,
  ]);
});

test.each(['L1', 'L2', 'L3'])('a user that is missing at %s, where root starts it', (required) => {
  expect(notesOf(isolated({ required }))).toEqual([
    `servers.files.isolation: it does not start: ${required} needs a user of its own here; set \`uid\`, or make a system user \`mcpg-acme\``,
  ]);
});

test.each([
  [33, 'www-data'],
  [1000, 'ada'],
])('a user that is somebody’s: %i', (uid, name) => {
  expect(notesOf(isolated({ uid }))).toEqual([
    `servers.files.isolation.uid: ${uid} is \`${name}\` of this machine, and each could reach into the other: give it a number nobody has`,
  ]);
  expect(notesOf(isolated({ uid: 7001 }), { tenant: 'globex' })).toHaveLength(1);
});

test('a working directory that is closed to its user', () => {
  const closed = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'closed-'));
  try {
    fs.mkdirSync(join(closed, 'app'));
    const server = { cwd: join(closed, 'app'), isolation: { uid: 65_001 } };
    expect(notesOf(server)).toEqual([expect.stringContaining(`its user 65001 cannot enter \`${closed}\``)]);
    expect(notesOf(server, { uid: 1000 })).toEqual([]);
    fs.chmodSync(closed, 0o711);
    fs.chmodSync(join(closed, 'app'), 0o755);
    expect(notesOf(server)).toEqual([]);
    expect(notesOf({ ...server, cwd: '/not/there' })).toEqual([]);
  } finally {
    fs.rmSync(closed, { recursive: true });
  }
});
