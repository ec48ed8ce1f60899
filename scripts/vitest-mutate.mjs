// Vitest as scripts/mutate.mjs runs it: the tests of one room, or the files that are named, one after the other.
import { defineConfig } from 'vitest/config';

const folders = (process.env.MIST_MUTATE_TESTS ?? 'test').split(',');
export default defineConfig({
  test: {
    include: folders.map((path) => (path.endsWith('.ts') ? path : `${path}/**/*.test.ts`)),
    testTimeout: 60_000,
    pool: 'threads',
    maxWorkers: 1,
  },
});
