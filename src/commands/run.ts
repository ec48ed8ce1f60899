// mist run: one deployment or a fleet of pipelines, request by request.

import { labelsOf } from '../catalog/labels.ts';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { readVersion } from '../check/version.ts';
import type { StepRecord } from '../plan/setup.ts';
import { describeSteps } from '../plan/step-regression.ts';
import { type RunContext, runJson } from '../report/json.ts';
import { openProgress } from '../report/progress.ts';
import { lineFormatOf, requestLines, stepHeading, stepLines } from '../report/requests.ts';
import { runTable } from '../report/terminal.ts';
import { wrap } from '../report/width.ts';
import { type EngineOptions, type EngineRun, startEngine } from '../run/engine.ts';
import { openSession } from '../run/session.ts';
import { type Prepared, prepare, resultOf } from '../run/simulate.ts';
import { isPipelineSpec } from '../spec/fleet/read.ts';
import { openSpec, readSpecText } from '../spec/open.ts';
import { countRows, rowAt } from '../spec/rows.ts';
import type { Configuration, Spec } from '../spec/types.ts';
import { makeRequests } from '../workload/make.ts';
import type { Requests } from '../workload/types.ts';
import { type Output, onlyWord, readFlags, secondsFlag, wholeFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';
import { openOutputs, writeAll } from './line-files.ts';
import { type FleetFlags, runPipelines } from './run-fleet.ts';

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
  '--seed': String,
  '--catalog': String,
  '--json': Boolean,
  '--help': Boolean,
  '-h': '--help',
} as const;

const HELP = `mist run SPEC [options]

  Simulates one deployment, or the pipelines of a fleet, request by request and prints what \`vllm bench serve\` would, and
  more.

  --requests FILE    write one line per request: client, arrival, first token, finish, tokens, preemptions (.csv or .jsonl);
                     of pipelines .jsonl has every visit of the request
  --steps FILE       write one line per iteration: client, start, duration, prefill tokens, sequences, context, KV blocks in use
  --row N            row N of a spec that spans several configurations
  --seed N           another seed for the workload
  --catalog FOLDER   a catalog folder of your own, first
  --json             results as JSON, with the field names of \`vllm bench serve\`

  Of pipeline specs only (they have a \`fleet\` and \`pipelines\`):

  --trace FILE       write a Chrome trace (ui.perfetto.dev opens it): what every client did, hand-offs, queues
  --from S --to S    seconds of the run that the trace shows
  --per-request      the trace has a track per request instead of one per client
  --html FILE        write one self-contained page: stages, clients, distributions, requests as waterfalls
  --timeline FILE    write every client over time (.csv or .jsonl): busy share, in service, waiting, KV use, in equal parts
`;

/** Exit codes: 0 done, 130 or 143 interrupted (what was computed is written). A user's mistakes are thrown (exit code 2). */
export async function run(argv: readonly string[], out: Output): Promise<number> {
  const flags = readFlags('run', FLAGS, argv);
  if (flags['--help']) {
    out.stdout(HELP);
    return 0;
  }
  const file = onlyWord('run', flags._, 'one spec file');
  const catalog = openCatalog(flags['--catalog'] === undefined ? {} : { folder: flags['--catalog'] });
  const text = readSpecText(file);
  if (isPipelineSpec(text)) return runPipelines(text, file, catalog, fleetFlags(flags), out);
  refuse(
    PIPELINE_FLAGS.filter((flag) => flags[flag] !== undefined),
    'a pipeline spec (with `fleet` and `pipelines`)',
    file,
  );
  const spec = withSeed(openSpec(file, catalog), wholeFlag('--seed', flags['--seed'], 0));
  const configuration = chooseRow(spec, wholeFlag('--row', flags['--row'], 0));
  const source = { catalog, prices: spec.prices, watts: spec.watts, power: spec.power, seed: spec.workload.seed };
  const prepared = prepare(configuration, source, openSession(catalog));
  const requests = makeRequests(spec.workload, {
    catalogShape: (id) => catalog.shape(id),
    requestRate: configuration.request_rate,
  });
  const [lines, stepFile] = [flags['--requests'], flags['--steps']];
  const files = openOutputs({ '--requests': lines, '--steps': stepFile }); // before the work, not after it
  const stepFormat = stepFile === undefined ? null : lineFormatOf(stepFile);
  if (stepFormat) files['--steps']?.write(stepHeading(stepFormat));
  const onSteps =
    stepFormat && ((batch: readonly StepRecord[]) => files['--steps']?.write(stepLines(batch, stepFormat)));
  const { engine, code } = await runInSlices(prepared, requests, onSteps, out);
  files['--steps']?.keep();
  writeAll(files['--requests'], () => requestLines(requests, engine.results, lineFormatOf(lines!)));
  const result = resultOf(prepared, requests, engine.results, engine.counters, engine.itl, spec.slo);
  const steps = prepared.deployment?.key.steps;
  const context: RunContext = {
    spec,
    configuration,
    workload: requests.description,
    version: readVersion(),
    basis: prepared.basis,
    memory: prepared.memory,
    ...(steps ? { steps: describeSteps(steps) } : {}),
    ...(configuration.step_time ? {} : { band: catalog.errorBands().bands[prepared.basis] }),
    labels: labelsFor(configuration, catalog),
  };
  if (flags['--json']) out.stdout(`${JSON.stringify(runJson(result, context), null, 2)}\n`);
  else {
    const named = configuration.hardware || configuration.kv_log;
    const cache = named ? `${wrap(`KV cache: ${prepared.memory}`).join('\n')}\n` : '';
    out.stdout(
      `${runTable(result, context)}\n${cache}${steps ? `${wrap(`Step times: ${describeSteps(steps)}`).join('\n')}\n` : ''}`,
    );
  }
  return code;
}

const PIPELINE_FLAGS = ['--trace', '--from', '--to', '--per-request', '--html', '--timeline'] as const;

type RunFlags = ReturnType<typeof readFlags<typeof FLAGS>>;

function fleetFlags(flags: RunFlags): FleetFlags {
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
    row: wholeFlag('--row', flags['--row'], 0),
    requests: flags['--requests'],
    steps: flags['--steps'],
    trace: flags['--trace'],
    html: flags['--html'],
    timeline: flags['--timeline'],
    perRequest: flags['--per-request'] ?? false,
    from,
    to,
    json: flags['--json'] ?? false,
  };
}

/** Flags that this kind of spec has no use for are mistakes, not silence. */
function refuse(flags: readonly string[], expected: string, file: string): void {
  if (flags.length > 0) throw new UserError(flags.map((path) => ({ path, expected, received: file })));
}

function labelsFor(configuration: Configuration, catalog: Catalog): Record<string, string> {
  return labelsOf(catalog, [configuration.model], [configuration.hardware]);
}

function withSeed(spec: Spec, seed: number | undefined): Spec {
  return seed === undefined ? spec : { ...spec, workload: { ...spec.workload, seed } };
}

function chooseRow(spec: Spec, row: number | undefined): Configuration {
  const rows = countRows(spec);
  if (row !== undefined && row < rows) return rowAt(spec, row);
  if (row !== undefined) {
    throw new UserError([{ path: '--row', expected: `a row below ${rows}`, received: String(row) }]);
  }
  if (rows === 1) return rowAt(spec, 0);
  const axes = spec.axes.map((axis) => axis.field).join(', ');
  const hint = `mist sweep ${spec.file} tries them all; --row N takes one`;
  throw new UserError([
    { path: 'mist run', expected: 'a spec of one deployment', received: `${rows} (axes: ${axes})`, hint },
  ]);
}

/** Runs slice by slice so that Ctrl-C is heard between two; what was simulated by then is kept. */
async function runInSlices(
  prepared: Prepared,
  requests: Requests,
  onSteps: ((batch: readonly StepRecord[]) => void) | null,
  out: Output,
): Promise<{ engine: EngineRun; code: number }> {
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const interrupt = heedInterrupts();
  const options: EngineOptions = {
    leap: onSteps ? 'none' : 'exact',
    ...(onSteps ? { onSteps } : {}),
    onProgress: ({ finished }) => {
      progress.update(finished, requests.count, 'simulating');
      return !interrupt.signal.aborted;
    },
  };
  try {
    const engine = startEngine(requests, prepared.setup, options);
    while (true) {
      const reason = engine.advance();
      if (reason !== 'more') return { engine: engine.close(reason), code: reason === 'stopped' ? interrupt.code() : 0 };
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    interrupt.release();
    progress.end();
  }
}
