// `mcp-guard audit verify`: is each chain what its writer wrote, and is none missing? Judges nothing itself; says what the
// verifier found. Everything from a segment is attacker-controlled: it is a file that others may edit.
import type { VerifiedSegment } from '../adapters/trail-verify.ts';
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
  const report = trail.verify(options.tenant, (segment) => {
    const { grade, text } = describeSegment(segment);
    counts[grade] += 1;
    records += segment.report.end.seq;
    if (options.json === true) io.stdout.write(`${showJson(segment, grade)}\n`);
    else if (grade !== 'intact' || options.verbose === true) {
      io.stdout.write(`${makeInert(`${segment.tenant} ${segment.segment}`)}: ${paint(TONES[grade], text)}\n`);
    }
  });
  for (const fault of report.faults) {
    const where = `${fault.tenant} ${fault.segment}`;
    if (options.json === true) io.stdout.write(`${stringifyInert({ ...fault, grade: 'broken' })}\n`);
    else io.stdout.write(`${makeInert(where)}: ${paint('bad', `broken: ${makeInert(fault.why)}`)}\n`);
  }
  if (options.json !== true) {
    const { intact, unclean, broken } = counts;
    const faults = report.faults.length > 0 ? `, ${report.faults.length} contradicted by another segment` : '';
    const total = `${counted(intact + unclean + broken, 'segment')}, ${counted(records, 'record')}: ${intact} intact, ${unclean} with an unclean end, ${broken} broken${faults}`;
    io.stdout.write(`${paint(TONES[worstGrade(report.exitCode)], total)}\n`);
  }
  return report.exitCode;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function worstGrade(exitCode: 0 | 1 | 2): Grade {
  return exitCode === 2 ? 'broken' : exitCode === 1 ? 'unclean' : 'intact';
}

function describeSegment({ report, isLive }: VerifiedSegment): { grade: Grade; text: string } {
  const { verdict, end, removed } = report;
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

function showJson({ tenant, segment, report, isLive }: VerifiedSegment, grade: Grade): string {
  const { verdict, end, removed } = report;
  return stringifyInert({ tenant, segment, grade, isLive, ...verdict, records: end.seq, head: end.head, removed });
}
