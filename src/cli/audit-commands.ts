// Connects `audit tail`, `show` and `verify` to this machine: its trail, its terminal, its clock.
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { type AuditShowOptions, runAuditShow } from './audit-show.ts';
import { type AuditTailOptions, runAuditTail } from './audit-tail.ts';
import { type AuditVerifyOptions, runAuditVerify } from './audit-verify.ts';
import { readLineCount } from './line-count.ts';
import { openStateTrail } from './state-trail.ts';
import { terminalIo, untilInterrupted } from './terminal.ts';

interface Colored {
  readonly color: boolean;
}

export function tail(flags: Omit<AuditTailOptions, 'lines'> & Colored & { readonly lines: string }): Promise<number> {
  const options = { ...flags, lines: readLineCount(flags.lines) };
  return runAuditTail(options, terminalIo(flags.color), trail(), systemClock.now().wallMs, untilInterrupted());
}

export function show(id: string, flags: Omit<AuditShowOptions, 'id'> & Colored): number {
  return runAuditShow({ ...flags, id }, terminalIo(flags.color), trail());
}

export function verify(flags: AuditVerifyOptions & Colored): number {
  return runAuditVerify(flags, terminalIo(flags.color), trail());
}

function trail() {
  return openStateTrail(resolveStateDir(process.env));
}
