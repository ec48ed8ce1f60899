// mist validate: replays measured cases and says how far the predictions are off.
import { writeFileSync } from 'node:fs';
import { predictCases } from '../calibrate/validate/predict.ts';
import { readCases } from '../calibrate/validate/read-cases.ts';
import { scoredOf, summariseErrors, tabulate } from '../calibrate/validate/score.ts';
import { errorTable, predictionLines } from '../calibrate/validate/write.ts';
import { openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { type Output, onlyWord, readFlags } from './flags.ts';

const FLAGS = {
  '--out': String,
  '--group-by': String,
  '--catalog': String,
  '--help': Boolean,
  '-h': '--help',
} as const;

const HELP = `mist validate FILE.csv [options]

  Replays every measured case of FILE.csv and prints how far the predictions are off.

  --out FILE         write one line per case: case_id, value, predicted, predicted_alt, error_pct, status, note
  --group-by COLUMNS one more table by these columns of the file, e.g. model,hardware
  --catalog FOLDER   a catalog folder of your own, first
`;

/** Exit code 0 when all rows were processed, whatever the errors are. A file that is no case file is thrown (exit code 2). */
export async function validate(argv: readonly string[], out: Output): Promise<number> {
  const flags = readFlags('validate', FLAGS, argv);
  if (flags['--help']) {
    out.stdout(HELP);
    return 0;
  }
  const file = readCases(onlyWord('validate', flags._, 'one case file'));
  const catalog = openCatalog(flags['--catalog'] === undefined ? {} : { folder: flags['--catalog'] });
  const predictions = predictCases(file, catalog);
  if (flags['--out'] !== undefined) writeFile(flags['--out'], predictionLines(predictions), '--out');
  const scored = scoredOf(predictions);
  const by = ['mode', 'metric', 'quality'];
  out.stdout(`${errorTable(by, tabulate(scored, by))}\n`);
  const headline = scored.filter(({ row }) => row.quality !== 'low');
  out.stdout(`\n${errorTable(['mode', 'metric'], tabulate(headline, ['mode', 'metric']))}\n`);
  out.stdout(`\n${errorTable(['high and medium'], [summariseErrors(['all'], headline)])}\n`);
  const more = flags['--group-by']?.split(',') ?? [];
  if (more.length > 0) out.stdout(`\n${errorTable(more, tabulate(headline, more))}\n`);
  return 0;
}

function writeFile(file: string, text: string, flag: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UserError([
      { path: flag, expected: 'a file that can be written', received: file, hint: (error as Error).message },
    ]);
  }
}
