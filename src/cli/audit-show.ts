// `mcp-guard audit show <id>`: everything that is on record of one call, for a person. Every text from a record is
// attacker-controlled and shown inert.
import { showRef } from '../audit/entry.ts';
import { type Call, isUnread, type OutcomeView, type PayloadView } from '../audit/query.ts';
import { readRef } from '../audit/segment-id.ts';
import { GuardError } from '../guard-error.ts';
import { describeBreakerRecord } from './breaker-record.ts';
import { formatCallJson, stringifyInert } from './call-json.ts';
import { showDuration } from './call-line.ts';
import { makeInert, makeInertLines } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { indentJson, listMembers } from './json-text.ts';
import { OUTCOME_TONES } from './outcome-word.ts';
import { makePaint, type Paint } from './render.ts';
import type { Trail } from './trail.ts';

export interface AuditShowOptions {
  /** `<segment>:<seq>`, of the intent or of the outcome. */
  readonly id: string;
  readonly json?: boolean | undefined;
}

interface PayloadPlace {
  readonly tenant: string;
  /** Of the record that names the payload. */
  readonly segment: string;
  /** The members of the line that are worth showing. */
  readonly keys: readonly string[];
}

/** @returns 0, or 2 where what is on record was altered @throws GuardError usage, record_unknown, audit_unreadable */
export function runAuditShow(options: AuditShowOptions, io: CliIo, trail: Trail): number {
  const ref = readRef(options.id);
  if (ref === undefined) {
    throw new GuardError('usage', `\`${options.id}\` is no record id`, {
      hint: 'give `<segment>:<number>`, as a denial or `audit tail --json` shows it',
    });
  }
  const found = trail.findRecord(ref);
  if (found === undefined) {
    throw new GuardError('record_unknown', `there is no record \`${options.id}\``, {
      hint: 'it may have left with its segment (`audit.maxAgeDays`, `audit.maxBytes`)',
    });
  }
  if (found.kind === 'record') {
    const { header } = found.placed.record;
    const faults = found.fault === undefined ? [] : [`record ${showRef(found.placed.ref)}: ${found.fault}`];
    const text =
      options.json === true
        ? stringifyInert(header)
        : (describeBreakerRecord(found.placed, io.columns, makePaint(io.color)) ??
          makeInertLines(indentJson(JSON.stringify(header))));
    io.stdout.write(`${text}\n`);
    return warnOfFaults(faults, io);
  }
  const { call, serverEnd } = found;
  const faults = [call, ...call.outcomes].flatMap(({ ref, fault }) =>
    fault === undefined ? [] : [`record ${showRef(ref)}: ${fault}`],
  );
  if (options.json === true) {
    io.stdout.write(`${formatCallJson(call, { serverEnd })}\n`);
    return warnOfFaults(faults, io);
  }
  const paint = makePaint(io.color);
  const lines = [...faults.map((fault) => paint('bad', `ALTERED: ${fault}`)), ...describeCall(call, serverEnd, paint)];
  const input: PayloadPlace = {
    tenant: call.tenant,
    segment: call.ref.segment,
    keys: isUnread(call) ? [] : ['params'],
  };
  lines.push('', paint('strong', 'input'), showPayload(input, call.input, trail));
  for (const outcome of call.outcomes) {
    const isHeld = call.withheld !== undefined && outcome === call.outcomes.at(-1);
    const title = `output (${showRef(outcome.ref)})${isHeld ? ', withheld' : ''}`;
    lines.push('', paint('strong', title), ...describeOutcome(outcome, paint));
    const output: PayloadPlace = { tenant: call.tenant, segment: outcome.ref.segment, keys: ['result', 'error'] };
    lines.push(showPayload(output, outcome.output, trail));
  }
  io.stdout.write(`${lines.join('\n')}\n`);
  return warnOfFaults(faults, io);
}

/** On stderr too, so that no pipe swallows it. @returns the exit code */
function warnOfFaults(faults: readonly string[], io: CliIo): number {
  const paint = makePaint(io.color);
  for (const fault of faults) {
    const text = `${fault}: what is shown is not what was written; see \`mcp-guard audit verify\``;
    io.stderr.write(`${paint('bad', `ALTERED ${text}`)}\n`);
  }
  return faults.length > 0 ? 2 : 0;
}

function describeCall(call: Call, serverEnd: string | undefined, paint: Paint): readonly string[] {
  const isWithoutId = isUnread(call) && call.rpcId === '';
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['record', showRef(call.ref)],
    ['time', new Date(call.at).toISOString()],
    ['outcome', serverEnd === undefined ? call.state : `${call.state} (${serverEnd})`],
    ['withheld', call.withheld && `${call.withheld.reason} (${call.withheld.rule}): what came back was not handed on`],
    ['server', call.server],
    ['method', call.method],
    [call.method === 'tools/call' ? 'tool' : 'subject', call.subject],
    ['decision', call.decision === 'observe' ? 'observe (a rule denies it; it passed)' : call.decision],
    ['rule', call.rule],
    ['reason', call.reason],
    ['asked by', call.asked],
    ['client', call.client],
    ['model', call.model === undefined ? 'unknown' : `${call.model} (${call.modelSource ?? 'source unknown'})`],
    ['principal', call.principal],
    ['tenant', call.tenant],
    ['session', call.session],
    ['request id', call.rpcId === undefined || isWithoutId ? undefined : JSON.stringify(call.rpcId)],
    ['bytes', call.bytes?.toString()],
    ...Object.entries(call.correlation ?? {}).map(([key, value]) => [key, String(value)] as const),
  ];
  return rows.flatMap(([label, value]) => {
    if (value === undefined) return [];
    const shown = makeInert(value);
    return [
      `${paint('quiet', makeInert(label).padEnd(11))} ${label === 'outcome' ? paint(OUTCOME_TONES[call.state], shown) : shown}`,
    ];
  });
}

function describeOutcome(outcome: OutcomeView, paint: Paint): readonly string[] {
  const parts = [
    makeInert(outcome.settlement),
    outcome.isError === true ? 'isError' : undefined,
    outcome.errorCode === undefined ? undefined : `code ${outcome.errorCode}`,
    outcome.resultType === undefined ? undefined : makeInert(outcome.resultType),
    outcome.taskId === undefined ? undefined : `task ${makeInert(outcome.taskId)}`,
    outcome.durationMs === undefined ? undefined : `after ${showDuration(outcome.durationMs)}`,
    outcome.bytes === undefined ? undefined : `${outcome.bytes} bytes`,
  ];
  return [paint('quiet', parts.filter((part) => part !== undefined).join(', '))];
}

/** The payload, indented where it is JSON; where it is not on record, why. */
function showPayload(place: PayloadPlace, payload: PayloadView | undefined, trail: Trail): string {
  if (payload === undefined) return '(not recorded)';
  const { form, digest, salt } = payload;
  if (form === 'digest') return `(only its digest is on record: ${makeInert(digest ?? '?')})`;
  if (form === 'off') return '(payloads are not recorded: `audit.payload` is `off`)';
  if (form === 'removed') return '(was removed; the chain still holds its commitment)';
  if (form !== 'file') return showText(payload.text ?? '', place.keys);
  if (digest === undefined || salt === undefined) return '(was removed; the chain still holds its commitment)';
  const external = trail.loadPayload(place.tenant, place.segment, digest, salt);
  if (external.kind === 'ok') return showText(external.bytes.toString('utf8'), place.keys);
  return external.kind === 'missing'
    ? '(stood in a file of its own, which is gone)'
    : '(stands in a file of its own, which is not the one on record)';
}

/** The part of the line that matters: `params` of a request, `result` or `error` of a response; all of it where none is named. */
function showText(text: string, keys: readonly string[]): string {
  // What was refused is shown as it came: a reader that indents it has already chosen one way to read it.
  if (keys.length === 0) return makeInertLines(text);
  const members = listMembers(text);
  const part = members.find(([key]) => keys.includes(key))?.[1] ?? text;
  return makeInertLines(members.length > 0 ? indentJson(part) : part);
}
