// How a call went, in one word and a tone. The words are also what `--outcome` takes.
import type { CallState } from '../audit/query.ts';
import type { Tone } from './render.ts';

export interface OutcomeWord {
  readonly word: string;
  readonly tone: Tone;
}

export const OUTCOME_WORDS: Readonly<Record<CallState, OutcomeWord>> = {
  ok: { word: 'ok', tone: 'good' },
  tool_error: { word: 'failed', tone: 'warn' },
  error: { word: 'error', tone: 'bad' },
  denied: { word: 'denied', tone: 'bad' },
  pending: { word: 'pending', tone: 'quiet' },
  cancelled: { word: 'cancelled', tone: 'quiet' },
  timeout: { word: 'timeout', tone: 'bad' },
  upstream_exit: { word: 'exited', tone: 'bad' },
  refused: { word: 'refused', tone: 'bad' },
  client_gone: { word: 'gone', tone: 'quiet' },
  task: { word: 'task', tone: 'accent' },
};

/** The state that a word (or the state's own name) stands for. */
export function readOutcomeWord(word: string): CallState | undefined {
  for (const [state, outcome] of Object.entries(OUTCOME_WORDS)) {
    // Object.entries widens the keys of the table above
    if (word === outcome.word || word === state) return state as CallState;
  }
  return undefined;
}
