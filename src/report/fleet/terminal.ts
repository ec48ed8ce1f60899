// What a pipeline run prints: the block of `vllm bench serve`, then where the time went by stage, and what each client did.
import type { FleetResult, StageResult } from '../../metrics/fleet/types.ts';
import type { Summary } from '../../metrics/types.ts';
import { NO_SITE } from '../../spec/power.ts';
import {
  BLOCK,
  bandRows,
  center,
  draftRows,
  electricityRows,
  fixed,
  latencyRows,
  line,
  shareRows,
  siteRows,
  swapRows,
} from '../block.ts';
import { formatNumber, formatShare, formatShort, formatUsd, listWords, UNKNOWN } from '../format.ts';
import { drawTable, type TextColumn } from '../table.ts';
import { wrap } from '../width.ts';
import { formatTidy } from './axis.ts';
import type { FleetContext } from './context.ts';
import { explainGaps, isReal, takesTime } from './shown.ts';

const formatTidyMs = (seconds: number): string => formatTidy(seconds * 1000);

const right = (heading: string): TextColumn => ({ heading, align: 'right' });
const left = (heading: string, cut = false): TextColumn => ({ heading, align: 'left', cut });

/** The whole text of a run. */
export function fleetTable(result: FleetResult, context: FleetContext): string {
  return [servingBlock(result, context), stageRows(result), clientRows(result), pipelineRows(result)]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** The rows of `vllm bench serve` in its order and spelling, then ours. */
function servingBlock(result: FleetResult, context: FleetContext): string[] {
  const thinks = result.thinking_tokens > 0;
  return [
    center(' Serving Benchmark Result ', '='),
    line('Successful requests:', String(result.completed)),
    line('Failed requests:', String(result.rejected_kv + result.rejected_length + result.unfinished)),
    ...(context.maxConcurrency > 0 ? [line('Maximum request concurrency:', String(context.maxConcurrency))] : []),
    ...(context.requestRate > 0 ? [line('Request rate configured (RPS):', fixed(context.requestRate))] : []),
    line('Benchmark duration (s):', fixed(result.duration)),
    line('Total input tokens:', String(result.total_input_tokens)),
    line('Total generated tokens:', String(result.total_output_tokens)),
    line('Request throughput (req/s):', fixed(result.request_throughput)),
    ...(Number.isNaN(result.request_goodput) ? [] : [line('Request goodput (req/s):', fixed(result.request_goodput))]),
    line('Output token throughput (tok/s):', fixed(result.output_throughput)),
    line('Peak output token throughput (tok/s):', fixed(result.peak_output_throughput)),
    line('Peak concurrent requests:', fixed(result.max_concurrent_requests)),
    line('Total token throughput (tok/s):', fixed(result.total_token_throughput)),
    ...latencyRows('Time to First Token', 'TTFT', result.ttft),
    ...(thinks ? latencyRows('Time to First Answer Token', 'TTFAT', result.first_answer) : []),
    ...latencyRows('Time per Output Token (excl. 1st token)', 'TPOT', result.tpot),
    ...latencyRows('Inter-token Latency', 'ITL', result.itl),
    ...latencyRows('End-to-end Latency', 'E2EL', result.e2el),
    ...draftRows(result.speculation),
    ...ourRows(result, context),
    '='.repeat(BLOCK),
  ];
}

function ourRows(result: FleetResult, context: FleetContext): string[] {
  const counts = [
    ['Rejected, KV cache too small:', result.rejected_kv],
    ['Rejected, longer than the engine takes:', result.rejected_length],
    ['Unfinished when stopped:', result.unfinished],
    ['Input tokens from caches:', result.cached_input_tokens],
    ['Thinking tokens:', result.thinking_tokens],
    ['Preemptions:', result.preemptions],
  ] as const;
  const power = context.power ?? NO_SITE;
  const known = (label: string, value: number, rows: readonly string[] = []): string[] =>
    Number.isNaN(value) ? [] : [line(label, fixed(value)), ...rows];
  return [
    center('Simulated Fleet', '-'),
    ...(result.stopped === '' ? [] : [line('Stopped early:', result.stopped)]),
    line('Verdict:', result.verdict),
    ...(context.slo.length > 0 ? [line('Meets the limits:', result.slo_met ? 'yes' : 'no')] : []),
    ...counts.filter(([, count]) => count > 0).map(([label, count]) => line(label, String(count))),
    ...swapRows(result),
    ...(result.devices > 0 ? [line('Devices:', String(result.devices))] : []),
    ...known('Mean power (W):', result.power_w, siteRows(power)),
    ...known('Energy per request (J):', result.joules_per_request),
    ...known('Energy per output token (J):', result.joules_per_token, shareRows(result.energy_shares)),
    ...known('Cost ($/h):', result.usd_per_hour, electricityRows(result.electricity_usd_per_hour, power)),
    ...known('Cost ($ per 1,000 requests):', result.usd_per_request * 1000),
    ...known('Cost ($ per million output tokens):', result.usd_per_million_tokens),
    ...(context.trust
      ? [line('Prices rest on figures that are:', context.trust.basis), ...bandRows(result, context.trust.band)]
      : []),
  ];
}

const PARTS = ['transfer', 'queue', 'service'] as const;

/** One line per stage and part of its time that is not always zero. */
function stageRows(result: FleetResult): string[] {
  const columns = [
    left('stage', true),
    right('visits'),
    left('time, ms'),
    ...['mean', 'p50', 'p90', 'p99', 'of E2EL'].map(right),
    { ...right('J/request'), spare: 2 },
    { ...right('$/1k requests'), spare: 1 },
  ];
  const mean = result.breakdown[0];
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
        formatShare(mean.parts[s][part] / mean.e2el),
        first ? formatShort(stage.joules_per_request) : '',
        first ? formatShort(stage.usd_per_request * 1000) : '',
      ];
    });
  });
  return rows.length === 0 ? [] : [...drawTable(dropUnknown(columns, rows), dropCells(rows)), ...explainStages(result)];
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
    ...(idle > 0 ? wrap(`Clients that no visit came to cost $${formatShort(idle)} per 1,000 requests more.`) : []),
  ];
}

function clientRows(result: FleetResult): string[] {
  const columns = [
    left('client', true),
    { ...left('kind'), spare: 2 },
    { ...right('devices'), spare: 1 },
    ...['visits', 'busy', 'batch'].map(right),
    { ...right('peak batch'), spare: 5 },
    right('queue'),
    { ...right('peak queue'), spare: 4 },
    ...['KV peak', 'cached', 'preempted'].map(right),
    { ...right('W'), spare: 3 },
    right('$/h'),
  ];
  const rows = result.clients
    .filter(isReal)
    .map((client) => [
      client.name,
      client.kind,
      formatNumber(client.devices),
      formatNumber(client.visits),
      formatShare(client.utilisation),
      formatTidy(client.mean_batch),
      formatNumber(client.peak_batch),
      formatTidy(client.mean_queue),
      formatNumber(client.peak_queue),
      formatShare(client.peak_kv_use),
      formatShare(client.cached_share),
      client.preemptions > 0 ? formatNumber(client.preemptions) : '',
      formatNumber(client.power_w),
      formatUsd(client.usd_per_hour),
    ]);
  return rows.length === 0 ? [] : [...drawTable(dropUnknown(columns, rows), dropCells(rows)), ...explainGaps(result)];
}

function pipelineRows(result: FleetResult): string[] {
  if (result.pipelines.length < 2) return [];
  const thinks = result.thinking_tokens > 0;
  const columns = [
    left('pipeline', true),
    ...['requests', 'failed'].map(right),
    ...['TTFT', 'TTFAT', 'TPOT', 'E2EL'].flatMap((metric) => [
      { ...right(`${metric} p50`), spare: 1 },
      right(`${metric} p99`),
    ]),
    right('goodput'),
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
    ];
  });
  return [...drawTable(dropUnknown(columns, rows), dropCells(rows)), 'Latencies in ms; goodput in requests/s.'];
}

/** A column that says nothing in any row is left out. */
function saysSomething(rows: readonly (readonly string[])[], i: number): boolean {
  return rows.some((row) => row[i] !== '' && row[i] !== UNKNOWN);
}

function dropUnknown(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): TextColumn[] {
  return columns.filter((_, i) => saysSomething(rows, i));
}

function dropCells(rows: readonly (readonly string[])[]): string[][] {
  return rows.map((row) => row.filter((_, i) => saysSomething(rows, i)));
}
