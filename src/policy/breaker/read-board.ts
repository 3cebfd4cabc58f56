// From an untyped document to a board: every field checked, nothing cast. TRUST: the document is what a process of this user
// wrote last; what does not fit is refused whole, and the store sets it aside.
import type { Moment } from '../../ports/breaker-store.ts';
import type { Board, ToolEntry } from './board.ts';
import { countBounded, LONGEST_TOOL, MOST_TOOLS } from './board.ts';
import type { BreakerState, Cause, Evidence, FleetMark, Lease, SampleCounts, TimedSample } from './breaker-state.ts';
import { readExitWord } from './exit-word.ts';

type Fields = Readonly<Record<string, unknown>>;

const CAUSES = ['faults', 'tool_errors', 'slow', 'tools', 'person'] as const;
const SAMPLES = ['success', 'fault', 'tool_error'] as const;
const OUTCOMES = [...SAMPLES, 'none'] as const;
const MOST_SAMPLES = 1_000;

/** A checked copy, without any key that is not ours; undefined where the value is no board. attacker-controlled: `value`. */
export function readBoard(value: unknown): Board | undefined {
  const board = fieldsOf(value);
  if (board === undefined || board.version !== 1) return undefined;
  const server = readBreakerState(board.server);
  const tools = listOf(board.tools, Number.POSITIVE_INFINITY, readEntry);
  const crashed = listOf(board.crashed, MOST_TOOLS, readTool);
  if (server === undefined || tools === undefined || crashed === undefined) return undefined;
  if (countBounded(tools) > MOST_TOOLS) return undefined;
  if (new Set(tools.map(({ tool }) => tool)).size !== tools.length) return undefined;
  return { version: 1, server, tools, crashed };
}

export function readBreakerState(value: unknown): BreakerState | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined) return undefined;
  const epoch = countOf(fields.epoch);
  if (epoch === undefined) return undefined;
  if (fields.kind === 'closed') return readClosed(fields, epoch);
  if (fields.kind === 'isolated') {
    const at = readMoment(fields.at);
    const { actor, reason } = fields;
    if (at === undefined || typeof actor !== 'string' || typeof reason !== 'string') return undefined;
    return { kind: 'isolated', epoch, at, actor, reason };
  }
  if (fields.kind === 'open' || fields.kind === 'half_open') return readFailing(fields, fields.kind, epoch);
  return undefined;
}

function readClosed(fields: Fields, epoch: number): BreakerState | undefined {
  const round = countOf(fields.round);
  const since = fields.since === null ? null : readMoment(fields.since);
  const window = listOf(fields.window, MOST_SAMPLES, readSample);
  if (round === undefined || since === undefined || window === undefined) return undefined;
  const { over } = fields;
  if (over !== undefined && typeof over !== 'string') return undefined;
  return { kind: 'closed', epoch, round, since, window, ...(over === undefined ? {} : { over }) };
}

function readFailing(fields: Fields, kind: 'open' | 'half_open', epoch: number): BreakerState | undefined {
  const round = countOf(fields.round);
  const cause = wordOf<Cause>(fields.cause, CAUSES);
  const since = readMoment(fields.since);
  const why = readEvidence(fields.why);
  const lapses = countOf(fields.lapses);
  if (round === undefined || cause === undefined || since === undefined || why === undefined || lapses === undefined)
    return undefined;
  const fleet = fields.fleet === undefined ? undefined : readMark(fields.fleet);
  if (fields.fleet !== undefined && fleet === undefined) return undefined;
  const failing = { epoch, round, cause, since, why, lapses, ...(fleet === undefined ? {} : { fleet }) };
  if (kind === 'open') {
    const at = readMoment(fields.at);
    const forMs = numberOf(fields.forMs);
    return at === undefined || forMs === undefined ? undefined : { kind, ...failing, at, forMs };
  }
  const successes = countOf(fields.successes);
  const lease = fields.lease === null ? null : readLease(fields.lease);
  return successes === undefined || lease === undefined ? undefined : { kind, ...failing, successes, lease };
}

function readMark(value: unknown): FleetMark | undefined {
  const fields = fieldsOf(value);
  const step = countOf(fields?.step);
  const id = fields?.id;
  return step === undefined || typeof id !== 'string' ? undefined : { id, step };
}

function readLease(value: unknown): Lease | undefined {
  const fields = fieldsOf(value);
  const at = readMoment(fields?.at);
  const forMs = numberOf(fields?.forMs);
  const holder = fields?.holder;
  return at === undefined || forMs === undefined || typeof holder !== 'string' ? undefined : { holder, at, forMs };
}

export function readEvidence(value: unknown): Evidence | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined) return undefined;
  const count = (key: string): number => countOf(fields[key]) ?? Number.NaN;
  const found = evidenceOf(fields, count);
  return found !== undefined && Object.values(found).some((one) => Number.isNaN(one)) ? undefined : found;
}

function evidenceOf(fields: Fields, count: (key: string) => number): Evidence | undefined {
  const { kind, actor, reason, holder, slow, machine } = fields;
  const outcome = wordOf(fields.outcome, OUTCOMES);
  if (kind === 'samples') return { kind, ...countsOf(fields, count) };
  if (kind === 'fleet' && typeof machine === 'string') return { kind, machine, ...countsOf(fields, count) };
  if (kind === 'tools') return { kind, open: count('open'), known: count('known') };
  if (kind === 'person' && typeof actor === 'string' && typeof reason === 'string') return { kind, actor, reason };
  if (kind === 'lease' && typeof holder === 'string')
    return { kind, holder, forMs: numberOf(fields.forMs) ?? Number.NaN, lapses: count('lapses') };
  if (kind === 'probe' && outcome !== undefined && typeof slow === 'boolean')
    return { kind, outcome, durationMs: numberOf(fields.durationMs) ?? Number.NaN, slow };
  return undefined;
}

function countsOf(fields: Fields, count: (key: string) => number): SampleCounts {
  const [samples, faults, toolErrors] = [count('samples'), count('faults'), count('toolErrors')];
  const counts = { samples, faults, toolErrors, slow: count('slow'), row: count('row') };
  if (fields.exits === undefined) return counts;
  const lastExit = readExitWord(fields.lastExit);
  return { ...counts, exits: count('exits'), ...(lastExit === undefined ? {} : { lastExit }) };
}

function readSample(value: unknown): TimedSample | undefined {
  const fields = fieldsOf(value);
  const at = readMoment(fields?.at);
  const sample = wordOf(fields?.sample, SAMPLES);
  const slow = fields?.slow;
  if (at === undefined || sample === undefined || typeof slow !== 'boolean') return undefined;
  const exit = readExitWord(fields?.exit);
  return { at, sample, slow, ...(exit === undefined ? {} : { exit }) };
}

function readEntry(value: unknown): ToolEntry | undefined {
  const fields = fieldsOf(value);
  const tool = readTool(fields?.tool);
  const state = readBreakerState(fields?.state);
  return tool === undefined || state === undefined ? undefined : { tool, state };
}

function readTool(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= LONGEST_TOOL ? value : undefined;
}

export function readMoment(value: unknown): Moment | undefined {
  const fields = fieldsOf(value);
  const { wallMs, monoMs, bootId } = fields ?? {};
  if (typeof wallMs !== 'number' || !Number.isFinite(wallMs)) return undefined;
  if (typeof monoMs !== 'number' || !Number.isFinite(monoMs) || typeof bootId !== 'string') return undefined;
  return { wallMs, monoMs, bootId };
}

function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

function listOf<T>(value: unknown, most: number, read: (one: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const list: T[] = [];
  for (const one of value) {
    const item = read(one);
    if (item === undefined) return undefined;
    list.push(item);
  }
  return list;
}

function wordOf<T extends string>(value: unknown, words: readonly T[]): T | undefined {
  return words.find((word) => word === value);
}

/** A duration: finite, not negative. */
function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
