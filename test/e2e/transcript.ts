// What the tees on both sides of the guard recorded, and whether the same bytes left it that entered. Knows no process.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Way = 'toServer' | 'toClient';

export interface Chunk {
  readonly atMs: number;
  readonly bytes: Buffer;
}

/** One line as it passed a tee; `atMs` is when its last byte did. The terminator is part of `text` (latin1: byte for byte). */
export interface SeenLine {
  readonly atMs: number;
  readonly text: string;
}

/** One tee: what passed it in each direction. `endMs` is when the client closed its side, Infinity where it did not. */
export interface Recording {
  readonly startMs: number;
  readonly endMs: number;
  readonly toServer: readonly SeenLine[];
  readonly toClient: readonly SeenLine[];
}

/** One connection of a client, and the servers that were started for it, in that order. */
export interface Transcript {
  readonly client: Recording;
  readonly servers: readonly Recording[];
}

export function splitLines(chunks: readonly Chunk[]): SeenLine[] {
  const lines: SeenLine[] = [];
  let rest = '';
  for (const { atMs, bytes } of chunks) {
    const [first = '', ...others] = bytes.toString('latin1').split('\n');
    rest += first;
    if (others.length === 0) continue;
    for (const piece of [rest, ...others.slice(0, -1)]) lines.push({ atMs, text: `${piece}\n` });
    rest = others.at(-1) ?? '';
  }
  const last = chunks.at(-1);
  return rest === '' || last === undefined ? lines : [...lines, { atMs: last.atMs, text: rest }];
}

/** The records of tee.mjs; written by our own fixture, so the shape is trusted. */
interface TeeRecord {
  readonly atMs: number;
  readonly kind: string;
  readonly way?: Way;
  readonly base64?: string;
}

function readRecording(path: string): Recording {
  const text = readFileSync(path, 'utf8').trimEnd();
  const records = text.split('\n').map((line) => JSON.parse(line) as TeeRecord);
  const chunks = (way: Way) =>
    records
      .filter((record) => record.kind === 'bytes' && record.way === way)
      .map((record) => ({ atMs: record.atMs, bytes: Buffer.from(record.base64 ?? '', 'base64') }));
  const ending = (record: TeeRecord) =>
    record.kind === 'signal' || (record.kind === 'end' && record.way === 'toServer');
  return {
    startMs: records[0]?.atMs ?? 0,
    endMs: records.find(ending)?.atMs ?? Number.POSITIVE_INFINITY,
    toServer: splitLines(chunks('toServer')),
    toClient: splitLines(chunks('toClient')),
  };
}

/** Every connection recorded in `directory`, eldest first. */
export function readTranscripts(directory: string): Transcript[] {
  const names = readdirSync(directory);
  const recordings = (prefix: string) =>
    names
      .filter((name) => name.startsWith(prefix) && name.endsWith('.jsonl'))
      .map((name) => readRecording(join(directory, name)))
      .sort((a, b) => a.startMs - b.startMs);
  return names
    .filter((name) => name.endsWith('.client.jsonl'))
    .flatMap((name) => {
      const client = recordings(name).at(0);
      const servers = recordings(name.replace('client.jsonl', 'server-'));
      return client === undefined ? [] : [{ client, servers }];
    })
    .sort((a, b) => a.client.startMs - b.client.startMs);
}

const show = (line: SeenLine | undefined) => (line === undefined ? 'nothing' : JSON.stringify(line.text.slice(0, 300)));

/**
 * Compares line by line, in order, byte by byte. A line that entered may be missing only where `mayDrop` says so.
 * Returns one sentence for each difference; empty: what left is what entered.
 */
export function compareLines(
  entered: readonly SeenLine[],
  left: readonly SeenLine[],
  mayDrop: (line: SeenLine) => boolean,
): string[] {
  const differences: string[] = [];
  let next = 0;
  for (const line of entered) {
    if (left[next]?.text === line.text) next += 1;
    else if (!mayDrop(line)) differences.push(`line ${next + 1}: entered ${show(line)}, left ${show(left[next])}`);
    if (differences.length === 3) return differences;
  }
  for (const line of left.slice(next, next + 3)) differences.push(`line left that never entered: ${show(line)}`);
  return differences;
}

interface Loose {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: {
    readonly requestId?: unknown;
    readonly progressToken?: unknown;
    readonly _meta?: Loose['params'];
  };
}

function parseLoosely(line: SeenLine): Loose {
  try {
    return JSON.parse(Buffer.from(line.text, 'latin1').toString()) as Loose;
  } catch {
    return {};
  }
}

/**
 * The late answer to a request that its asker cancelled, and late progress of it: a guard drops them (protocol.md,
 * section 2). `asked` holds the lines of the side that asks.
 */
function belongsToCancelled(asked: readonly SeenLine[]): (line: SeenLine) => boolean {
  const messages = asked.map(parseLoosely);
  const cancelled = new Set(
    messages.filter((m) => m.method === 'notifications/cancelled').map((m) => m.params?.requestId),
  );
  const requests = messages.filter((m) => m.method !== undefined && cancelled.has(m.id));
  const tokens = new Set(requests.map((m) => m.params?._meta?.progressToken));
  return (line) => {
    const { id, method, params } = parseLoosely(line);
    if (method === undefined) return id !== undefined && cancelled.has(id);
    return (
      method === 'notifications/progress' && params?.progressToken !== undefined && tokens.has(params.progressToken)
    );
  };
}

/**
 * What the guard itself may say once the client has closed: an ending for each request that will have no other
 * (protocol.md, section 4).
 */
function mayBeGuards(client: Recording): (line: SeenLine) => boolean {
  const asked = new Set(client.toServer.map(parseLoosely).flatMap((m) => (m.method === undefined ? [] : [m.id])));
  return (line) => {
    if (line.atMs < client.endMs) return false;
    const { id, method } = parseLoosely(line);
    if (method !== undefined) return false;
    // A subscription ends in good order (2026-07-28, patterns/subscriptions), everything else says whose answer it is.
    const isSubscription = line.text.includes('"io.modelcontextprotocol/subscriptionId"');
    return asked.has(id) && (isSubscription || line.text.includes('"mcp-guard/'));
  };
}

/**
 * Every difference between what entered the guard and what left it, both ways. Allowed to be missing: what belongs to a
 * cancelled request, and towards the client what the server says after the client has closed. Allowed to be new: what
 * `mayBeGuards` says.
 */
export function findByteDifferences({ client, servers }: Transcript): string[] {
  const lateToClient = belongsToCancelled(client.toServer);
  const lateToServer = belongsToCancelled(client.toClient);
  const own = mayBeGuards(client);
  const toServer = servers.flatMap((server) => server.toServer);
  const toClient = servers.flatMap((server) => server.toClient);
  const said = new Set(toClient.map((line) => line.text));
  const passedOn = client.toClient.filter((line) => said.has(line.text) || !own(line));
  return [
    ...compareLines(client.toServer, toServer, lateToServer).map((text) => `client → server, ${text}`),
    ...compareLines(toClient, passedOn, (line) => line.atMs >= client.endMs || lateToClient(line)).map(
      (text) => `server → client, ${text}`,
    ),
  ];
}

/** How often a message of `method` came in at the client, all connections together. */
export function countSeen(transcripts: readonly Transcript[], method: string): number {
  const lines = transcripts.flatMap((transcript) => transcript.client.toClient);
  return lines.filter((line) => parseLoosely(line).method === method).length;
}
