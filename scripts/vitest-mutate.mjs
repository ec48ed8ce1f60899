// Vitest as scripts/mutate.mjs runs it: the tests of one room, or the files that are named, on the sources, in one thread, in which
// modules stay loaded from one file to the next.
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

const list = (name, other) => (process.env[name] || other).split(',').filter(Boolean).map(filesOf);
const filesOf = (path) => `${path}${path.endsWith('/') ? '**/*.test.ts' : path.endsWith('.ts') ? '' : '.test.ts'}`;

/** The quickest first, as the first run found them: the first test that fails ends a mutant. */
class QuickFirst extends BaseSequencer {
  async sort(files) {
    return (await super.sort(files)).reverse();
  }
}

export default defineConfig({
  test: {
    include: list('MIST_MUTATE_TESTS', 'test/'),
    exclude: list('MIST_MUTATE_WITHOUT', ''),
    setupFiles: ['test/seed.ts', 'scripts/vitest-mutate-setup.mjs'],
    sequence: { sequencer: QuickFirst },
    testTimeout: 600_000,
    pool: 'threads',
    isolate: false,
    maxWorkers: 1,
  },
});
