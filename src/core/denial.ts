// What the asking side reads when a request is not done, or its answer is not given. One table of texts and shapes
// (protocol notes, section 4). Decides nothing.
import type { RecordRef } from '../audit/entry.ts';
import { showRef } from '../audit/entry.ts';
import {
  CALL_REFUSED,
  type Decision,
  errorLine,
  INTERNAL_ERROR,
  METHOD_NOT_FOUND,
  toolErrorLine,
} from '../wire/reply.ts';
import type { EndedBecause } from './events.ts';
import { CLIENT, type Exchange } from './exchange.ts';
import type { RequestView } from './interceptor.ts';

export interface Refusing {
  readonly reason: string;
  readonly rule: string | undefined;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
  /** Instead of all that: this plain error. */
  readonly error?: { readonly code: number; readonly message: string };
}

/**
 * The line that ends `exchange` for its asker: a result with `isError: true` for a call, a JSON-RPC error for anything
 * else and for a task-augmented call (SDKs reject a plain result there), `-32601` towards a server.
 */
export function refusalLine(
  exchange: Pick<Exchange, 'asker' | 'askerId' | 'taskAugmented'> & {
    readonly view: Pick<RequestView, 'tool' | 'modern'>;
  },
  refusing: Refusing,
  ref: RecordRef | undefined,
): Buffer {
  const { askerId, view } = exchange;
  // INVARIANT: no trace of the guard in it, or it would tell what is there from what is not.
  if (refusing.error !== undefined) return errorLine(askerId, refusing.error.code, refusing.error.message);
  const decision: Decision = {
    reason: refusing.reason,
    rule: refusing.rule,
    record: ref === undefined ? undefined : showRef(ref),
    retryAfterMs: refusing.retryAfterMs,
  };
  if (exchange.asker !== CLIENT) return errorLine(askerId, METHOD_NOT_FOUND, refusing.text, decision);
  if (view.tool === undefined) return errorLine(askerId, INTERNAL_ERROR, refusing.text, decision);
  const text = ref === undefined ? refusing.text : `${refusing.text} (record ${showRef(ref)})`;
  if (exchange.taskAugmented && !view.modern) return errorLine(askerId, CALL_REFUSED, text, decision);
  return toolErrorLine(askerId, text, decision, view.modern);
}

export function unrecordedIntent(): Refusing {
  return {
    reason: 'audit_unavailable',
    rule: 'audit.onFailure',
    text: "mcp-guard could not write its audit trail, so this request was not sent. Nothing was done. The guard's log (stderr) says why; the trail lies in its state directory.",
    retryAfterMs: undefined,
  };
}

export function unrecordedOutcome(): Refusing {
  return {
    reason: 'audit_unavailable',
    rule: 'audit.onFailure',
    text: 'This request ran, but mcp-guard could not write its outcome to the audit trail, so the answer is withheld. Do not repeat it: it may have had effects.',
    retryAfterMs: undefined,
  };
}

/** INVARIANT: names nobody: whose it is stands in no text that this tenant reads. */
export function canaryRefusal(): Refusing {
  return {
    reason: 'canary_found',
    rule: 'canary',
    text: 'This request ran, but something stood in its answer that must not be there, so the answer is withheld and mcp-guard ends this session. Do not repeat it: it may have had effects. A person has to look at it.',
    retryAfterMs: undefined,
  };
}

/** @param elapsedMs how long the guard has waited */
export function deadlineRefusal(kind: 'idle' | 'hard', elapsedMs: number, server: string): Refusing {
  const silence = kind === 'idle' ? 'no sign of life' : 'no answer';
  return {
    reason: 'deadline',
    rule: kind === 'idle' ? 'deadline.idleMs' : 'deadline.hardMs',
    text: `There was ${silence} from \`${server}\` for ${Math.round(elapsedMs)} ms, so mcp-guard stopped waiting and told the server to cancel. The call may still have run: check before you repeat it.`,
    retryAfterMs: undefined,
  };
}

/** @param how `code 1`, `signal SIGKILL`, or why it could not be started */
export function exitRefusal(kind: 'exited' | 'signalled' | 'unstartable', how: string, server: string): Refusing {
  if (kind === 'unstartable') {
    return {
      reason: 'server_unstartable',
      rule: undefined,
      text: `the MCP server \`${server}\` could not be started: ${how}`,
      retryAfterMs: undefined,
    };
  }
  return {
    reason: 'server_exited',
    rule: undefined,
    text: `The MCP server \`${server}\` exited (${how}) before it answered; the outcome of this request is unknown: check before you repeat it.`,
    retryAfterMs: undefined,
  };
}

export function overfullRefusal(server: string): Refusing {
  return {
    reason: 'server_away',
    rule: undefined,
    text: `\`${server}\` is being started again, and more is waiting for it than mcp-guard holds. This request was not sent: send it again in a while.`,
    retryAfterMs: 5000,
  };
}

/** @param because undefined: the client has left */
export function sessionEndRefusal(server: string, because: EndedBecause): Refusing {
  const what =
    because === undefined
      ? `The client closed its end of the session before \`${server}\` answered, so mcp-guard ended the server`
      : `mcp-guard ended this session before \`${server}\` answered, because ${because}`;
  return {
    reason: 'session_ended',
    rule: undefined,
    text: `${what}; the outcome of this request is unknown.`,
    retryAfterMs: undefined,
  };
}

export function ambiguousAnswer(server: string, detail: string): Refusing {
  return {
    reason: 'answer_refused',
    rule: 'strict',
    text: `The MCP server \`${server}\` answered with a line that can be read in more than one way (${detail}), so mcp-guard did not pass it on. The request ran, and repeating it gives the same answer: whoever made the server has to mend that.`,
    retryAfterMs: undefined,
  };
}
