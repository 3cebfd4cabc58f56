// The shape of a `breaker` block, in zod. The ranges are those of the breaker and the bulkhead themselves; knows no default.
import * as z from 'zod';
import {
  type NumberSetting,
  type Range,
  SETTING_RANGES,
  SETTING_WORDS,
  SLOW_CALL_RANGES,
} from '../policy/breaker/breaker-settings.ts';
import { BULKHEAD_RANGES } from '../policy/bulkhead/bulkhead-settings.ts';

const inRange = ({ min, max, integer }: Range) => (integer ? z.int() : z.number()).min(min).max(max);
const ranged = <Key extends NumberSetting>(...keys: readonly Key[]) =>
  // `fromEntries` forgets which keys it was given.
  Object.fromEntries(keys.map((key) => [key, inRange(SETTING_RANGES[key]).optional()])) as {
    [Each in Key]: z.ZodOptional<z.ZodNumber>;
  };
const breakerOfAny = {
  mode: z.enum(SETTING_WORDS.mode).optional(),
  ...ranged('samples', 'maxAgeMs', 'minimum', 'faultRate', 'consecutiveFaults', 'openMs', 'maxOpenMs'),
  ...ranged('jitter', 'forgetAfterMs', 'successesToClose', 'leaseMs'),
  slowCall: z
    .strictObject({ afterMs: inRange(SLOW_CALL_RANGES.afterMs), rate: inRange(SLOW_CALL_RANGES.rate) })
    .optional(),
  maxInFlight: inRange(BULKHEAD_RANGES.maxInFlight).optional(),
};
/** Below `tools`, in a ceiling: which names no redis to share anything over. */
export const ceilingBreakerOfTool = z.strictObject({
  ...breakerOfAny,
  ...ranged('toolErrorRate', 'toolErrorMinimum'),
  countToolErrors: z.enum(SETTING_WORDS.countToolErrors).optional(),
  hide: z.boolean().optional(),
  maxWaitMs: inRange(BULKHEAD_RANGES.maxWaitMs).optional(),
});
const breakerOfServer = z.strictObject({ ...breakerOfAny, ...ranged('escalateTools', 'escalateShare') });
const share = z.enum(SETTING_WORDS.share).optional();
/** Below `tools`. */
export const breakerOfTool = ceilingBreakerOfTool.extend({ share });
/** At the top level and of a server. */
export const breaker = breakerOfTool.extend({ server: breakerOfServer.extend({ share }).optional() });
export const ceilingBreaker = ceilingBreakerOfTool.extend({ server: breakerOfServer.optional() });

export type BreakerDocument = z.infer<typeof breaker>;
