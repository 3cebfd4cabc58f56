// Which of the breakers of one call need the probe of the fleet before the one of this machine. Pure; asks nobody.
import type { FleetProbe } from '../../ports/breaker-fleet.ts';
import { leaseLengthMs } from './admission.ts';
import type { ProbeRequest } from './board-steps.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { BreakerState } from './breaker-state.ts';

interface Asking {
  readonly server: string;
  stateOf(tool: string | undefined): BreakerState;
  settingsOf(tool: string | undefined): BreakerSettings;
}

/** Undefined: none. What is closed is not probed. */
export function planClaim(
  { tool, asks, deadlineMs }: Pick<ProbeRequest, 'tool' | 'asks' | 'deadlineMs'>,
  { server, stateOf, settingsOf }: Asking,
): FleetProbe | undefined {
  const asked = [...(asks.tool ? [tool] : []), ...(asks.server ? [undefined] : [])];
  const breakers = asked.filter((one) => settingsOf(one).share === 'fleet' && stateOf(one).kind !== 'closed');
  if (breakers.length === 0) return undefined;
  const lengths = breakers.map((one) => {
    const state = stateOf(one);
    return leaseLengthMs(deadlineMs, 'lapses' in state ? state.lapses : 0, settingsOf(one));
  });
  const marks = breakers.map((one) => {
    const state = stateOf(one);
    return 'fleet' in state ? state.fleet?.id : undefined;
  });
  return { server, breakers, marks, forMs: Math.max(...lengths) };
}
