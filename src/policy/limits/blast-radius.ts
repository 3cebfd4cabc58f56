// How far one session may reach: so many calls, so many different tools. Knows no clock: who has reached it needs a new session.
import type { Interceptor, RequestView } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import { foldName } from './applies.ts';

/** While nothing bounds them; a session that has called so many has reached any bound. */
const MOST_NAMES = 10_000;

export interface BlastRadius {
  /** Infinity: any. */
  readonly tools: number;
  readonly calls: number;
}

/** @param most may change between two calls; what was called before it was bounded counts, too */
export function createBlastRadius(most: () => BlastRadius): Interceptor {
  /** Each with the calls that were sent or are still open. INVARIANT: at most `tools` names, or MOST_NAMES. */
  const tools = new Map<string, number>();
  const open = new Map<RequestView, { readonly name: string; isSent: boolean }>();
  let calls = 0;
  const refuse = (key: 'tools' | 'calls', what: string) =>
    ({
      kind: 'deny',
      reason: 'blast_radius',
      rule: `blastRadius.${key}`,
      text: `${what}, which is all that this installation allows in one session. This call was not sent, and waiting does not help: finish with what you have, or let a person start a new session.`,
      retryAfterMs: undefined,
    }) as const;
  return {
    name: 'blast-radius',

    onRequest(request) {
      const { asked, tool, upstream } = request;
      if (asked !== 'client' || tool === undefined) return PASS;
      const { tools: mostTools, calls: mostCalls } = most();
      if (calls >= mostCalls) return refuse('calls', `${mostCalls} calls have been made`);
      const name = JSON.stringify([upstream, foldName(tool)]);
      const known = tools.get(name);
      if (known === undefined && tools.size >= mostTools)
        return refuse('tools', `${mostTools} different tools have been called`);
      if (known !== undefined || tools.size < MOST_NAMES) tools.set(name, (known ?? 0) + 1);
      calls += 1;
      open.set(request, { name, isSent: false });
      return PASS;
    },

    onSent(request) {
      const one = open.get(request);
      if (one !== undefined) one.isSent = true;
    },

    onSettle(request) {
      const one = open.get(request);
      open.delete(request);
      if (one === undefined || one.isSent) return;
      calls -= 1;
      const left = (tools.get(one.name) ?? 0) - 1;
      if (left > 0) tools.set(one.name, left);
      else tools.delete(one.name);
    },
  };
}
