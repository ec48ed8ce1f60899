// What a sweep of fleets prints: question, answer, ranking, what became of every row.
import type { FleetKeptRow, FleetSweepResult } from '../../metrics/fleet/sweep.ts';
import { achieved } from '../../metrics/limits.ts';
import type { LatencyMetric } from '../../spec/types.ts';
import { METRIC_WORDS } from '../describe.ts';
import { formatDuration, formatMs, formatNumber, formatUsd, UNKNOWN } from '../format.ts';
import { drawTable, type TextColumn } from '../table.ts';
import { shortBand } from '../trust.ts';
import { terminalWidth, wrap } from '../width.ts';
import { fleetDigest } from './files.ts';
import { explainFleetTrust, fleetBandLegend } from './trust.ts';
import { answerFleets, askFleets, countFleets, describeChoices, percentileOf, tellTightest } from './words.ts';

/** Rows of the table. */
const SHOWN = 20;
const METRICS = ['ttft', 'tpot', 'e2el'] as const satisfies readonly LatencyMetric[];

export function fleetSweepTable(result: FleetSweepResult): string {
  const { headline, details, row, kind } = answerFleets(result);
  const tightest = row && kind === 'met' ? tellTightest(row, result.slo) : '';
  const again = row ? [`mist run ${result.file} --row ${row.row} shows it stage by stage.`] : [];
  const parts = [
    wrap(askFleets(result)),
    [`${headline}: ${details}.`, tightest, ...explainFleetTrust(result), ...again]
      .filter((text) => text !== '')
      .flatMap((text) => wrap(text)),
    rankRows(result),
    countRows(result),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function rankRows(result: FleetSweepResult): string[] {
  const rows = result.kept.slice(0, Math.min(SHOWN, result.top));
  if (rows.length === 0) return [];
  const right = (heading: string): TextColumn => ({ heading, align: 'right' });
  const columns: TextColumn[] = [
    right('#'),
    { ...right('row'), spare: 1 },
    { heading: 'fleet', align: 'left', cut: true },
    ...METRICS.map((metric) => right(`${METRIC_WORDS[metric]} ${percentileOf(result.slo, metric)}`)),
    { heading: 'keeps', align: 'left' },
    { ...right('dev'), spare: 2 },
    right('$/h'),
    { heading: '± %', align: 'left' },
  ];
  const cells = (row: FleetKeptRow, rank: number): string[] => [
    String(rank + 1),
    String(row.row),
    describeChoices(row),
    ...METRICS.map((metric) =>
      formatMs(achieved(row.result, { metric, percentile: percentileOf(result.slo, metric) })),
    ),
    tellState(row),
    formatNumber(row.result.devices),
    formatUsd(row.result.usd_per_hour),
    row.trust ? shortBand(row.trust.band) : UNKNOWN,
  ];
  const more = result.kept.length - rows.length;
  const rest = more > 0 ? `; ${formatNumber(more)} more simulated rows with --out or --json` : '';
  return [
    ...drawTable(columns, rows.map(cells)),
    ...wrap(`Latencies in ms${rest}.`),
    ...bandRows(rows),
    ...unpricedRows(result),
  ];
}

/** Whether it keeps the promise, and the verdict where it is not the usual one. */
function tellState({ result }: FleetKeptRow): string {
  const verdict = result.stopped === '' ? result.verdict : 'stopped';
  if (verdict !== 'stable') return verdict;
  return result.slo_met ? 'yes' : 'no';
}

function bandRows(rows: readonly FleetKeptRow[]): string[] {
  const legend = fleetBandLegend(rows);
  return legend === '' ? [] : wrap(legend);
}

function unpricedRows({ kept }: FleetSweepResult): string[] {
  const names = [...new Set(kept.flatMap(({ result }) => result.unpriced))].sort();
  const shown = names.length > 8 ? [...names.slice(0, 8), '...'] : names;
  return names.length > 0 ? wrap(`Without a known price, and so left out of $/h: ${shown.join(', ')}.`) : [];
}

function countRows(result: FleetSweepResult): string[] {
  const { check, settle } = result.seconds;
  const width = formatNumber(result.rows).length;
  const lines = [
    `${formatNumber(result.rows)} fleets in ${formatDuration(check + settle)}:`,
    ...countFleets(result).flatMap(([count, words]) => {
      const start = `  ${formatNumber(count).padStart(width)}  `;
      const lines = wrap(words, terminalWidth() - start.length);
      return lines.map((line, i) => (i === 0 ? start : ' '.repeat(start.length)) + line);
    }),
    ...wrap(
      `Digest of the result rows: ${fleetDigest(result).slice(0, 16)} (the same on any host and for any number of workers)`,
    ),
  ];
  if (result.interrupted) lines.push('Stopped before everything was tried: the answer holds for what was reached.');
  return lines;
}
