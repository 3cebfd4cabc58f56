// What the guard wrote down during a play, read as plain JSON lines: an outside view that shares no code with the writer.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SeenLine, Transcript } from './transcript.ts';

/** The members of a record's header that this suite reads (docs/audit-format.md). */
interface TrailRecord {
  readonly h: {
    readonly type: string;
    readonly method?: string;
    readonly intent?: string;
    readonly asked?: string;
    readonly settlement?: string;
  };
  /** The payload: the line of the call. */
  readonly p?: unknown;
}

export interface Segment {
  readonly id: string;
  readonly records: readonly TrailRecord[];
}

/** The segments of every tenant; a payload that has a file of its own is put back in its place. */
export function readTrail(state: string): Segment[] {
  // A guard that was killed before its first record has made no directory.
  if (!existsSync(state)) return [];
  const names = readdirSync(state, { recursive: true, encoding: 'utf8' }).map((name) => join(state, name));
  const fileOf = (payload: unknown) => {
    const { file } = (payload ?? {}) as { readonly file?: unknown };
    return typeof file === 'string' ? names.find((name) => basename(name) === file) : undefined;
  };
  const readRecord = (line: string): TrailRecord => {
    // Written by the guard under test: a shape that is not this one shows as a difference.
    const record = JSON.parse(line) as TrailRecord;
    const file = fileOf(record.p);
    return file === undefined ? record : { ...record, p: JSON.parse(readFileSync(file, 'utf8')) };
  };
  return names
    .filter((name) => /\/audit\/.*\.jsonl$/.test(name))
    .map((name) => {
      // A guard that was killed between making a segment and writing to it leaves an empty one.
      const lines = readFileSync(name, 'utf8').split('\n').slice(0, -1);
      const records = lines.map(readRecord);
      return { id: basename(name, '.jsonl'), records };
    });
}

function callsIn(lines: readonly SeenLine[]): unknown[] {
  const messages = lines.map((line) => JSON.parse(Buffer.from(line.text, 'latin1').toString()) as { method?: unknown });
  return messages.filter((message) => message.method === 'tools/call');
}

/** Each thing about the trail that is not as it must be after these transcripts: every call recorded, settled, sealed. */
export function findTrailGaps(segments: readonly Segment[], transcripts: readonly Transcript[]): string[] {
  const gaps: string[] = [];
  const records = segments.flatMap((segment) => segment.records);
  const isCall = ({ h }: TrailRecord) => h.method === 'tools/call' && h.asked !== 'upstream';
  const intents = records.filter((record) => record.h.type === 'intent' && isCall(record));
  // A call that became a task has a second outcome, `task`, when the task has ended.
  const ended = records.filter((record) => record.h.type === 'outcome' && isCall(record));
  const outcomes = ended.filter((record) => record.h.settlement !== 'task');
  const wanted = transcripts.flatMap(({ servers }) => callsIn(servers.flatMap((server) => server.toServer)));
  const recorded = intents.map((record) => JSON.stringify(record.p));
  for (const call of wanted.map((value) => JSON.stringify(value))) {
    const found = recorded.indexOf(call);
    if (found >= 0) recorded.splice(found, 1);
    else gaps.push(`no intent holds ${call.slice(0, 300)}`);
  }
  for (const payload of recorded) gaps.push(`an intent of no call holds ${payload?.slice(0, 300)}`);
  const settled = new Set(outcomes.map((record) => record.h.intent));
  if (outcomes.length !== intents.length || settled.size !== intents.length)
    gaps.push(`${intents.length} intents, ${outcomes.length} outcomes of ${settled.size} of them`);
  for (const { h } of ended) if (!settled.has(h.intent)) gaps.push(`a task ended that no call began: ${h.intent}`);
  for (const { id, records } of segments)
    if (records.at(-1)?.h.type !== 'seal')
      gaps.push(`segment ${id} ends with \`${records.at(-1)?.h.type}\`, not sealed`);
  return gaps;
}
