// mist calibrate: turns measurements into catalog files. What the measurements are is seen from the files themselves.
import { headerOf } from '../calibrate/csv.ts';
import { isKernelHeader } from '../calibrate/read-kernels.ts';
import { isResultFile } from '../calibrate/results/read-results.ts';
import { isStepHeader } from '../calibrate/steps/read-steps.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { statOf } from '../check/text-file.ts';
import { calibrateKernels, isParquet } from './calibrate-kernels.ts';
import { calibrateResults } from './calibrate-results.ts';
import { calibrateSteps } from './calibrate-steps.ts';
import type { Flags } from './flags.ts';
import { SPEC_HELP, specVerb } from './spec-door.ts';

const FLAGS = {
  '--out': String,
  '--model': String,
  '--hardware': String,
  '--tp': String,
  '--pp': String,
  '--quantization': String,
  '--profile': String,
  '--spec': String,
  '--name': String,
  '--source': String,
  '--licence': String,
  '--json': Boolean,
} as const;

export type CalibrateFlags = Flags<typeof FLAGS>;

const HELP = `mist calibrate TIMINGS ... | STEPS.csv | RESULT.json ... [options]

  Fits what MIST needs to measurements, and says how far each fit is off, inside and outside the fitted half.

  TIMINGS ...        kernel timings of one device, in Parquet or CSV: tables of AIConfigurator, or profiles with columns op,
                     dtype, latency_us (or _ms, _s) and the sizes of each op (docs/calibration.md); other fits of the device stay
  STEPS.csv          step traces, as mist run --steps writes them: a regression on whole steps of one deployment
                     (duration_s or _ms or _us, prefill_tokens, sequences, context_tokens; chunks, past_tokens or
                     prefill_pairs where known; model, hardware, tp, pp, precision, engine as columns or flags)
  RESULT.json ...    results of vllm bench serve --save-result or profiles of AIPerf (profile_export_aiperf.json) of one
                     deployment at two loads or more: an engine profile of your own, with host times, a factor on
                     kernels and the client's time

  --out FOLDER       a catalog folder of your own to write to (efficiency/, steps/, engines/); without it nothing is written.
                     Its hardware/ and models/ are known beside the shipped ones
  --model ID --hardware ID --tp N --pp N --quantization FORMAT --profile ID
                     what was measured, where the file does not say
  --spec FILE        of results: a spec whose deployment and engine were measured, instead of these flags
${SPEC_HELP}  --name ID          of results: the name of the new profile
  --source TEXT --licence TEXT
                     where the measurements come from, and on what terms: goes into the catalog
  --json             for programs
`;

/** What files of measurements may be, and who fits to each. */
const KINDS = [
  [(path: string) => isStepHeader(headerOf(path)), calibrateSteps],
  [isResultFile, calibrateResults],
  [isTimings, calibrateKernels],
] as const;

/** Exit code 0; a user's mistakes are thrown as a UserError (exit code 2). Without --out nothing is written. */
export const calibrate = specVerb('calibrate', FLAGS, HELP, async (flags, out, specs) => {
  const words = flags._;
  if (flags['--set'] && flags['--spec'] === undefined)
    throw new UserError([{ path: '--set', expected: '--spec FILE beside it', received: 'none' }]);
  const isFile = (path: string) => statOf(path)?.isFile() ?? false;
  for (const [isOne, calibrateBy] of KINDS) {
    if (words.length === 0 || !words.every((path) => isFile(path) && isOne(path))) continue;
    await calibrateBy(words, flags, out, specs);
    return 0;
  }
  const [only, ...others] = words;
  if (only !== undefined && others.length === 0 && isFile(only)) throw new UserError([unknownFile(only)]);
  const received = words.length === 0 ? 'nothing' : words.map((path) => shown(path)).join(' ');
  const hint = 'mist calibrate --help';
  throw new UserError([{ path: 'mist calibrate', expected: 'files of one kind of measurements', received, hint }]);
});

/** A path, and why it is no file. */
function shown(path: string): string {
  const found = statOf(path);
  if (!found) return `${path} (nothing there)`;
  return found.isDirectory() ? `${path} (a folder)` : path;
}

function isTimings(path: string): boolean {
  return isParquet(path) || (path.endsWith('.csv') && isKernelHeader(headerOf(path)));
}

function unknownFile(path: string): Issue {
  const expected =
    'step traces (prefill_tokens, duration_s, ...), kernel timings (op, dtype, latency_us, ... or a table of AIConfigurator) ' +
    'or results of a benchmark (.json)';
  const received = path.endsWith('.csv') ? `columns ${headerOf(path).join(', ')}` : path;
  return { path: 'mist calibrate', expected, received, ...(path.endsWith('.csv') ? { file: path, line: 1 } : {}) };
}
