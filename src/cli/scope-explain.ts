// `mcp-guard scope explain`: one decision, the rule that made it, why, and what would change it. Knows no file and no clock.
import type { Deny } from '../core/interceptor.ts';
import type { Pause } from '../policy/pause.ts';
import { decideTarget } from '../policy/scope/scope-decision.ts';
import type { Grant } from '../policy/scope/scope-policy.ts';
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
import { showExact, showExpiry } from './scope-words.ts';
import { wrapWords } from './text-width.ts';

export interface ScopeExplainOptions extends QuestionWords {
  readonly json?: boolean | undefined;
}

export interface ExplainScene extends ScopeScene {
  /** The guard's own files, which no tool of this server may touch. */
  ownPathsOf(server: string): OwnPathsPolicy;
  /** Why who is asked about has nothing of this server; undefined: they may start it. */
  readonly notFor?: string | undefined;
  /** What the answer leaves out. */
  readonly beside?: string | undefined;
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
  /** Observed: what the refusal would say; undefined otherwise. */
  readonly otherwise?: string | undefined;
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

const NOT_FOR: Omit<Explanation, 'why'> = {
  decision: 'deny',
  ...{ rule: undefined, reason: undefined, told: undefined },
  ...{ changes: [], notes: [] },
};

/** @returns the exit code: 0 where it goes on (under conditions, too), 1 where it is denied @throws GuardError usage */
export function runScopeExplain(options: ScopeExplainOptions, io: CliIo, scene: ExplainScene): number {
  const question = readQuestion(options);
  const explanation = explain(question, scene);
  io.stdout.write(options.json === true ? formatJson(question, explanation) : format(question, explanation, io));
  return explanation.decision === 'deny' ? 1 : 0;
}

function explain(question: Question, scene: ExplainScene): Explanation {
  if (scene.notFor !== undefined) return { ...NOT_FOR, why: scene.notFor };
  const standing = standingOf(scene.policy, question.server, scene.further);
  const request = requestFor(question);
  const isOpen = question.args === undefined && (question.kind === 'tool' || question.kind === 'prompt');
  const pause = scene.pauseOf?.(question.server);
  const own = scene.ownPathsOf(question.server);
  const judge = (one: Standing): Judgement | undefined =>
    isOpen ? judgeWithoutArguments(one, request, question, scene.nowMs) : judgeRequest(one, request, scene.nowMs, own);
  const judged = judge(pausedStanding(standing, pause));
  const drift = question.kind === 'tool' ? scene.keptOutOf?.(question.server)?.tool(question.name) : undefined;
  const explanation =
    drift !== undefined && (judged === undefined || judged.verdict === 'allow')
      ? explainDrift(drift)
      : judged === undefined
        ? explainOpen(question, standing, scene)
        : explainJudgement(judged, question, standing, scene);
  const later = explanation.decision === 'deny' ? undefined : scene.ending?.standingOf(question.server);
  const then = later && describeThen(judged, judge(later), scene);
  const offer = noteOnOffer(question, scene.inventoryOf(question.server));
  const notes = [then, offer, scene.beside].filter((note) => note !== undefined);
  return { ...explanation, notes };
}

/** What the end of the newest approval takes away; undefined: nothing that can be told. */
function describeThen(
  now: Judgement | undefined,
  then: Judgement | undefined,
  { ending }: ScopeScene,
): string | undefined {
  if (ending === undefined || then?.verdict === 'observe') return undefined;
  const when = `until ${showExact(ending.endMs)}, when approval ${ending.number} ends`;
  if (then?.verdict === 'deny') return `${when}: then nobody has approved it`;
  return then === undefined && now !== undefined ? `${when}: then its arguments decide` : undefined;
}

/** The scope allows it, and its pins do not. */
function explainDrift({ rule, reason, text }: Deny): Omit<Explanation, 'notes'> {
  return { decision: 'deny', rule, reason, why: text, told: text, changes: [] };
}

function explainOpen(question: Question, standing: Standing, { nowMs }: ScopeScene): Omit<Explanation, 'notes'> {
  const layers = standing.kind === 'scoped' ? standing.scope.layers : undefined;
  const target = layers === undefined ? undefined : decideTarget(layers, question.kind, question.name, nowMs);
  const byLayer = target?.granted === true ? target.byLayer : [];
  const grants = byLayer.flat();
  return {
    decision: 'conditional',
    rule: grants[0]?.rule,
    reason: undefined,
    why: `its arguments decide, and none were given (\`--args\`)${showEnd(byLayer)}`,
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
    return { ...base, why: whyAllowed(question, standing, rule, scene.nowMs), told: undefined, changes: [] };
  }
  return {
    ...base,
    // INVARIANT: what a refusal says (`was not sent`) is never said of what goes on
    ...(verdict === 'observe'
      ? {
          why: `${whyObserved(standing, scene.pauseOf?.(question.server))}, so it goes on and is recorded as such`,
          told: undefined,
          otherwise: denial.text,
        }
      : { why: denial.text, told: denial.error?.message ?? denial.text }),
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

function whyAllowed({ kind, name }: Question, standing: Standing, rule: string, nowMs: number): string {
  if (standing.kind === 'scoped') {
    const { layers } = standing.scope;
    const grant = layers.flatMap(({ grants }) => grants).find((one) => one.rule === rule);
    if (grant === undefined) return `a ${kind} of this kind ${rule}`;
    const target = decideTarget(layers, kind, name, nowMs);
    const end = showEnd([[grant], ...(target.granted ? target.byLayer : [])]);
    const why = grant.reason === undefined ? '' : ` (${makeInert(grant.reason)})`;
    return `granted as \`${makeInert(grant.pattern)}\`${end}${why}`;
  }
  return 'the server has no scope: everything is recorded, nothing is denied by one';
}

/** The last that grants it in each layer; the first of these to end ends it. Nothing where none does. */
function showEnd(byLayer: readonly (readonly Grant[])[]): string {
  const ends = byLayer.map((grants) => Math.max(...grants.map(({ expiresAtMs }) => expiresAtMs)));
  const endMs = Math.min(...ends);
  return Number.isFinite(endMs) ? `, until ${showExpiry(endMs)}` : '';
}

function format(question: Question, explanation: Explanation, io: CliIo): string {
  const { decision, rule, reason, why, told, otherwise, changes, notes } = explanation;
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
    ['else denied', otherwise, 'quiet'],
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
  const { decision, rule, reason, why, told, otherwise, changes, notes } = explanation;
  const asked = { server, [kind]: name, args: args ?? null };
  return `${stringifyInert({ ...asked, decision, rule: rule ?? null, reason: reason ?? null, why, told: told ?? null, otherwise: otherwise ?? null, changes, notes })}\n`;
}
