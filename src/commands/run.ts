// mist run: one deployment, request by request.
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { readVersion } from '../check/version.ts';
import { type RunContext, runJson } from '../report/json.ts';
import { openProgress } from '../report/progress.ts';
import { lineFormatOf, requestLines, stepHeading, stepLines } from '../report/requests.ts';
import { runTable } from '../report/terminal.ts';
import { type EngineOptions, type EngineRun, startEngine } from '../run/engine.ts';
import { openSession } from '../run/session.ts';
import { type Prepared, prepare, resultOf } from '../run/simulate.ts';
import { openSpec } from '../spec/open.ts';
import { countRows, rowAt } from '../spec/rows.ts';
import type { Configuration, Spec } from '../spec/types.ts';
import { makeRequests } from '../workload/make.ts';
import type { Requests } from '../workload/types.ts';
import { type Output, onlyWord, readFlags, wholeFlag } from './flags.ts';
import { labelsOf } from './labels.ts';

const FLAGS = {
  '--requests': String,
  '--steps': String,
  '--row': String,
  '--seed': String,
  '--catalog': String,
  '--json': Boolean,
  '--help': Boolean,
  '-h': '--help',
} as const;

const HELP = `mist run SPEC [options]

  Simulates one deployment request by request and prints what \`vllm bench serve\` would, and more.

  --requests FILE    write one line per request: client, arrival, first token, finish, tokens, preemptions (.csv or .jsonl)
  --steps FILE       write one line per iteration: client, start, duration, prefill tokens, sequences, context, KV blocks in use
  --row N            row N of a spec that spans several configurations
  --seed N           another seed for the workload
  --catalog FOLDER   a catalog folder of your own, first
  --json             results as JSON, with the field names of \`vllm bench serve\`
`;

/** Exit codes: 0 done, 130 interrupted (what was computed is written). A user's mistakes are thrown (exit code 2). */
export async function run(argv: readonly string[], out: Output): Promise<number> {
  const flags = readFlags('run', FLAGS, argv);
  if (flags['--help']) {
    out.stdout(HELP);
    return 0;
  }
  const file = onlyWord('run', flags._, 'one spec file');
  const catalog = openCatalog(flags['--catalog'] === undefined ? {} : { folder: flags['--catalog'] });
  const spec = withSeed(openSpec(file, catalog), wholeFlag('--seed', flags['--seed'], 0));
  const configuration = chooseRow(spec, wholeFlag('--row', flags['--row'], 0));
  const prepared = prepare(configuration, { catalog, prices: spec.prices, watts: spec.watts }, openSession(catalog));
  const requests = makeRequests(spec.workload, {
    catalogShape: (id) => catalog.shape(id),
    requestRate: configuration.request_rate,
  });
  const lines = flags['--requests'];
  const handle = lines === undefined ? 0 : openFile(lines, '--requests'); // before the work, not after it
  const engine = await runInSlices(prepared, requests, flags['--steps'], out);
  if (lines !== undefined) writeRequests(lines, handle, requests, engine);
  const result = resultOf(prepared, requests, engine.results, engine.counters, engine.itl, spec.slo);
  const context: RunContext = {
    spec,
    configuration,
    workload: requests.description,
    version: readVersion(),
    basis: prepared.basis,
    labels: labelsFor(configuration, catalog),
  };
  if (flags['--json']) out.stdout(`${JSON.stringify(runJson(result, context), null, 2)}\n`);
  else out.stdout(`${runTable(result, context)}\n${configuration.hardware ? `KV cache: ${prepared.memory}\n` : ''}`);
  return engine.stop === 'stopped' ? 130 : 0;
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
  stepFile: string | undefined,
  out: Output,
): Promise<EngineRun> {
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const steps = stepFile === undefined ? null : openSteps(stepFile);
  const options: EngineOptions = {
    leap: steps ? 'none' : 'exact',
    ...(steps ? { onSteps: steps.write } : {}),
    onProgress: ({ finished }) => {
      progress.update(finished, requests.count, 'simulating');
      return !stopped;
    },
  };
  process.once('SIGINT', stop);
  try {
    const engine = startEngine(requests, prepared.setup, options);
    while (true) {
      const reason = engine.advance();
      if (reason !== 'more') return engine.close(reason);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    process.removeListener('SIGINT', stop);
    progress.end();
    steps?.close();
  }
}

function openSteps(file: string) {
  const format = lineFormatOf(file);
  const handle = openFile(file, '--steps');
  const put = (text: string) => writeAll(handle, text, file, '--steps');
  put(stepHeading(format));
  return {
    write: (batch: Parameters<typeof stepLines>[0]) => put(stepLines(batch, format)),
    close: () => closeSync(handle),
  };
}

function writeRequests(file: string, handle: number, requests: Requests, engine: EngineRun): void {
  try {
    for (const piece of requestLines(requests, engine.results, lineFormatOf(file)))
      writeAll(handle, piece, file, '--requests');
  } finally {
    closeSync(handle);
  }
}

function openFile(file: string, flag: string): number {
  try {
    return openSync(file, 'w');
  } catch (error) {
    throw new UserError([
      { path: flag, expected: 'a file that can be written', received: file, hint: (error as Error).message },
    ]);
  }
}

function writeAll(handle: number, text: string, file: string, flag: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
  } catch (error) {
    const hint = `${(error as Error).message}; what was written before is kept`;
    throw new UserError([{ path: flag, expected: 'room to write', received: file, hint }]);
  }
}
