// What is not granted behind a gateway: a call of it starts no server, and a server of which nothing is granted says nothing to the model. With
// the built guard and real processes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connectRaw } from './client-raw.ts';
import { entryOf, gatewayLaunch, serverProcess } from './gateway-stage.ts';
import { Yard } from './guarded.ts';
import { readTrail } from './trail.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

function start(more: object = {}) {
  const file = join(yard.home, 'told.json');
  writeFileSync(file, JSON.stringify({ pages: [[{ name: 'look' }, { name: 'wipe' }]], instructions: 'use me' }));
  const told = (id: string, scope: string) => ({
    [id]: entryOf([...Yard.server('told-tools'), file, id], yard.home, { scope, ...more }),
  });
  const scopes = { some: { grants: [{ tool: 'look' }] }, none: { grants: [] } };
  return connectRaw(gatewayLaunch(yard, { ...told('ours', 'some'), ...told('theirs', 'none') }, [], { scopes }));
}

const called = (name: string) => JSON.stringify({ name, arguments: {} });

it('a call that the scope denies by its name starts no server, and is on record', async () => {
  const client = start({ start: 'on-demand' });
  await client.initialize();
  for (const [id, name] of [
    [11, 'ours__wipe'],
    [12, 'ours__nowhere'],
    [13, 'theirs__look'],
  ] as const) {
    const answer = JSON.parse(await client.request(id, 'tools/call', called(name)));
    expect(answer).toEqual({ jsonrpc: '2.0', id, error: { code: -32602, message: `Unknown tool: ${name}` } });
  }
  expect(serverProcess(client, 'told-tools')).toBeUndefined();
  expect(await client.request(14, 'tools/call', called('ours__look'))).toContain('"text":"look"');
  expect(serverProcess(client, 'told-tools')?.command).toContain('ours');
  // the same once it runs
  const later = JSON.parse(await client.request(15, 'tools/call', called('ours__wipe')));
  expect(later.error).toEqual({ code: -32602, message: 'Unknown tool: ours__wipe' });
  expect(await client.end()).toBe(0);
  const calls = readTrail(yard.state)
    .flatMap(({ records }) => records)
    .map(({ h }) => h as Record<string, unknown>) // headers of records
    .filter(({ type, method }) => type === 'intent' && method === 'tools/call');
  expect(calls.map(({ subject, server, reason, rule }) => [subject, server, reason, rule])).toEqual([
    ['wipe', 'ours', 'not_granted', 'scopes.some'],
    ['nowhere', 'ours', 'not_granted', 'scopes.some'],
    ['look', 'theirs', 'not_granted', 'scopes.none'],
    ['look', 'ours', undefined, undefined],
    ['wipe', 'ours', 'not_granted', 'scopes.some'],
  ]);
});

it('instructions of a server of which nothing is granted are not handed on', async () => {
  const client = start();
  const params = '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}';
  const { result } = JSON.parse(await client.request(1, 'initialize', params));
  expect(result.instructions).toBe('## ours\n\n> use me');
  expect(await client.end()).toBe(0);
});
