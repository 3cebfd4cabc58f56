// `mcp-guard limits history`: who counted anew and why, and when limits could not be counted, or were lost; out of the audit trail. Knows no file.
import { type JsonObject, stringAt } from '../wire/json.ts';
import type { History } from './event-history.ts';
import type { Tone } from './render.ts';

const TONES: Readonly<Record<string, Tone>> = {
  reset: 'warn',
  failed: 'bad',
  away: 'bad',
  back: 'good',
  full: 'bad',
  lost: 'bad',
};

export const LIMITS_HISTORY: History = {
  rowOf(detail) {
    const stage = stringAt(detail, 'stage');
    // what came of it says the same and more; where nothing did, its guard died meanwhile
    if (stage === 'asked') return undefined;
    const word = stage ?? stringAt(detail, 'store') ?? '?';
    const what = stage === undefined ? describeStore(word, detail) : 'limits reset';
    return { word, tone: TONES[word] ?? 'plain', what, rest: stage === undefined ? whyAway(detail) : describe(detail) };
  },
  empty: 'no limit was reset, and all could be counted',
};

/** What is lost or full is so whatever `onStoreError` says. */
function describeStore(word: string, detail: JsonObject): string {
  if (word === 'lost') return 'counts begin anew';
  return word === 'full' ? 'calls were denied' : `onStoreError ${stringAt(detail, 'onStoreError') ?? '?'}`;
}

function whyAway(detail: JsonObject): string {
  return stringAt(detail, 'why') ?? '';
}

function describe(detail: JsonObject): string {
  const about = stringAt(detail, 'about') ?? 'everything';
  const count = typeof detail.keys === 'number' ? `, ${detail.keys} ${detail.keys === 1 ? 'count' : 'counts'}` : '';
  const why = stringAt(detail, 'why');
  const failed = why === undefined ? '' : ` (${why})`;
  return `${about}${count}, by ${stringAt(detail, 'actor') ?? '?'}: ${stringAt(detail, 'reason') ?? '?'}${failed}`;
}
