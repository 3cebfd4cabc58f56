// A record of the trail as the request that it tells of, and what came of it then. Judges nothing, knows no file. Everything from a
// record is attacker-controlled.
import { type PayloadView, type PlacedRecord, timeAt, viewPayload } from '../audit/query.ts';
import type { RequestView } from '../core/interceptor.ts';
import type { TargetKind } from '../policy/scope/scope-policy.ts';
import { usesOf } from '../policy/scope/scope-uses.ts';
import { isJsonObject, type Json, type JsonObject, objectAt, stringAt } from '../wire/json.ts';

export interface RecordSource {
  /** Only of this server. */
  readonly server: string | undefined;
  /** The server whose policy is asked, where it has another name now. */
  readonly as: string | undefined;
  /** The text of a payload that stands outside of its record; undefined where it is gone. */
  loadText(placed: PlacedRecord, payload: PayloadView): string | undefined;
}

/** Denials that are a scope's word; any other came from a policy behind it, or before it (docs/errors.md). */
const OF_SCOPE: ReadonlySet<string> = new Set([
  ...['not_granted', 'scope_denied', 'grant_expired', 'uri_not_plain', 'argument_denied', 'own_path'],
  'beyond_ceiling',
  ...['approval_required', 'not_approved'],
]);

/** What the subject of a record names, where its payload is not kept. */
const KIND_OF: ReadonlyMap<string, TargetKind> = new Map<string, TargetKind>([
  ['tools/call', 'tool'],
  ['prompts/get', 'prompt'],
  ['resources/read', 'resource'],
  ['resources/subscribe', 'resource'],
  ['resources/unsubscribe', 'resource'],
]);

export interface RecordedRequest {
  readonly request: RequestView;
  /** The name that is asked for, where it can be told. */
  readonly kind: TargetKind;
  readonly name: string;
  /** The whole request is there, its arguments included. */
  readonly isWhole: boolean;
  /**
   * What came of it then. `observed`: a rule denied it, and a mode or a pause let it pass. `held`: the scope passed it, and something
   * behind the scope denied it.
   */
  readonly was: 'passed' | 'observed' | 'denied' | 'held';
  /** The word of a denial. attacker-controlled as far as a record is. */
  readonly reason: string;
  /** What denied it then. */
  readonly deniedBy: string;
  readonly atMs: number;
}

/** Of a line that nobody could read. */
const UNREAD = 'unread';

/** Undefined for what no scope is asked about. */
export function readRequest(placed: PlacedRecord, input: RecordSource): RecordedRequest | undefined {
  const { header } = placed.record;
  if (header.type !== 'intent') return undefined;
  const [method, recorded] = [stringAt(header, 'method'), stringAt(header, 'server')];
  if (method === undefined || method === UNREAD || recorded === undefined) return undefined;
  if (input.server !== undefined && recorded !== input.server) return undefined;
  const [subject, reason] = [stringAt(header, 'subject'), stringAt(header, 'reason')];
  const asked = header.asked === 'server' ? 'server' : 'client';
  const params = readParams(placed, input);
  const request: RequestView = {
    asked,
    upstream: input.as ?? recorded,
    method,
    tool: method === 'tools/call' ? subject : undefined,
    params,
    modern: false,
  };
  const uses = usesOf({ ...request, params: params ?? {} });
  const isBeyond = uses?.[0]?.kind === 'method';
  const [use] = params === undefined && !isBeyond ? [] : (uses ?? []);
  const kind = use?.kind ?? (asked === 'server' ? 'request' : KIND_OF.get(method));
  const name = use?.name ?? (asked === 'server' ? method : subject);
  if (uses?.length === 0 || kind === undefined || name === undefined) return undefined;
  return {
    request,
    kind,
    name,
    isWhole: params !== undefined || asked === 'server' || kind === 'resource' || isBeyond,
    was: wasThen(header.decision, reason, header.rule),
    reason: reason ?? '?',
    deniedBy: `${stringAt(header, 'rule') ?? '?'} (${reason ?? '?'})`,
    atMs: timeAt(header),
  };
}

function wasThen(
  decision: Json | undefined,
  reason: string | undefined,
  rule: Json | undefined,
): RecordedRequest['was'] {
  if (decision === 'observe') return 'observed';
  if (decision !== 'deny') return 'passed';
  return isOfScope(reason, rule) ? 'denied' : 'held';
}

/** A fault of the scope denies like a word of it. */
function isOfScope(reason: string | undefined, rule: Json | undefined): boolean {
  if (reason === 'guard_fault') return rule === 'scope' || rule === 'own-paths';
  return reason === undefined || OF_SCOPE.has(reason);
}

/** Undefined where they are not on record, or no JSON. */
function readParams(placed: PlacedRecord, input: RecordSource): JsonObject | undefined {
  const payload = viewPayload(placed.record);
  if (payload === undefined) return undefined;
  const text = payload.form === 'file' ? input.loadText(placed, payload) : payload.text;
  if (text === undefined) return undefined;
  try {
    const line: Json = JSON.parse(text); // untyped input enters here
    return isJsonObject(line) ? (objectAt(line, 'params') ?? {}) : undefined;
  } catch {
    return undefined;
  }
}
