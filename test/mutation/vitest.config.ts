// What mutants of src/policy/breaker are run against.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // A neighbour's load must not kill a mutant.
  test: { include: ['test/mutation/breaker.ts'], testTimeout: 60_000 },
});
