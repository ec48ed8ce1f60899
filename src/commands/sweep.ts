// mist sweep: every configuration of a spec, ranked.
import { availableParallelism } from 'node:os';
import { openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { meetPools } from '../plan/pipeline/lower-fleet.ts';
import { findAnswer } from '../report/answer.ts';
import { formatNumber } from '../report/format.ts';
import { openProgress } from '../report/progress.ts';
import { sweepJson } from '../report/sweep-json.ts';
import { sweepTable } from '../report/terminal.ts';
import { openFolder, SWEEP_FILES, writeSweep } from '../report/write.ts';
import { headOf } from '../run/asked.ts';
import { sweep as sweepRows } from '../run/sweep.ts';
import { openWorkFolder, type WorkFolder } from '../run/work-folder.ts';
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
  '--resume': Boolean,
  '--json': Boolean,
} as const;

const HELP = `mist sweep [SPEC] [options]

  Finds the best configuration that a spec spans, and proves it: every row is ruled out by what it cannot undercut, or
  simulated request by request. Without SPEC: the question of examples/default-chat.yaml.

  --out FOLDER       write results.parquet, results.csv, results.json, report.html and pareto.svg there
  --resume           goes on with what an earlier run with this --out had finished when it was ended, however it was
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
  if (flags['--resume'] && flags['--out'] === undefined)
    throw new UserError([
      { path: '--resume', expected: '--out with the folder of the run to go on with', received: 'no --out' },
    ]);
  const text = specs.read(file);
  const question = openQuestion(text, file, catalog, seed, (one) => meetPools(one, catalog));
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const interrupt = heedInterrupts(); // before anything that others may wait for
  let work: WorkFolder | null = null;
  try {
    if (flags['--out'] !== undefined) {
      await openFolder(flags['--out'], SWEEP_FILES); // before the work, not after it
      const asking = { file, seed: seed ?? null, catalogFolder: folder, prices, exhaustive };
      work = openWorkFolder(flags['--out'], headOf(question, asking, null), flags['--resume'] ?? false);
      for (const note of work.notes) out.stderr(`${note}\n`);
      if (flags['--resume']) out.stderr(`${formatNumber(work.known)} pieces of work were finished before\n`);
    }
    const result = await sweepRows(question, catalog, {
      workers,
      seed,
      catalogFolder: folder,
      prices,
      exhaustive,
      onProgress: (done, total, words) => progress.update(done, total, words),
      signal: interrupt.signal,
      ...(work ? { store: work.store } : {}),
    });
    progress.end();
    const told = { ...result, file: specs.words(file) }; // what it suggests is typed again
    out.stdout(flags['--json'] ? `${JSON.stringify(sweepJson(result), null, 2)}\n` : `${sweepTable(told)}\n`);
    if (flags['--out'] !== undefined) {
      const files = await writeSweep(flags['--out'], result);
      out.stderr(`Wrote ${files.join(', ')}\n`);
      work?.close(!result.interrupted);
      work = null;
    }
    if (result.interrupted) return interrupt.code();
    return NO_ANSWERS.includes(findAnswer(result).kind) ? NO_ANSWER : 0;
  } finally {
    work?.close(false);
    interrupt.release();
    progress.end();
  }
});
