// What a sweep prints: the answer with its ranking, in lines of 120 columns, or as many as the terminal has.
import { countUndecided, type KeptRow, type SweepResult } from '../metrics/sweep.ts';
import { askQuestion, countedReasons, findAnswer, tellVerdict, UNDECIDED } from './answer.ts';
import { tellProof } from './certificate.ts';
import {
  comparesModels,
  describeDeployment,
  describeLengths,
  describeSettings,
  METRIC_WORDS,
  powerOf,
  shownPercentile,
  tailOf,
  throughputPerDevice,
  usdPerMillionTokens,
} from './describe.ts';
import { digestOf } from './digest.ts';
import { formatDuration, formatMs, formatNumber, formatShare, formatShort, formatUsd, UNKNOWN } from './format.ts';
import { tellFront } from './front.ts';
import { launchesOf, launchLines } from './launch-row.ts';
import { mainScatter, tellOffFront } from './points.ts';
import { againLine } from './prices.ts';
import { drawScatter } from './scatter-text.ts';
import { drawTable, type TextColumn } from './table.ts';
import { bandLegend, shortBand } from './trust.ts';
import { explainWhole } from './why.ts';
import { terminalWidth, wrap } from './width.ts';

/** Rows of the table. */
const SHOWN = 20;
/** Where models are compared, a deployment has the name of one too. */
const TWO_NAMES = 40;

/** The whole text of a sweep: question, answer, why, ranking, rejections, plot and launch command. */
export function sweepTable(result: SweepResult, options: { readonly rows?: number } = {}): string {
  const shown = result.kept.slice(0, options.rows ?? Math.min(result.top, SHOWN));
  const { row, kind, sentence } = findAnswer(result);
  const again = row?.result ? [againLine(row, result)] : [];
  const parts = [
    wrap(askQuestion(result)),
    wrap(`Traffic: ${result.workload.description}; ${describeLengths(result)}.`),
    [sentence, ...explainWhole(result), ...again].flatMap((text) => wrap(text)),
    rankRows(shown, result),
    tellFront(result).flatMap((text) => wrap(text)),
    countRows(result),
    plotRows(result),
    row && kind !== 'missed' ? startLines(row, result) : [],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** The commands of the answer, and who writes the rest of what starts it. */
function startLines(row: KeptRow, result: SweepResult): string[] {
  const lines = launchLines(launchesOf(row, result));
  if (lines.length === 0) return [];
  return [
    ...lines,
    ...wrap(
      `# mist launch ${result.file} --row ${row.row}: manifests, and the commands that put the load on it`,
      terminalWidth(),
      '# ',
    ),
  ];
}

function plotRows(result: SweepResult): string[] {
  const scatter = mainScatter(result);
  const why = tellOffFront(scatter, result.objective);
  return [...drawScatter(scatter, Math.min(terminalWidth(), 78)), ...(why === '' ? [] : wrap(why))];
}

interface RankColumn extends TextColumn {
  readonly show: (row: KeptRow, rank: number) => string;
}

function listColumns(result: SweepResult, rows: readonly KeptRow[]): RankColumn[] {
  const right = (heading: string, show: RankColumn['show'], spare?: number): RankColumn => ({
    ...{ heading, align: 'right', show, ...(spare === undefined ? {} : { spare }) },
  });
  const about = (row: KeptRow, words: string) => (row.result ? words : `~${words}`);
  const tail = (metric: 'ttft' | 'tpot' | 'e2el') =>
    right(`${METRIC_WORDS[metric]} ${shownPercentile(result.first.slo, metric)}`, (row) =>
      about(row, formatMs(tailOf(row, result, metric))),
    );
  const settings = rows.some((row) => describeSettings(row, result) !== '');
  const left = (heading: string, show: RankColumn['show'], cut = false): RankColumn => ({
    ...{ heading, align: 'left', show, cut },
  });
  return [
    right('#', (_, rank) => String(rank)),
    {
      ...left('deployment', (row) => describeDeployment(row, result), true),
      ...(comparesModels(result) ? { comfort: TWO_NAMES } : {}),
    },
    ...(settings ? [left('batching, limits', (row) => describeSettings(row, result), true)] : []),
    tail('ttft'),
    tail('tpot'),
    ...(settings ? [] : [tail('e2el')]),
    left('keeps', tellState),
    ...(settings ? [] : [right('dev', ({ devices }) => formatNumber(devices), 4)]),
    right('tok/s/dev', (row) => about(row, formatShort(throughputPerDevice(row))), 2),
    right('$/M', (row) => about(row, formatShort(usdPerMillionTokens(row))), 1),
    right('$/h', ({ usd_per_hour }) => formatUsd(usd_per_hour)),
    right('W', (row) => about(row, formatNumber(powerOf(row))), 3),
    { ...left('± %', ({ trust }) => (trust ? shortBand(trust.band) : UNKNOWN)), spare: 0 },
  ];
}

function rankRows(rows: readonly KeptRow[], result: SweepResult): string[] {
  if (rows.length === 0) return [];
  const columns = listColumns(result, rows);
  const table = drawTable(
    columns,
    rows.map((row, i) => columns.map(({ show }) => show(row, i + 1))),
  );
  const tilde = rows.some((row) => row.result === null) ? '; ~ is the closed-form screen, not a simulation' : '';
  const left = result.kept.length - rows.length;
  const more = left > 0 ? `; ${formatNumber(left)} more with --out or --json` : '';
  const legend = bandLegend(rows);
  return [
    ...table,
    ...wrap(`Latencies in ms${tilde}${more}.`),
    ...(legend === '' ? [] : wrap(legend)),
    ...tellUnpriced(result),
  ];
}

/** Whether it keeps the promise, and the verdict where it is not the usual one. */
function tellState({ result, slo }: KeptRow): string {
  if (result === null) return 'screened';
  if (result.stopped !== '') return 'stopped';
  const word = result.slo_met ? 'yes' : 'no';
  const told = tellVerdict(result, slo);
  return told === '' ? word : `${word}, ${told}`;
}

function tellUnpriced({ kept }: SweepResult): string[] {
  const names = [...new Set(kept.flatMap(({ result }) => result?.unpriced ?? []))].sort();
  const shown = names.length > 8 ? [...names.slice(0, 8), '...'] : names;
  return names.length > 0 ? wrap(`Without a known price, and so left out of $/h: ${shown.join(', ')}.`) : [];
}

/** Every row of the sweep, by what became of it: the counts add up to all rows. */
export function countFates(result: SweepResult): readonly (readonly [count: number, words: string])[] {
  const unreached = result.interrupted ? 'not reached' : 'not simulated (settle is the most that are)';
  const all: (readonly [number, string])[] = [
    ...countedReasons(result).map(({ count, words }) => [count, words] as const),
    [result.dearer, `worse than the best ${result.top} whatever they do (proved)`],
    [result.unreached, unreached],
    [result.equivalent, 'equal to a simulated one: no limit that tells them apart had a say in its run (proved)'],
    [result.simulated - result.equivalent - countUndecided(result), 'simulated request by request'],
    [countUndecided(result), UNDECIDED],
  ];
  return all.filter(([count]) => count > 0);
}

function countRows(result: SweepResult): string[] {
  const { plan, screen, settle } = result.seconds;
  const width = formatNumber(result.rows).length;
  const lines = [
    `${formatNumber(result.rows)} configurations in ${formatDuration(plan + screen + settle)}:`,
    ...countFates(result).flatMap(([count, words]) => wrapCount(formatNumber(count).padStart(width), words)),
  ];
  if (result.screened && result.simulated > 1) {
    const share = formatShare(result.screened.reordered);
    lines.push(`Simulation re-ordered ${share} of the pairs that the screen had ordered.`);
  }
  lines.push(...wrap(tellProof(result)));
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
