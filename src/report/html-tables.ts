// The middle of the report page: the best of each accelerator, the ranking, what was tried and why it fell.
import type { KeptRow, SweepResult } from '../metrics/types.ts';
import { bestByHardware, countedReasons } from './answer.ts';
import {
  comparesModels,
  describeEngine,
  describeSplit,
  labelOf,
  shortModel,
  shownPercentile,
  throughputPerDevice,
  tokensPerUser,
} from './describe.ts';
import { formatDuration, formatMs, formatNumber, formatShare, formatShort, formatUsd } from './format.ts';
import { html, type Markup } from './html-text.ts';
import { kindOf, tailTpot, tailTtft, usdPerMillionTokens } from './points.ts';
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
  const verdict = row.run && row.run.verdict !== 'stable' ? row.run.verdict : '';
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
  const { labels, spec } = result;
  const model: Column = { heading: 'Model', left: true, show: (row) => shortModel(row.configuration) };
  return [
    ...(comparesModels(spec) ? [model] : []),
    {
      heading: 'Hardware',
      left: true,
      show: (row) => html`${row.devices} × ${labelOf(row.configuration.hardware, labels)}`,
    },
    {
      heading: 'Split',
      left: true,
      show: ({ configuration: c }) => {
        const format = c.quantization === 'auto' ? '' : html` ${c.quantization}`;
        return html`${describeSplit(c)} <small>× ${c.replicas}</small>${format}`;
      },
    },
    { heading: 'Batching, limits', left: true, show: (row) => describeEngine(row.configuration, spec, labels) },
    { heading: 'Limits', left: true, show: drawState },
    figure(`TTFT ${shownPercentile(spec, 'ttft')}, ms`, (row) => tailTtft(row, result), formatMs),
    figure(`TPOT ${shownPercentile(spec, 'tpot')}, ms`, (row) => tailTpot(row, result), formatMs),
    figure('tok/s/device', throughputPerDevice, formatShort),
    figure('tok/s/user', tokensPerUser, formatShort),
    figure('Busy', (row) => row.run?.utilisation ?? row.screen.utilisation, formatShare),
    figure('$/M tokens', usdPerMillionTokens, formatShort),
    figure('$/h', (row) => row.usd_per_hour, formatUsd, false),
    figure('W', (row) => row.run?.power_w ?? row.screen.power_w, formatNumber),
    { heading: 'Basis', left: true, show: (row) => row.basis },
    { heading: '± %', value: (row) => row.band.ttft_pct, show: (row) => shortBand(row.band) },
  ];
}

function drawCell(column: Column, row: KeptRow): Markup {
  const guess = row.run === null && column.estimated === true;
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
      html`<tr data-row="${row.row}" class="${i === 0 && row.run?.slo_met ? 'first' : ''}"><td data-v="${i + 1}">${i + 1}</td>${columns.map((column) => drawCell(column, row))}</tr>`,
  );
  const more =
    result.kept.length > rows.length
      ? `The first ${formatNumber(rows.length)} of ${formatNumber(result.kept.length)}; all are in the result files. `
      : '';
  return html`<section class="card"><h2>Ranking</h2>
<p class="note">${more}Simulated configurations that meet the limits come first, then those that miss them, then estimates of the closed-form screen (~). ± %: error band of TTFT/TPOT/throughput. A click on a heading sorts.</p>
<div class="tools"><input id="search" type="search" placeholder="Filter: H200 tp4 chunked" aria-label="Filter the ranking"><span id="found" class="label"></span></div>
<div class="scroll"><table id="ranking"><thead><tr><th><button type="button">#</button></th>${heads}</tr></thead><tbody>${lines}</tbody></table></div></section>`;
}

/** Side by side what each accelerator can do at best: often the real question of who buys. */
export function drawHardware(result: SweepResult): Markup {
  const rows = bestByHardware(result);
  if (rows.length < 2) return html``;
  const columns = listColumns(result).filter(({ heading }) => heading !== 'Basis' && heading !== 'tok/s/user');
  const heads = columns.map(({ heading, left }) => html`<th class="${left ? 'left' : ''}">${heading}</th>`);
  const lines = rows.map((row) => html`<tr>${columns.map((column) => drawCell(column, row))}</tr>`);
  return html`<section class="card"><h2>Best of each accelerator</h2><p class="note">The highest-ranked configuration on each kind of hardware. ± %: error band of TTFT/TPOT/throughput.</p>
<div class="scroll"><table><thead><tr>${heads}</tr></thead><tbody>${lines}</tbody></table></div></section>`;
}

/** The certificate: every configuration is accounted for, by reason. */
export function drawTried(result: SweepResult): Markup {
  const met = result.kept.filter((row) => row.run?.slo_met).length;
  const bar = (words: string, count: number, tone = ''): Markup => {
    if (count <= 0) return html``;
    const width = (count / result.rows) * 100;
    return html`<dt>${words}</dt><dd class="bar"><div class="track ${tone}"><i style="width:${width.toFixed(2)}%"></i></div></dd><dd class="count">${formatNumber(count)}</dd>`;
  };
  const ruledOut = result.rejected.reduce((sum, { count }) => sum + count, 0);
  const missing = result.rows - ruledOut - result.feasible;
  const { plan, screen, settle } = result.seconds;
  const order =
    result.settled > 1
      ? ` Simulation re-ordered ${formatShare(result.reordered)} of the pairs that the screen had ordered.`
      : '';
  return html`<section class="card"><h2>What was tried</h2>
<p class="note">${formatNumber(result.rows)} configurations in ${formatDuration(plan + screen + settle)}: ${formatNumber(ruledOut)} ruled out, ${formatNumber(result.feasible)} screened, ${formatNumber(result.settled)} of them simulated request by request.${order}</p>
<dl class="bars">${countedReasons(result).map(({ words, count }) => bar(words, count))}${bar('feasible, ranked by the screen', result.feasible - result.settled)}${bar('simulated, misses the limits', result.settled - met, 'run')}${bar('simulated, meets the limits', met, 'met')}${bar('not reached', missing)}</dl></section>`;
}
