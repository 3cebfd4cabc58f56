// `mcp-guard tenant export <id>`: one archive that a customer can be given, on record before and after. Says what is in it and how it is
// checked. Knows no format.
import { codeOf } from '../adapters/state-paths.ts';
import type { ArchiveFacts } from '../adapters/tenant-archive.ts';
import { quoteWord } from '../config/shell-word.ts';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import type { OneShotTrail } from './one-shot-trail.ts';
import { makePaint } from './render.ts';

export interface ExportContext {
  readonly tenant: string;
  /** Absolute: where the archive goes. */
  readonly path: string;
  readonly actor: string;
  /** Whether anything is on record. */
  readonly hasRecord: boolean;
  readonly openTrail: () => OneShotTrail;
  /** @throws the error of the file system */
  readonly write: () => ArchiveFacts;
}

const VERDICTS = [
  'every chain in it is intact',
  'a segment in it ends without a seal',
  'a chain in it is BROKEN',
] as const;

/** @returns 0 every chain in it is intact, 1 an unclean end, 2 a broken one: as `audit verify` @throws GuardError record_unknown, audit_unwritable, report_unwritable */
export function runTenantExport(context: ExportContext, io: CliIo): number {
  const { tenant, path, actor } = context;
  if (!context.hasRecord) {
    throw new GuardError('record_unknown', `nothing is on record of \`${tenant}\``, {
      hint: 'look with `mcp-guard tenant list`',
    });
  }
  // INVARIANT: on record before anything leaves, so the archive holds the order by which it was made
  const asked = note(context.openTrail(), { stage: 'export_asked', actor });
  const facts = tryWrite(context);
  note(context.openTrail(), {
    ...{ stage: 'exported', asked, actor, segments: facts.segments, records: facts.records },
    ...{ bytes: facts.bytes, sha256: facts.sha256 },
  });
  const paint = makePaint(io.color);
  const shown = makeInert(path);
  io.stdout.write(`${paint('strong', shown)}\n`);
  const rows = [
    ['holds', `${facts.records} records in ${facts.segments} segments, ${facts.bytes} bytes`],
    ['sha256', facts.sha256],
    ['key', facts.publicKey],
  ] as const;
  for (const [name, text] of rows) io.stdout.write(`  ${paint('quiet', name.padEnd(8))}${text}\n`);
  for (const { segment, why } of facts.leftOut)
    io.stdout.write(`  ${paint('warn', 'left out')} ${makeInert(segment)}: ${why}\n`);
  io.stdout.write(`${paint(facts.verdict === 0 ? 'good' : 'bad', VERDICTS[facts.verdict])}\n`);
  io.stdout.write(`to check it: \`tar xf ${quoteWord(shown)}\`\n`);
  io.stdout.write('and read README.txt there. Tell whoever gets it the key by another way.\n');
  return facts.verdict;
}

function note(trail: OneShotTrail, detail: Parameters<OneShotTrail['record']>[1]): string {
  try {
    return trail.record('tenant', detail);
  } finally {
    trail.close();
  }
}

function tryWrite({ write, path }: ExportContext): ArchiveFacts {
  try {
    return write();
  } catch (error) {
    if (error instanceof GuardError) throw error;
    if (codeOf(error) === 'EEXIST')
      throw new GuardError('report_unwritable', `\`${path}\` is there already: nothing is overwritten`, {
        cause: error,
        hint: 'name another place with `--out FILE`, or take that file away',
      });
    const why = messageOf(error);
    throw new GuardError('report_unwritable', `cannot write \`${path}\`: ${why}`, {
      cause: error,
      hint: 'nothing was left behind; name another place with `--out FILE`, or mend what is wrong there',
    });
  }
}
