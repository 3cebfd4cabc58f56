// One call as one JSON line for a script, with nothing in it that could steer a terminal: what `makeInert` would make visible is
// written as a JSON escape, so the value is unchanged.

import { showRef } from '../audit/entry.ts';
import { type Call, type PayloadView, toolOf } from '../audit/query.ts';

/** Keys are stable and stand in docs/audit-format.md. Absent values are left out, but for `tool`, which is then null. */
export function formatCallJson(call: Call, more: { readonly serverEnd?: string | undefined } = {}): string {
  return stringifyInert({
    id: showRef(call.ref),
    at: new Date(call.at).toISOString(),
    tenant: call.tenant,
    session: call.session,
    principal: call.principal,
    client: call.client,
    model: call.model,
    modelSource: call.modelSource,
    asked: call.asked,
    server: call.server,
    method: call.method,
    tool: toolOf(call) ?? null,
    subject: call.subject,
    state: call.state,
    decision: call.decision,
    rule: call.rule,
    reason: call.reason,
    correlation: call.correlation,
    withheld: call.withheld && { rule: call.withheld.rule, reason: call.withheld.reason },
    altered: call.fault,
    serverEnd: more.serverEnd,
    input: viewText(call.input),
    outcomes: call.outcomes.map((outcome) => ({
      id: showRef(outcome.ref),
      at: new Date(outcome.at).toISOString(),
      settlement: outcome.settlement,
      errorCode: outcome.errorCode,
      isError: outcome.isError,
      resultType: outcome.resultType,
      taskId: outcome.taskId,
      durationMs: outcome.durationMs,
      bytes: outcome.bytes,
      altered: outcome.fault,
      output: viewText(outcome.output),
    })),
  });
}

function viewText(payload: PayloadView | undefined): { form: string; text?: string; digest?: string } | undefined {
  if (payload === undefined) return undefined;
  const { form, text, digest } = payload;
  return { form, ...(text === undefined ? {} : { text }), ...(digest === undefined ? {} : { digest }) };
}

/** `JSON.stringify`, ASCII only: every other UTF-16 unit as `\uXXXX`, which means the same to any JSON parser. */
export function stringifyInert(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
