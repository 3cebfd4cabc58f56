// Whether one call may go, asked of its tool's breaker and of its server's, and in which words it is refused. Moves nothing.
import { calledName } from '../../core/called-name.ts';
import type { Deny } from '../../core/interceptor.ts';
import type { Moment } from '../../ports/breaker-store.ts';
import { type Admission, judgeAdmission } from './admission.ts';
import type { Permit, ProbeRequest } from './board-steps.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { LocalBoard } from './local-board.ts';
import { describeRefusal } from './refusal-text.ts';

export interface GateParts {
  settingsOf(server: string, tool: string | undefined): BreakerSettings;
  toolsOf(server: string): readonly string[] | undefined;
  /** Whether the holder of a lease is another process, and surely dead. */
  isGone(holder: string, now: Moment): boolean;
}

/** A call as the gate sees it. */
export interface Asking {
  readonly server: string;
  /** attacker-controlled */
  readonly tool: string;
  /** As of a request view. */
  readonly prefix?: string | undefined;
  readonly board: LocalBoard;
  readonly now: Moment;
}

export type GateVerdict =
  | { readonly kind: 'go'; readonly permit: Permit }
  /** It may go if it gets the probe; `elseDeny` undefined: it may go all the same, uncounted (observe). */
  | { readonly kind: 'probe'; readonly asks: ProbeRequest['asks']; readonly elseDeny: Deny | undefined }
  | { readonly kind: 'deny'; readonly deny: Deny };

/** How soon to try again when somebody else took the probe a moment ago. */
const RETRY_PROBE_MS = 1_000;
/** While somebody else has the probe: it mostly ends long before its lease. */
const RETRY_LEASE_MS = 5_000;

function waitOf({ retryAfterMs, holder }: Extract<Admission, { kind: 'refuse' }>): number | undefined {
  return holder === undefined || retryAfterMs === undefined ? retryAfterMs : Math.min(retryAfterMs, RETRY_LEASE_MS);
}

export function askGate(asking: Asking, parts: GateParts): GateVerdict {
  const { server, tool, board } = asking;
  const ofTool = askBreaker(asking, tool, parts);
  if (ofTool?.kind === 'refuse') return { kind: 'deny', deny: denial(asking, tool, waitOf(ofTool), parts) };
  const ofServer = askBreaker(asking, undefined, parts);
  if (ofServer?.kind === 'refuse') return { kind: 'deny', deny: denial(asking, undefined, waitOf(ofServer), parts) };
  if (ofTool?.kind !== 'probe' && ofServer?.kind !== 'probe') {
    const epochOf = (one: string | undefined): number => board.stateOf(one).epoch;
    const permit = { tool: ofTool && epochOf(tool), server: ofServer && epochOf(undefined) };
    return { kind: 'go', permit };
  }
  const probed = [ofTool?.kind === 'probe' ? [tool] : [], ofServer?.kind === 'probe' ? [undefined] : []].flat();
  const enforcing = probed.findIndex((one) => parts.settingsOf(server, one).mode === 'enforce');
  return {
    kind: 'probe',
    asks: { tool: ofTool !== undefined, server: ofServer !== undefined },
    elseDeny: enforcing < 0 ? undefined : denial(asking, probed[enforcing], RETRY_PROBE_MS, parts),
  };
}

/** The epoch under which the server's breaker counts a request that it is not asked about; undefined: not at all. */
export function serverEpoch({ server, board }: Pick<Asking, 'server' | 'board'>, parts: GateParts): number | undefined {
  const state = board.stateOf(undefined);
  return state.kind === 'closed' && parts.settingsOf(server, undefined).mode !== 'off' ? state.epoch : undefined;
}

/** Undefined: this breaker has no say. INVARIANT: what a person has isolated stays away in every mode. */
function askBreaker({ server, board, now }: Asking, tool: string | undefined, parts: GateParts): Admission | undefined {
  const settings = parts.settingsOf(server, tool);
  const { mode } = settings;
  const state = board.stateOf(tool);
  if (mode === 'off' && state.kind !== 'isolated') return undefined;
  const admission = judgeAdmission(state, now, settings);
  if (admission.kind !== 'refuse' || state.kind === 'isolated') return admission;
  const { holder } = admission;
  if (holder !== undefined && (board.awaitsMerge(tool) || parts.isGone(holder, now))) return { kind: 'probe' };
  return mode === 'enforce' ? admission : undefined;
}

function denial(asking: Asking, tool: string | undefined, retryAfterMs: number | undefined, parts: GateParts): Deny {
  const { server, board, now } = asking;
  const state = board.stateOf(tool);
  const working = parts.toolsOf(server)?.filter((one) => board.stateOf(one).kind === 'closed');
  const named = tool === undefined ? undefined : calledName(asking, tool);
  const others = working?.map((one) => calledName(asking, one));
  return {
    kind: 'deny',
    reason: 'breaker_open',
    rule: `breaker.${tool === undefined ? 'server' : 'tool'}.${state.kind}`,
    text: describeRefusal({ server, tool: named, state, now, retryAfterMs, working: others }),
    retryAfterMs: retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs),
  };
}
