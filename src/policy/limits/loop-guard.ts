// The same call with the same arguments so often in a row: the next is answered with a result that says so. Knows no clock, and no
// other call than those of this session that came so far down the chain.
import { calledName } from '../../core/called-name.ts';
import type { Interceptor, RequestView } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import { showInert } from '../../wire/inert-text.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { memberOf } from '../../wire/json.ts';
import { sortedJson } from '../../wire/sorted-json.ts';
import { foldName } from './applies.ts';

export interface LoopGuardParts {
  /** So many may go in a row; Infinity: any number. May change between two calls. */
  readonly repeats: () => number;
  /** SHA-256, hex. */
  readonly digest: (text: string) => string;
}

const LONGEST_NAME = 128;
/** Questions of servers that are remembered; the oldest is forgotten first. */
const MOST_ASKED = 256;

const memberOrNull = (params: JsonObject | undefined, key: string): Json => memberOf(params, key) ?? null;

export function createLoopGuard({ repeats, digest }: LoopGuardParts): Interceptor {
  let last: string | undefined;
  let inRow = 0;
  const counted = new Map<RequestView, { readonly print: string; isSent: boolean }>();
  const retries = new Map<RequestView, string>();
  /** The calls that a server has answered with `input_required`, each with the state that it gave. */
  const asked = new Set<string>();
  const askedOf = (print: string, state: Json): string => digest(sortedJson([print, state]));
  return {
    name: 'loop-guard',

    onRequest(request) {
      const { tool, upstream, params } = request;
      const most = repeats();
      if (request.asked !== 'client' || tool === undefined || most === Number.POSITIVE_INFINITY) return PASS;
      const print = digest(sortedJson([upstream, foldName(tool), memberOrNull(params, 'arguments')]));
      // What the server has asked for is no repetition, once for each question; an answer that nobody asked for is nothing.
      const isRetry = memberOrNull(params, 'inputResponses') !== null || memberOrNull(params, 'requestState') !== null;
      if (isRetry && asked.delete(askedOf(print, memberOrNull(params, 'requestState')))) {
        retries.set(request, print);
        return PASS;
      }
      if (print !== last) inRow = 0;
      last = print;
      if (inRow >= most) {
        const name = showInert(calledName(request, tool).slice(0, LONGEST_NAME)).replaceAll('`', "'");
        return {
          kind: 'deny',
          reason: 'loop_detected',
          rule: 'loopGuard.repeats',
          text: `This is the same call of \`${name}\` with the same arguments for more than ${most} times in a row, so it looks like a loop and was not sent. Its answer will not change by asking again: use what it said before, change the arguments, or do something else first.`,
          retryAfterMs: undefined,
        };
      }
      inRow += 1;
      counted.set(request, { print, isSent: false });
      return PASS;
    },

    onResponse(request, result) {
      const print = counted.get(request)?.print ?? retries.get(request);
      if (print === undefined || result.resultType !== 'input_required') return undefined;
      const [oldest] = asked.size < MOST_ASKED ? [] : asked;
      if (oldest !== undefined) asked.delete(oldest);
      asked.add(askedOf(print, memberOrNull(result, 'requestState')));
      return undefined;
    },

    onSent(request) {
      const one = counted.get(request);
      if (one !== undefined) one.isSent = true;
    },

    onSettle(request) {
      const one = counted.get(request);
      counted.delete(request);
      retries.delete(request);
      // What never left, as it had to wait its turn, is no repetition.
      if (one !== undefined && !one.isSent && one.print === last) inRow = Math.max(0, inRow - 1);
    },
  };
}
