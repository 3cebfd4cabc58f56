// The same call with the same arguments so often in a row: the next is answered with a result that says so. Knows no clock, and no
// other call than those of this session that came so far down the chain.
import type { Interceptor, RequestView } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import { showInert } from '../../wire/inert-text.ts';
import type { Json } from '../../wire/json.ts';
import { sortedJson } from '../../wire/sorted-json.ts';
import { foldName } from './applies.ts';

export interface LoopGuardParts {
  /** So many may go in a row; Infinity: any number. May change between two calls. */
  readonly repeats: () => number;
  /** SHA-256, hex. */
  readonly digest: (text: string) => string;
}

/** What makes a call another call: a retry that brings an answer or a state (`input_required`) is none of the same. */
const TELLING = ['arguments', 'inputResponses', 'requestState'] as const;
const LONGEST_NAME = 128;

export function createLoopGuard({ repeats, digest }: LoopGuardParts): Interceptor {
  let last: string | undefined;
  let inRow = 0;
  const counted = new Map<RequestView, { readonly print: string; isSent: boolean }>();
  return {
    name: 'loop-guard',

    onRequest(request) {
      const { asked, tool, upstream, params } = request;
      const most = repeats();
      if (asked !== 'client' || tool === undefined || most === Number.POSITIVE_INFINITY) return PASS;
      const telling: readonly Json[] = TELLING.map(
        (key) => (Object.hasOwn(params ?? {}, key) ? params?.[key] : null) ?? null,
      );
      const print = digest(sortedJson([upstream, foldName(tool), telling]));
      if (print !== last) inRow = 0;
      last = print;
      if (inRow >= most) {
        const name = showInert(tool.slice(0, LONGEST_NAME)).replaceAll('`', "'");
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

    onSent(request) {
      const one = counted.get(request);
      if (one !== undefined) one.isSent = true;
    },

    onSettle(request) {
      const one = counted.get(request);
      counted.delete(request);
      // What never left, as it had to wait its turn, is no repetition.
      if (one !== undefined && !one.isSent && one.print === last) inRow = Math.max(0, inRow - 1);
    },
  };
}
