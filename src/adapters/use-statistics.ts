// What is on record of the use of servers: one pass over the trail, segment by segment, holding nothing but the counts. Knows no
// policy. attacker-controlled: whatever stands in a record; a segment is a file that others may edit. INVARIANT: bounded.
import type { PlacedRecord } from '../audit/query.ts';
import { timeAt } from '../audit/query.ts';
import { collectUse, type ServerUse, type UseCollector } from '../policy/lint/tool-use.ts';
import type { TargetKind } from '../policy/scope/scope-policy.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import { isJsonObject, type Json, type JsonObject, objectAt, stringAt } from '../wire/json.ts';
import { REQUEST_METHODS } from '../wire/protocol-keys.ts';
import { readForward } from './segment-reader.ts';
import { listDays, listSegments } from './trail-listing.ts';

export interface UseStatistics {
  /** By the guard's name of the server. */
  readonly servers: ReadonlyMap<string, ServerUse>;
  /** More servers than are kept. */
  readonly hasMore: boolean;
}

const MOST_SERVERS = 1_000;

const SUBJECTS: Readonly<Record<string, TargetKind>> = {
  'tools/call': 'tool',
  'prompts/get': 'prompt',
  'resources/read': 'resource',
  'resources/subscribe': 'resource',
};

/** @param wanted reads no arguments of other servers; undefined: of all */
export function readUseStatistics(stateDir: string, tenant: string, wanted?: ReadonlySet<string>): UseStatistics {
  const paths = trailPaths(tenantDir(stateDir, tenant));
  const collectors = new Map<string, UseCollector>();
  let hasMore = false;
  for (const day of listDays(paths)) {
    for (const place of listSegments(paths, day)) {
      for (const placed of readForward({ ...place, tenant })) {
        const { header } = placed.record;
        const server = stringAt(header, 'server');
        if (server === undefined || (wanted !== undefined && !wanted.has(server))) continue;
        let collector = collectors.get(server);
        if (collector === undefined) {
          if (collectors.size >= MOST_SERVERS) {
            hasMore = true;
            continue;
          }
          collector = collectUse();
          collectors.set(server, collector);
        }
        countRecord(collector, placed);
      }
    }
  }
  return { servers: new Map([...collectors].map(([name, { use }]) => [name, use])), hasMore };
}

/** Of a line that nobody could read. */
const UNREAD = 'unread';

function countRecord(collector: UseCollector, { record }: PlacedRecord): void {
  const { header } = record;
  const at = timeAt(header);
  if (at > 0) collector.note(at);
  // what was denied was not used
  if (header.type !== 'intent' || stringAt(header, 'decision') === 'deny') return;
  const method = stringAt(header, 'method') ?? '';
  const kind = Object.hasOwn(SUBJECTS, method) ? SUBJECTS[method] : undefined;
  const subject = stringAt(header, 'subject');
  if (stringAt(header, 'asked') === 'server') collector.add('request', method, at);
  else if (!REQUEST_METHODS.has(method)) {
    if (method !== UNREAD) collector.add('method', method, at);
  } else if (kind !== undefined && subject !== undefined) {
    collector.add(kind, subject, at);
    const isWhole = kind === 'tool' && stringAt(header, 'p') === 'line';
    if (isWhole) collector.addArguments(subject, argumentsIn(record.payloadText));
  }
}

/** Of the line as it was sent. */
function argumentsIn(line: string | undefined): JsonObject | undefined {
  try {
    const message: Json = JSON.parse(line ?? ''); // untyped input enters here
    return isJsonObject(message) ? objectAt(objectAt(message, 'params'), 'arguments') : undefined;
  } catch {
    return undefined;
  }
}
