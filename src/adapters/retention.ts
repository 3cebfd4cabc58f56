// Which segments leave, and the tombstone each leaves behind. Never an open one. Knows no sink.
import type { Log } from '../ports/log.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { TrailPaths } from './state-paths.ts';
export interface RetentionLimits { readonly maxBytes: number; readonly maxAgeDays: number }
export async function enforceRetention(_o: { paths: TrailPaths; limits: RetentionLimits; now: number; holder: ProcessIdentity; log: Log }): Promise<void> {}
