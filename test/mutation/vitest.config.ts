// The tests that mutants of src/policy/breaker are run against: the cheap ones first, because the first that fails ends a run.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const DEAREST = ['local-breaker', 'breaker-model', 'breaker-sharing'];

class CheapFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const cost = ({ moduleId }: TestSpecification) => DEAREST.findIndex((name) => moduleId.includes(`/${name}.test.`));
    return files.toSorted((a, b) => cost(a) - cost(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/policy/breaker/**/*.test.ts'],
    setupFiles: ['./test/mutation/setup.ts'],
    // A neighbour's load must not kill a mutant.
    testTimeout: 60_000,
    sequence: { sequencer: CheapFirst },
  },
});
