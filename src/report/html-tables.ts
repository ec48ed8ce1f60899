// The middle of the report page: the best of each accelerator, the ranking, what was tried and why it fell.
import { countUndecided, type KeptRow, type SweepResult } from '../metrics/sweep.ts';
import type { LatencyMetric } from '../spec/types.ts';
import { areDeployments, bestByHardware, countedReasons, tellVerdict, UNDECIDED } from './answer.ts';
import { tellProof } from './certificate.ts';
import {
  describeDeployment,
  describeHosts,
  describeSettings,
  METRIC_WORDS,
  powerOf,
  shownPercentile,
  tailOf,
  throughputPerDevice,
  tokensPerUser,
  usdPerMillionTokens,
} from './describe.ts';
import { formatMs, formatNumber, formatShare, formatShort, formatUsd, UNKNOWN } from './format.ts';
import { html, type Markup } from './html-text.ts';
import { kindOf } from './points.ts';
import { shortBand } from './trust.ts';

/** Rows on the page; all kept ones are in the result files. */
const MOST_ROWS = 250;

interface Column {
  readonly heading: string;
  readonly left?: boolean;
  /** Figures of the screen are shown as estimates. */
  readonly estimated?: boolean;
  /** The number to sort by; absent: by text. */
  readonly value?: (row: KeptRow) => number;
  readonly show: (row: KeptRow) => string | Markup;
}

/** Met or missed, and the verdict where it is not the usual one: an overloaded row has missed whatever its latencies say. */
function drawState(row: KeptRow): Markup {
  const kind = kindOf(row);
  const verdict = row.result ? tellVerdict(row.result, row.slo) : '';
  const words = { screened: 'screened', met: verdict ? `meets, ${verdict}` : 'meets', missed: verdict || 'misses' };
  return html`<span class="pill ${kind}">${words[kind]}</span>`;
}

function figure(
  heading: string,
  value: (row: KeptRow) => number,
  show: (value: number) => string,
  estimated = true,
): Column {
  return { heading, estimated, value, show: (row) => show(value(row)) };
}

function listColumns(result: SweepResult): Column[] {
  const { labels, first } = result;
  const deployments = areDeployments(result);
  const scenarios = result.kept.some(({ scenario }) => scenario !== '');
  const latency = (metric: LatencyMetric): Column =>
    figure(
      `${METRIC_WORDS[metric]} ${shownPercentile(first.slo, metric)}, ms`,
      (row) => tailOf(row, result, metric),
      formatMs,
    );
  return [
    ...(scenarios ? [{ heading: 'Question', left: true, show: (row: KeptRow) => row.scenario }] : []),
    { heading: 'Hardware', left: true, show: (row) => describeHosts(row.hosts, labels) },
    { heading: deployments ? 'Deployment' : 'Fleet', left: true, show: (row) => describeDeployment(row, result) },
    ...(deployments
      ? [{ heading: 'Batching, limits', left: true, show: (row: KeptRow) => describeSettings(row, result) }]
      : []),
    { heading: 'Limits', left: true, show: drawState },
    ...(['ttft', 'tpot', 'e2el'] as const).map(latency),
    figure('tok/s/device', throughputPerDevice, formatShort),
    figure('tok/s/user', tokensPerUser, formatShort),
    figure('Busy', (row) => row.result?.utilisation ?? row.screen?.utilisation ?? Number.NaN, formatShare),
    figure('$/M tokens', usdPerMillionTokens, formatShort),
    figure('$/h', (row) => row.usd_per_hour, formatUsd, false),
    figure('W', powerOf, formatNumber),
    { heading: 'Basis', left: true, show: ({ trust }) => trust?.basis ?? UNKNOWN },
    {
      heading: '± %',
      value: ({ trust }) => trust?.band.ttft_pct ?? Number.NaN,
      show: ({ trust }) => (trust ? shortBand(trust.band) : UNKNOWN),
    },
  ];
}

function drawCell(column: Column, row: KeptRow): Markup {
  const guess = row.result === null && column.estimated === true;
  const classes = `${column.left ? 'left' : ''}${guess ? 'guess' : ''}`;
  const shown = guess ? html`~${column.show(row)}` : column.show(row);
  if (column.value === undefined) return html`<td class="${classes}">${shown}</td>`;
  const value = column.value(row);
  return html`<td class="${classes}" data-v="${Number.isFinite(value) ? value : ''}">${shown}</td>`;
}

export function drawRanking(result: SweepResult): Markup {
  if (result.kept.length === 0) return html``;
  const columns = listColumns(result);
  const rows = result.kept.slice(0, MOST_ROWS);
  const heads = columns.map(
    ({ heading, left }) => html`<th class="${left ? 'left' : ''}"><button type="button">${heading}</button></th>`,
  );
  const lines = rows.map(
    (row, i) =>
      html`<tr data-row="${row.row}" class="${i === 0 && row.result?.slo_met ? 'first' : ''}"><td data-v="${i + 1}">${i + 1}</td>${columns.map((column) => drawCell(column, row))}</tr>`,
  );
  const more =
    result.kept.length > rows.length
      ? `The first ${formatNumber(rows.length)} of ${formatNumber(result.kept.length)}; all are in the result files. `
      : '';
  return html`<section class="card"><h2>Ranking</h2>
<p class="note">${more}Simulated configurations that meet the limits come first, then those that miss them, then estimates of the closed-form screen (~). ± %: error band of TTFT/TPOT/throughput. A click on a heading sorts.</p>
<div class="tools"><input id="search" type="search" placeholder="Filter: H200 tp4 chunked" aria-label="Filter the ranking"><span id="found" class="label"></span></div>
<div class="scroll" tabindex="0" role="region" aria-label="Ranking"><table id="ranking"><thead><tr><th><button type="button">#</button></th>${heads}</tr></thead><tbody>${lines}</tbody></table></div></section>`;
}

/** Side by side what each accelerator can do at best: often the real question of who buys. */
export function drawHardware(result: SweepResult): Markup {
  const rows = bestByHardware(result);
  if (rows.length < 2) return html``;
  const columns = listColumns(result).filter(({ heading }) => heading !== 'Basis' && heading !== 'tok/s/user');
  const heads = columns.map(({ heading, left }) => html`<th class="${left ? 'left' : ''}">${heading}</th>`);
  const lines = rows.map((row) => html`<tr>${columns.map((column) => drawCell(column, row))}</tr>`);
  return html`<section class="card"><h2>Best of each accelerator</h2><p class="note">The highest-ranked configuration on each kind of hardware. ± %: error band of TTFT/TPOT/throughput.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Best of each accelerator"><table><thead><tr>${heads}</tr></thead><tbody>${lines}</tbody></table></div></section>`;
}

/** The certificate: every configuration is accounted for, by reason. */
export function drawTried(result: SweepResult): Markup {
  const met = result.kept.filter((row) => row.result?.slo_met).length;
  const bar = (words: string, count: number, tone = ''): Markup => {
    if (count <= 0) return html``;
    const width = (count / result.rows) * 100;
    return html`<dt>${words}</dt><dd class="bar"><div class="track ${tone}"><i style="width:${width.toFixed(2)}%"></i></div></dd><dd class="count">${formatNumber(count)}</dd>`;
  };
  const ruledOut = result.rejected.reduce((sum, { count }) => sum + count, 0);
  const { screened, simulated } = result;
  const undecided = countUndecided(result);
  const shown = screened
    ? ` ${formatNumber(screened.feasible)} screened, ${formatNumber(simulated)} of them`
    : ` ${formatNumber(simulated)}`;
  const order =
    screened && simulated > 1
      ? ` Simulation re-ordered ${formatShare(screened.reordered)} of the pairs that the screen had ordered.`
      : '';
  const unreached = result.interrupted ? 'not reached' : 'not simulated (settle is the most that are)';
  return html`<section class="card"><h2>What was tried</h2>
<p class="note">${formatNumber(result.rows)} configurations: ${formatNumber(ruledOut)} ruled out,${shown} simulated request by request.${order} ${tellProof(result)}</p>
<dl class="bars">${countedReasons(result).map(({ words, count }) => bar(words, count))}${bar(`worse than the best ${result.top} whatever they do (proved)`, result.dearer)}${bar('simulated, misses the limits', simulated - met - undecided, 'run')}${bar(UNDECIDED, undecided, 'run')}${bar('simulated, meets the limits', met, 'met')}${bar(unreached, result.unreached)}</dl></section>`;
}
