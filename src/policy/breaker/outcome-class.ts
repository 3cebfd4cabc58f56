// What the end of an exchange says about its tool and about its server. ONE table; docs/breaker.md shows the same rows and
// a test holds both equal. Decides nothing but the class; knows no state.
// Source of the codes: JSON-RPC 2.0, section 5.1; MCP 2026-07-28, basic, "Error Codes".
import type { Settled } from '../../core/interceptor.ts';
import type { Sample } from './breaker-state.ts';

export type EndClass =
  | 'answered'
  | 'is_error'
  | 'input_required'
  | 'task_created'
  | 'unknown_result'
  | 'internal_error'
  | 'server_error'
  | 'specified_error'
  | 'application_error'
  | 'deadline_heard'
  | 'deadline_silent'
  | 'exit'
  | 'exit_again'
  | 'garbage'
  | 'not_sent'
  | 'gave_up';

export interface ClassRow {
  /** What the tool's breaker counts. */
  readonly tool: Sample | 'none';
  /** What the server's breaker counts. */
  readonly server: 'success' | 'failure' | 'none';
  /** When it applies, in the words of docs/breaker.md. */
  readonly when: string;
}

/**
 * The outcome table. The server row of `exit` and `exit_again` is counted once for the exit, not once for each call in flight.
 */
export const OUTCOME_TABLE: Readonly<Record<EndClass, ClassRow>> = {
  answered: { tool: 'success', server: 'success', when: 'a result without `isError`' },
  is_error: { tool: 'tool_error', server: 'success', when: 'a result with `isError: true`' },
  input_required: { tool: 'none', server: 'success', when: '`resultType: "input_required"`: the retry counts' },
  task_created: { tool: 'none', server: 'success', when: 'a task was created: its terminal result counts' },
  unknown_result: { tool: 'success', server: 'success', when: 'a `resultType` that the guard does not know' },
  internal_error: { tool: 'fault', server: 'success', when: 'error `-32603`, or an error without a code' },
  server_error: {
    tool: 'fault',
    server: 'success',
    when: 'error `-32000` to `-32099` that the specification does not define',
  },
  specified_error: {
    tool: 'none',
    server: 'success',
    when: 'error `-32700`, `-32600`, `-32601`, `-32602`, `-32002`, `-32020`, `-32021`, `-32022`, `-32042`',
  },
  application_error: { tool: 'tool_error', server: 'success', when: 'any other error code: the tool’s own' },
  deadline_heard: { tool: 'fault', server: 'none', when: 'deadline, while the server sent something else' },
  deadline_silent: { tool: 'fault', server: 'failure', when: 'deadline, during which the server sent nothing' },
  exit: { tool: 'none', server: 'failure', when: 'the server exited, or could not be started' },
  exit_again: {
    tool: 'fault',
    server: 'failure',
    when: 'the server exited, and this tool was in flight at its previous exit, too',
  },
  garbage: { tool: 'fault', server: 'failure', when: 'an answer that cannot be read with certainty' },
  not_sent: { tool: 'none', server: 'none', when: 'denied by the guard, or not sent because it could not be recorded' },
  gave_up: { tool: 'none', server: 'none', when: 'cancelled by the client, or the client has left' },
};

/** Codes that say something about the request, or about what the client can do; nothing about the tool's health. */
const SPECIFIED_CODES: ReadonlySet<number> = new Set([
  -32_700, // parse error
  -32_600, // invalid request
  -32_601, // method not found
  -32_602, // invalid params; resource not found since 2026-07-28
  -32_002, // resource not found, up to 2025-11-25
  -32_020, // header mismatch
  -32_021, // missing required client capability
  -32_022, // unsupported protocol version
  -32_042, // URL elicitation required, 2025-11-25
]);

const INTERNAL_ERROR = -32_603;

/** @param crashedBefore the tool was in flight at the previous exit of this server */
export function classifyEnd(settled: Settled, crashedBefore: boolean): EndClass {
  switch (settled.settlement) {
    case 'result':
      return classifyResult(settled);
    case 'error':
      return classifyError(settled.errorCode);
    case 'timeout':
      return settled.heard ? 'deadline_heard' : 'deadline_silent';
    case 'upstream_exit':
      return crashedBefore ? 'exit_again' : 'exit';
    case 'refused':
      return 'garbage';
    case 'denied':
    case 'unrecorded':
      return 'not_sent';
    case 'cancelled':
    case 'client_gone':
    case 'session_ended':
      return 'gave_up';
  }
}

function classifyResult({ resultType, taskId, isError }: Settled): EndClass {
  if (resultType === 'input_required') return 'input_required';
  if (resultType === 'task' || taskId !== undefined) return 'task_created';
  if (isError === true) return 'is_error';
  return resultType === undefined || resultType === 'complete' ? 'answered' : 'unknown_result';
}

function classifyError(code: number | undefined): EndClass {
  if (code === undefined || code === INTERNAL_ERROR) return 'internal_error';
  if (SPECIFIED_CODES.has(code)) return 'specified_error';
  return code <= -32_000 && code >= -32_099 ? 'server_error' : 'application_error';
}
