// mist size: how many devices, which are cheapest and draw the least; how much load a fleet takes; when one overtakes another.

import { type Issue, UserError } from '../check/issue.ts';
import { TOLERANCE } from '../run/probe-load.ts';
import type { Flags } from './flags.ts';
import { ASKED_FLAGS, LENGTHS } from './size-asked.ts';
import { SPEC_HELP, specVerb } from './spec-door.ts';

/** Flags of one or two of the questions: which flags make them mean something, and which contradict them. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  '--row': ['--max-load'],
  '--tolerance': ['--max-load', '--against'],
  '--over': ['--against'],
  '--from': ['--against'],
  '--to': ['--against'],
};
const NEVER_BESIDE: Readonly<Record<string, readonly string[]>> = {
  '--objective': ['--max-load'],
  '--workers': ['--max-load', '--against'],
  '--print-spec': ['--against', '--json'],
  '--against': ['--max-load'],
};

const FLAGS = {
  ...ASKED_FLAGS,
  '--max-load': Boolean,
  '--against': String,
  '--over': String,
  '--from': String,
  '--to': String,
  '--row': String,
  '--tolerance': String,
  '--objective': String,
  '--workers': String,
  '--seed': String,
  '--catalog': String,
  '--prices': String,
  '--print-spec': Boolean,
  '--json': Boolean,
} as const;
export type SizeFlags = Flags<typeof FLAGS>;

const HELP = `mist size --model MODEL --rate N [--p99-ttft 1s --p99-tpot 50ms ...] [options]
mist size SPEC [options]
mist size SPEC --max-load [options]
mist size A --against B --over request_rate|price|prompt [options]

  How many devices does a promise take? The fewest devices, the cheapest and the least power of all deployments that keep it:
  what is left open (hardware, replicas, split, formats, limits of the engine) becomes the axes of a sweep, whose answers are these.
  Of a fleet of several pools only counts and hardware that it leaves out are opened.

  --model MODEL      a model of the catalog, or the path of a config.json
  --rate N           requests per second
  --hardware LIST    devices of the catalog, with commas between, or all (the default)
  --p99-ttft T ...   limits, each a time with its unit: mean, p50, p90, p95, p99, p99-9 of ttft, tpot, itl, e2el
  --lengths NAME     prompt and answer lengths of a workload of the catalog (${LENGTHS})
  --input-len N --output-len N   tokens of every prompt and answer instead
  --requests N       requests of a run
  --engine NAME      an engine profile of the catalog
  --quantization LIST, --kv-cache-dtype LIST   formats that are tried
  --objective WORD   one answer only: devices, usd_per_hour, watts, or another objective of a spec
  --workers N        threads (default: one per core); results are the same bytes for any number

  --max-load: the highest load at which a fleet keeps the promise of its spec: requests per second, or requests in flight of a closed
  loop. Simulates the very spec, the same requests at one load after another: doubling or dividing the spec's own load, then halving
  the ratio, then a few loads below and above what was found. The answer is the highest load of which every load that was tried up to
  it keeps the promise; where one above it keeps it again, that is said.

  --row N            row N of a spec that spans several configurations
  --against: when one of two fleets overtakes the other, at one traffic and one promise: whoever keeps the promise comes before whoever
  does not; of two that keep it the better by the objective (of the specs, or --objective). Over request_rate or prompt both are
  simulated at one value after another; over price (USD per hour of the first fleet's device) costs are straight lines.

  --from N --to N    values between which it is looked for (an eighth of the specs' own to eight times; prompts 125 to 32,000 tokens)
  --tolerance P      how far apart what is next to an answer of --max-load or --against may be (${TOLERANCE * 100}%)

${SPEC_HELP}  --seed N           another seed for the workload
  --print-spec       print the spec instead, for mist sweep; of --max-load the spec at the answer, for mist run
  --catalog FOLDER   a catalog folder of your own, first
  --prices KIND|LIST specialised, hyperscaler, reserved, spot, owned, or a list of your own (.csv, .json), in place of the spec's price_sheet
  --json             results as JSON

  Exit codes: 0 an answer, 2 a mistake in the question, 3 no answer (nothing that was tried keeps the promise), 130 interrupted (143
  by SIGTERM).
`;

/** Exit codes: 0 done, 3 nothing keeps the promise, 130 or 143 interrupted. A user's mistakes are thrown (exit code 2). */
export const size = specVerb('size', FLAGS, HELP, async (flags, out, specs) => {
  refuseTogether(flags);
  // loaded when asked for: one question does not pay for the others
  if (flags['--max-load']) return (await import('./size-load.ts')).sizeLoad(flags, out, specs);
  if (flags['--against'] === undefined) return (await import('./size-fleet.ts')).sizeSpec(flags, out, specs);
  return (await import('./size-against.ts')).sizeAgainst(flags, out, specs);
});

/** What contradicts another flag, or means nothing without one. */
function refuseTogether(flags: SizeFlags): void {
  const issues: Issue[] = [];
  const given = (flag: string) => (flags as Record<string, unknown>)[flag] !== undefined;
  const refuse = (path: string, expected: string, received: string) => void issues.push({ path, expected, received });
  for (const flag of Object.keys(ASKED_FLAGS).filter(given))
    if (flags._.length > 0) refuse(flag, `no ${flag} beside a spec, which says it`, flags._.join(' '));
  if (flags._.length === 0 && given('--set')) refuse('--set', 'a spec beside it', 'none');
  for (const [flag, needed] of Object.entries(BESIDE))
    if (given(flag) && !needed.some(given)) refuse(flag, `${needed.join(' or ')} beside it`, 'none');
  for (const [flag, others] of Object.entries(NEVER_BESIDE))
    for (const other of others.filter(given)) if (given(flag)) refuse(flag, `no ${other} beside it`, other);
  if (issues.length > 0) throw new UserError(issues);
}
