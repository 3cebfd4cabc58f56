// `mcp-guard scope test`: policy cases that a team keeps in its repository, against the policy. Knows no file and no clock.
import { compilePattern } from '../policy/pattern.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { formatJunit, type JunitCase } from './junit-xml.ts';
import { makePaint } from './render.ts';
import type { PolicyCase } from './scope-cases.ts';
import type { ExplainScene } from './scope-explain.ts';
import { type Judgement, judgeRequest } from './scope-judge.ts';
import { requestFor } from './scope-request.ts';
import { standingOf } from './scope-standing.ts';
import { wrapWords } from './text-width.ts';

export interface ScopeTestOptions {
  /** As it was named on the command line. */
  readonly file: string;
  /** Undefined: no report is wanted. @throws GuardError */
  readonly writeJunit: ((text: string) => void) | undefined;
}

interface CaseResult {
  readonly tried: PolicyCase;
  /** A rule denies it, and it goes out all the same. */
  readonly isObserved: boolean;
  /** What was expected and what came, on lines of their own; undefined: it holds. */
  readonly failure: { readonly message: string; readonly details: readonly string[] } | undefined;
}

/** @returns the exit code: 0 where every case holds, else 1 */
export function runScopeTest(
  options: ScopeTestOptions,
  cases: readonly PolicyCase[],
  io: CliIo,
  scene: ExplainScene,
): number {
  const results = cases.map((one) => tryCase(one, scene));
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  const paint = makePaint(io.color);
  for (const { tried, failure } of results) {
    const [word, tone] = failure === undefined ? (['ok', 'good'] as const) : (['FAIL', 'bad'] as const);
    const lines = [makeInert(tried.title), ...(failure === undefined ? [] : [failure.message, ...failure.details])];
    for (const [index, line] of lines.entries()) {
      for (const [at, part] of wrapWords(line, Math.max(1, io.columns - 5)).entries()) {
        io.stdout.write(`${index + at === 0 ? paint(tone, word.padEnd(4)) : '    '} ${part}\n`);
      }
    }
  }
  const count = `${cases.length} ${cases.length === 1 ? 'case' : 'cases'}`;
  const observed = results.filter(({ isObserved }) => isObserved).length;
  if (observed > 0) {
    const [cases, pass] = observed === 1 ? ['case', 'passes'] : ['cases', 'pass'];
    const note = `${observed} ${cases} would be denied and ${pass}: \`mode: observe\``;
    for (const part of wrapWords(note, io.columns)) io.stdout.write(`${paint('warn', part)}\n`);
  }
  io.stdout.write(
    failed === 0 ? `${paint('good', 'all hold')}: ${count}\n` : `${paint('bad', `${failed} of ${count} failed`)}\n`,
  );
  options.writeJunit?.(formatJunit(options.file, results.map(forJunit)));
  return failed === 0 ? 0 : 1;
}

function tryCase(tried: PolicyCase, scene: ExplainScene): CaseResult {
  const { server, atMs, expect, rule } = tried;
  const nowMs = atMs ?? scene.nowMs;
  const standing = standingOf(scene.policy, server, scene.further);
  const judged = judgeRequest(standing, requestFor(tried), nowMs, scene.ownPathsOf(server));
  // what is only observed goes out: a case is about what happens
  const isMet = expect === 'allow' ? judged.verdict !== 'deny' : judged.verdict === expect;
  const isObserved = judged.verdict === 'observe';
  if (!isMet) return { tried, isObserved, failure: fail(`expected ${expect}, but it is ${describe(judged)}`, judged) };
  const isByRule = rule === undefined || compilePattern(rule).matches(judged.rule);
  const failure = isByRule
    ? undefined
    : fail(`expected the rule \`${makeInert(rule)}\`, but another one decides`, judged);
  return { tried, isObserved, failure };
}

function describe({ verdict }: Judgement): string {
  if (verdict === 'observe') return 'let pass (`mode: observe`)';
  return verdict === 'allow' ? 'allowed' : 'denied';
}

function fail(message: string, { rule, reason, denial }: Judgement): NonNullable<CaseResult['failure']> {
  const why = denial === undefined ? [] : [`${reason ?? ''}: ${makeInert(denial.text)}`];
  return { message, details: [`rule: ${makeInert(rule)}`, ...why] };
}

function forJunit({ tried, failure }: CaseResult): JunitCase {
  return {
    name: tried.title,
    className: `scope.${tried.server}`,
    failure: failure === undefined ? undefined : { message: failure.message, details: failure.details.join('\n') },
  };
}
