// What the trail says of the use of servers: counted in one pass, denials left out, other tenants and servers unseen.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readUseStatistics } from '../../../src/adapters/use-statistics.ts';
import type { AuditEntry, OutcomeEntry } from '../../../src/audit/entry.ts';
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
  const again = makeIntent({ at: at(9), subject: 'read', payload: call({ path: '/srv/c/d', url: 'https://h/x' }) });
  append(again);
  append(makeOutcome(again));
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
    tool: ['observed', 'read'],
    method: [],
    prompt: ['p'],
    resource: ['file:///r'],
    request: ['sampling/createMessage'],
  });
  const use = readUseStatistics(scene.stateDir, 'default').servers.get('files');
  expect(use?.sinceMs).toBe(START + 1);
  const known = use?.byKind.tool.get('read');
  expect(known).toMatchObject({ calls: 2, done: 2, failed: 0, lastMs: START + 9 });
  expect([...(known?.args.get('/path')?.roots ?? [])].sort()).toEqual(['/srv/a', '/srv/c']);
  expect([...(known?.args.get('/url')?.hosts ?? [])]).toEqual(['h']);
  expect(names('web')).toMatchObject({ tool: ['fetch'] });
  expect(names('web', new Set(['files']))).toEqual({});
  expect(readUseStatistics(scene.stateDir, 'other').servers.size).toBe(0);
});

it.each<[string, Partial<OutcomeEntry>, { readonly done: number; readonly failed: number }]>([
  ['a result', {}, { done: 1, failed: 0 }],
  ['the end of a task', { settlement: 'task' }, { done: 1, failed: 0 }],
  ['a result that is an error', { isError: true }, { done: 0, failed: 1 }],
  ['a task that ended in an error', { settlement: 'task', isError: true }, { done: 0, failed: 1 }],
  ['a JSON-RPC error', { settlement: 'error', errorCode: -32602, isError: undefined }, { done: 0, failed: 1 }],
  ['an error by its code alone', { errorCode: -32602 }, { done: 0, failed: 1 }],
  ['a timeout', { settlement: 'timeout', isError: undefined }, { done: 0, failed: 1 }],
  ['a cancel', { settlement: 'cancelled', isError: undefined }, { done: 0, failed: 1 }],
  ['an answer that was refused', { settlement: 'refused', isError: undefined }, { done: 0, failed: 1 }],
  ['a task that was only announced', { resultType: 'task' }, { done: 0, failed: 0 }],
  ['a question', { resultType: 'input_required' }, { done: 0, failed: 0 }],
])('takes arguments of calls alone that came to a result: %s', (_, outcome, ends) => {
  const sink = scene.sink();
  const intent = makeIntent({ at: at(1), subject: 'read', payload: call({ path: '/etc/shadow' }) });
  sink.append([intent]);
  sink.append([{ ...makeOutcome(intent), ...outcome }]);
  // of this one no outcome is on record
  sink.append([makeIntent({ at: at(2), subject: 'read', payload: call({ path: '/root/.ssh/id' }) })]);
  sink.close('shutdown');
  const known = readUseStatistics(scene.stateDir, 'default').servers.get('files')?.byKind.tool.get('read');
  expect(known).toMatchObject({ calls: 2, ...ends });
  expect([...(known?.args.get('/path')?.roots ?? [])]).toEqual(ends.done === 1 ? ['/etc'] : []);
});

it('goes by the last outcome of a call, in whatever segment it stands', () => {
  const ends = (first: Partial<OutcomeEntry>, last: Partial<OutcomeEntry>, subject: string): void => {
    const sink = scene.sink();
    const intent = makeIntent({ at: at(1), subject, payload: call({ path: '/srv/a' }) });
    sink.append([intent]);
    sink.append([{ ...makeOutcome(intent), ...first }]);
    sink.append([{ ...makeOutcome(intent), ...last }]);
    sink.close('shutdown');
  };
  ends({ resultType: 'task' }, { settlement: 'task' }, 'good');
  ends({ resultType: 'task' }, { settlement: 'task', isError: true }, 'bad');
  const tools = readUseStatistics(scene.stateDir, 'default').servers.get('files')?.byKind.tool;
  expect(tools?.get('good')).toMatchObject({ calls: 1, done: 1 });
  expect(tools?.get('bad')).toMatchObject({ calls: 1, done: 0, failed: 1 });
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
