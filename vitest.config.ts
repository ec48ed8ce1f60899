// Tests run on all cores (the default leaves one idle). A limit only stops what hangs: on a machine ten times slower the slowest
// property test still ends in time, and no test of its own has a shorter one.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000, pool: 'threads', maxWorkers: '100%' },
});
