// What a run prints: the block of `vllm bench serve`, then where the time went by stage, and what each instance did.
import { tellPaid } from '../../catalog/price-sheets.ts';
import type { FleetResult, StageResult } from '../../metrics/fleet/types.ts';
import type { Summary } from '../../metrics/types.ts';
import { formatNumber, formatShare, formatShort, listWords, UNKNOWN } from '../format.ts';
import { drawTable, left, right, type TextColumn } from '../table.ts';
import { terminalWidth, wrap } from '../width.ts';
import { formatTidyMs } from './axis.ts';
import { clientColumns } from './client-columns.ts';
import type { FleetContext } from './context.ts';
import { summarisePools } from './pool-rows.ts';
import { servingBlock } from './serving-block.ts';
import { explainGaps, isReal, takesTime } from './shown.ts';

/** The whole text of a run. */
export function fleetTable(result: FleetResult, context: FleetContext): string {
  return [
    servingBlock(result, context),
    stageRows(result),
    clientRows(result),
    pipelineRows(result),
    poolRows(context),
    caveatRows(context),
  ]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** Where step times and KV capacities come from. */
function poolRows({ pools = [] }: FleetContext): string[] {
  return pools.flatMap(({ pool, basis, memory, step_times: steps }) => {
    const from = steps ? `, by the ${steps}` : '';
    const parts = [basis === '' ? '' : `step times ${basis}${from}`, memory === '' ? '' : `KV cache ${memory}`];
    return wrap(`${pool}: ${parts.filter((part) => part !== '').join('; ')}`, terminalWidth(), '  ');
  });
}

function caveatRows({ caveats = [], prices }: FleetContext): string[] {
  return [...caveats, ...(prices ? tellPaid(prices) : [])].flatMap((words) => wrap(words));
}

const PARTS = ['transfer', 'queue', 'service'] as const;

/** One line per stage and part of its time that is not always zero. */
function stageRows(result: FleetResult): string[] {
  const columns = [
    ...left(['stage'], { cut: true }),
    ...right(['visits']),
    ...left(['time, ms']),
    ...right(['mean', 'p50', 'p90', 'p99', 'of E2EL']),
    ...right(['J/request'], { spare: 2 }),
    ...right(['$/1k requests'], { spare: 1 }),
  ];
  const mean = result.breakdown[0]!;
  const rows = result.stages.flatMap((stage, s) => {
    if (stage.visits.total === 0 || !takesTime(stage)) return [];
    const shown = PARTS.filter((part) => part === 'service' || stage[part].max > 0);
    return shown.map((part, i) => {
      const first = i === 0;
      const summary = stage[part];
      return [
        first ? stage.name : '',
        first ? countVisits(stage) : '',
        part,
        ...[summary.mean, summary.p50, summary.p90, summary.p99].map(formatTidyMs),
        formatShare(mean.parts[s]![part] / mean.e2el),
        first ? formatShort(stage.joules_per_request) : '',
        first ? formatShort(stage.usd_per_request * 1000) : '',
      ];
    });
  });
  return rows.length === 0 ? [] : [...drawKnown(columns, rows), ...explainStages(result)];
}

function countVisits({ visits }: StageResult): string {
  const left = visits.total - visits.finished;
  return left > 0 ? `${formatNumber(visits.finished)} of ${formatNumber(visits.total)}` : formatNumber(visits.total);
}

function explainStages(result: FleetResult): string[] {
  const instant = result.stages.filter((stage) => stage.visits.total > 0 && !takesTime(stage));
  const idle = result.idle_usd_per_request * 1000;
  return [
    ...wrap(
      'Transfer: from the end of the last predecessor until its data was there; queue: until first admitted; service: until ended.',
    ),
    ...wrap('Share of E2EL: along the visits that decide when a request finishes; all shares add up to 100 %.'),
    ...(instant.length > 0 ? wrap(`Took no time: ${listWords(instant.map(({ name }) => name))}.`) : []),
    ...(idle > 0 ? [`Instances that no visit came to cost $${formatShort(idle)} per 1,000 requests more.`] : []),
  ];
}

function clientRows(result: FleetResult): string[] {
  const columns = clientColumns(formatNumber);
  const rows = summarisePools(result.clients.filter(isReal)).map((client) => columns.map(({ show }) => show(client)));
  return rows.length === 0 ? [] : [...drawKnown(columns, rows), ...explainGaps(result).flatMap((text) => wrap(text))];
}

function pipelineRows(result: FleetResult): string[] {
  if (result.pipelines.length < 2) return [];
  const thinks = result.thinking_tokens > 0;
  const columns = [
    ...left(['pipeline'], { cut: true }),
    ...right(['requests', 'failed']),
    ...['TTFT', 'TTFAT', 'TPOT', 'E2EL'].flatMap((metric) => [
      ...right([`${metric} p50`], { spare: 1 }),
      ...right([`${metric} p99`]),
    ]),
    ...right(['goodput']),
    ...right(['good']),
  ];
  const rows = result.pipelines.map((pipeline) => {
    const tails = (summary: Summary): string[] => [formatTidyMs(summary.p50), formatTidyMs(summary.p99)];
    return [
      pipeline.name,
      formatNumber(pipeline.requests.total),
      formatNumber(pipeline.requests.total - pipeline.requests.finished),
      ...tails(pipeline.ttft),
      ...(thinks ? tails(pipeline.first_answer) : [UNKNOWN, UNKNOWN]),
      ...tails(pipeline.tpot),
      ...tails(pipeline.e2el),
      formatShort(pipeline.request_goodput),
      formatShare(pipeline.good_fraction),
    ];
  });
  return [
    ...drawKnown(columns, rows),
    'Latencies in ms; goodput in requests/s, good as a share of all that have an end.',
  ];
}

/** Columns that say nothing in any row are left out. */
function drawKnown(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string[] {
  const saysSomething = (i: number) => rows.some((row) => row[i] !== '' && row[i] !== UNKNOWN);
  const kept = [...columns.keys()].filter(saysSomething);
  return drawTable(
    kept.map((i) => columns[i]!),
    rows.map((row) => kept.map((i) => row[i]!)),
  );
}
