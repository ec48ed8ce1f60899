// mist verify: holds the certificate of a sweep against runs of its leaders and of rows at random.
import { availableParallelism } from 'node:os';
import { openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { readTextFile } from '../check/text-file.ts';
import { formatNumber, plural } from '../report/format.ts';
import { openProgress } from '../report/progress.ts';
import { openSpec } from '../run/open-spec.ts';
import { type Told, type Verified, verifySweep } from '../run/verify.ts';
import { MOST_WORKERS, NO_ANSWER, onlyWord, verb, wholeFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';

const FLAGS = {
  '--sample': String,
  '--workers': String,
  '--catalog': String,
  '--prices': String,
  '--json': Boolean,
} as const;

const SAMPLE = 500;

const HELP = `mist verify RESULT [options]

  RESULT is the results.json of mist sweep --out. Simulates the best rows of it again, and rows at random among all others, to
  their end: the leaders must come out as told, and none of the others may be better.

  --sample N         so many rows at random that can be simulated (${SAMPLE})
  --workers N        threads (default: one per core)
  --catalog FOLDER   as it was given to the sweep
  --prices KIND|FILE as it was given to the sweep
  --json             for programs

  Exit codes: 0 it holds, 2 a mistake in the question, 3 it does not hold, 130 interrupted.
`;

/** Exit code 3 where the certificate does not hold. A user's mistakes are thrown (exit code 2). */
export const verify = verb('verify', FLAGS, HELP, async (flags, out) => {
  const file = onlyWord('verify', flags._, 'one results.json');
  const [folder, prices] = [flags['--catalog'] ?? null, flags['--prices'] ?? null];
  const catalog = openCatalog({ folder, prices });
  const sample = wholeFlag('--sample', flags['--sample'], 1) ?? SAMPLE;
  const workers = wholeFlag('--workers', flags['--workers'], 1, MOST_WORKERS) ?? availableParallelism();
  const { spec, seed: told, ...result } = readResult(file);
  const own = openSpec(spec, file, catalog);
  const seed = own.first.workload.seed === told ? undefined : told;
  const question = seed === undefined ? own : openSpec(spec, file, catalog, seed);
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const interrupt = heedInterrupts();
  try {
    const verified = await verifySweep(question, result, {
      ...{ workers, sample, seed, prices },
      catalogFolder: folder,
      onProgress: (done, total, words) => progress.update(done, total, words),
      signal: interrupt.signal,
    });
    progress.end();
    out.stdout(flags['--json'] ? `${JSON.stringify(verified, null, 2)}\n` : tell(verified));
    if (interrupt.signal.aborted) return interrupt.code();
    return verified.changed.length + verified.better.length > 0 ? NO_ANSWER : 0;
  } finally {
    interrupt.release();
    progress.end();
  }
});

function tell({ again, changed, sampled, refused, better }: Verified): string {
  const held = changed.length === 0 ? 'as told' : `not as told: rows ${changed.join(', ')}`;
  const none =
    better.length === 0 ? 'none of them is better' : `better than the answer allows: rows ${better.join(', ')}`;
  return [
    `${plural(again, 'leader')} simulated again, ${held}.`,
    `${plural(sampled, 'row')} at random simulated to the end (${formatNumber(refused)} more cannot be), ${none}.`,
    changed.length + better.length === 0 ? 'The certificate holds.' : 'The certificate does not hold.',
    '',
  ].join('\n');
}

interface Result extends Told {
  readonly spec: string;
  readonly seed: number;
}

/** Throws UserError where the file is no result of a sweep. */
function readResult(file: string): Result {
  const expected = 'the results.json of mist sweep --out';
  const refuse = (received: string): never => {
    throw new UserError([{ path: file, expected, received }]);
  };
  let data: unknown;
  try {
    data = JSON.parse(readTextFile(file, { path: file, expected }));
  } catch (error) {
    if (error instanceof UserError) throw error;
    return refuse('no JSON');
  }
  const { schema, spec, rows, seed, kept } = (data ?? {}) as Record<string, unknown>;
  if (typeof schema !== 'string' || !schema.startsWith('mist-sweep-')) return refuse('JSON of something else');
  if (typeof spec !== 'string' || typeof rows !== 'number' || typeof seed !== 'number' || !Array.isArray(kept))
    return refuse('a result without its spec, rows, seed or kept rows');
  const leaders = kept.filter((row): row is Told['leaders'][number] => row?.slo_met === true);
  return { spec, rows, seed, leaders };
}
