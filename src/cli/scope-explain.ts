// `mcp-guard scope explain`: one decision, the rule that made it, why, and what would change it. Knows no file and no clock.
import type { Pause } from '../policy/pause.ts';
import { decideTarget } from '../policy/scope/scope-decision.ts';
import { suggestName } from './breaker-target.ts';
import { stringifyInert } from './call-json.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { describePause } from './pause-words.ts';
import { makePaint, type Tone } from './render.ts';
import { adviseOnRefusal, listConditions, noteOnOffer } from './scope-advice.ts';
import { type Judgement, judgeRequest, judgeWithoutArguments, type OwnPathsPolicy } from './scope-judge.ts';
import { type Question, type QuestionWords, readQuestion, requestFor } from './scope-request.ts';
import { knownScoped, type ScopeScene } from './scope-show.ts';
import { pausedStanding, type Standing, standingOf } from './scope-standing.ts';
import { showExpiry } from './scope-words.ts';
import { wrapWords } from './text-width.ts';

export interface ScopeExplainOptions extends QuestionWords {
  readonly json?: boolean | undefined;
}

export interface ExplainScene extends ScopeScene {
  /** The guard's own files, which no tool of this server may touch. */
  ownPathsOf(server: string): OwnPathsPolicy;
}

/** `conditional`: its arguments decide, and none were given. */
type Decision = Judgement['verdict'] | 'conditional';

interface Explanation {
  readonly decision: Decision;
  readonly rule: string | undefined;
  readonly reason: string | undefined;
  readonly why: string;
  /** What who asks is told; undefined where it goes on, or the server would not run. */
  readonly told: string | undefined;
  readonly changes: readonly string[];
  readonly notes: readonly string[];
}

const WORDS: Readonly<Record<Decision, readonly [word: string, tone: Tone]>> = {
  allow: ['allowed', 'good'],
  conditional: ['allowed if', 'warn'],
  observe: ['observed', 'warn'],
  deny: ['denied', 'bad'],
};
const LABEL = 11;

/** @returns the exit code: 0 where it goes on (under conditions, too), 1 where it is denied @throws GuardError usage */
export function runScopeExplain(options: ScopeExplainOptions, io: CliIo, scene: ExplainScene): number {
  const question = readQuestion(options);
  const explanation = explain(question, scene);
  io.stdout.write(options.json === true ? formatJson(question, explanation) : format(question, explanation, io));
  return explanation.decision === 'deny' ? 1 : 0;
}

function explain(question: Question, scene: ExplainScene): Explanation {
  const standing = standingOf(scene.policy, question.server, scene.further);
  const request = requestFor(question);
  const isOpen = question.args === undefined && (question.kind === 'tool' || question.kind === 'prompt');
  const pause = scene.pauseOf?.(question.server);
  const effective = pausedStanding(standing, pause);
  const judged = isOpen
    ? judgeWithoutArguments(effective, request, question, scene.nowMs)
    : judgeRequest(effective, request, scene.nowMs, scene.ownPathsOf(question.server));
  const notes = [noteOnOffer(question, scene.inventoryOf(question.server))].filter((note) => note !== undefined);
  return {
    ...(judged === undefined
      ? explainOpen(question, standing, scene)
      : explainJudgement(judged, question, standing, scene)),
    notes,
  };
}

function explainOpen(question: Question, standing: Standing, { nowMs }: ScopeScene): Omit<Explanation, 'notes'> {
  const layers = standing.kind === 'scoped' ? standing.scope.layers : undefined;
  const target = layers === undefined ? undefined : decideTarget(layers, question.kind, question.name, nowMs);
  const grants = target?.granted === true ? target.byLayer.flat() : [];
  return {
    decision: 'conditional',
    rule: grants[0]?.rule,
    reason: undefined,
    why: 'its arguments decide, and none were given (`--args`)',
    told: undefined,
    changes: standing.kind === 'scoped' ? listConditions(grants, standing) : [],
  };
}

function explainJudgement(
  { verdict, rule, reason, denial, refused }: Judgement,
  question: Question,
  standing: Standing,
  scene: ScopeScene,
): Omit<Explanation, 'notes'> {
  const base = { decision: verdict, rule, reason };
  if (standing.kind === 'refused') {
    const known = knownScoped(scene);
    return {
      ...base,
      why: `the config lists servers, and \`${makeInert(question.server)}\` is none of them: it is not started`,
      told: undefined,
      changes: [`add it to \`servers\`; ${suggestName(question.server, known)}`],
    };
  }
  if (verdict === 'allow' || denial === undefined) {
    return { ...base, why: whyAllowed(question, standing, rule), told: undefined, changes: [] };
  }
  return {
    ...base,
    why:
      verdict === 'observe'
        ? `${denial.text}; ${whyObserved(standing, scene.pauseOf?.(question.server))}, so it goes on and is recorded as such`
        : denial.text,
    told: verdict === 'observe' ? undefined : (denial.error?.message ?? denial.text),
    changes:
      refused === undefined || standing.kind !== 'scoped'
        ? []
        : adviseOnRefusal(refused.refusal, { ...question, ...refused.use }, standing),
  };
}

function whyObserved(standing: Standing, pause: Pause | undefined): string {
  const isObserved = standing.kind === 'scoped' && standing.scope.mode === 'observe';
  return pause === undefined || isObserved ? 'the server is only observed' : `the server is ${describePause(pause)}`;
}

function whyAllowed({ kind }: Question, standing: Standing, rule: string): string {
  if (standing.kind === 'scoped') {
    const grant = standing.scope.layers.flatMap(({ grants }) => grants).find((one) => one.rule === rule);
    if (grant === undefined) return `a ${kind} of this kind ${rule}`;
    const end = Number.isFinite(grant.expiresAtMs) ? `, until ${showExpiry(grant.expiresAtMs)}` : '';
    const why = grant.reason === undefined ? '' : ` (${makeInert(grant.reason)})`;
    return `granted as \`${makeInert(grant.pattern)}\`${end}${why}`;
  }
  return 'the server has no scope: everything is recorded, nothing is denied by one';
}

function format(question: Question, explanation: Explanation, io: CliIo): string {
  const { decision, rule, reason, why, told, changes, notes } = explanation;
  const paint = makePaint(io.color);
  const [word, tone] = WORDS[decision];
  const { server, kind, name } = question;
  const what = `${makeInert(server)}: ${kind} ${makeInert(name)}`;
  const rows: readonly (readonly [string, string | undefined, Tone])[] = [
    [word, what, tone],
    ['rule', rule === undefined ? undefined : makeInert(rule), 'quiet'],
    ['reason', reason, 'quiet'],
    ['why', why, 'quiet'],
    ['it is told', told === why ? undefined : told, 'quiet'],
    ...changes.map((text, index): [string, string, Tone] => [
      index > 0 ? '' : decision === 'conditional' ? 'conditions' : 'to change',
      text,
      'quiet',
    ]),
    ...notes.map((text): [string, string, Tone] => ['note', text, 'warn']),
  ];
  const room = Math.max(1, io.columns - LABEL - 1);
  return rows
    .flatMap(([label, text, style]) => {
      if (text === undefined) return [];
      const [first = '', ...rest] = wrapWords(makeInert(text), room);
      const blank = ' '.repeat(LABEL + 1);
      return [`${paint(style, label.padEnd(LABEL))} ${first}`, ...rest.map((line) => blank + line)];
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** One line of ASCII; keys stand in docs/scopes.md. */
function formatJson({ server, kind, name, args }: Question, explanation: Explanation): string {
  const { decision, rule, reason, why, told, changes, notes } = explanation;
  const asked = { server, [kind]: name, args: args ?? null };
  return `${stringifyInert({ ...asked, decision, rule: rule ?? null, reason: reason ?? null, why, told: told ?? null, changes, notes })}\n`;
}
