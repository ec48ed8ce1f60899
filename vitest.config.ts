// Tests run on all cores (the default leaves one idle), modules stay loaded from one file to the next, and no time limit is
// near: a test that takes seconds passes on a machine a hundred times slower. MIST_TESTS=quick (npm run test:quick) leaves out
// the files below.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Each takes seconds of computing time (whole sweeps, whole processes, long comparisons with a reference); the heaviest first. */
const SLOW = [
  'test/explorer/**',
  'test/cli/queue.test.ts',
  'test/docs/commands.test.ts',
  'test/search/exact.test.ts',
  'test/search/front.test.ts',
  'test/cli/**',
  'test/fleet-sweep/**',
  'test/sweep/**',
  'test/calibrate/results.test.ts',
  'test/long-runs/**',
  'test/steady/queues.test.ts',
  'test/mock/mock.test.ts',
  'test/size/sizing.test.ts',
  'test/run/share.test.ts',
  'test/mcp/**',
  'test/golden/**',
  'test/search/budget.test.ts',
  'test/hosts/**',
  'test/fleet/reach.test.ts',
  'test/docs/library.test.ts',
  'test/workload/shapes.test.ts',
  'test/workload/rate-curve.test.ts',
  'test/validate/measured.test.ts',
  'test/workload/servegen.test.ts',
  'test/workload/compiled.test.ts',
  'test/engine/swap.test.ts',
  'test/fleet/swap.test.ts',
  'test/pipeline/examples.test.ts',
  'test/spec/written-out.test.ts',
  'test/tools/cross-validate.test.ts',
  'test/run/settle.test.ts',
  'test/fleet/rooms.test.ts',
  'test/engine/marks.test.ts',
  'test/report/page.test.ts',
  'test/plan/kv-anchors.test.ts',
  'test/pipeline/speculative.test.ts',
];
/** The slow files first, so that none is left to a single core at the end. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = SLOW.findIndex((slow) => moduleId.includes(`/${slow.replace('**', '')}`));
      return found < 0 ? SLOW.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

const quick = process.env.MIST_TESTS === 'quick';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: quick ? SLOW : [],
    setupFiles: ['test/seed.ts'],
    sequence: { sequencer: SlowFirst },
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'threads',
    isolate: false,
    maxWorkers: '100%',
  },
});
