// The records of running guards on disk, `<state>/run/<pid>.json`: their places, writing one whole, reading and clearing them away.
// Knows neither what is done with a record nor when one is written.
// TRUST: the directory is private to this user. What a record says proves nothing against that user.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf } from '../error-text.ts';
import type { GuardRecord } from '../ports/guard-status.ts';
import { readPrivateFile } from './durable-file.ts';
import { judgeLiveness, type ProcessIdentity, readIdentity } from './process-identity.ts';
import { checkGuardRecord } from './read-guard-record.ts';
import { listNames } from './small-json.ts';
import { makePrivateDir } from './state-paths.ts';

const RUN = 'run';
const RECORD = /^[1-9][0-9]{0,9}(-[0-9a-f]{16})?\.json$/;
const DRAFT = /^[1-9][0-9]{0,9}(-[0-9a-f]{16})?\.json\.draft-[0-9a-f]{12}$/;
const REQUEST = /^[1-9][0-9]{0,9}(-[0-9a-f]{16})?\.reload$/;
/** A record of 256 servers with every text as long as it may be is smaller. */
const MAX_BYTES = 1_048_576;
/** What a guard that was killed while it wrote left behind. */
const OLD_DRAFT_MS = 60_000;

export interface RunEntry {
  readonly path: string;
  readonly holder: ProcessIdentity;
  /** `unknown`: of another container that shares this state directory. */
  readonly liveness: 'alive' | 'unknown';
  readonly record: GuardRecord;
  /** Wall clock, ms: of the last writing. */
  readonly writtenMs: number;
}

export interface RunListing {
  readonly guards: readonly RunEntry[];
  /** Records of guards that are gone, which were taken away. */
  readonly cleared: number;
  /** Files that are no record, with why. Left as they are. */
  readonly unreadable: readonly { readonly path: string; readonly why: string }[];
}

/**
 * Where a guard's record goes: `<pid>.json`, or with its session beside where another guard that may be alive has that name (two
 * containers on one state directory). Makes the directory. @throws StatePathError, or the file system's error
 */
export function claimRunPath(stateDir: string, pid: number, session: string): string {
  const directory = makePrivateDir(stateDir, [RUN]);
  const path = join(directory, `${pid}.json`);
  const entry = readEntry(path);
  return entry.kind === 'read' && judgeLiveness(entry.holder) !== 'dead'
    ? join(directory, `${pid}-${session}.json`)
    : path;
}

/** Where a guard is asked to look at its policy: beside its record. */
export function requestPathOf(recordPath: string): string {
  return recordPath.replace(/\.json$/, '.reload');
}

/** Whole or not at all; mode 600; a link in its place is replaced, not followed. No sync: it means nothing after a loss of power. */
export async function writeRunFile(path: string, text: string): Promise<void> {
  const draft = `${path}.draft-${randomBytes(6).toString('hex')}`;
  try {
    // `wx`: O_EXCL follows no link
    await fs.promises.writeFile(draft, text, { flag: 'wx', mode: 0o600 });
    await fs.promises.rename(draft, path);
  } catch (error) {
    await fs.promises.rm(draft, { force: true });
    throw error;
  }
}

export function isThere(path: string | undefined): boolean {
  return path !== undefined && fs.lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export async function removeRunFile(path: string): Promise<void> {
  await Promise.all([path, requestPathOf(path)].map((one) => fs.promises.rm(one, { force: true })));
}

export function renderRunFile(holder: ProcessIdentity, record: GuardRecord, writtenMs: number): string {
  return `${JSON.stringify({ ...record, holder, writtenMs })}\n`;
}

/** All that run, by when they started; the records of those that do not are removed. Never throws for a single file. */
export function listRunFiles(stateDir: string, nowMs: number): RunListing {
  const directory = join(stateDir, RUN);
  const guards: RunEntry[] = [];
  const unreadable: { path: string; why: string }[] = [];
  let cleared = 0;
  for (const name of listNames(directory)) {
    const path = join(directory, name);
    if (DRAFT.test(name)) clearOld(path, nowMs);
    if (REQUEST.test(name) && !fs.existsSync(path.replace(/\.reload$/, '.json'))) clearOld(path, nowMs);
    if (!RECORD.test(name)) continue;
    const entry = readEntry(path);
    if (entry.kind === 'gone') continue;
    if (entry.kind === 'unreadable') {
      unreadable.push({ path, why: entry.why });
      continue;
    }
    const liveness = judgeLiveness(entry.holder);
    if (liveness !== 'dead') guards.push({ path, ...entry, liveness });
    else if (clearDead(path, entry.record.session)) cleared += 1;
  }
  guards.sort((a, b) => a.record.startedMs - b.record.startedMs || a.holder.pid - b.holder.pid);
  return { guards, cleared, unreadable };
}

type Entry =
  | { readonly kind: 'gone' }
  | { readonly kind: 'unreadable'; readonly why: string }
  | {
      readonly kind: 'read';
      readonly holder: ProcessIdentity;
      readonly record: GuardRecord;
      readonly writtenMs: number;
    };

function readEntry(path: string): Entry {
  let value: unknown;
  try {
    const bytes = readPrivateFile(path, MAX_BYTES);
    if (bytes === undefined) return { kind: 'gone' };
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    return { kind: 'unreadable', why: messageOf(error) };
  }
  const record = checkGuardRecord(value);
  const holder =
    typeof value === 'object' && value !== null && 'holder' in value ? readIdentity(value.holder) : undefined;
  const writtenMs = typeof value === 'object' && value !== null && 'writtenMs' in value ? value.writtenMs : undefined;
  if (record === undefined || holder === undefined || typeof writtenMs !== 'number')
    return { kind: 'unreadable', why: 'it does not have the schema of this version' };
  // what another process copied here says nothing about the one of this name
  if (!basename(path).startsWith(`${holder.pid}.`) && !basename(path).startsWith(`${holder.pid}-`))
    return { kind: 'unreadable', why: 'it is the record of another process' };
  return { kind: 'read', holder, record, writtenMs };
}

/** INVARIANT: only what was just seen to be of a dead guard: a new one may have taken the name meanwhile. */
function clearDead(path: string, session: string): boolean {
  const again = readEntry(path);
  if (again.kind !== 'read' || again.record.session !== session) return false;
  fs.rmSync(path, { force: true });
  fs.rmSync(requestPathOf(path), { force: true });
  return true;
}

function clearOld(path: string, nowMs: number): void {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && nowMs - stat.mtimeMs > OLD_DRAFT_MS) fs.rmSync(path, { force: true });
}
