// Gathers on this machine what `scope lint` looks at: what servers were last seen to offer, what of it was used, what was
// approved. Starts nothing and writes nothing. Judges nothing.
import { inventorySpec, loadInventory } from '../adapters/inventory-documents.ts';
import { placeLock, readLock } from '../adapters/lock-file.ts';
import { readScopeChanges } from '../adapters/scope-changes.ts';
import { readSeenPins } from '../adapters/seen-pins.ts';
import { readUseStatistics } from '../adapters/use-statistics.ts';
import type { Ceilings } from '../config/ceilings.ts';
import { pinKeyOf, pinsOfTenant } from '../config/pin-key.ts';
import type { Policy } from '../config/policy.ts';
import { restrictionLayers } from '../config/restrict-layers.ts';
import { restrictPolicy } from '../config/restrict-policy.ts';
import { isGuardError } from '../guard-error.ts';
import type { Definitions, LintInput, Offer, SurfacePoint } from '../policy/lint/lint-input.ts';
import type { PinSet } from '../policy/pins/pin-set.ts';
import { describeBlocked } from './blocked-server.ts';
import { buildLintInput, type LintParts, offerOf } from './lint-subject.ts';

export interface FactsInput
  extends Pick<LintParts, 'document' | 'lint' | 'nowMs' | 'unusedDays' | 'ports' | 'notAsked' | 'commandOptions'> {
  readonly policy: Policy;
  readonly machine: Ceilings;
  readonly stateDir: string;
  readonly tenant: string;
  readonly say: (text: string) => void;
}

export function gatherLintInput(given: FactsInput): LintInput {
  const { policy, stateDir, tenant } = given;
  const ids = [...policy.servers.keys()];
  const offers = ids.flatMap((id): (readonly [string, Offer])[] => {
    const offer = readOffer(id, given);
    return offer === undefined ? [] : [[id, offer]];
  });
  const { approved, ...lock } = readApproved(given);
  const definitions = ids.flatMap((id): (readonly [string, Definitions])[] => {
    const known = readDefinitions(id, approved?.pins.get(id), given);
    return known === undefined ? [] : [[id, known]];
  });
  return buildLintInput({
    ...given,
    approved,
    ...lock,
    offers: new Map(offers),
    uses: readUseStatistics(stateDir, tenant, new Set(ids)).servers,
    definitions: new Map(definitions),
    ...readCeilings(given),
    surfaces: readSurfaces(stateDir, tenant),
  });
}

function readCeilings({ policy, machine }: FactsInput): Pick<LintParts, 'ceilings' | 'enforced'> {
  const { servers } = restrictPolicy(policy, machine.restrictions).policy;
  return {
    ceilings: new Map([...servers].map(([id, { restrictedBy = [] }]) => [id, restrictionLayers(restrictedBy)])),
    enforced: new Set([...servers].flatMap(([id, { mode }]) => (mode === 'enforce' ? [id] : []))),
  };
}

/** Only a lock that holds says what was approved. @throws GuardError key_unusable */
function readApproved({
  policy,
  document,
  stateDir,
  tenant,
  nowMs,
  machine,
}: FactsInput): Pick<LintParts, 'approved' | 'lockRefused' | 'waits'> {
  const place = placeLock(policy.source.path, stateDir, tenant);
  const judgement = readLock(place, { config: document, ceiling: machine, nowMs });
  if (judgement.kind === 'holds')
    return {
      approved: {
        policy: judgement.policy,
        pins: pinsOfTenant(judgement.policy, tenant, judgement.lock.body.pins),
      },
      lockRefused: undefined,
      waits: new Map(
        [...policy.servers.keys()].flatMap((id): (readonly [string, string])[] => {
          const why = describeBlocked(judgement, id, 'is not started');
          return why === undefined ? [] : [[id, why]];
        }),
      ),
    };
  if (judgement.kind !== 'refused') return { approved: undefined, lockRefused: undefined };
  return { approved: undefined, lockRefused: judgement.refusal };
}

function readOffer(id: string, { stateDir, tenant, nowMs, say }: FactsInput): Offer | undefined {
  try {
    const inventory = loadInventory(inventorySpec(stateDir, tenant, id, { say, nowMs: () => nowMs }));
    return inventory === undefined ? undefined : offerOf(inventory);
  } catch (error) {
    if (!isGuardError(error)) throw error;
    say(`what \`${id}\` offers is not known: ${error.message}`);
    return undefined;
  }
}

/** What was approved, else what was seen first; and what was seen last, over all pages. */
function readDefinitions(id: string, pins: PinSet | undefined, given: FactsInput): Definitions | undefined {
  const { policy, stateDir, tenant, say } = given;
  const key = pinKeyOf(given.document, tenant, id);
  const reading = readSeenPins(placeLock(policy.source.path, stateDir, tenant), key);
  if (reading.kind === 'unreadable') say(`what \`${id}\` offered last is not known: ${reading.why}`);
  if (reading.kind !== 'seen') return undefined;
  const { first, last } = reading.seen;
  return {
    before: pins ?? first.pins,
    since: pins === undefined ? 'first_seen' : 'approved',
    now: last.pins,
    hasInstructions: last.hasInstructions && (pins !== undefined || first.hasInstructions),
    ...(last.isPart === true ? { isPart: true } : {}),
  };
}

/** From the approvals on record: what held before the first, and after each. */
function readSurfaces(stateDir: string, tenant: string): LintParts['surfaces'] {
  const { changes, since } = readScopeChanges(stateDir, tenant);
  const surfaces = new Map<string, SurfacePoint[]>();
  for (const { server, atMs, before, after } of changes) {
    let points = surfaces.get(server);
    if (points === undefined) {
      const sinceMs = since.get(server) ?? atMs;
      points = sinceMs < atMs && before !== undefined ? [{ atMs: sinceMs, tools: before }] : [];
      surfaces.set(server, points);
    }
    if (after !== undefined) points.push({ atMs, tools: after });
  }
  return surfaces;
}
