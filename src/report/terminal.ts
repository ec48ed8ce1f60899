// What a sweep prints: the answer with its ranking in the terminal's width.
import type { KeptRow, SweepResult } from '../metrics/types.ts';
import { askQuestion, countedReasons, explainAnswer, findAnswer } from './answer.ts';
import {
  comparesModels,
  describeDeployment,
  describeEngine,
  describeLengths,
  shownPercentile,
  throughputPerDevice,
} from './describe.ts';
import { digestOf } from './digest.ts';
import { formatDuration, formatMs, formatNumber, formatShare, formatShort, formatUsd } from './format.ts';
import { buildLaunch } from './launch.ts';
import { kindOf, tailTpot, tailTtft, throughputScatter, usdPerMillionTokens } from './points.ts';
import { drawScatter } from './scatter-text.ts';
import { drawTable, type TextColumn } from './table.ts';
import { bandLegend, explainTrust, shortBand } from './trust.ts';
import { terminalWidth, wrap } from './width.ts';

/** The whole text of a sweep: question, answer, why, ranking, rejections, plot and launch command. */
export function sweepTable(result: SweepResult, options: { readonly rows?: number } = {}): string {
  const shown = result.kept.slice(0, options.rows ?? Math.min(result.spec.top, 20));
  const answer = findAnswer(result);
  const parts = [
    wrap(askQuestion(result)),
    [`Traffic: ${result.workload.description}; ${describeLengths(result)}.`].flatMap((text) => wrap(text)),
    [answer.sentence, ...explainAnswer(result), ...explainTrust(result)].flatMap((text) => wrap(text)),
    rankRows(shown, result),
    countRows(result),
    drawScatter(throughputScatter(result)),
    answer.row && answer.kind !== 'missed' ? launchRows(answer.row, result) : [],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function rankRows(rows: readonly KeptRow[], result: SweepResult): string[] {
  if (rows.length === 0) return [];
  const right = (heading: string): TextColumn => ({ heading, align: 'right' });
  const columns: TextColumn[] = [
    right('#'),
    { heading: 'deployment', align: 'left', cut: true },
    { heading: 'batching, limits', align: 'left', cut: true },
    right(`TTFT ${shownPercentile(result.spec, 'ttft')}`),
    right(`TPOT ${shownPercentile(result.spec, 'tpot')}`),
    { heading: 'verdict', align: 'left' },
    { ...right('tok/s/dev'), spare: 2 },
    { ...right('$/M'), spare: 1 },
    right('$/h'),
    { ...right('W'), spare: 3 },
    { heading: '± %', align: 'left', spare: 0 },
  ];
  // Names of models need room: where several are compared, what the result files have too is left out.
  const dropped = comparesModels(result.spec) ? ['tok/s/dev', 'W'] : [];
  const keep = columns.map((column) => !dropped.includes(column.heading));
  const table = drawTable(
    columns.filter((_, i) => keep[i]),
    rows.map((row, rank) => rankCells(row, rank + 1, result).filter((_, i) => keep[i])),
  );
  const tilde = rows.some((row) => row.run === null) ? '; ~ is the closed-form screen, not a simulation' : '';
  const more =
    result.kept.length > rows.length
      ? `; ${formatNumber(result.kept.length - rows.length)} more in the result files`
      : '';
  return [...table, ...wrap(`TTFT and TPOT in ms${tilde}${more}.`), ...wrap(bandLegend(rows))];
}

function rankCells(row: KeptRow, rank: number, result: SweepResult): string[] {
  const about = row.run ? '' : '~';
  const kind = kindOf(row);
  const verdict = row.run === null ? 'screened' : kind === 'met' ? `ok ${row.run.verdict}` : `no ${row.run.verdict}`;
  return [
    String(rank),
    describeDeployment(row.configuration, row.devices, result.labels, result.spec),
    describeEngine(row.configuration, result.spec, result.labels),
    about + formatMs(tailTtft(row, result)),
    about + formatMs(tailTpot(row, result)),
    verdict,
    about + formatShort(throughputPerDevice(row)),
    about + formatShort(usdPerMillionTokens(row)),
    formatUsd(row.usd_per_hour),
    about + formatNumber(row.run ? row.run.power_w : row.screen.power_w),
    shortBand(row.band),
  ];
}

function countRows(result: SweepResult): string[] {
  const { plan, screen, settle } = result.seconds;
  const counts = [
    ...countedReasons(result).map(({ count, words }) => [count, words] as const),
    [result.feasible - result.settled, 'feasible, ranked by the screen'] as const,
    [result.settled, 'simulated request by request'] as const,
  ];
  const width = formatNumber(result.rows).length;
  const lines = [
    `${formatNumber(result.rows)} configurations in ${formatDuration(plan + screen + settle)}:`,
    ...counts.flatMap(([count, words]) => wrapCount(formatNumber(count).padStart(width), words)),
  ];
  if (result.settled > 1) {
    lines.push(`Simulation re-ordered ${formatShare(result.reordered)} of the pairs that the screen had ordered.`);
  }
  const digest = digestOf(result).slice(0, 16);
  lines.push(...wrap(`Digest of the result rows: ${digest} (the same on any host and for any number of workers)`));
  if (result.interrupted) lines.push('Stopped before everything was tried: the answer holds for what was reached.');
  return lines;
}

/** A count and what it counts, the words below each other. */
function wrapCount(count: string, words: string): string[] {
  const start = `  ${count}  `;
  return wrap(words, terminalWidth() - start.length).map(
    (line, i) => (i === 0 ? start : ' '.repeat(start.length)) + line,
  );
}

function launchRows(row: KeptRow, result: SweepResult): string[] {
  const launch = buildLaunch(row.configuration, result.labels);
  return launch.command === null ? [] : [...launch.notes.map((note) => `# ${note}`), launch.command];
}
