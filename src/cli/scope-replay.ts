// `mcp-guard scope replay`: recorded requests against a policy: what would flip, in both directions. Holds counts and a few
// examples, never the records. Knows no file. Everything from a record is attacker-controlled.
import { showRef } from '../audit/entry.ts';
import { type PayloadView, type PlacedRecord, timeAt, viewPayload } from '../audit/query.ts';
import type { RequestView } from '../core/interceptor.ts';
import type { TargetKind } from '../policy/scope/scope-policy.ts';
import { usesOf } from '../policy/scope/scope-uses.ts';
import { isJsonObject, type Json, type JsonObject, objectAt, stringAt } from '../wire/json.ts';
import type { ExplainScene } from './scope-explain.ts';
import { type Judgement, judgeRequest, judgeWithoutArguments } from './scope-judge.ts';
import { type Standing, standingOf } from './scope-standing.ts';

export type Flip = 'to_denied' | 'to_allowed' | 'undecided';

export interface FlipGroup {
  readonly flip: Flip;
  readonly server: string;
  readonly kind: TargetKind;
  readonly name: string;
  /** What decides now; of what would go out, what denied it then. */
  readonly rule: string;
  count: number;
  /** Record ids, newest first. */
  readonly examples: { readonly id: string; readonly atMs: number }[];
}

export interface ReplaySum {
  /** Requests that a scope is asked about. */
  asked: number;
  same: number;
  /** Of those that are the same: denied by a rule, and let pass by `mode: observe`. */
  observed: number;
  readonly flips: Record<Flip, number>;
  readonly groups: readonly FlipGroup[];
  /** Flips that no group was kept for. */
  ungrouped: number;
  /** Of the oldest request that was asked; Infinity where there was none. */
  oldestMs: number;
}

export interface ReplayInput {
  /** Newest first. */
  readonly records: Iterable<PlacedRecord>;
  /** Only of this server. */
  readonly server: string | undefined;
  /** The server whose policy is asked, where it has another name now. */
  readonly as: string | undefined;
  /** The text of a payload that stands outside of its record; undefined where it is gone. */
  loadText(placed: PlacedRecord, payload: PayloadView): string | undefined;
}

const EXAMPLES = 3;
/** Names are a client's: a trail may hold any number of them. */
const MOST_GROUPS = 5_000;
const LONGEST_NAME = 256;

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

export function replay(input: ReplayInput, scene: ExplainScene): ReplaySum {
  const groups = new Map<string, FlipGroup>();
  const sum = { asked: 0, same: 0, observed: 0, ungrouped: 0, oldestMs: Number.POSITIVE_INFINITY };
  const flips: Record<Flip, number> = { to_denied: 0, to_allowed: 0, undecided: 0 };
  const standings = new Map<string, Standing>();
  const standingFor = (server: string): Standing => {
    const known = standings.get(server);
    if (known !== undefined) return known;
    const standing = standingOf(scene.policy, server, scene.further);
    if (standings.size < MOST_GROUPS) standings.set(server, standing);
    return standing;
  };
  for (const placed of input.records) {
    const asked = readRequest(placed, input);
    if (asked === undefined) continue;
    sum.asked += 1;
    sum.oldestMs = Math.min(sum.oldestMs, asked.atMs);
    const standing = standingFor(asked.request.upstream);
    const judged = judge(asked, standing, scene);
    const isOut = judged?.verdict !== 'deny';
    if (judged !== undefined && isOut === asked.passed) {
      sum.same += 1;
      if (judged.verdict === 'observe') sum.observed += 1;
      continue;
    }
    const flip: Flip = judged === undefined ? 'undecided' : isOut ? 'to_allowed' : 'to_denied';
    flips[flip] += 1;
    if (!addTo(groups, flip, asked, judged?.rule, placed)) sum.ungrouped += 1;
  }
  return { ...sum, flips, groups: [...groups.values()].sort(compareGroups) };
}

interface Asked {
  readonly request: RequestView;
  /** The name that is asked for, where it can be told. */
  readonly kind: TargetKind;
  readonly name: string;
  /** The whole request is there, its arguments included. */
  readonly isWhole: boolean;
  /** The scope of then passed it, or only observed it: whether another policy denied it is not asked. */
  readonly passed: boolean;
  /** What denied it then. */
  readonly deniedBy: string;
  readonly atMs: number;
}

/** Undefined for what no scope is asked about. */
function readRequest(placed: PlacedRecord, input: ReplayInput): Asked | undefined {
  const { header } = placed.record;
  if (header.type !== 'intent') return undefined;
  const [method, recorded] = [stringAt(header, 'method'), stringAt(header, 'server')];
  if (method === undefined || recorded === undefined) return undefined;
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
  const [use] = params === undefined ? [] : (usesOf(request) ?? []);
  const kind = use?.kind ?? (asked === 'server' ? 'request' : KIND_OF.get(method));
  const name = use?.name ?? (asked === 'server' ? method : subject);
  if (usesOf({ ...request, params: params ?? {} })?.length === 0 || kind === undefined || name === undefined)
    return undefined;
  return {
    request,
    kind,
    name,
    isWhole: params !== undefined || asked === 'server' || kind === 'resource',
    passed: header.decision !== 'deny' || !isOfScope(reason, header.rule),
    deniedBy: `${stringAt(header, 'rule') ?? '?'} (${reason ?? '?'})`,
    atMs: timeAt(header),
  };
}

/** A fault of the scope denies like a word of it. */
function isOfScope(reason: string | undefined, rule: Json | undefined): boolean {
  if (reason === 'guard_fault') return rule === 'scope' || rule === 'own-paths';
  return reason === undefined || OF_SCOPE.has(reason);
}

/** Undefined where they are not on record, or no JSON. */
function readParams(placed: PlacedRecord, input: ReplayInput): JsonObject | undefined {
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

function judge(
  { request, kind, name, isWhole }: Asked,
  standing: Standing,
  scene: ExplainScene,
): Judgement | undefined {
  if (isWhole) {
    const whole = request.params === undefined && kind === 'resource' ? { ...request, params: { uri: name } } : request;
    return judgeRequest(standing, whole, scene.nowMs, scene.ownPathsOf(request.upstream));
  }
  const judged = judgeWithoutArguments(standing, request, { kind, name }, scene.nowMs);
  // whatever the arguments were, it would go out
  if (judged === undefined && standing.kind === 'scoped' && standing.scope.mode === 'observe') {
    return { verdict: 'allow', rule: '', reason: undefined, denial: undefined, refused: undefined };
  }
  return judged;
}

function addTo(
  groups: Map<string, FlipGroup>,
  flip: Flip,
  { request, kind, name, deniedBy, atMs }: Asked,
  decidedBy: string | undefined,
  placed: PlacedRecord,
): boolean {
  const group: FlipGroup = {
    flip,
    server: request.upstream.slice(0, LONGEST_NAME),
    kind,
    name: name.slice(0, LONGEST_NAME),
    rule: flip === 'to_allowed' ? deniedBy : (decidedBy ?? 'its arguments are not on record'),
    count: 0,
    examples: [],
  };
  const key = keyOf(group);
  const known = groups.get(key) ?? group;
  if (known === group) {
    if (groups.size >= MOST_GROUPS) return false;
    groups.set(key, group);
  }
  known.count += 1;
  if (known.examples.length < EXAMPLES) known.examples.push({ id: showRef(placed.ref), atMs });
  return true;
}

const ORDER: readonly Flip[] = ['to_denied', 'to_allowed', 'undecided'];

/** By direction, the most frequent first, then by name. */
function compareGroups(a: FlipGroup, b: FlipGroup): number {
  return (
    ORDER.indexOf(a.flip) - ORDER.indexOf(b.flip) ||
    b.count - a.count ||
    compareText(a.server, b.server) ||
    compareText(a.name, b.name) ||
    compareText(a.rule, b.rule)
  );
}

/** By code unit: the same order everywhere. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function keyOf({ flip, server, kind, name, rule }: FlipGroup): string {
  return JSON.stringify([flip, server, kind, name, rule]);
}
