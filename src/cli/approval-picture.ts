// What waits for an approval of one config, and what an approval would make of it: policy, definitions, names that read alike. Pure;
// knows no screen and no file. INVARIANT: what is shown is what would be written: both come from one picture.
import { listPinSubjects, type PinSubject } from '../config/pin-key.ts';
import { isWaiting } from '../policy/lock/diff-line.ts';
import { mergeLasting } from '../policy/lock/lasting.ts';
import type { LockJudgement } from '../policy/lock/lock-judgement.ts';
import { type DiffLine, diffPolicies, type PolicyDiff } from '../policy/lock/policy-diff.ts';
import { type Drift, findDrift, isDrift } from '../policy/pins/drift.ts';
import { findHiddenText, type HiddenText } from '../policy/pins/hidden-text.ts';
import { type PinSet, writePinSet } from '../policy/pins/pin-set.ts';
import { resolvePins, resolveServerPins } from '../policy/pins/pin-settings.ts';
import type { SeenSet } from '../policy/pins/seen-set.ts';
import { findShadows, type Shadow } from '../policy/pins/shadow.ts';
import type { JsonObject } from '../wire/json.ts';
import { isSameJson } from '../wire/same-json.ts';
import type { CeilingNote } from './ceiling-notes.ts';
import { type Known, type KnownToAll, knownTo, namesOf } from './known-definitions.ts';
import { withServer } from './one-server.ts';

export interface ServerPicture {
  readonly server: string;
  /** Under which its definitions stand in the lock (`pin-key.ts`). */
  readonly key: string;
  /** Who runs it, of those that were looked at; undefined: the config knows no tenants. */
  readonly tenants: readonly string[] | undefined;
  /** Names of tools that it is known to offer. */
  readonly offered: readonly string[];
  /** Against what was approved, else against what was first seen; undefined where there is nothing to compare, or no difference. */
  readonly drift: Drift | undefined;
  /** What was approved, else what was first seen; and what was last seen. */
  readonly before: PinSet | undefined;
  readonly after: PinSet | undefined;
  /** Tools whose definitions would be pinned, of a server that has none; undefined: it has, or none is known. */
  readonly newPins: number | undefined;
  /**
   * What an approval cannot pin: `unseen`, for nothing of the server was seen and nothing is pinned; `part`, for no list of it ever came to
   * its end; `split`, for its tenants saw different ones. Undefined: all is there, or `pins` is `off`.
   */
  readonly gap: 'unseen' | 'part' | 'split' | undefined;
  readonly hidden: readonly (HiddenText & { readonly tool: string })[];
}

export interface ApprovalPicture {
  /** What would be approved: the config, or what holds now with one server of it. */
  readonly policy: JsonObject;
  /** What an earlier approval gave until a time, and what becomes of it; undefined: nothing ends. */
  readonly passing: Passing | undefined;
  readonly pins: ReadonlyMap<string, PinSet>;
  /** What holds once this approval has ended, where it ends; undefined: nothing. */
  readonly base: JsonObject | undefined;
  /** Of what nothing is pinned afterwards, though something was, or may have been; absent: of nothing. */
  readonly unpinned?: readonly Unpinned[];
  readonly diff: PolicyDiff;
  readonly servers: readonly ServerPicture[];
  readonly shadows: readonly Shadow[];
  /** What of it a ceiling of this machine denies all the same. */
  readonly ceilings?: readonly CeilingNote[];
  /** An approval would change nothing at all. */
  readonly isUpToDate: boolean;
  /** Something has no effect, or is out of use, until it is approved. */
  readonly waits: boolean;
}

/** A server whose definitions are pinned no more, and why. */
export interface Unpinned extends Pick<PinSubject, 'server' | 'key' | 'tenants'> {
  readonly why: string;
}

/** An earlier approval that has not ended yet, beside this one. */
export interface Passing {
  /** Its end, ms. */
  readonly untilMs: number;
  /** What holds from then on, this approval's own change included; undefined: nothing ends any more, or all of it at an end of its own. */
  readonly base: JsonObject | undefined;
  /** What still ends. */
  readonly ending: readonly DiffLine[];
  /** What would end no more. */
  readonly lasting: readonly DiffLine[];
  /** When what is drawn against ends, ms, where that is another time; Infinity for never. */
  readonly wasMs?: number;
}

export interface PictureInput {
  /** The config as a document. */
  readonly document: JsonObject;
  readonly judgement: LockJudgement;
  /** @param tenant undefined: the config knows no tenants @param key under which it is kept */
  readonly knownOf: (server: string, tenant: string | undefined, key: string) => Known;
  /** Whose sessions are looked at; undefined: everybody's. */
  readonly tenant?: string | undefined;
  /** Only this server; undefined: all. */
  readonly only: string | undefined;
  /** What was approved until a time is approved without an end now, or until that of this approval. */
  readonly keep?: boolean | undefined;
  /** Definitions stay pinned as they are: what drifted stays out of use. */
  readonly isPolicyOnly?: boolean | undefined;
  /** This approval has an end of its own, for all that it approves. */
  readonly isEnding?: boolean | undefined;
  /** A lock that was signed as it is: it ends then, ms, and this holds afterwards. */
  readonly ends?: { readonly untilMs: number; readonly base: JsonObject } | undefined;
}

const NOTHING: JsonObject = { version: 1, servers: {}, unlisted: 'deny' };

/** @throws GuardError usage: there is no such server, or it cannot be approved alone */
export function drawApproval(input: PictureInput): ApprovalPicture {
  const { document, judgement, knownOf, only } = input;
  const held = judgement.kind === 'holds' ? judgement : undefined;
  const approved = held?.policy;
  const policy = only === undefined ? document : withServer(approved ?? NOTHING, document, only, input.tenant);
  const subjects = listPinSubjects(policy, input.tenant);
  const about = subjects.filter(({ server }) => only === undefined || server === only);
  const pinned = held?.lock.body.pins ?? new Map<string, PinSet>();
  const known = new Map(subjects.map((one) => [one.key, knownTo(one, knownOf, pinned.get(one.key))]));
  // what other tenants run stays pinned as it is
  const keys = new Set([...listPinSubjects(policy), ...subjects].map(({ key }) => key));
  const pins = new Map([...pinned].filter(([key]) => keys.has(key)));
  for (const { key } of input.isPolicyOnly === true ? [] : about) {
    const set = pinsOf(known.get(key)?.last, pinned.get(key));
    if (set !== undefined) pins.set(key, set);
  }
  const inventory = new Map<string, readonly string[]>();
  for (const { key, server } of subjects)
    inventory.set(server, [...new Set([...(inventory.get(server) ?? []), ...namesOf(known.get(key))])]);
  const diff = diffPolicies(policy, approved, inventory);
  const passing = drawPassing(input, policy, diff, inventory);
  const before = new Map(listPinSubjects(approved ?? policy, input.tenant).map(({ key, entry }) => [key, entry]));
  const servers = about
    .map((one) => drawServer(one, [one.entry, before.get(one.key) ?? {}], pinned.get(one.key), known.get(one.key)))
    .map((one) => (input.isPolicyOnly === true ? { ...one, drift: undefined, newPins: undefined } : one));
  const names = new Set(about.map(({ server }) => server));
  const isSamePolicy = approved !== undefined && isSameJson(policy, approved) && !(passing?.isMoved ?? false);
  return {
    ...{ policy, passing, pins, diff, servers },
    base: passing?.base ?? held?.lock.body.base ?? held?.lock.body.policy,
    shadows: findAlike(subjects, known).filter(({ tools }) => tools.some(({ server }) => names.has(server))),
    isUpToDate: isSamePolicy && isSamePins(pins, pinned),
    waits: judgement.kind !== 'holds' || !diff.isApproved || servers.some(({ drift }) => drift !== undefined),
  };
}

/** INVARIANT: what was approved until a time keeps its end, but for what this approval names (`keep`) or gives another end. */
function drawPassing(
  { document, judgement, only, keep, isEnding, tenant, ends }: PictureInput,
  policy: JsonObject,
  diff: PolicyDiff,
  inventory: Inventory,
): (Passing & { readonly isMoved: boolean }) | undefined {
  if (judgement.kind !== 'holds') return undefined;
  const isPassing = Number.isFinite(judgement.untilMs);
  if (!isPassing && ends === undefined) return undefined;
  const untilMs = ends?.untilMs ?? judgement.untilMs;
  const before = isPassing ? (judgement.lock.body.base ?? NOTHING) : judgement.policy;
  const merged = mergeLasting(before, judgement.policy, policy);
  const kept = keep !== true ? merged : only === undefined ? policy : withServer(merged, document, only, tenant);
  const base = ends?.base ?? (isEnding === true ? before : kept);
  const isOver = isSameJson(base, policy);
  const fresh = new Set(diff.lines.map(keyOfLine));
  const widenings = (after: JsonObject, than: JsonObject): readonly DiffLine[] =>
    diffPolicies(after, than, inventory).lines.filter(isWaiting);
  return {
    untilMs,
    base: isEnding === true || isOver ? undefined : base,
    ending: isOver ? [] : widenings(policy, base),
    lasting: widenings(base, before).filter((line) => !fresh.has(keyOfLine(line))),
    isMoved: !isSameJson(base, before),
    ...(untilMs !== judgement.untilMs && { wasMs: judgement.untilMs }),
  };
}

function keyOfLine({ server, text }: DiffLine): string {
  return JSON.stringify([server ?? null, text]);
}

type Inventory = ReadonlyMap<string, readonly string[]>;

/** What an approval pins. Of a list that never ended, what was not seen stays as it was approved. */
function pinsOf(last: SeenSet | undefined, pinned: PinSet | undefined): PinSet | undefined {
  if (last?.isPart !== true || pinned === undefined) return last?.pins;
  return { ...last.pins, tools: new Map([...pinned.tools, ...last.pins.tools]) };
}

/** Names that meet in one session: two tenants have none in common. */
function findAlike(subjects: readonly PinSubject[], known: ReadonlyMap<string, KnownToAll>): readonly Shadow[] {
  const meeting = new Map<string, PinSubject[]>();
  for (const tenant of new Set(
    subjects.flatMap((one): readonly (string | undefined)[] => one.tenants ?? [undefined]),
  )) {
    const theirs = subjects.filter(({ tenants }) => tenant === undefined || tenants?.includes(tenant) === true);
    meeting.set(theirs.map(({ key }) => key).join('\n'), theirs);
  }
  const found = new Map<string, Shadow>();
  for (const theirs of meeting.values()) {
    const offered = theirs.flatMap(({ key, server }) => namesOf(known.get(key)).map((tool) => ({ server, tool })));
    for (const one of findShadows(offered)) found.set(JSON.stringify(one), one);
  }
  return [...found.values()];
}

function drawServer(
  { server, key, tenants }: PinSubject,
  entries: readonly JsonObject[],
  pinned: PinSet | undefined,
  known: KnownToAll | undefined,
): ServerPicture {
  const last = known?.last;
  const offered = pinsOf(last, pinned);
  const isOff = resolveServerPins(entries[0]).mode === 'off';
  const unseen = pinned === undefined && last === undefined ? 'unseen' : undefined;
  const gap = known?.isSplit === true ? 'split' : last?.isPart === true ? 'part' : unseen;
  const before = pinned ?? known?.first?.pins;
  // INVARIANT: an approval that lets a field change does not pass over how it has changed already
  const [settings, held] = entries.map(resolvePins);
  const ignoredOf = (tool: string): ReadonlySet<string> => {
    const approved = held?.(tool).ignored;
    return new Set([...(settings?.(tool).ignored ?? [])].filter((field) => approved?.has(field) ?? true));
  };
  const drift = offered === undefined || before === undefined ? undefined : findDrift(before, offered, ignoredOf);
  const tools = [...(last?.pins.tools.values() ?? [])];
  return {
    ...{ server, key, tenants },
    offered: namesOf(known),
    drift: drift !== undefined && isDrift(drift) ? drift : undefined,
    gap: isOff ? undefined : gap,
    before,
    after: offered,
    newPins: pinned === undefined && last !== undefined ? tools.length : undefined,
    hidden: tools.flatMap(({ name, fields }) =>
      findHiddenText({ name, ...fields }).map((one) => ({ tool: name, ...one })),
    ),
  };
}

function isSamePins(one: ReadonlyMap<string, PinSet>, other: ReadonlyMap<string, PinSet>): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([server, set]) => {
    const with_ = other.get(server);
    return with_ !== undefined && isSameJson(writePinSet(set), writePinSet(with_));
  });
}
