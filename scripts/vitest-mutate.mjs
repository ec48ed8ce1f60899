// Vitest as scripts/mutate.mjs runs it: the tests of one room, one after the other.
import { defineConfig } from 'vitest/config';

const folders = (process.env.MIST_MUTATE_TESTS ?? 'test').split(',');
export default defineConfig({
  test: {
    include: folders.map((folder) => `${folder}/**/*.test.ts`),
    testTimeout: 60_000,
    pool: 'threads',
    maxWorkers: 1,
  },
});
