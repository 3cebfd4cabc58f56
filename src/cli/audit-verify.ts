// `mcp-guard audit verify`: is each chain what its writer wrote, and is none missing? Judges nothing itself; says what the
// verifier found. Everything from a segment is attacker-controlled: it is a file that others may edit.
import type { VerifiedSegment } from '../adapters/trail-verify.ts';
import type { SegmentVerdict } from '../audit/verify.ts';
import { stringifyInert } from './call-json.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint, type Tone } from './render.ts';
import type { Trail } from './trail.ts';

export interface AuditVerifyOptions {
  readonly tenant?: string | undefined;
  readonly json?: boolean | undefined;
  /** Intact segments, too, not only the others and the total. */
  readonly verbose?: boolean | undefined;
}

type Grade = 'intact' | 'unclean' | 'broken';
const TONES: Readonly<Record<Grade, Tone>> = { intact: 'good', unclean: 'warn', broken: 'bad' };

/** @returns 0 every chain intact (or still being written), 1 an unclean end or torn tail, 2 a broken or missing chain */
export function runAuditVerify(options: AuditVerifyOptions, io: CliIo, trail: Trail): number {
  const paint = makePaint(io.color);
  const counts: Record<Grade, number> = { intact: 0, unclean: 0, broken: 0 };
  let records = 0;
  let removed = 0;
  let seen = 0;
  const report = trail.verify(options.tenant, (segment) => {
    const { grade, text } = describeSegment(segment);
    counts[grade] += 1;
    seen += 1;
    records += segment.report.end.seq;
    removed += segment.report.removed;
    if (options.json === true) io.stdout.write(`${showJson(segment, grade)}\n`);
    else if (grade !== 'intact' || options.verbose === true) {
      io.stdout.write(`${makeInert(`${segment.tenant} ${segment.segment}`)}: ${paint(TONES[grade], text)}\n`);
    }
  });
  const gone = new Map(report.faults.filter(({ isGone }) => isGone).map((fault) => [fault.segment, fault]));
  for (const fault of gone.values()) {
    const where = `${fault.tenant} ${fault.segment}`;
    if (options.json === true)
      io.stdout.write(
        `${stringifyInert({ tenant: fault.tenant, segment: fault.segment, grade: 'gone', why: fault.why })}\n`,
      );
    else io.stdout.write(`${makeInert(where)}: ${paint('bad', `gone: ${makeInert(fault.why)}`)}\n`);
  }
  if (options.json !== true) {
    const { intact, unclean, broken } = counts;
    const missing = gone.size > 0 ? `, ${gone.size} gone` : '';
    const verdicts = `${intact} intact, ${unclean} with an unclean end, ${broken} broken${missing}`;
    const without = removed > 0 ? `; ${counted(removed, 'payload')} removed` : '';
    const total = `${counted(seen, 'segment')}, ${counted(records, 'record')}: ${verdicts}${without}`;
    const isEmpty = seen === 0 && gone.size === 0;
    io.stdout.write(`${paint(TONES[worstGrade(report.exitCode)], isEmpty ? 'nothing is on record' : total)}\n`);
    io.stdout.write(`${paint('quiet', `in ${makeInert(trail.directory)}`)}\n`);
  } else {
    const { intact, unclean, broken } = counts;
    const sum = { segments: seen, records, intact, unclean, broken, gone: gone.size };
    io.stdout.write(`${stringifyInert({ directory: trail.directory, exitCode: report.exitCode, ...sum })}\n`);
  }
  return report.exitCode;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function worstGrade(exitCode: 0 | 1 | 2): Grade {
  return exitCode === 2 ? 'broken' : exitCode === 1 ? 'unclean' : 'intact';
}

/** One verdict: what its own chain says, unless another segment knows better. */
function verdictOf({ report, contradiction }: VerifiedSegment): SegmentVerdict {
  if (contradiction === undefined || report.verdict.kind === 'broken') return report.verdict;
  return { kind: 'broken', record: contradiction.record, why: contradiction.why };
}

function describeSegment(segment: VerifiedSegment): { grade: Grade; text: string } {
  const { report, isLive } = segment;
  const { end, removed } = report;
  const verdict = verdictOf(segment);
  const count = counted(end.seq, 'record');
  const without = removed > 0 ? `, ${removed} without their payload (removed)` : '';
  if (verdict.kind === 'broken') {
    return { grade: 'broken', text: `broken at record ${verdict.record}: ${makeInert(verdict.why)}` };
  }
  if (verdict.kind === 'intact') return { grade: 'intact', text: `intact, ${count}${without}` };
  if (isLive) return { grade: 'intact', text: `intact so far, ${count}, still being written${without}` };
  if (verdict.kind === 'unclean')
    return { grade: 'unclean', text: `unclean end after record ${end.seq}: no seal${without}` };
  return { grade: 'unclean', text: `torn tail of ${verdict.bytes} bytes after record ${end.seq}${without}` };
}

function showJson(verified: VerifiedSegment, grade: Grade): string {
  const { tenant, segment, report, isLive } = verified;
  const { end, removed } = report;
  return stringifyInert({
    tenant,
    segment,
    grade,
    isLive,
    ...verdictOf(verified),
    records: end.seq,
    head: end.head,
    removed,
  });
}
