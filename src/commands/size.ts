// mist size: how many devices, which are cheapest and draw the least; how much load a fleet takes.
import { type Issue, UserError } from '../check/issue.ts';
import { type Flags, verb } from './flags.ts';
import { sizeLoad } from './size-load.ts';

const FLAGS = {
  '--max-load': Boolean,
  '--row': String,
  '--tolerance': String,
  '--seed': String,
  '--catalog': String,
  '--prices': String,
  '--print-spec': Boolean,
  '--json': Boolean,
} as const;
export type SizeFlags = Flags<typeof FLAGS>;

const HELP = `mist size SPEC --max-load [options]

  The highest load at which a fleet keeps the promise of its spec: requests per second, or requests in flight of a closed loop.
  Simulates the very spec, the same requests at one load after another: doubling or halving from the spec's own load, then
  halving the ratio, then a few loads below and above what was found. The answer is the highest load of which every load that
  was tried up to it keeps the promise; where one above it keeps it again, that is said.

  --row N            row N of a spec that spans several configurations
  --tolerance P      how far the lowest load that fails may be above the answer (2%)
  --seed N           another seed for the workload
  --print-spec       print the spec at the answer instead, for mist run: its run is the probe
  --catalog FOLDER   a catalog folder of your own, first
  --prices KIND|LIST specialised, hyperscaler, reserved, spot, owned, or a list of your own (.csv, .json), in place of the spec's price_sheet
  --json             results as JSON

  Exit codes: 0 an answer, 2 a mistake in the question, 3 no answer (no load keeps the promise), 130 interrupted (143 by SIGTERM).
`;

/** Exit codes: 0 done, 3 nothing keeps the promise, 130 or 143 interrupted. A user's mistakes are thrown (exit code 2). */
export const size = verb('size', FLAGS, HELP, async (flags, out) => {
  refuseTogether(flags);
  return sizeLoad(flags, out);
});

function refuseTogether(flags: SizeFlags): void {
  const issues: Issue[] = [];
  if (!flags['--max-load']) issues.push({ path: 'mist size', expected: '--max-load', received: 'nothing' });
  if (flags['--json'] && flags['--print-spec'])
    issues.push({ path: '--print-spec', expected: 'no --json beside it: it prints YAML', received: '--json' });
  if (issues.length > 0) throw new UserError(issues);
}
