// Tests run on all cores (the default leaves one idle), modules stay loaded from one file to the next, and no time limit is
// near: a test that takes seconds passes on a machine a hundred times slower. MIST_TESTS=quick (npm run test:quick) leaves out
// the slow files below; MIST_TESTS=e2e (npm run test:e2e) runs those that need a Redis or a browser, which no other run does.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { built } from './scripts/vitest-built.mjs';

/** Scenes with a real server, killed and restarted, and the explorer in a browser. */
const E2E = ['test/explorer/browser.test.ts', 'test/cli/queue.test.ts'];
/** Each takes seconds of computing time (whole sweeps, whole processes, long comparisons with a reference); the heaviest first. */
const SLOW = [
  'test/docs/commands.test.ts',
  'test/search/exact.test.ts',
  'test/search/front.test.ts',
  'test/cli/**',
  'test/fleet-sweep/**',
  'test/sweep/**',
  'test/calibrate/results.test.ts',
  'test/long-runs/**',
  'test/steady/**',
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
  'test/plan/price-laws.test.ts',
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

const wanted = process.env.MIST_TESTS;

export default defineConfig({
  plugins: process.env.MIST_BUILT ? [built] : [],
  test: {
    include: wanted === 'e2e' ? E2E : ['test/**/*.test.ts'],
    exclude: wanted === 'e2e' ? [] : wanted === 'quick' ? [...E2E, ...SLOW] : E2E,
    setupFiles: ['test/seed.ts'],
    sequence: { sequencer: SlowFirst },
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'threads',
    isolate: false,
    maxWorkers: '100%',
    server: { deps: { external: [/\/dist\/(src|assembly)\//] } },
  },
});
