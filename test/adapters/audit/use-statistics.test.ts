// What the trail says of the use of servers: counted in one pass, denials left out, other tenants and servers unseen.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readUseStatistics } from '../../../src/adapters/use-statistics.ts';
import type { AuditEntry } from '../../../src/audit/entry.ts';
import { formatSegmentId } from '../../../src/audit/segment-id.ts';
import { makeEvent, makeIntent, makeOutcome, payloadOf } from '../../audit/sample.ts';
import { endScene, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const at = (ms: number) => ({ wallMs: START + ms, monoMs: ms });
const call = (args: object) =>
  payloadOf({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x', arguments: args } });

function names(server: string, wanted?: ReadonlySet<string>): Readonly<Record<string, readonly string[]>> {
  const use = readUseStatistics(scene.stateDir, 'default', wanted).servers.get(server);
  return Object.fromEntries(Object.entries(use?.byKind ?? {}).map(([kind, map]) => [kind, [...map.keys()]]));
}

it('counts what was let pass, by kind, with the last time and where arguments pointed', () => {
  const sink = scene.sink();
  const append = (entry: AuditEntry) => sink.append([entry]);
  const read = makeIntent({ at: at(5), subject: 'read', payload: call({ path: '/srv/a/b' }) });
  append(makeEvent({ at: at(1), server: 'files' }));
  append(read);
  append(makeOutcome(read));
  append(makeIntent({ at: at(9), subject: 'read', payload: call({ path: '/srv/c/d', url: 'https://h/x' }) }));
  append(makeIntent({ at: at(10), subject: 'observed', decision: 'observe' }));
  append(makeIntent({ at: at(11), subject: 'denied', decision: 'deny' }));
  append(makeIntent({ at: at(12), method: 'prompts/get', subject: 'p', payload: undefined }));
  append(makeIntent({ at: at(13), method: 'resources/read', subject: 'file:///r', payload: undefined }));
  append(
    makeIntent({
      at: at(14),
      asked: 'server',
      method: 'sampling/createMessage',
      subject: undefined,
      payload: undefined,
    }),
  );
  append(makeIntent({ at: at(15), method: 'tools/list', subject: undefined, payload: undefined }));
  append(makeIntent({ at: at(16), server: 'web', subject: 'fetch' }));
  sink.close('shutdown');
  expect(names('files')).toEqual({
    tool: ['read', 'observed'],
    method: [],
    prompt: ['p'],
    resource: ['file:///r'],
    request: ['sampling/createMessage'],
  });
  const use = readUseStatistics(scene.stateDir, 'default').servers.get('files');
  expect(use?.sinceMs).toBe(START + 1);
  const known = use?.byKind.tool.get('read');
  expect(known).toMatchObject({ calls: 2, lastMs: START + 9 });
  expect([...(known?.args.get('/path')?.roots ?? [])]).toEqual(['/srv/a', '/srv/c']);
  expect([...(known?.args.get('/url')?.hosts ?? [])]).toEqual(['h']);
  expect(names('web')).toMatchObject({ tool: ['fetch'] });
  expect(names('web', new Set(['files']))).toEqual({});
  expect(readUseStatistics(scene.stateDir, 'other').servers.size).toBe(0);
});

it('reads past what is no record, and bounds the servers that it knows', () => {
  const sink = scene.sink();
  const append = (entry: AuditEntry) => sink.append([entry]);
  for (let one = 0; one < 1_005; one += 1) append(makeEvent({ server: `s${one}` }));
  sink.close('shutdown');
  const [segment = ''] = scene.segments();
  const other = join(segment, '..', `${formatSegmentId(START + 1, 1)}.jsonl`);
  fs.writeFileSync(other, 'no record\n{"h":{"type":"intent","server":7}}\n\n{"h":{}');
  const { servers, hasMore } = readUseStatistics(scene.stateDir, 'default');
  expect([servers.size, hasMore]).toEqual([1_000, true]);
});
