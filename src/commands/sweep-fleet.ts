// mist sweep on a pipeline spec with axes: every fleet that it spans, simulated and ranked.

import { UserError } from '../check/issue.ts';
import { fleetSweepJson, writeFleetSweep } from '../report/fleet-sweep/files.ts';
import { fleetSweepTable } from '../report/fleet-sweep/terminal.ts';
import { openProgress } from '../report/progress.ts';
import { openFolder, SWEEP_FILES } from '../report/write.ts';
import { sweepFleets } from '../run/fleet-sweep/sweep.ts';
import type { Question } from '../spec/question.ts';
import { NO_ANSWER, type Output } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';

export interface FleetSweepFlags {
  readonly out?: string;
  readonly workers: number;
  readonly seed?: number;
  readonly catalogFolder: string | null;
  readonly exhaustive: boolean;
  readonly json: boolean;
}

/** Exit codes: 0 done, 3 nothing keeps the promise, 130 or 143 interrupted (what was simulated is reported and written). A user's mistakes are thrown (exit code 2). */
export async function sweepPipelines(spec: Question, flags: FleetSweepFlags, out: Output): Promise<number> {
  if (spec.rows === 1) throw oneFleet(spec.file);
  const progress = openProgress(Boolean(process.stderr.isTTY), (words) => out.stderr(words));
  const interrupt = heedInterrupts(); // before anything that others may wait for
  try {
    if (flags.out !== undefined) await openFolder(flags.out, SWEEP_FILES); // before the work, not after it
    const result = await sweepFleets(spec, {
      workers: flags.workers,
      seed: flags.seed,
      catalogFolder: flags.catalogFolder,
      exhaustive: flags.exhaustive,
      onProgress: (done, total, words) => progress.update(done, total, words),
      signal: interrupt.signal,
    });
    progress.end();
    out.stdout(flags.json ? `${JSON.stringify(fleetSweepJson(result), null, 2)}\n` : `${fleetSweepTable(result)}\n`);
    if (flags.out !== undefined) out.stderr(`Wrote ${(await writeFleetSweep(flags.out, result)).join(', ')}\n`);
    if (result.interrupted) return interrupt.code();
    return result.kept.some(({ result: { slo_met } }) => slo_met) ? 0 : NO_ANSWER;
  } finally {
    interrupt.release();
    progress.end();
  }
}

function oneFleet(file: string): UserError {
  const received = 'a spec of one fleet';
  const hint = `mist run ${file} simulates it; {choices: [...]} or {from, to} in place of a value makes an axis`;
  return new UserError([{ path: 'mist sweep', expected: 'a spec with axes', received, file, hint }]);
}
