// How a refusal of a scope is put: to a model in words that help it, to everybody else as if the thing did not exist.
// Decides nothing.
import { calledName } from '../../core/called-name.ts';
import type { Deny, RequestView } from '../../core/interceptor.ts';
import { showInert } from '../../wire/inert-text.ts';
import type { Refusal } from './scope-decision.ts';
import type { TargetKind, Violation } from './scope-policy.ts';

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
/** Up to 2025-11-25; from 2026-07-28 on an unknown resource is an invalid parameter. */
const RESOURCE_NOT_FOUND = -32002;

/** Methods that 2026-07-28 has no more: a server without them cannot be told from one that is not granted them. */
const REMOVED: ReadonlySet<string> = new Set(['resources/subscribe', 'resources/unsubscribe']);

const LONGEST_NAME = 256;
/** Characters of all alternatives together; the nearest stands in any case. */
const LONGEST_ALTERNATIVES = 1000;

export type Asked = Pick<RequestView, 'asked' | 'modern' | 'method' | 'upstream' | 'prefix'>;

/** @param own attacker-controlled: the server's own name for it */
export function denyUse(refusal: Refusal, asked: Asked, kind: TargetKind, own: string): Deny {
  const name = kind === 'tool' || kind === 'prompt' ? calledName(asked, own) : own;
  const shown = inert(name);
  const { rule } = refusal;
  // INVARIANT: a server cannot tell what is refused from what the client does not know.
  const error = asked.asked === 'server' ? { error: absence(kind, name, asked) } : {};
  const base = { kind: 'deny', rule, retryAfterMs: undefined } as const;
  switch (refusal.kind) {
    case 'absent':
      if (refusal.closed !== undefined && asked.asked === 'client') {
        const text = `\`${shown}\` was not sent, and nothing is sent to \`${inert(asked.upstream)}\`: ${refusal.closed}`;
        return { ...base, reason: 'server_unstartable', text };
      }
      return { ...base, ...absentReason(refusal, kind, shown), error: absence(kind, name, asked) };
    case 'unapproved':
      return {
        ...base,
        ...error,
        reason: 'not_approved',
        text: describeUnapproved(refusal, shown, inert(asked.upstream)),
      };
    case 'approval':
      return {
        ...base,
        ...error,
        reason: 'approval_required',
        text: `\`${shown}\` needs a person's approval for each use (\`${rule}\`), and this version of mcp-guard cannot ask for one, so this was not sent. Do not retry: use another way, or ask the user.`,
      };
    case 'arguments':
      return { ...base, ...error, reason: 'argument_denied', text: describeViolations(shown, refusal.violations) };
  }
}

/** What cannot be told apart: a method in disguise, a call without a name, a reference to nothing known. */
export function denyUnreadable(asked: Asked, isKnown: boolean): Deny {
  const { method } = asked;
  return {
    kind: 'deny',
    reason: 'not_granted',
    rule: 'scope',
    text: `\`${inert(method)}\` does not say what it is about, so no scope of \`${inert(asked.upstream)}\` allows it.`,
    retryAfterMs: undefined,
    error:
      isKnown && !isRemoved(asked)
        ? { code: INVALID_PARAMS, message: 'Invalid params' }
        : { code: METHOD_NOT_FOUND, message: 'Method not found' },
  };
}

/** An answer is withheld because in it the server asks the client for `method`; undefined: for nobody can tell what. */
export function denyInput(asked: Asked, method: string | undefined, rule: string): Deny {
  const what = method === undefined ? 'something that cannot be read' : `\`${inert(method)}\``;
  return {
    kind: 'deny',
    reason: 'request_denied',
    rule,
    text: `\`${inert(asked.upstream)}\` asked the client for ${what} before it would go on, and its scope does not grant that, so its question was withheld. The request may have had effects already.`,
    retryAfterMs: undefined,
  };
}

/** A request carries the answer to a question that the server may not ask. @param method undefined: to what question cannot be told */
export function denyResponse(asked: Asked, method: string | undefined, rule: string): Deny {
  const what = method === undefined ? 'answers that cannot be read' : `an answer to \`${inert(method)}\``;
  return {
    kind: 'deny',
    reason: 'request_denied',
    rule,
    text: `The request carries ${what} in \`inputResponses\`, and the scope of \`${inert(asked.upstream)}\` does not let the server ask that, so it was not sent. Send it without.`,
    retryAfterMs: undefined,
    // what no server can read is a client's mistake, and nothing that a model could mend
    ...(method === undefined
      ? {
          error: {
            code: INVALID_PARAMS,
            message: 'Invalid params: `inputResponses` holds what is no answer to a question',
          },
        }
      : {}),
  };
}

/** For the record: whoever asks is told that there is no such thing, whatever the reason is. */
function absentReason(
  { why, by }: Refusal & { readonly kind: 'absent' },
  kind: TargetKind,
  shown: string,
): { readonly reason: string; readonly text: string } {
  if (by !== undefined) {
    const how = why === 'denied' ? 'denies' : 'does not allow';
    return { reason: 'beyond_ceiling', text: `\`${inert(by)}\` ${how} \`${shown}\`, whatever the scope grants` };
  }
  switch (why) {
    case 'not_granted':
      return { reason: 'not_granted', text: `no grant names \`${shown}\`` };
    case 'denied':
      return { reason: 'scope_denied', text: `a denial names \`${shown}\`` };
    case 'expired':
      return { reason: 'grant_expired', text: `the grant of \`${shown}\` has expired` };
    case 'not_plain':
      if (kind === 'method')
        return {
          reason: 'not_granted',
          text: `\`${shown}\` may mean another method than it says, and no grant names it so`,
        };
      return { reason: 'uri_not_plain', text: `\`${shown}\` may mean another resource than it says` };
  }
}

/** What a server answers to who asks for something that it has not got. Source: the specification, tools, prompts, resources. */
function absence(kind: TargetKind, name: string, asked: Asked): { readonly code: number; readonly message: string } {
  const cut = name.slice(0, LONGEST_NAME);
  if (isRemoved(asked)) return { code: METHOD_NOT_FOUND, message: 'Method not found' };
  switch (kind) {
    case 'tool':
      return { code: INVALID_PARAMS, message: `Unknown tool: ${cut}` };
    case 'prompt':
      return { code: INVALID_PARAMS, message: `Unknown prompt: ${cut}` };
    case 'resource':
      return { code: asked.modern ? INVALID_PARAMS : RESOURCE_NOT_FOUND, message: 'Resource not found' };
    case 'request':
    case 'method':
      return { code: METHOD_NOT_FOUND, message: 'Method not found' };
  }
}

function isRemoved({ modern, method }: Asked): boolean {
  return modern && REMOVED.has(method);
}

/** What is approved stands before how to get more: a model can go on with that. */
function describeUnapproved(
  { rule, violations, waits, ended, mend = 'mcp-guard scope approve' }: Refusal & { readonly kind: 'unapproved' },
  shown: string,
  server: string,
): string {
  const person = `A person can run \`${mend}\``;
  if (waits !== undefined) return `\`${shown}\` was not sent: ${waits}. ${person}; until then do not retry.`;
  const lacking = ended === undefined ? 'nobody has approved that yet' : `no approval covers that now (${ended})`;
  if (violations === undefined)
    return `\`${shown}\` is in the scope of \`${server}\`, and ${lacking}, so this was not sent. ${person}; until then do not retry.`;
  const what = `\`${shown}\` with these arguments is in the scope of \`${server}\`, and ${lacking}, so mcp-guard did not send this call`;
  return `${listViolations(`${what}. Approved is less (\`${rule}\`)`, violations)} Keep to that. ${person}; until then do not retry with these arguments.`;
}

/** The nearest grant first; where others would allow something else, that too, so that the model can choose. */
function describeViolations(shown: string, violations: readonly Violation[]): string {
  return listViolations(`mcp-guard did not send this call of \`${shown}\``, violations);
}

function listViolations(head: string, violations: readonly Violation[]): string {
  const [nearest = 'its arguments are not allowed', ...others] = new Set(violations.map(({ text }) => text));
  let told = `${head}: ${nearest}.`;
  const longest = told.length + LONGEST_ALTERNATIVES;
  for (const text of others) {
    const more = ` Or, by another rule: ${text}.`;
    if (told.length + more.length <= longest) told += more;
  }
  return told;
}

function inert(text: string): string {
  const cut = text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
  return showInert(cut).replaceAll('`', "'");
}
