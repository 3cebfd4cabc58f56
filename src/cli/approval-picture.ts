// What waits for an approval of one config, and what an approval would make of it: policy, definitions, names that read alike. Pure;
// knows no screen and no file. INVARIANT: what is shown is what would be written: both come from one picture.
import { GuardError } from '../guard-error.ts';
import { memberOf, objectFrom, objectOf } from '../policy/lock/difference.ts';
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
import { suggestName } from './breaker-target.ts';

/** What is known of a server's definitions. */
export interface Known {
  /** As a session last saw them, over all pages. */
  readonly last: SeenSet | undefined;
  /** What is gone by where nothing was approved. */
  readonly first: SeenSet | undefined;
  /** Names of tools that were seen somewhere else, as without a config. */
  readonly tools: readonly string[];
}

export interface ServerPicture {
  readonly server: string;
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
   * its end. Undefined: all is there, or `pins` is `off`.
   */
  readonly gap: 'unseen' | 'part' | undefined;
  readonly hidden: readonly (HiddenText & { readonly tool: string })[];
}

export interface ApprovalPicture {
  /** What would be approved: the config, or what holds now with one server of it. */
  readonly policy: JsonObject;
  /** What an earlier approval gave until a time, and what becomes of it; undefined: nothing ends. */
  readonly passing: Passing | undefined;
  readonly pins: ReadonlyMap<string, PinSet>;
  readonly diff: PolicyDiff;
  readonly servers: readonly ServerPicture[];
  readonly shadows: readonly Shadow[];
  /** An approval would change nothing at all. */
  readonly isUpToDate: boolean;
  /** Something has no effect, or is out of use, until it is approved. */
  readonly waits: boolean;
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
}

export interface PictureInput {
  /** The config as a document. */
  readonly document: JsonObject;
  readonly judgement: LockJudgement;
  readonly knownOf: (server: string) => Known;
  /** Only this server; undefined: all. */
  readonly only: string | undefined;
  /** What was approved until a time is approved without an end now, or until that of this approval. */
  readonly keep?: boolean | undefined;
  /** This approval has an end of its own, for all that it approves. */
  readonly isEnding?: boolean | undefined;
}

const NOTHING: JsonObject = { version: 1, servers: {}, unlisted: 'deny' };

/** @throws GuardError usage: there is no such server, or it cannot be approved alone */
export function drawApproval(input: PictureInput): ApprovalPicture {
  const { document, judgement, knownOf, only } = input;
  const held = judgement.kind === 'holds' ? judgement : undefined;
  const approved = held?.policy;
  const policy = only === undefined ? document : withServer(approved ?? NOTHING, document, only);
  const ids = Object.keys(objectOf(memberOf(policy, 'servers')));
  const about = only === undefined ? ids : ids.filter((id) => id === only);
  const pinned = held?.lock.body.pins ?? new Map<string, PinSet>();
  const known = new Map(ids.map((id) => [id, knownOf(id)]));
  const pins = new Map(
    ids.flatMap((id): [string, PinSet][] => {
      const set = (about.includes(id) ? pinsOf(known.get(id)?.last, pinned.get(id)) : undefined) ?? pinned.get(id);
      return set === undefined ? [] : [[id, set]];
    }),
  );
  const inventory = new Map([...known].map(([id, one]) => [id, namesOf(one)]));
  const diff = diffPolicies(policy, approved, inventory);
  const passing = drawPassing(input, policy, diff, inventory);
  const servers = about.map((server) => {
    const entries = [policy, approved ?? policy].map((one) => objectOf(memberOf(memberOf(one, 'servers'), server)));
    return drawServer(server, entries, pinned.get(server), known.get(server));
  });
  const offered = [...known].flatMap(([server, one]) => namesOf(one).map((tool) => ({ server, tool })));
  const isSamePolicy = approved !== undefined && isSameJson(policy, approved) && !(passing?.isMoved ?? false);
  return {
    ...{ policy, passing, pins, diff, servers },
    shadows: findShadows(offered).filter(({ tools }) => tools.some(({ server }) => about.includes(server))),
    isUpToDate: isSamePolicy && isSamePins(pins, pinned),
    waits: judgement.kind !== 'holds' || !diff.isApproved || servers.some(({ drift }) => drift !== undefined),
  };
}

/** INVARIANT: what was approved until a time keeps its end, but for what this approval names (`keep`) or gives another end. */
function drawPassing(
  { document, judgement, only, keep, isEnding }: PictureInput,
  policy: JsonObject,
  diff: PolicyDiff,
  inventory: Inventory,
): (Passing & { readonly isMoved: boolean }) | undefined {
  if (judgement.kind !== 'holds' || !Number.isFinite(judgement.untilMs)) return undefined;
  const { untilMs } = judgement;
  const before = judgement.lock.body.base ?? NOTHING;
  const merged = mergeLasting(before, judgement.policy, policy);
  const kept = keep !== true ? merged : only === undefined ? policy : withServer(merged, document, only);
  const base = isEnding === true ? before : kept;
  const isOver = isSameJson(base, policy);
  const fresh = new Set(diff.lines.map(keyOfLine));
  const widenings = (after: JsonObject, than: JsonObject): readonly DiffLine[] =>
    diffPolicies(after, than, inventory).lines.filter(({ kind }) => kind !== 'holds');
  return {
    untilMs,
    base: isEnding === true || isOver ? undefined : base,
    ending: isOver ? [] : widenings(policy, base),
    lasting: widenings(base, before).filter((line) => !fresh.has(keyOfLine(line))),
    isMoved: !isSameJson(base, before),
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

function namesOf({ last, tools }: Known): readonly string[] {
  return [...new Set([...(last?.pins.tools.keys() ?? []), ...tools])];
}

function drawServer(
  server: string,
  entries: readonly JsonObject[],
  pinned: PinSet | undefined,
  known: Known | undefined,
): ServerPicture {
  const last = known?.last;
  const offered = pinsOf(last, pinned);
  const isOff = resolveServerPins(entries[0]).mode === 'off';
  const gap = pinned === undefined && last === undefined ? 'unseen' : last?.isPart === true ? 'part' : undefined;
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
    server,
    offered: known === undefined ? [] : namesOf(known),
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

/** What holds, with this server as the config has it, and the scope that it names. */
function withServer(approved: JsonObject, config: JsonObject, id: string): JsonObject {
  const [ours, theirs] = [config, approved].map((document) => objectOf(memberOf(document, 'servers')));
  const entry = memberOf(ours, id);
  if (entry === undefined && memberOf(theirs, id) === undefined) {
    throw new GuardError('usage', `the config has no server \`${id}\``, {
      hint: suggestName(id, Object.keys(ours ?? {})),
    });
  }
  const [wanted, held] = [memberOf(config, 'scopes'), memberOf(approved, 'scopes')];
  const isAlone = Object.keys(theirs ?? {}).every((other) => other === id);
  // whether there are scopes at all decides about every server
  if ((wanted === undefined) !== (held === undefined) && !isAlone) {
    throw new GuardError(
      'usage',
      `\`${id}\` cannot be approved alone: whether there are \`scopes\` at all is about every server`,
      {
        hint: 'leave out `--server`',
      },
    );
  }
  const name = memberOf(entry, 'scope');
  const scopes =
    wanted === undefined
      ? undefined
      : objectFrom([
          ...Object.entries(objectOf(held)).filter(([other]) => other !== name),
          ...(typeof name === 'string' ? [[name, memberOf(wanted, name)] as const] : []),
        ]);
  return objectFrom([
    ...Object.entries(approved).filter(([key]) => key !== 'servers' && key !== 'scopes'),
    ['servers', objectFrom([...Object.entries(theirs ?? {}).filter(([other]) => other !== id), [id, entry]])],
    ['scopes', scopes],
  ]);
}
