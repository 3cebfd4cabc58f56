// Which calls a person asked to see. Pure; knows no file and no option parser.
import { type Call, type CallState, toolOf } from './query.ts';

/** Every field that is given must hold. Names compare exactly. */
export interface CallFilter {
  readonly server?: string | undefined;
  /** The subject of a `tools/call`. */
  readonly tool?: string | undefined;
  readonly tenant?: string | undefined;
  readonly outcome?: CallState | undefined;
  /** What was decided: `observe` is what a rule would have denied. */
  readonly decision?: 'pass' | 'deny' | 'observe' | undefined;
  /** Milliseconds since the epoch: the intent is not older. */
  readonly since?: number | undefined;
  /** Only `tools/call`, and whatever was denied or would have been. */
  readonly callsOnly?: boolean | undefined;
}

export function matchesFilter(call: Call, filter: CallFilter): boolean {
  const isCall = call.method === 'tools/call';
  const isPassed = call.decision !== 'deny' && call.decision !== 'observe';
  if (filter.callsOnly === true && !isCall && isPassed) return false;
  if (filter.decision !== undefined && call.decision !== filter.decision) return false;
  if (filter.server !== undefined && call.server !== filter.server) return false;
  if (filter.tool !== undefined && toolOf(call) !== filter.tool) return false;
  if (filter.tenant !== undefined && call.tenant !== filter.tenant) return false;
  if (filter.outcome !== undefined && call.state !== filter.outcome) return false;
  return filter.since === undefined || call.at >= filter.since;
}
