// The order of the policies, as one literal array. Cheapest and most final first. A test keeps this order.
import type { Interceptor } from '../core/interceptor.ts';
import { createConcurrencyLimit } from './concurrency.ts';

export interface ChainSettings {
  readonly maxInFlight: number;
}

export function createInterceptors(settings: ChainSettings): readonly Interceptor[] {
  return [createConcurrencyLimit(settings.maxInFlight)];
}
