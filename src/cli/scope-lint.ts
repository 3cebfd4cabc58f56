// `mcp-guard scope lint`: what of a policy is wider, older or less certain than it need be. Works on what is known of servers;
// starts none. Knows no rule.
import { GuardError } from '../guard-error.ts';
import { lintConfig } from '../policy/lint/lint.ts';
import type { LintInput } from '../policy/lint/lint-input.ts';
import type { CliIo } from './io.ts';
import { fixConfig } from './lint-fix.ts';
import { createLocator } from './lint-place.ts';
import { formatSarif } from './lint-sarif.ts';
import { countFindings, formatLint, formatLintJson, type LintView } from './lint-screen.ts';
import { makePaint } from './render.ts';

export interface ScopeLintOptions {
  readonly json?: boolean | undefined;
  readonly sarif?: boolean | undefined;
  /** More warnings than so many are a failure. */
  readonly maxWarnings?: number | undefined;
  readonly fix?: boolean | undefined;
  readonly fixUnused?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

/** The config as it was read, with all that is known about it. */
export interface LintSubject {
  readonly path: string;
  /** As a URI reference, relative where it can be. */
  readonly uri: string;
  readonly text: string;
  readonly isJson: boolean;
  readonly input: LintInput;
  /** What could not be known, beside what the rules say of themselves. */
  readonly notes: readonly string[];
  readonly isUnchanged: () => boolean;
}

export interface ScopeLintContext {
  /** Reads it anew each time. @throws GuardError where there is no config that can be used */
  readonly load: () => Promise<LintSubject>;
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** @returns 0; 1 where there is an error, or more warnings than allowed @throws GuardError */
export async function runScopeLint(options: ScopeLintOptions, io: CliIo, context: ScopeLintContext): Promise<number> {
  if (options.json === true && options.sarif === true) {
    throw new GuardError('usage', '`--json` and `--sarif` are two notations', { hint: 'give one of them' });
  }
  const isData = options.json === true || options.sarif === true;
  let subject = await context.load();
  if (options.fix === true || options.fixUnused === true) {
    const isChanged = await fixConfig(
      { yes: options.yes === true, unused: options.fixUnused === true },
      {
        ...subject,
        report: lintConfig(subject.input),
        // data stays data
        out: isData ? io.stderr : io.stdout,
        paint: makePaint(io.color && !isData),
        ask: context.ask,
      },
    );
    if (isChanged) subject = await context.load();
  }
  const { path, uri, text, isJson, input, notes } = subject;
  const found = lintConfig(input);
  const report = { ...found, blind: [...found.blind, ...notes] };
  const view: LintView = { path, report, locate: createLocator(isJson ? text : undefined), showPath: input.showPath };
  if (options.sarif === true) io.stdout.write(`${formatSarif(report, { ...view, uri })}\n`);
  else if (options.json === true) io.stdout.write(`${formatLintJson(view)}\n`);
  else io.stdout.write(formatLint(view, io.columns, makePaint(io.color)));
  const { errors, warnings } = countFindings(report);
  return errors > 0 || warnings > (options.maxWarnings ?? Number.POSITIVE_INFINITY) ? 1 : 0;
}
