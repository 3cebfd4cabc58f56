// One entry of `breaker history`: a transition, or an order that failed, wrapped to fit. Everything in it is attacker-controlled.
import type { Transition } from '../policy/breaker/breaker-state.ts';
import { showTarget } from './breaker-target.ts';
import { describeEvidence, RULE_WORDS, showSpan } from './breaker-words.ts';
import { showTime } from './call-line.ts';
import { makeInert } from './inert-text.ts';
import type { Paint, Tone } from './render.ts';
import { cutText, fitName, fitText, measureText, wrapWords } from './text-width.ts';

export interface Move {
  /** `<segment>:<seq>` */
  readonly ref: string;
  /** Milliseconds since the epoch, as recorded; 0 where that was no time. */
  readonly at: number;
  readonly tenant: string;
  readonly server: string;
  readonly tool: string | undefined;
  /** Undefined where it is none that this version knows, or an order that failed. */
  readonly transition: Transition | undefined;
  readonly failed:
    | { readonly order: string; readonly actor: string; readonly reason: string; readonly why: string }
    | undefined;
  readonly fault: string | undefined;
}

interface MoveNeeds {
  readonly name: number;
  readonly step: number;
}

const TIME = 8;
/** A reason may be long; what is longer than any that an order takes was written by nobody. */
const MOST_LINES = 20;

const TONES: Readonly<Record<Transition['to'], Tone>> = {
  open: 'bad',
  half_open: 'warn',
  isolated: 'bad',
  closed: 'good',
};

/** What the columns would need, uncut. */
export function measureMove(move: Move): MoveNeeds {
  return { name: measureText(showTarget(move)), step: measureText(stepOf(move)) };
}

/** One line, and below it what does not fit beside the step. @param columns the width that no line exceeds; Infinity: one line */
export function formatMove(move: Move, needs: MoveNeeds, columns: number, paint: Paint): string {
  const name = Math.min(needs.name, Math.max(8, Math.floor(columns / 4)));
  const room = columns - TIME - name - needs.step - 3;
  const time = showTime(move.at);
  if (room < 8) return cutText([time, showTarget(move), stepOf(move)].join(' '), columns);
  const tone = move.transition === undefined ? 'bad' : TONES[move.transition.to];
  const [words = '', ...more] = wrapTo(wordsOf(move), room);
  const tell = (text: string) => (move.fault === undefined ? text : paint('bad', text));
  const cells = [
    paint('quiet', time),
    paint('strong', fitName(showTarget(move), name)),
    paint(tone, fitText(stepOf(move), needs.step)),
    tell(words),
  ];
  const indent = ' '.repeat(Number.isFinite(room) ? columns - room : 0);
  return [cells.join(' ').trimEnd(), ...more.map((line) => indent + tell(line))].join('\n');
}

function wrapTo(text: string, room: number): readonly string[] {
  const lines = wrapWords(text, room);
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES - 1), cutText(`${lines[MOST_LINES - 1]} …`, room)];
}

function stepOf({ transition, failed }: Move): string {
  if (transition !== undefined) return `${transition.from} -> ${transition.to}`;
  return failed === undefined ? '(cannot be read)' : '(failed)';
}

function wordsOf({ transition, failed, fault }: Move): string {
  const altered = fault === undefined ? [] : ['(altered)'];
  if (failed !== undefined) {
    const { order, actor, reason, why } = failed;
    return [...altered, `${order} by ${actor} (${reason}): ${why}`].map(makeInert).join(' ');
  }
  if (transition === undefined) return altered.join(' ');
  const { rule, evidence, openMs, round } = transition;
  const because = RULE_WORDS[rule];
  const times = round > 1 ? `, time ${round}` : '';
  // first what a narrow screen must not cut off
  const open = openMs === undefined ? '' : `for ${showSpan(openMs)}${times}: `;
  const said = describeEvidence(evidence);
  const words = because === '' ? said : evidence.kind === 'person' ? `${because} ${said}` : `${because}, ${said}`;
  return [...altered, open + words].join(' ');
}
