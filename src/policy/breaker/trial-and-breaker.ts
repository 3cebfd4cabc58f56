// The breaker and the crash trial that stands right before it, and what they ask of each other. Puts together, decides nothing.
import { type Breaker, type BreakerParts, createBreaker } from './breaker.ts';
import { type CrashTrial, createCrashTrial } from './crash-trial.ts';

export interface TrialAndBreaker {
  readonly trial: CrashTrial;
  readonly breaker: Breaker;
}

export function createTrialAndBreaker(parts: Omit<BreakerParts, 'heldTools'>): TrialAndBreaker {
  const breaker = createBreaker({ ...parts, heldTools: (server) => trial.heldTools(server) });
  const trial = createCrashTrial({
    isOff: (server, tool) => parts.settingsOf(server, tool).mode === 'off',
    isRefused: (server, tool, now) => breaker.refusal(server, tool, now) !== undefined,
  });
  return { trial, breaker };
}
