// The tone of each outcome, and which words `--outcome` takes: a call's state is its word, everywhere.
import type { CallState } from '../audit/query.ts';
import type { Tone } from './render.ts';

export const OUTCOME_TONES: Readonly<Record<CallState, Tone>> = {
  ok: 'good',
  failed: 'warn',
  error: 'bad',
  denied: 'bad',
  pending: 'quiet',
  lost: 'bad',
  cancelled: 'quiet',
  timeout: 'bad',
  exited: 'bad',
  refused: 'bad',
  gone: 'quiet',
  withheld: 'bad',
  task: 'accent',
};

export function isOutcomeWord(word: string): word is CallState {
  return Object.hasOwn(OUTCOME_TONES, word);
}
