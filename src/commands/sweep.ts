// mist sweep: every configuration of a spec, ranked.
import { availableParallelism } from 'node:os';
import { openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { sweepJson } from '../report/json.ts';
import { openProgress } from '../report/progress.ts';
import { sweepTable } from '../report/terminal.ts';
import { openFolder, writeSweep } from '../report/write.ts';
import { makePlan, measure, sweep as sweepRows } from '../run/sweep.ts';
import { isPipelineSpec } from '../spec/fleet/read.ts';
import { defaultSpecFile, openSpec, readSpecText } from '../spec/open.ts';
import { type Output, onlyWord, readFlags, wholeFlag } from './flags.ts';

const FLAGS = {
  '--out': String,
  '--workers': String,
  '--seed': String,
  '--catalog': String,
  '--json': Boolean,
  '--help': Boolean,
  '-h': '--help',
} as const;

const HELP = `mist sweep [SPEC] [options]

  Tries every configuration that a spec spans: screens all of them in closed form, settles the best by simulating every
  request, and ranks what keeps the promise. Without SPEC: the question of examples/default-chat.yaml.

  --out FOLDER       write results.parquet, results.csv, results.json, report.html and pareto.svg there
  --workers N        threads (default: one per core); results are the same bytes for any number
  --seed N           another seed for the workload
  --catalog FOLDER   a catalog folder of your own, first
  --json             results as JSON
`;

/** Exit codes: 0 done, 130 interrupted (what was computed is reported and written). A user's mistakes are thrown (exit code 2). */
export async function sweep(argv: readonly string[], out: Output): Promise<number> {
  const flags = readFlags('sweep', FLAGS, argv);
  if (flags['--help']) {
    out.stdout(HELP);
    return 0;
  }
  const file = flags._.length === 0 ? defaultSpecFile() : onlyWord('sweep', flags._, 'one spec file');
  const folder = flags['--catalog'] ?? null;
  const catalog = openCatalog(folder === null ? {} : { folder });
  if (isPipelineSpec(readSpecText(file))) throw oneFleet(file);
  const read = openSpec(file, catalog);
  const seed = wholeFlag('--seed', flags['--seed'], 0);
  const spec = seed === undefined ? read : { ...read, workload: { ...read.workload, seed } };
  if (spec.base.step_time) throw priced(file);
  if (flags['--out'] !== undefined) await openFolder(flags['--out']); // before the work, not after it
  const workers = wholeFlag('--workers', flags['--workers'], 1) ?? availableParallelism();
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const abort = new AbortController();
  const stop = () => abort.abort();
  process.once('SIGINT', stop);
  try {
    const swept = await sweepRows(makePlan(spec, catalog), {
      workers,
      catalogFolder: folder,
      onProgress: (done, total, words) => progress.update(done, total, words),
      signal: abort.signal,
    });
    const result = measure(swept);
    progress.end();
    out.stdout(flags['--json'] ? `${JSON.stringify(sweepJson(result), null, 2)}\n` : `${sweepTable(result)}\n`);
    if (flags['--out'] !== undefined) {
      const files = await writeSweep(flags['--out'], result);
      out.stderr(`Wrote ${files.join(', ')}\n`);
    }
    return result.interrupted ? 130 : 0;
  } finally {
    process.removeListener('SIGINT', stop);
    progress.end();
  }
}

function oneFleet(file: string): UserError {
  const hint = `mist run ${file} simulates it`;
  return new UserError([
    {
      path: 'mist sweep',
      expected: 'a spec of deployments',
      received: 'a pipeline spec: one fleet, no axes',
      file,
      hint,
    },
  ]);
}

function priced(file: string): UserError {
  const hint = 'mist run --row N simulates one row of it';
  return new UserError([
    {
      path: 'engine.step_time',
      expected: 'a spec whose steps the cost model prices',
      received: 'step_time',
      file,
      hint,
    },
  ]);
}
