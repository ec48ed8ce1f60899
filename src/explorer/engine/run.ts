// One deployment of a question simulated to its end, with the figures and the pictures of `mist run`.

import type { Catalog } from '../../catalog/open.ts';
import { trustFleet } from '../../metrics/fleet/trust.ts';
import type { MeasuredFleet } from '../../metrics/fleet/types.ts';
import { prepareFleet } from '../../plan/pipeline/lower-fleet.ts';
import { explainAnswer, findAnswer } from '../../report/answer.ts';
import type { FleetContext } from '../../report/fleet/context.ts';
import { contextOf } from '../../report/fleet/context-of.ts';
import { drawBreakdown } from '../../report/fleet/html-breakdown.ts';
import { drawClients, drawDistributions } from '../../report/fleet/html-curves.ts';
import { drawWaterfalls } from '../../report/fleet/html-waterfall.ts';
import { fleetJson } from '../../report/fleet/json.ts';
import { formatMonthly, formatMs, formatNumber, formatShare, formatShort, formatUsd } from '../../report/format.ts';
import { typeset } from '../../report/html-answer.ts';
import { LIST_WORDS, priceListOf } from '../../report/price-list.ts';
import { planMeasuring } from '../../run/client-view.ts';
import { measureRun } from '../../run/measure-fleet.ts';
import { openSpec } from '../../run/open-spec.ts';
import { openSession } from '../../run/session.ts';
import { openSimulator, type Simulator } from '../../run/simulate-row.ts';
import { sweep } from '../../run/sweep.ts';
import { advanceToEnd, longEnough, startRun } from '../../run/whole-run.ts';
import type { Question, RunView } from '../protocol.ts';
import { openAsked } from './own-catalog.ts';
import { SPEC_FILE } from './search.ts';

let simulator: Simulator | undefined;

/** One memory for all runs: a browser has room for few. */
function simulatorOf(catalog: Catalog): Simulator {
  if (simulator?.catalog !== catalog) simulator = openSimulator(catalog, openSession(catalog));
  return simulator;
}

/** `whole`: the same bytes as `mist run spec.yaml --row ROW --json`. Throws UserError. */
export async function runRow(question: Question, row: number, whole: boolean): Promise<RunView> {
  const started = performance.now();
  const { catalog } = openAsked(question.whatIf);
  const rows = openSpec(question.text, SPEC_FILE, catalog);
  const own = simulatorOf(catalog);
  const asked = rows.at(Math.min(row, rows.rows - 1)).spec;
  const spec = whole ? longEnough(asked, own) : asked;
  const lowered = prepareFleet(spec, catalog, own.session);
  let clock = 0;
  const fleet = startRun(
    lowered,
    {
      ...planMeasuring(spec, lowered, true),
      leap: 'exact',
      onProgress: (now) => {
        clock = now.clock;
        return true;
      },
    },
    own.room,
  );
  const run = await advanceToEnd(fleet);
  const measured = measureRun(spec, lowered, run, { clock });
  const trust = trustFleet(spec, lowered, run, catalog.errorBands(), measured.result);
  const context = { ...contextOf(spec, lowered, catalog), trust };
  return {
    ...viewOf(measured, context, whole),
    requests: lowered.program.requests.count,
    row,
    seconds: (performance.now() - started) / 1000,
  };
}

function viewOf(
  measured: MeasuredFleet,
  context: FleetContext,
  whole: boolean,
): Omit<RunView, 'row' | 'seconds' | 'requests'> {
  const { result } = measured;
  const pool = context.pools?.[0];
  return {
    name: context.name,
    json: whole ? `${JSON.stringify(fleetJson(result, context), null, 2)}\n` : '',
    met: result.slo_met,
    figures: figuresOf(measured),
    launch: pool?.launch ?? '',
    parts: {
      breakdown: drawBreakdown(measured).text,
      distributions: drawDistributions(measured).text,
      clients: drawClients(measured).text,
      waterfalls: drawWaterfalls(measured).text,
    },
  };
}

function figuresOf({ result }: MeasuredFleet): RunView['figures'] {
  const list = priceListOf(result);
  return [
    ['TTFT p50, ms', formatMs(result.ttft.p50)],
    ['TTFT p99, ms', formatMs(result.ttft.p99)],
    ['TPOT p50, ms', formatMs(result.tpot.p50)],
    ['TPOT p99, ms', formatMs(result.tpot.p99)],
    ['E2EL p99, ms', formatMs(result.e2el.p99)],
    ['requests/s', formatShort(result.request_throughput)],
    ['output tokens/s', formatShort(result.output_throughput)],
    ['devices', formatNumber(result.devices)],
    ['busy', formatShare(result.utilisation)],
    ['KV blocks at most', formatShare(result.peak_kv_use)],
    ['power, W', formatNumber(result.power_w)],
    ['$/h', formatUsd(result.usd_per_hour)],
    ['$/month', formatMonthly(result.usd_per_hour)],
    ['$/M output tokens, if they bear it all', formatShort(result.usd_per_million_tokens)],
    [`as a list (${LIST_WORDS}): $/M input tokens`, formatShort(list.input)],
    ['$/M cached input tokens', formatShort(list.cached)],
    ['$/M output tokens', formatShort(list.output)],
    ['verdict', result.verdict],
  ];
}

/** Most reasons that are told. */
const MOST_REASONS = 6;

/** What becomes of a question asked of one kind of hardware alone. Throws UserError. */
export async function explainHardware(question: Question): Promise<string[]> {
  const { catalog, folder } = openAsked(question.whatIf);
  const rows = openSpec(question.text, SPEC_FILE, catalog);
  const result = await sweep(rows, catalog, { workers: 1, catalogFolder: folder });
  const reasons = result.rejected
    .slice(0, MOST_REASONS)
    .map(({ words, count }) => `${formatNumber(count)} of ${formatNumber(result.rows)}: ${words}.`);
  return [findAnswer(result).sentence, ...explainAnswer(result), ...reasons].map(typeset);
}
