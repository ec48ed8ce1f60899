// mist run: one deployment or a fleet of pipelines, request by request.

import { openCatalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { EXPORT_NAMES, EXPORTS, type ExportName } from '../report/export/formats.ts';
import { WINDOWS } from '../spec/fleet/client.ts';
import { type Flags, onlyWord, secondsFlag, wholeFlag, wordFlag } from './flags.ts';
import { type FleetFlags, runPipelines } from './simulate.ts';
import { SPEC_HELP, specVerb } from './spec-door.ts';

const FLAGS = {
  '--requests': String,
  '--steps': String,
  '--row': String,
  '--trace': String,
  '--from': String,
  '--to': String,
  '--per-request': Boolean,
  '--html': String,
  '--timeline': String,
  '--export': [String] as [StringConstructor],
  '--seed': String,
  '--window': String,
  '--catalog': String,
  '--prices': String,
  '--json': Boolean,
} as const;

const EXPORT_LIST = EXPORT_NAMES.map((name) => `                     ${name.padEnd(15)}  ${EXPORTS[name].words}`).join(
  '\n',
);

const HELP = `mist run SPEC [options]

  Simulates one deployment, or the pipelines of a fleet, request by request and prints what \`vllm bench serve\` would, and
  more.

  --requests FILE    write one line per request: instance, arrival, first token, finish, tokens, preemptions (.csv or .jsonl);
                     of pipelines .jsonl has every visit of the request
  --steps FILE       write one line per iteration: instance, start, duration, prefill tokens, sequences, context, KV blocks in use
  --row N            row N of a spec that spans several configurations
${SPEC_HELP}  --seed N           another seed for the workload
  --window PART      what figures are of: measured (between warm-up and cool-down, the default), all (what a benchmark client prints:
                     ramp, start burst and drain included), steady (of a closed loop)
  --catalog FOLDER   a catalog folder of your own, first
  --prices KIND|LIST specialised, hyperscaler, reserved, spot, owned, or a list of your own (.csv, .json), in place of the spec's price_sheet
  --json             results as JSON, with the field names of \`vllm bench serve\`
  --trace FILE       write a Chrome trace (ui.perfetto.dev opens it): what every instance did, hand-offs, queues
  --from S --to S    seconds of the run that the trace shows
  --per-request      the trace has a track per request instead of one per instance
  --html FILE        write one self-contained page: stages, instances, distributions, requests as waterfalls
  --timeline FILE    write every instance over time (.csv or .jsonl): busy share, in service, waiting, KV use, in equal parts
  --export FORMAT=FILE   write the run as another tool does, as often as needed:
${EXPORT_LIST}
`;

/** Exit codes: 0 done, 130 or 143 interrupted (what was computed is written). A user's mistakes are thrown (exit code 2). */
export const run = specVerb('run', FLAGS, HELP, async (flags, out, specs) => {
  const file = onlyWord('run', flags._, 'one spec file');
  const catalog = openCatalog({ folder: flags['--catalog'], prices: flags['--prices'] });
  return runPipelines(specs.read(file), file, catalog, fleetFlags(flags), out);
});

function fleetFlags(flags: Flags<typeof FLAGS>): FleetFlags {
  const seed = wholeFlag('--seed', flags['--seed'], 0);
  const [from, to] = [secondsFlag('--from', flags['--from']), secondsFlag('--to', flags['--to'])];
  const issues: Issue[] = [];
  if (flags['--trace'] === undefined) {
    for (const flag of ['--from', '--to', '--per-request'] as const) {
      if (flags[flag] === undefined) continue;
      issues.push({ path: flag, expected: '--trace FILE beside it', received: 'none' });
    }
  }
  if (from !== undefined && to !== undefined && !(from < to)) {
    issues.push({ path: '--to', expected: `more than --from ${from}`, received: String(to) });
  }
  if (issues.length > 0) throw new UserError(issues);
  return {
    seed,
    window: wordFlag('--window', flags['--window'], WINDOWS),
    row: wholeFlag('--row', flags['--row'], 0),
    requests: flags['--requests'],
    steps: flags['--steps'],
    trace: flags['--trace'],
    html: flags['--html'],
    timeline: flags['--timeline'],
    exports: exportsOf(flags['--export'] ?? []),
    perRequest: flags['--per-request'] ?? false,
    from,
    to,
    json: flags['--json'] ?? false,
  };
}

/** "vllm=result.json", every format once. */
function exportsOf(texts: readonly string[]): ReadonlyMap<ExportName, string> {
  const issues: Issue[] = [];
  const found = new Map<ExportName, string>();
  for (const text of texts) {
    const [, word = '', file = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
    const name = EXPORT_NAMES.find((one) => one === word);
    const refuse = (expected: string, hint?: string) =>
      void issues.push({ path: '--export', expected, received: text, ...(hint ? { hint } : {}) });
    if (name === undefined) refuse(`FORMAT=FILE, of ${EXPORT_NAMES.join(', ')}`, didYouMean(word, EXPORT_NAMES, 1));
    else if (file === '') refuse(`a file after ${name}=`);
    else if (found.has(name)) refuse(`${name} once`);
    else found.set(name, file);
  }
  if (issues.length > 0) throw new UserError(issues);
  return found;
}
