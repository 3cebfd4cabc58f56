// A secret that a server was started with is in nothing that the guard itself writes: record, stderr, log, reports, archives, and what it
// says as it fails; in no form.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listForms } from '../../src/audit/redact/secret-forms.ts';
import type { Yard } from './guarded.ts';
import { artefactsOf, connect, findLeaks, lookAround, openYard, writeConfig } from './tenant-stage.ts';

/** With what JSON, a URL and Base64 write otherwise. */
const SECRET = 'p"ss/w0rd+ä&=%-0123456789abcdef';

/** What the gateway's are no others than. */
const REPORTS = [
  ['config', 'check', 'CONFIG'],
  ['config', 'check', 'CONFIG', '--json'],
  ['scope', 'lint', '--config', 'CONFIG'],
  ['scope', 'show', '--config', 'CONFIG'],
  ['audit', 'tail', '--all', '--tenant', 'acme'],
  ['tenant', 'show', 'acme', '--json'],
  ['tenant', 'list'],
  ['breaker', 'status', '--json', '--tenant', 'acme'],
];

let yard: Yard;
let config: string;
beforeEach(() => {
  yard = openYard();
  const file = join(yard.home, 'secret');
  fs.writeFileSync(file, SECRET, { mode: 0o600 });
  config = writeConfig(yard, { acme: { servers: { srv: { env: { TOKEN: `file:${file}` } } } } });
});
afterEach(async () => {
  expect(await yard.close()).toEqual([]);
  // a server whose guard failed at once may still be making its directories, for as long as its watcher needs
  fs.rmSync(`${yard.state}-homes`, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

describe.each([
  ['one server', ['--server', 'srv']],
  ['a gateway', []],
] as const)('in front of %s', (_, chosen) => {
  test('nothing that the guard writes or shows has it', async () => {
    const log = join(yard.home, 'guard.log');
    const client = connect(yard, config, 'acme', {}, [...chosen, '--log-level', 'debug', '--log-file', log]);
    await client.initialize();
    // the server says all of its environment in its answer, on stderr and between its messages; and is asked for it by name
    const tool = chosen.length > 0 ? 'look' : 'srv__look';
    const { env } = await lookAround(client, 1, tool, `${SECRET} ${encodeURIComponent(SECRET)}`);
    expect(env.TOKEN).toBe(SECRET);
    await client.request(2, SECRET.replaceAll('"', '\\"'), '{}');
    const live = [['status', '--json']].map((words) => yard.command(...words));
    expect(await client.end()).toBe(0);
    const exported = join(yard.home, 'acme.tar');
    const wrote = yard.command('tenant', 'export', 'acme', '--out', exported);
    expect(wrote.stderr + wrote.stdout).toContain(exported);
    const artefacts = new Map(
      artefactsOf(yard, 'acme', client, [
        ['audit', 'tail', '--all', '--json', '--tenant', 'acme'],
        ...(chosen.length > 0 ? REPORTS : []).map((words) => words.map((word) => (word === 'CONFIG' ? config : word))),
      ]),
    );
    // what the server sends belongs to its client
    artefacts.delete('client');
    for (const { stdout, stderr } of live) artefacts.set(`status ${artefacts.size}`, Buffer.from(stdout + stderr));
    artefacts.set('export', fs.readFileSync(exported));
    artefacts.set('log', fs.readFileSync(log));
    expect(findLeaks(artefacts, [SECRET])).toEqual([]);
    // it was there to be found
    for (const place of ['stderr', 'export', 'audit tail --all --json --tenant acme'])
      expect([place, artefacts.get(place)?.toString('latin1').includes('[secret TOKEN]')]).toEqual([place, true]);
    expect(yard.command('audit', 'verify', '--tenant', 'acme').status).toBe(0);
  });

  test.each(['thrown', 'uncaught', 'later'])('nor its last words, where it fails (%s)', async (how) => {
    const client = connect(
      yard,
      config,
      'acme',
      {
        NODE_OPTIONS: `--require ${join(import.meta.dirname, '..', 'fixtures', 'fails-with.cjs')}`,
        ...{ FAIL_TEXT: `it fails: ${listForms(SECRET).join(' ')}`, FAIL_HOW: how },
      },
      [...chosen, '--log-file', join(yard.home, 'boom.log')],
    );
    const [status] = await client.exited;
    expect(status).toBeGreaterThan(0);
    expect(client.stderr()).toContain('it fails: [secret TOKEN]');
    expect(findLeaks(new Map([['stderr', Buffer.from(client.stderr())]]), [SECRET])).toEqual([]);
  });
});
