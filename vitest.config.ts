// Tests run on all cores (the default leaves one idle); property tests of the slowest kind need their time on slow ones.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, pool: 'threads', maxWorkers: '100%' },
});
