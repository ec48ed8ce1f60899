// mist sweep: every configuration of a spec, ranked.
import { availableParallelism } from 'node:os';
import { openCatalog } from '../catalog/open.ts';
import { meetPools } from '../plan/pipeline/lower-fleet.ts';
import { findAnswer } from '../report/answer.ts';
import { openProgress } from '../report/progress.ts';
import { sweepJson } from '../report/sweep-json.ts';
import { sweepTable } from '../report/terminal.ts';
import { openFolder, SWEEP_FILES, writeSweep } from '../report/write.ts';
import { sweep as sweepRows } from '../run/sweep.ts';
import { defaultSpecFile } from '../spec/open.ts';
import { openQuestion } from '../spec/question.ts';
import { MOST_WORKERS, NO_ANSWER, onlyWord, wholeFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';
import { SPEC_HELP, specVerb } from './spec-door.ts';

const FLAGS = {
  '--out': String,
  '--workers': String,
  '--seed': String,
  '--catalog': String,
  '--prices': String,
  '--exhaustive': Boolean,
  '--json': Boolean,
} as const;

const HELP = `mist sweep [SPEC] [options]

  Finds the best configuration that a spec spans, and proves it: every row is ruled out by what it cannot undercut, or
  simulated request by request. Without SPEC: the question of examples/default-chat.yaml.

  --out FOLDER       write results.parquet, results.csv, results.json, report.html and pareto.svg there
  --workers N        threads (default: one per core); results are the same bytes for any number
${SPEC_HELP}  --seed N           another seed for the workload
  --catalog FOLDER   a catalog folder of your own, first
  --prices KIND|LIST specialised, hyperscaler, reserved, spot, owned, or a list of your own (.csv, .json), in place of the spec's price_sheet
  --exhaustive       simulate every row that can be, also those that are proved to be no better; the answer is the same
  --json             results as JSON

  Exit codes: 0 an answer, 2 a mistake in the question, 3 no answer (nothing simulated keeps the promise), 130 interrupted (143 by
  SIGTERM; what was computed is reported and written).
`;

/** Kinds of answers that say no: nothing could be built, or nothing that was simulated keeps the promise. */
const NO_ANSWERS: readonly string[] = ['missed', 'nothing'];

/** Exit codes: 0 done, 3 nothing keeps the promise, 130 or 143 interrupted (what was computed is reported and written). A user's mistakes are thrown (exit code 2). */
export const sweep = specVerb('sweep', FLAGS, HELP, async (flags, out, specs) => {
  const file = flags._.length === 0 ? defaultSpecFile() : onlyWord('sweep', flags._, 'one spec file');
  const folder = flags['--catalog'] ?? null;
  const prices = flags['--prices'] ?? null;
  const catalog = openCatalog({ folder, prices });
  const seed = wholeFlag('--seed', flags['--seed'], 0);
  const workers = wholeFlag('--workers', flags['--workers'], 1, MOST_WORKERS) ?? availableParallelism();
  const exhaustive = flags['--exhaustive'] ?? false;
  const text = specs.read(file);
  const question = openQuestion(text, file, catalog, seed, (one) => meetPools(one, catalog));
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const interrupt = heedInterrupts(); // before anything that others may wait for
  try {
    if (flags['--out'] !== undefined) await openFolder(flags['--out'], SWEEP_FILES); // before the work, not after it
    const result = await sweepRows(question, catalog, {
      workers,
      seed,
      catalogFolder: folder,
      prices,
      exhaustive,
      onProgress: (done, total, words) => progress.update(done, total, words),
      signal: interrupt.signal,
    });
    progress.end();
    const told = { ...result, file: specs.words(file) }; // what it suggests is typed again
    out.stdout(flags['--json'] ? `${JSON.stringify(sweepJson(result), null, 2)}\n` : `${sweepTable(told)}\n`);
    if (flags['--out'] !== undefined) {
      const files = await writeSweep(flags['--out'], result);
      out.stderr(`Wrote ${files.join(', ')}\n`);
    }
    if (result.interrupted) return interrupt.code();
    return NO_ANSWERS.includes(findAnswer(result).kind) ? NO_ANSWER : 0;
  } finally {
    interrupt.release();
    progress.end();
  }
});
