// `mcp-guard scope replay`: recorded requests against a policy: what would flip, in both directions. Holds counts and a few
// examples, never the records. Knows no file. Everything from a record is attacker-controlled.
import { showRef } from '../audit/entry.ts';
import type { PlacedRecord } from '../audit/query.ts';
import type { TargetKind } from '../policy/scope/scope-policy.ts';
import { stringAt } from '../wire/json.ts';
import { type RecordedRequest, type RecordSource, readRequest } from './recorded-request.ts';
import type { ExplainScene } from './scope-explain.ts';
import { type Judgement, judgeRequest, judgeWithoutArguments } from './scope-judge.ts';
import { type Standing, standingOf } from './scope-standing.ts';

/** `observed_to_denied`: it passed, and only because its server was observed or paused. */
export type Flip = 'to_denied' | 'observed_to_denied' | 'to_allowed' | 'undecided';

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
  /** Of those that are the same: denied by something that a replay does not ask (pins, a limit, a breaker), by its word. */
  readonly held: ReadonlyMap<string, number>;
  /** Not asked: requests of servers that the policy does not list, which were recorded under another config. attacker-controlled. */
  readonly unlisted: ReadonlyMap<string, number>;
  /** Servers that are on record, of requests of any kind; the first some hundred. attacker-controlled. */
  readonly servers: ReadonlySet<string>;
  /** Of those that would pass: the lock of today denies them until somebody approves. */
  unapproved: number;
  readonly flips: Record<Flip, number>;
  readonly groups: readonly FlipGroup[];
  /** Flips that no group was kept for. */
  ungrouped: number;
  /** Of the oldest request that was asked; Infinity where there was none. */
  oldestMs: number;
}

export interface ReplayInput extends RecordSource {
  /** Newest first. */
  readonly records: Iterable<PlacedRecord>;
  /** The same policy as its lock lets it hold today; undefined: nothing is locked, or the lock does not count. */
  readonly inForce?: ExplainScene | undefined;
}

const EXAMPLES = 3;
/** Names are a client's: a trail may hold any number of them. */
const MOST_GROUPS = 5_000;
const LONGEST_NAME = 256;
const MOST_SERVERS = 300;
/** Denials, and servers that are not listed, that are told apart. */
const MOST_WORDS = 50;

export function replay(input: ReplayInput, scene: ExplainScene): ReplaySum {
  const groups = new Map<string, FlipGroup>();
  const sum = { asked: 0, same: 0, observed: 0, unapproved: 0, ungrouped: 0, oldestMs: Number.POSITIVE_INFINITY };
  const held = new Map<string, number>();
  const unlisted = new Map<string, number>();
  const servers = new Set<string>();
  const flips: Record<Flip, number> = { to_denied: 0, observed_to_denied: 0, to_allowed: 0, undecided: 0 };
  const standings = new Map<string, Standing>();
  const standingFor = (server: string): Standing => {
    const known = standings.get(server);
    if (known !== undefined) return known;
    const standing = standingOf(scene.policy, server, scene.further);
    if (standings.size < MOST_GROUPS) standings.set(server, standing);
    return standing;
  };
  for (const placed of input.records) {
    const of = stringAt(placed.record.header, 'server');
    if (of !== undefined && servers.size < MOST_SERVERS) servers.add(of);
    const asked = readRequest(placed, input);
    if (asked === undefined) continue;
    const standing = standingFor(asked.request.upstream);
    if (standing.kind === 'refused') {
      countWord(unlisted, asked.request.upstream.slice(0, LONGEST_NAME));
      continue;
    }
    sum.asked += 1;
    sum.oldestMs = Math.min(sum.oldestMs, asked.atMs);
    const judged = judge(asked, standing, scene);
    if (judged?.verdict === 'allow' && input.inForce !== undefined && isUnapproved(asked, input.inForce))
      sum.unapproved += 1;
    const flip = flipOf(asked, judged);
    if (flip === undefined) {
      sum.same += 1;
      if (judged?.verdict === 'observe') sum.observed += 1;
      if (asked.was === 'held') countWord(held, asked.reason);
      continue;
    }
    flips[flip] += 1;
    if (!addTo(groups, flip, asked, judged?.rule, placed)) sum.ungrouped += 1;
  }
  return { ...sum, held, unlisted, servers, flips, groups: [...groups.values()].sort(compareGroups) };
}

/** Undefined: it comes to the same. What something behind the scope denied is denied, whatever the scope says. */
function flipOf({ was }: RecordedRequest, judged: Judgement | undefined): Flip | undefined {
  if (judged === undefined) return 'undecided';
  const isOut = judged.verdict !== 'deny';
  if (was === 'held' || isOut === (was !== 'denied')) return undefined;
  if (isOut) return 'to_allowed';
  return was === 'observed' ? 'observed_to_denied' : 'to_denied';
}

function isUnapproved(asked: RecordedRequest, inForce: ExplainScene): boolean {
  const standing = standingOf(inForce.policy, asked.request.upstream, inForce.further);
  return judge(asked, standing, inForce)?.reason === 'not_approved';
}

/** A record may hold any word. */
function countWord(counts: Map<string, number>, said: string): void {
  const word = counts.has(said) || counts.size < MOST_WORDS ? said : 'others';
  counts.set(word, (counts.get(word) ?? 0) + 1);
}

function judge(
  { request, kind, name, isWhole }: RecordedRequest,
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
  { request, kind, name, deniedBy, atMs }: RecordedRequest,
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

const ORDER: readonly Flip[] = ['to_denied', 'observed_to_denied', 'to_allowed', 'undecided'];

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
