// mist sweep: every configuration of a spec, ranked; on this machine, or its share of the work of many.
import { availableParallelism } from 'node:os';
import { openCatalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { ALSO_HELP, readAlso } from '../report/also/formats.ts';
import { formatNumber } from '../report/format.ts';
import { refuseDrawnAxes } from '../run/draw-leaders.ts';
import { objectivesOf } from '../run/front.ts';
import { openSpec } from '../run/open-spec.ts';
import type { Part } from '../run/part.ts';
import { isDone, markDone } from '../run/shards.ts';
import { openSweep, sweep as sweepRows } from '../run/sweep.ts';
import { defaultSpecFile } from '../spec/open.ts';
import { type Flags, MOST_WORKERS, onlyWord, percentFlag, wholeFlag } from './flags.ts';
import { SPEC_HELP, specVerb } from './spec-door.ts';
import { MOST_PARTS, readQueue, sweepQueue } from './sweep-queue.ts';
import { type Ended, tellSweep, type UnderWay, workOn } from './sweep-work.ts';

const FLAGS = {
  '--out': String,
  '--workers': String,
  '--seed': String,
  '--catalog': String,
  '--prices': String,
  '--exhaustive': Boolean,
  '--confidence': String,
  '--resume': Boolean,
  '--shard': String,
  '--queue': String,
  '--shards': String,
  '--also': String,
  '--json': Boolean,
} as const;

const HELP = `mist sweep [SPEC] [options]

  Finds the best configuration that a spec spans, and proves it: every row is ruled out by what it cannot undercut, or
  simulated request by request. Without SPEC: the question of examples/default-chat.yaml.

  --out FOLDER       write results.parquet, results.csv, results.json, report.html and pareto.svg there
${ALSO_HELP}  --resume           goes on with what an earlier run with this --out had finished when it was ended, however it was
  --shard I/N        only the I-th of N parts of the work, into FOLDER/sweep.work; mist merge makes the whole of them
  --queue URL        hands the work out to whoever runs mist worker URL (redis://HOST:PORT; Redis or Valkey), and makes the whole of it
  --shards N         in so many parts (default: 64)
  --workers N        threads (default: one per core); results are the same bytes for any number
${SPEC_HELP}  --seed N           another seed for the workload
  --catalog FOLDER   a catalog folder of your own, first
  --prices KIND|LIST specialised, hyperscaler, reserved, spot, owned, or a list of your own (.csv, .json), in place of the spec's price_sheet
  --exhaustive       simulate every row that can be, also those that are proved to be no better; the answer is the same
  --confidence P%    run the leaders again under other draws of the traffic, the same for all, until it is settled with P % which of them
                     keep the promise and which of two neighbours is better; at most 32 draws each
  --json             results as JSON

  Exit codes: 0 an answer, 2 a mistake in the question, 3 no answer (nothing simulated keeps the promise), 130 interrupted (143 by
  SIGTERM; what was computed is reported and written).
`;

/** Exit codes: 0 done, 3 nothing keeps the promise, 130 or 143 interrupted (what was computed is reported and written). A user's mistakes are thrown (exit code 2). */
export const sweep = specVerb('sweep', FLAGS, HELP, async (flags, out, specs) => {
  const file = flags._.length === 0 ? defaultSpecFile() : onlyWord('sweep', flags._, 'one spec file');
  const catalogFolder = flags['--catalog'] ?? null;
  const prices = flags['--prices'] ?? null;
  const catalog = openCatalog({ folder: catalogFolder, prices });
  const seed = wholeFlag('--seed', flags['--seed'], 0);
  const workers = wholeFlag('--workers', flags['--workers'], 1, MOST_WORKERS) ?? availableParallelism();
  const exhaustive = flags['--exhaustive'] ?? false;
  const confidence = percentFlag('--confidence', flags['--confidence'], 50, 99.9);
  const part = flags['--shard'] === undefined ? null : readPart(flags['--shard']);
  const queue = readQueue(flags);
  refuseWithoutFolder(flags);
  if (part && confidence !== undefined) refuseShared();
  const question = openSpec(specs.read(file), file, catalog, seed);
  if (confidence !== undefined) refuseDrawnAxes(question);
  const asked = {
    ...{ question, catalog, workers, confidence },
    asking: { file, seed: seed ?? null, catalogFolder, prices, exhaustive },
    words: specs.words(file),
    json: flags['--json'] ?? false,
    folder: flags['--out'],
    also: readAlso(flags['--also']),
    resume: flags['--resume'] ?? false,
  };
  return workOn(asked, part, out, async (way) => {
    if (part) return sweepPart(part, way);
    if (queue) return sweepQueue(queue, way);
    return tellSweep(await sweepRows(question, catalog, way.options), way);
  });
});

/** The leaders are known when the parts are one again, and `mist merge` has no machines to run them on. */
function refuseShared(): never {
  const expected = 'no --shard: the leaders are known when all parts are done (one machine, or --queue)';
  throw new UserError([{ path: '--confidence', expected, received: '--shard' }]);
}

function refuseWithoutFolder(
  flags: Pick<Flags<typeof FLAGS>, '--out' | '--resume' | '--shard' | '--queue' | '--also'>,
): void {
  if (flags['--out'] !== undefined) return;
  const wanting = (['--resume', '--shard', '--queue', '--also'] as const).filter((flag) => flags[flag] !== undefined);
  const issues = wanting.map(
    (path): Issue => ({ path, expected: '--out with the folder for the work', received: 'no --out' }),
  );
  if (issues.length > 0) throw new UserError(issues);
}

/** "2/8". */
function readPart(text: string): Part {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const part = { index: Number(index), of: Number(of) };
  if (part.index >= 1 && part.index <= part.of && part.of <= MOST_PARTS) return part;
  const expected = `I/N with I from 1 to N, and N at most ${formatNumber(MOST_PARTS)}`;
  throw new UserError([{ path: '--shard', expected, received: text }]);
}

/** A part of the work into the folder, where it stays for `mist merge`. */
async function sweepPart(
  part: Part,
  { question, catalog, options, work, interrupt, folder, out }: UnderWay,
): Promise<Ended> {
  const { store } = work!;
  if (!isDone(store)) {
    const open = await openSweep(question, catalog, options, objectivesOf(question));
    try {
      await open.part(question, part, store);
    } finally {
      await open.close();
    }
    if (interrupt.signal.aborted) return { code: interrupt.code(), spent: false };
    markDone(store);
  }
  out.stdout(`Shard ${part.index}/${part.of} is done: ${formatNumber(store.count)} pieces of work in ${store.path}\n`);
  out.stderr(`mist merge ${folder} and the folders of the others, --out FOLDER, comes to the answer\n`);
  return { code: 0, spent: false };
}
