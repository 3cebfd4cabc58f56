// What the trail tells of scopes that changed: approvals with their numbers, sessions under another config, and nothing of strangers.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createJsonlSink } from '../../../src/adapters/jsonl-sink.ts';
import { readScopeChanges } from '../../../src/adapters/scope-changes.ts';
import { type EventEntry, showRef } from '../../../src/audit/entry.ts';

let stateDir: string;
const NOW = Date.UTC(2026, 10, 22);

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'mcp-guard-changes-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

type Event = Pick<EventEntry, 'name' | 'detail'>;

/** One segment; then what follows from the id of its first event. @returns that id */
function write(
  wallMs: number,
  configDigest: string | null,
  events: readonly Event[],
  then: (ref: string) => readonly Event[] = () => [],
): string {
  const at = { wallMs, monoMs: 0 };
  const sink = createJsonlSink({
    ...{ stateDir, tenant: 'default', clock: { now: () => at }, log: { write() {} }, sync: 'group' },
    origin: {
      ...{ session: 's', principal: 'local:ada', guard: '1', host: 'h', servers: ['files'], isolation: 'none' },
      configDigest,
    },
  });
  const entry = ({ name, detail }: Event): EventEntry => {
    return { type: 'event', at, ref: undefined, name, server: 'files', detail };
  };
  const entries = events.map(entry);
  expect(sink.append(entries)).toBe(true);
  const ref = showRef(entries[0]?.ref);
  expect(sink.append(then(ref).map(entry))).toBe(true);
  sink.close('done');
  return ref;
}

const note = { name: 'client', detail: {} } as const;
const asked = { stage: 'asked', actor: 'ada', reason: 'to write', until: null };
const done = { stage: 'server', byName: 2, byWildcard: 1, unscoped: 0, lost: 0, toolsBefore: 1, toolsAfter: 4 };

it('reads approvals that were done, oldest first, with who asked for them and why', () => {
  const first = write(NOW + 5, null, [{ name: 'approval', detail: { ...done, toolsBefore: 4, toolsAfter: 7 } }]);
  const segment = first.split(':')[0];
  write(NOW, null, [{ name: 'approval', detail: asked }], (ref) => [
    { name: 'approval', detail: { ...done, asked: ref } },
    { name: 'approval', detail: { stage: 'approved', asked: ref } },
    { name: 'pause', detail: { ...done, asked: ref } },
  ]);
  const { changes, turns, since, hasMore } = readScopeChanges(stateDir, 'default');
  expect(changes).toMatchObject([
    { before: 1, after: 4, gained: 3, lost: 0, who: 'ada', why: 'to write', until: null, atMs: NOW, server: 'files' },
    { before: 4, after: 7, who: '', why: '', atMs: NOW + 5 },
  ]);
  expect(changes[1]?.record.split(':')[0]).toBe(segment);
  expect([turns, since.get('files'), hasMore]).toEqual([[], NOW, false]);
});

it('tells when a server ran under another config', () => {
  write(NOW, 'a'.repeat(64), [note]);
  write(NOW + 1, 'a'.repeat(64), [note]);
  write(NOW + 2, null, [note]);
  write(NOW + 3, 'b'.repeat(64), [note]);
  expect(readScopeChanges(stateDir, 'default').turns).toMatchObject([{ atMs: NOW + 3, digest: 'b'.repeat(64) }]);
});

it('finds nothing where there is nothing', () => {
  expect(readScopeChanges(stateDir, 'default')).toMatchObject({ changes: [], turns: [] });
});
