// mist merge: shards of a sweep that were done on their own become the files of the whole.
import { availableParallelism } from 'node:os';
import { openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { ALSO_HELP, readAlso } from '../report/also/formats.ts';
import { headOf } from '../run/asked.ts';
import { openSpec } from '../run/open-spec.ts';
import { headOfFirst, openShards, refuseGaps } from '../run/shards.ts';
import { MOST_WORKERS, verb, wholeFlag } from './flags.ts';
import { mergeWork, workOn } from './sweep-work.ts';

const FLAGS = { '--out': String, '--also': String, '--workers': String, '--json': Boolean } as const;

const HELP = `mist merge SHARD... --out FOLDER [options]

  SHARD are the folders of mist sweep --shard 1/n, 2/n, ... n/n --out SHARD. Goes through the search of the whole with what they found,
  simulates what none of them had to, and writes the same files, byte for byte, as mist sweep on one machine. Shards that are missing,
  doubled, unfinished, or of another spec, build, seed, catalog or prices are refused.

  --out FOLDER       write results.parquet, results.csv, results.json, report.html and pareto.svg there
${ALSO_HELP}  --workers N        threads for what is left to be simulated (default: one per core)
  --json             results as JSON

  Exit codes: 0 an answer, 2 a mistake, 3 no answer, 130 interrupted (143 by SIGTERM).
`;

/** Exit codes as of a sweep. A user's mistakes are thrown (exit code 2). */
export const merge = verb('merge', FLAGS, HELP, async (flags, out) => {
  const folder = flags['--out'];
  if (flags._.length === 0 || folder === undefined) {
    const received = flags._.length === 0 ? 'no folder' : 'no --out';
    throw new UserError([{ path: 'mist merge', expected: 'the folders of all shards, and --out FOLDER', received }]);
  }
  const workers = wholeFlag('--workers', flags['--workers'], 1, MOST_WORKERS) ?? availableParallelism();
  const shards = openShards(flags._);
  const { text, asking } = headOfFirst(shards);
  const { file, catalogFolder, prices } = asking;
  const catalog = openCatalog({ folder: catalogFolder, prices });
  const question = openSpec(text, file, catalog, asking.seed ?? undefined);
  refuseGaps(shards, headOf(question, asking, null));
  const asked = {
    question,
    catalog,
    asking,
    words: file,
    workers,
    json: flags['--json'] ?? false,
    folder,
    also: readAlso(flags['--also']),
    resume: true,
  };
  return workOn(asked, null, out, (way) => mergeWork(shards, way));
});
