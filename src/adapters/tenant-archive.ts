// One archive with a tenant's record and the proof of it: a state directory that `audit verify` reads anywhere, hashes of every file, and
// a signature by the tenant's own key. Knows no command. INVARIANT: nothing in it comes through a link, or from a file whose chain is
// not the tenant's.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { isSegmentId } from '../audit/segment-id.ts';
import { GuardError } from '../guard-error.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { describeArchive } from './archive-words.ts';
import { openSigningKey } from './signing-key.ts';
import { listNames, openRegular } from './small-json.ts';
import { makePrivateDir } from './state-paths.ts';
import { type ArchivedFile, createTarArchive, type TarArchive } from './tar-archive.ts';
import { type VerifiedSegment, verifyTrail } from './trail-verify.ts';

/** The directory that it unpacks to: a state directory with one tenant. */
const ROOT = 'mcp-guard-export';

export interface ArchiveInput {
  readonly scope: TenantScope;
  /** Of the archive; nothing is there yet. */
  readonly path: string;
  readonly nowMs: number;
  readonly guard: string;
}

export interface ArchiveFacts {
  readonly bytes: number;
  readonly sha256: string;
  readonly publicKey: string;
  readonly segments: number;
  readonly records: number;
  readonly leftOut: readonly LeftOut[];
  /** As `audit verify` says it of what is in it: 0 intact, 1 an unclean end, 2 broken. */
  readonly verdict: 0 | 1 | 2;
}

export interface LeftOut {
  readonly segment: string;
  readonly why: string;
}

/** @throws the error of the file system, StatePathError, GuardError key_unusable, audit_unreadable; then there is no archive */
export function writeTenantArchive({ scope, path, nowMs, guard }: ArchiveInput): ArchiveFacts {
  refuseLinks(scope);
  const report = verifyTrail(scope.stateDir, scope.id);
  const leftOut: LeftOut[] = [];
  const taken = report.segments.filter((segment) => {
    const why = reasonToLeave(segment, scope.id);
    if (why !== undefined) leftOut.push({ segment: segment.segment, why });
    return why === undefined;
  });
  const key = openSigningKey(makePrivateDir(scope.stateDir, scope.steps('keys')));
  const archive = createTarArchive(path, nowMs);
  try {
    const kinds = taken.map(({ report: { verdict }, contradiction }) =>
      contradiction === undefined ? verdict.kind : '',
    );
    const found = {
      segments: taken.length,
      unclean: kinds.filter((kind) => kind === 'unclean' || kind === 'torn').length,
      broken: kinds.filter((kind) => kind === 'broken').length + report.faults.length,
      leftOut: leftOut.length,
    };
    const words = describeArchive({ root: ROOT, tenant: scope.id, publicKey: key.publicKey, guard, ...found });
    const files = [
      archive.addText(`${ROOT}/README.txt`, words.readme),
      archive.addText(`${ROOT}/key.pem`, words.pem),
      ...taken.flatMap((segment) => addSegment(archive, scope, segment)),
      ...addTombstones(archive, scope),
    ];
    const manifest = `${JSON.stringify(
      {
        ...{ version: 1, tenant: scope.id, guard, madeAt: new Date(nowMs).toISOString(), publicKey: key.publicKey },
        ...{ verdict: report.exitCode, leftOut },
        segments: taken.map(describeSegment),
        files: files.map((file) => ({ ...file, path: file.path.slice(ROOT.length + 1) })),
      },
      undefined,
      1,
    )}\n`;
    archive.addText(`${ROOT}/manifest.json`, manifest);
    archive.addText(`${ROOT}/manifest.sig`, Buffer.from(key.sign(manifest), 'base64'));
    const records = taken.reduce((sum, { report: { end } }) => sum + end.seq, 0);
    const facts = { publicKey: key.publicKey, segments: taken.length, records, leftOut, verdict: report.exitCode };
    return { ...archive.finish(), ...facts };
  } finally {
    archive.abandon();
  }
}

/** TRUST: a name that leads elsewhere would put another tenant's files into this one's archive. None is followed to look for more. */
function refuseLinks({ directory, trail }: TenantScope): void {
  const links = [directory, trail.audit].filter(isLink);
  const [link] = links.length > 0 ? links : listLinks(trail.audit);
  if (link === undefined) return;
  throw new GuardError('audit_unreadable', `\`${link}\` is a link, which no guard makes: nothing was exported`, {
    hint: 'look where it leads and who made it, take it away, and run it again',
  });
}

function listLinks(directory: string): string[] {
  return listNames(directory).flatMap((name) => {
    const path = join(directory, name);
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) return [path];
    return stat?.isDirectory() === true ? listLinks(path) : [];
  });
}

function isLink(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function reasonToLeave({ report, isLive, path }: VerifiedSegment, tenant: string): string | undefined {
  if (report.tenant !== tenant) return 'nothing in it says that it is of this tenant';
  if (isLive && report.verdict.kind !== 'intact') return 'it is still being written';
  // a second name is no link, and leads to the same file all the same
  return (fs.lstatSync(path, { throwIfNoEntry: false })?.nlink ?? 0) === 1
    ? undefined
    : 'its file has another name, too';
}

function addSegment(archive: TarArchive, scope: TenantScope, { segment, day, path }: VerifiedSegment): ArchivedFile[] {
  const at = `${ROOT}/${scope.id}/audit`;
  const own = addFile(archive, `${at}/${day}/${segment}.jsonl`, path);
  if (own === undefined) throw new Error(`the segment \`${segment}\` went away while it was read: run it again`);
  const directory = scope.trail.payloads(segment);
  const payloads = listNames(directory)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((name) => addFile(archive, `${at}/payload/${segment}/${name}`, `${directory}/${name}`));
  return [own, ...payloads.filter((file) => file !== undefined)];
}

/** What retention took away left these behind: without them a segment would be missed. */
function addTombstones(archive: TarArchive, { trail, id }: TenantScope): ArchivedFile[] {
  const names = listNames(trail.tombstones).filter((name) => name.endsWith('.json') && isSegmentId(name.slice(0, -5)));
  return names
    .map((name) => addFile(archive, `${ROOT}/${id}/audit/removed/${name}`, `${trail.tombstones}/${name}`))
    .filter((file) => file !== undefined);
}

/** Undefined for what is no regular file of one name. */
function addFile(archive: TarArchive, name: string, path: string): ArchivedFile | undefined {
  const opened = openRegular(path);
  if (opened === undefined) return undefined;
  try {
    return opened.stat.nlink === 1 ? archive.addOpened(name, opened.fd, opened.stat.size) : undefined;
  } finally {
    fs.closeSync(opened.fd);
  }
}

function describeSegment({ segment, day, report: { end, verdict, removed } }: VerifiedSegment) {
  return { segment, day, records: end.seq, head: end.head, verdict: verdict.kind, withoutPayload: removed };
}
