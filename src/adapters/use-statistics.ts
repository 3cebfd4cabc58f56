// What is on record of the use of servers: one pass over the trail from its end, so that the outcome of a call comes before the call;
// holds nothing but the counts. Knows no policy. attacker-controlled: whatever stands in a record; a segment is a file that others may
// edit. INVARIANT: bounded.
import { showRef } from '../audit/entry.ts';
import type { PlacedRecord } from '../audit/query.ts';
import { intentOf, timeAt } from '../audit/query.ts';
import { numberAt } from '../audit/record.ts';
import { collectUse, type ServerUse, type UseCollector, type UseEnd } from '../policy/lint/tool-use.ts';
import type { TargetKind } from '../policy/scope/scope-policy.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import { isJsonObject, type Json, type JsonObject, objectAt, stringAt } from '../wire/json.ts';
import { REQUEST_METHODS } from '../wire/protocol-keys.ts';
import { readBackward } from './segment-reader.ts';
import { listAllSegments } from './trail-listing.ts';

export interface UseStatistics {
  /** By the guard's name of the server. */
  readonly servers: ReadonlyMap<string, ServerUse>;
  /** More servers than are kept. */
  readonly hasMore: boolean;
}

const MOST_SERVERS = 1_000;
/** Calls that were under way at one time, and outcomes whose intents are gone. */
const MOST_OPEN = 100_000;

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
  const ends = new CallEnds();
  let hasMore = false;
  const collectorOf = (server: string): UseCollector | undefined => {
    const known = collectors.get(server);
    if (known !== undefined || collectors.size >= MOST_SERVERS) return known;
    const fresh = collectUse();
    collectors.set(server, fresh);
    return fresh;
  };
  for (const place of listAllSegments(paths).reverse()) {
    for (const placed of readBackward({ ...place, tenant })) {
      const server = stringAt(placed.record.header, 'server');
      if (server === undefined || (wanted !== undefined && !wanted.has(server))) continue;
      const collector = collectorOf(server);
      if (collector === undefined) hasMore = true;
      else countRecord(collector, placed, ends);
    }
  }
  return { servers: new Map([...collectors].map(([name, { use }]) => [name, use])), hasMore };
}

/** How calls ended whose intents are still to come: they stand further ahead in the trail. */
class CallEnds {
  readonly #ends = new Map<string, UseEnd>();

  /** Of several outcomes of one call (a task) the last counts, which is read first. */
  add(intent: string, header: JsonObject): void {
    if (this.#ends.size < MOST_OPEN && !this.#ends.has(intent)) this.#ends.set(intent, endOf(header));
  }

  take(intent: string): UseEnd {
    const end = this.#ends.get(intent) ?? 'open';
    this.#ends.delete(intent);
    return end;
  }
}

/** A result that only announces a task, or asks for more, is no end. INVARIANT: what is not certainly a good result is none. */
function endOf(header: JsonObject): UseEnd {
  const settlement = stringAt(header, 'settlement');
  const isFailed = header.isError === true || numberAt(header, 'errorCode') !== undefined;
  if (isFailed || (settlement !== 'result' && settlement !== 'task')) return 'failed';
  return (stringAt(header, 'resultType') ?? 'complete') === 'complete' ? 'done' : 'open';
}

/** Of a line that nobody could read. */
const UNREAD = 'unread';

function countRecord(collector: UseCollector, { ref, record }: PlacedRecord, ends: CallEnds): void {
  const { header } = record;
  const at = timeAt(header);
  if (at > 0) collector.note(at);
  if (header.type === 'outcome') {
    const intent = intentOf(record);
    if (intent !== undefined) ends.add(showRef(intent), header);
    return;
  }
  // what was denied was not used
  if (header.type !== 'intent' || stringAt(header, 'decision') === 'deny') return;
  const end = ends.take(showRef(ref));
  const method = stringAt(header, 'method') ?? '';
  const kind = Object.hasOwn(SUBJECTS, method) ? SUBJECTS[method] : undefined;
  const subject = stringAt(header, 'subject');
  if (stringAt(header, 'asked') === 'server') collector.add('request', method, at, end);
  else if (!REQUEST_METHODS.has(method)) {
    if (method !== UNREAD) collector.add('method', method, at, end);
  } else if (kind !== undefined && subject !== undefined) {
    collector.add(kind, subject, at, end);
    const isWhole = end === 'done' && kind === 'tool' && stringAt(header, 'p') === 'line';
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
