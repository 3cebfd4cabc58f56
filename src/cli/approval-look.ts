// What an approval is about on this machine: the config against its lock, what servers were seen to offer, what ceilings take back. Reads
// and judges; writes nothing, asks nobody.
import { inventorySpec, loadInventory } from '../adapters/inventory-documents.ts';
import { type LastLock, readLastLock } from '../adapters/last-lock.ts';
import { readSeenPins } from '../adapters/seen-pins.ts';
import { GuardError, isGuardError } from '../guard-error.ts';
import type { LockBody } from '../policy/lock/lock-document.ts';
import { type LockJudgement, policyAt } from '../policy/lock/lock-judgement.ts';
import type { JsonObject } from '../wire/json.ts';
import { memberOf } from '../wire/json.ts';
import { type ApprovalPicture, drawApproval, type PictureInput } from './approval-picture.ts';
import type { ApprovalView } from './approval-screen.ts';
import { DEFAULT_TENANT } from './bare-run.ts';
import { noteCeilings } from './ceiling-notes.ts';
import type { Known } from './known-definitions.ts';
import { drawRepair, drawTaken, type Repair } from './last-picture.ts';
import type { LockContext, ReadConfig } from './locked-policy.ts';
import { sayAside } from './terminal.ts';

type Wish = Pick<PictureInput, 'only' | 'keep' | 'isEnding' | 'isPolicyOnly'>;

/** @throws GuardError tenant_unknown, usage, key_unusable */
export function lookAtApproval(read: ReadConfig, context: LockContext, wish: Wish): ApprovalView {
  const knownOf: PictureInput['knownOf'] = (server, tenant = context.tenant, key = server) =>
    known(read, { ...context, tenant }, server, key);
  return look(read, context, { ...wish, knownOf }, drawRepair);
}

/** What a lock of another branch permits, that a person may take over. */
export function lookAtTaken(read: ReadConfig, context: LockContext, body: LockBody): ApprovalView {
  // it brings its own definitions
  const knownOf: PictureInput['knownOf'] = (_, __, key) => {
    const pins = body.pins.get(key);
    return { last: pins && { pins, hasInstructions: true }, first: undefined, tools: [] };
  };
  const taken = { ...read, document: policyAt(body, context.nowMs).policy };
  return look(taken, context, { only: undefined, knownOf }, (input, last) =>
    drawTaken(input, body, last, context.nowMs),
  );
}

function look(
  read: ReadConfig,
  context: LockContext,
  wish: Wish & Pick<PictureInput, 'knownOf'>,
  drawRefused: (input: PictureInput, last: LastLock) => Repair,
): ApprovalView {
  const { place, judgement, document } = read;
  const { ceilings: ceiling, nowMs } = context;
  const tenant = lookedAt(document, context.tenant, place.config);
  const input: PictureInput = { document, judgement, tenant, ...wish };
  const base = { policy: read.policy, restrictions: ceiling.restrictions, nowMs };
  const noted = (picture: ApprovalPicture, approved: LockJudgement): ApprovalPicture => ({
    ...picture,
    ceilings: noteCeilings({ ...base, judgement: approved, document: picture.policy, diff: picture.diff }),
  });
  const view = { config: place.config, lock: place.lock, commandOptions: read.commandOptions, judgement };
  if (judgement.kind !== 'refused') return { ...view, picture: noted(drawApproval(input), judgement) };
  const last = readLastLock(place, { config: document, ceiling, nowMs });
  const { picture, compared } = drawRefused(input, last);
  const whole = noted(compared.whole, judgement);
  return {
    ...view,
    picture: noted(picture, last.kind === 'kept' ? last.held : judgement),
    compared: { ...compared, whole },
  };
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
