// The types of verdict.mjs, for the tests.
export interface SuiteRun {
  readonly exitCode: number | null;
  readonly scenarios: ReadonlyMap<
    string,
    readonly { readonly id: string; readonly status: string; readonly error: string }[]
  >;
  readonly notScored: ReadonlySet<string>;
}

export function findDifferences(direct: SuiteRun, guarded: SuiteRun): string[];

export function judge(
  direct: SuiteRun,
  guarded: SuiteRun,
): { readonly passed: number; readonly failed: number; readonly lines: readonly string[] };
