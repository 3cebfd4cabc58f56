// `scope lint --fix`: shows what it would change, asks, and writes the config. Narrows only; what it cannot prove it leaves alone.
import { chmodSync, realpathSync, statSync } from 'node:fs';
import { replaceFile } from '../adapters/durable-file.ts';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { countOf } from '../policy/lint/finding.ts';
import { chooseFixes, narrowText, planEdits, showEdits } from '../policy/lint/fix.ts';
import type { LintReport } from '../policy/lint/lint.ts';
import { makeInert } from './inert-text.ts';
import type { TextOut } from './io.ts';
import type { Paint } from './render.ts';

export interface FixOptions {
  /** Do not ask. */
  readonly yes: boolean;
  /** Also grants that nobody uses. */
  readonly unused: boolean;
}

export interface FixParts {
  readonly path: string;
  readonly text: string;
  readonly isJson: boolean;
  readonly report: LintReport;
  readonly out: TextOut;
  readonly paint: Paint;
  /** Undefined where there is no terminal. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Throws where the file is not what was read any more. */
  readonly isUnchanged: () => boolean;
}

/** @returns whether the file was changed @throws GuardError usage, config_changed, config_unwritable */
export async function fixConfig(options: FixOptions, parts: FixParts): Promise<boolean> {
  const { path, text, report, out, paint } = parts;
  const fixes = chooseFixes(
    report.findings.map(({ fix }) => fix),
    options.unused,
  );
  if (fixes.length === 0) {
    out.write('nothing that --fix could narrow\n\n');
    return false;
  }
  if (!parts.isJson) {
    out.write(`${countOf(fixes.length, 'grant')} could be narrowed; YAML is not edited: change it by hand\n\n`);
    return false;
  }
  const edits = planEdits(text, fixes);
  const fixed = narrowText(text, edits);
  // INVARIANT: whoever edits the text, it is written only if it permits less
  if (fixed === undefined)
    throw new GuardError('internal', 'a fix would not have narrowed the policy; nothing was changed');
  out.write(`${paint('quiet', `--- ${makeInert(path)}`)}\n`);
  for (const { line, gone, come } of showEdits(text, edits)) {
    out.write(`${paint('accent', `@@ line ${line} @@`)}\n`);
    for (const one of gone) out.write(`${paint('bad', `-${makeInert(one)}`)}\n`);
    for (const one of come) out.write(`${paint('good', `+${makeInert(one)}`)}\n`);
  }
  if (!(await isWanted(options, parts, fixes.length))) {
    out.write('nothing was changed\n\n');
    return false;
  }
  if (!parts.isUnchanged()) {
    throw new GuardError('config_changed', `\`${path}\` has changed while it was looked at`, { hint: 'run it again' });
  }
  write(path, fixed);
  out.write(`narrowed ${countOf(fixes.length, 'grant')}\n\n`);
  return true;
}

async function isWanted({ yes }: FixOptions, { ask, path }: FixParts, count: number): Promise<boolean> {
  if (yes) return true;
  if (ask === undefined) {
    throw new GuardError('usage', 'there is no terminal to ask on', { hint: 'look at the diff, then add `--yes`' });
  }
  const answer = await ask(`narrow ${countOf(count, 'grant')} in \`${makeInert(path)}\`? [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}

/** A config may be a link into a repository, and others may read it: both stay so. */
function write(path: string, text: string): void {
  try {
    const file = realpathSync(path);
    const { mode } = statSync(file);
    replaceFile(file, text, 'drop');
    chmodSync(file, mode & 0o777);
  } catch (error) {
    const why = messageOf(error);
    throw new GuardError('config_unwritable', `cannot write \`${path}\`: ${why}`, {
      cause: error,
      hint: 'make the file and its directory writable, or change it by hand',
    });
  }
}
