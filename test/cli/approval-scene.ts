// A config, its lock and what its servers offer, for the tests of `scope diff` and `scope approve`.
import { type ApprovalPicture, drawApproval } from '../../src/cli/approval-picture.ts';
import type { ApprovalView } from '../../src/cli/approval-screen.ts';
import type { Known } from '../../src/cli/known-definitions.ts';
import { showLock } from '../../src/policy/lock/lock-document.ts';
import type { LockJudgement } from '../../src/policy/lock/lock-judgement.ts';
import type { PinSet } from '../../src/policy/pins/pin-set.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { CONFIG, judge, lockOf } from '../policy/lock/locks.ts';

export { CONFIG };

export interface Scene {
  readonly approved?: JsonObject;
  readonly pins?: ReadonlyMap<string, PinSet>;
  /** By server; by tenant and key (`acme files`) where the config knows tenants. */
  readonly known?: Readonly<Record<string, Partial<Known>>>;
  readonly tenant?: string;
  readonly only?: string;
  readonly untilMs?: number;
  /** What holds once that approval has ended. */
  readonly base?: JsonObject;
  readonly keep?: boolean;
  readonly isEnding?: boolean;
  readonly isPolicyOnly?: boolean;
  /** Instead of the good lock. */
  readonly judgement?: LockJudgement;
}

export function viewOf(document: JsonObject, scene: Scene = {}): ApprovalView {
  const { approved = CONFIG, pins = new Map(), known = {}, tenant, only, untilMs, base } = scene;
  const { keep, isEnding, isPolicyOnly } = scene;
  const lock = lockOf({ policy: approved, pins, untilMs, base });
  const judgement = scene.judgement ?? judge(showLock(lock), { config: document });
  const knownOf = (server: string, by: string | undefined, key: string): Known => {
    return { last: undefined, first: undefined, tools: [], ...known[by === undefined ? server : `${by} ${key}`] };
  };
  const picture = drawApproval({ document, judgement, knownOf, tenant, only, keep, isEnding, isPolicyOnly });
  return {
    ...{ config: '/c/mcp-guard.config.json', lock: '/c/mcp-guard.lock.json', judgement, picture },
    commandOptions: ' --config /c/mcp-guard.config.json',
  };
}

export const pictureOf = (document: JsonObject, scene?: Scene): ApprovalPicture => viewOf(document, scene).picture;

export const seen = (pins: PinSet) => ({ pins, hasInstructions: true });
