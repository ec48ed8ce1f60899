// Vitest as scripts/mutate.mjs runs it: the tests of one room, or the files that are named, one after the other.
import { defineConfig } from 'vitest/config';

const paths = (process.env.MIST_MUTATE_TESTS ?? 'test/').split(',');
export default defineConfig({
  test: {
    include: paths.map(
      (path) => `${path}${path.endsWith('/') ? '**/*.test.ts' : path.endsWith('.ts') ? '' : '.test.ts'}`,
    ),
    setupFiles: ['test/seed.ts'],
    testTimeout: 60_000,
    pool: 'threads',
    maxWorkers: 1,
  },
});
