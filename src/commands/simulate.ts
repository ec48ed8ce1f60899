// mist run: every stage of every request on its instance, then tables, lines, a trace and a page.

import type { Catalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import type { WholeFile } from '../check/whole-file.ts';
import { trustFleet } from '../metrics/fleet/trust.ts';
import { type LoweredFleet, prepareFleet } from '../plan/pipeline/lower-fleet.ts';
import type { StepRecord } from '../plan/setup.ts';
import { EXPORTS, type ExportName } from '../report/export/formats.ts';
import { contextOf } from '../report/fleet/context-of.ts';
import { fleetHtml } from '../report/fleet/html.ts';
import { fleetJson } from '../report/fleet/json.ts';
import { fleetRequestTable } from '../report/fleet/request-table.ts';
import { fleetRequestLines } from '../report/fleet/requests.ts';
import { fleetTable } from '../report/fleet/terminal.ts';
import { timelineLines } from '../report/fleet/timeline-lines.ts';
import { openProgress } from '../report/progress.ts';
import { lineFormatOf, stepHeading, stepLines } from '../report/step-lines.ts';
import { writeTrace } from '../report/timeline/trace.ts';
import type { Measuring } from '../run/checkpoints.ts';
import { planMeasuring } from '../run/client-view.ts';
import { measureRun } from '../run/measure-fleet.ts';
import { openSpec } from '../run/open-spec.ts';
import { openSession } from '../run/session.ts';
import { openSimulator } from '../run/simulate-row.ts';
import { advanceToEnd, longEnough, startRun } from '../run/whole-run.ts';
import { CLIENT, type WindowName } from '../spec/fleet/client.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { Output } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';
import { openOutputs, writeAll } from './line-files.ts';
import { rowOf, tellAxes } from './row.ts';

export interface FleetFlags {
  /** Row of a spec with axes. */
  readonly row?: number;
  readonly seed?: number;
  readonly window?: WindowName;
  readonly requests?: string;
  readonly steps?: string;
  readonly trace?: string;
  readonly html?: string;
  readonly timeline?: string;
  /** Files in the formats of other tools. */
  readonly exports: ReadonlyMap<ExportName, string>;
  readonly perRequest: boolean;
  /** Window of the trace, s. */
  readonly from?: number;
  readonly to?: number;
  readonly json: boolean;
}

/** Exit codes: 0 done (a deadlock is an answer too), 130 or 143 interrupted. A user's mistakes are thrown (exit code 2). */
export async function runPipelines(
  text: string,
  file: string,
  catalog: Catalog,
  flags: FleetFlags,
  out: Output,
): Promise<number> {
  const { spec: asked, isRow } = readFleet(text, file, catalog, flags);
  const session = openSession(catalog);
  const spec = isRow ? longEnough(asked, openSimulator(catalog, session)) : asked;
  const lowered = prepareFleet(spec, catalog, session);
  const exports: Partial<Record<ExportFlag, string>> = {};
  for (const [name, file] of flags.exports) exports[exportFlag(name)] = file;
  const files = openOutputs({
    '--requests': flags.requests, // before the work, not after it
    '--steps': flags.steps,
    '--trace': flags.trace,
    '--html': flags.html,
    '--timeline': flags.timeline,
    ...exports,
  });
  const { run, steps, clock, code } = await runInSlices(
    lowered,
    { ...flags, ...planMeasuring(spec, lowered, isRow) },
    files['--steps'],
    out,
  );
  const measured = measureRun(spec, lowered, run, { clock, ...(steps === null ? {} : { steps }) });
  const tabular = flags.requests !== undefined && lineFormatOf(flags.requests) === 'csv';
  writeAll(files['--requests'], () => (tabular ? fleetRequestTable(measured) : fleetRequestLines(measured)));
  writeAll(files['--trace'], () => writeTrace(lowered.program, run.results, windowOf(flags), steps ?? []));
  const trust = trustFleet(spec, lowered, run, catalog.errorBands(), measured.result);
  const context = { ...contextOf(spec, lowered, catalog), trust };
  writeAll(files['--html'], () => [fleetHtml(measured, context)]);
  writeAll(files['--timeline'], () => timelineLines(measured, lineFormatOf(flags.timeline!)));
  for (const name of flags.exports.keys())
    writeAll(files[exportFlag(name)]!, () => EXPORTS[name].write({ measured, context }));
  const { result } = measured;
  out.stdout(`${flags.json ? JSON.stringify(fleetJson(result, context), null, 2) : fleetTable(result, context)}\n`);
  if (lowered.walks.blocks && lowered.program.hashBlock === 0) out.stderr(`${HASHES_IGNORED}\n`);
  if (run.stop === 'deadlock') out.stderr(`Stopped early: ${measured.result.stopped}\n`);
  return code;
}

type ExportFlag = `--export ${ExportName}`;
const exportFlag = (name: ExportName): ExportFlag => `--export ${name}`;

const HASHES_IGNORED = 'The hash ids of the trace are ignored: no pool has enable_prefix_caching.';

/** The one fleet of a spec, or the row that is asked for of one with axes, which is measured as its sweep does. */
function readFleet(text: string, file: string, catalog: Catalog, { row, seed, window }: FleetFlags) {
  const sweep = openSpec(text, file, catalog, seed);
  const several = tellAxes('mist run', `mist sweep ${file} tries them all; --row N takes one`);
  const { spec } = sweep.at(rowOf(sweep, row, several));
  return { spec: withWindow(spec, window), isRow: row !== undefined };
}

function withWindow(spec: FleetSpec, window: WindowName | undefined): FleetSpec {
  if (window === undefined) return spec;
  const { process } = spec.workload.arrivals;
  if (window === 'steady' && process !== 'closed-loop') {
    const expected = 'measured or all: only a closed loop has a steady part';
    throw new UserError([{ path: '--window', expected, received: `steady, of ${process} arrivals` }]);
  }
  return { ...spec, client: { ...(spec.client ?? CLIENT), window } };
}

function windowOf({ from, to, perRequest }: FleetFlags) {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), perRequest };
}

/** Most iterations that are kept for curves; a longer run draws its curves from the visits. */
const MOST_STEPS = 2_000_000;

/** Runs slice by slice so that Ctrl-C is heard between two; what was simulated by then is kept. */
async function runInSlices(
  lowered: LoweredFleet,
  flags: FleetFlags & { readonly measuring?: Measuring },
  file: WholeFile | null,
  out: Output,
) {
  let clock = 0;
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const format = lineFormatOf(flags.steps ?? '');
  file?.write(stepHeading(format));
  // of thoughts too: when the answer after them begins is then known to the step, whatever is asked for
  const curves =
    flags.html !== undefined ||
    flags.trace !== undefined ||
    flags.timeline !== undefined ||
    lowered.roles.think.length > 0;
  let kept: StepRecord[] | null = curves ? [] : null;
  const keep = (batch: StepRecord[]) => {
    file?.write(stepLines(batch, format));
    if (kept !== null && kept.length + batch.length > MOST_STEPS) kept = null;
    for (const step of batch) kept?.push(step);
  };
  const interrupt = heedInterrupts();
  try {
    const fleet = startRun(lowered, {
      ...(flags.measuring ? { measuring: flags.measuring } : {}),
      leap: file || curves ? 'none' : 'exact',
      ...(file || curves ? { onSteps: keep } : {}),
      onProgress: (now) => {
        clock = now.clock;
        progress.update(now.finished, lowered.program.visits.count, 'simulating');
        return !interrupt.signal.aborted;
      },
    });
    const run = await advanceToEnd(fleet);
    file?.keep();
    return { run, steps: kept as StepRecord[] | null, clock, code: run.stop === 'stopped' ? interrupt.code() : 0 };
  } finally {
    interrupt.release();
    progress.end();
  }
}
