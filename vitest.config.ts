// Which tests run where: pure layers fast and together, processes and real peers with time to start.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Much of the time is waiting for processes: more workers than cores, but few enough that what is timed stays true.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{wire,core,policy,audit,config,cli,docs,tenant}/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'adapters',
          include: ['test/adapters/**/*.test.ts'],
          exclude: ['test/adapters/limits/limit-redis-processes.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [
            'test/e2e/breaker-load.test.ts',
            'test/e2e/gateway-load.test.ts',
            'test/e2e/gateway-neighbours.test.ts',
            'test/e2e/tenant-fairness.test.ts',
            'test/e2e/tenant-many.test.ts',
            'test/e2e/tenant-suspension.test.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Measures a latency or a rate under load: not beside other tests, so it has a run of its own.
        test: {
          name: 'load',
          fileParallelism: false,
          include: [
            'test/e2e/breaker-load.test.ts',
            'test/e2e/gateway-load.test.ts',
            'test/e2e/gateway-neighbours.test.ts',
            'test/e2e/tenant-fairness.test.ts',
            'test/e2e/tenant-many.test.ts',
            'test/e2e/tenant-suspension.test.ts',
            'test/adapters/limits/limit-redis-processes.test.ts',
          ],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
