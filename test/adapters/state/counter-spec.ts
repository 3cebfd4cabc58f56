// The state document of these tests: a counter, schema version 2.
import type { DocumentSpec } from '../../../src/adapters/document-file.ts';

export interface Counter {
  readonly version: 2;
  readonly count: number;
}

export function counterSpec(path: string, say: (text: string) => void): DocumentSpec<Counter> {
  return {
    path,
    version: 2,
    empty: { version: 2, count: 0 },
    check(value) {
      if (typeof value !== 'object' || value === null || !('count' in value)) return undefined;
      return typeof value.count === 'number' ? { version: 2, count: value.count } : undefined;
    },
    say,
    nowMs: () => 1_700_000_000_000,
    lockTimeoutMs: 200,
  };
}
