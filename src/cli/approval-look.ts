// What an approval is about on this machine: the config against its lock, what servers were seen to offer, what ceilings take back. Reads
// and judges; writes nothing, asks nobody.
import { inventorySpec, loadInventory } from '../adapters/inventory-documents.ts';
import { readLastLock } from '../adapters/last-lock.ts';
import { readSeenPins } from '../adapters/seen-pins.ts';
import { GuardError, isGuardError } from '../guard-error.ts';
import type { LockBody } from '../policy/lock/lock-document.ts';
import type { JsonObject } from '../wire/json.ts';
import { memberOf } from '../wire/json.ts';
import { drawApproval, type PictureInput } from './approval-picture.ts';
import type { ApprovalView } from './approval-screen.ts';
import { DEFAULT_TENANT } from './bare-run.ts';
import { noteCeilings } from './ceiling-notes.ts';
import type { Known } from './known-definitions.ts';
import { compareWithLast } from './last-picture.ts';
import type { LockContext, ReadConfig } from './locked-policy.ts';
import { sayAside } from './terminal.ts';

/** A lock that is taken over brings its own definitions. */
const NOTHING_SEEN: Known = { last: undefined, first: undefined, tools: [] };

type Wish = Pick<PictureInput, 'only' | 'keep' | 'isEnding' | 'isPolicyOnly'>;

/** @throws GuardError tenant_unknown, usage, key_unusable */
export function lookAtApproval(read: ReadConfig, context: LockContext, wish: Wish): ApprovalView {
  const knownOf: PictureInput['knownOf'] = (server, tenant = context.tenant, key = server) =>
    known(read, { ...context, tenant }, server, key);
  return look(read, context, wish, { drawn: knownOf, compared: knownOf });
}

/** What a lock of another branch permits, that a person may take over. */
export function lookAtTaken(read: ReadConfig, context: LockContext, { policy, pins }: LockBody): ApprovalView {
  const ofLock: PictureInput['knownOf'] = (_, __, key) => {
    const set = pins.get(key);
    return set === undefined ? NOTHING_SEEN : { ...NOTHING_SEEN, last: { pins: set, hasInstructions: true } };
  };
  const taken = { ...read, document: policy };
  return look(taken, context, { only: undefined }, { drawn: () => NOTHING_SEEN, compared: ofLock });
}

function look(
  read: ReadConfig,
  context: LockContext,
  wish: Wish,
  knownOf: Readonly<Record<'drawn' | 'compared', PictureInput['knownOf']>>,
): ApprovalView {
  const { place, judgement, document } = read;
  const { ceilings: ceiling, nowMs } = context;
  const tenant = lookedAt(document, context.tenant, place.config);
  const drawn = drawApproval({ document, judgement, knownOf: knownOf.drawn, tenant, ...wish });
  const base = { policy: read.policy, restrictions: ceiling.restrictions, nowMs };
  const noted = (picture: typeof drawn, approved: typeof judgement): typeof drawn => ({
    ...picture,
    ceilings: noteCeilings({ ...base, judgement: approved, document: picture.policy, diff: picture.diff }),
  });
  const view = { config: place.config, lock: place.lock, commandOptions: read.commandOptions, judgement };
  const picture = noted(drawn, judgement);
  if (judgement.kind !== 'refused') return { ...view, picture };
  const last = readLastLock(place, { config: document, ceiling, nowMs });
  const compared = compareWithLast(picture, last, {
    ...{ tenant, isPolicyOnly: wish.isPolicyOnly, knownOf: knownOf.compared },
  });
  const shown = last.kind === 'kept' ? noted(compared.picture, last.held) : picture;
  return { ...view, picture, compared: { ...compared, picture: shown } };
}

/** Whose sessions are looked at: without `--tenant` everybody's. @throws GuardError tenant_unknown */
function lookedAt(document: JsonObject, tenant: string, config: string): string | undefined {
  const tenants = memberOf(document, 'tenants');
  if (tenants === undefined || memberOf(tenants, tenant) !== undefined) return tenant;
  if (tenant === DEFAULT_TENANT) return undefined;
  throw new GuardError('tenant_unknown', `\`${tenant}\` is no tenant of \`${config}\``, {
    hint: 'name one of its `tenants`, or leave out `--tenant`',
  });
}

function known({ place }: ReadConfig, { stateDir, tenant, nowMs }: LockContext, server: string, key: string): Known {
  const reading = readSeenPins({ ...place, tenant }, key);
  if (reading.kind === 'unreadable') sayAside(`what \`${server}\` offered cannot be read: ${reading.why}`);
  const { last, first } = reading.kind === 'seen' ? reading.seen : { last: undefined, first: undefined };
  let tools: readonly string[] = [];
  try {
    const inventory = loadInventory(
      inventorySpec(stateDir, tenant, server, { say: sayAside, nowMs: () => Math.trunc(nowMs) }),
    );
    tools = inventory?.lists.tools?.entries.map(({ name }) => name) ?? [];
  } catch (error) {
    if (!isGuardError(error)) throw error;
    sayAside(error.message);
  }
  return { last, first, tools };
}
