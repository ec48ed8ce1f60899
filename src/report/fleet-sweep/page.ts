// A sweep of fleets as one HTML page that needs no network: answer, charts, ranking, what became of every row.

import { latencyBand } from '../../metrics/error-band.ts';
import type { FleetKeptRow, FleetSweepResult } from '../../metrics/fleet/sweep.ts';
import { achieved } from '../../metrics/limits.ts';
import type { LatencyMetric } from '../../spec/types.ts';
import { METRIC_WORDS } from '../describe.ts';
import {
  formatDuration,
  formatMonthly,
  formatMs,
  formatNumber,
  formatShare,
  formatShort,
  formatUsd,
  plural,
  UNKNOWN,
} from '../format.ts';
import { drawScatters } from '../html.ts';
import { drawTile, typeset } from '../html-answer.ts';
import { drawPage } from '../html-page.ts';
import { PAGE_SCRIPT } from '../html-script.ts';
import { html, type Markup } from '../html-text.ts';
import { shortBand } from '../trust.ts';
import { costLatencyScatter, costTtftScatter } from './points.ts';
import { explainFleetTrust, fleetBandLegend } from './trust.ts';
import { answerFleets, askFleets, countFleets, describeChoices, percentileOf, tellTightest } from './words.ts';

/** Rows on the page; all are in the result files. */
const MOST_ROWS = 250;
const METRICS = ['ttft', 'tpot', 'e2el'] as const satisfies readonly LatencyMetric[];

export async function fleetSweepHtml(result: FleetSweepResult): Promise<string> {
  const charts = await drawScatters([costTtftScatter(result), costLatencyScatter(result)]);
  const body = html`${drawHero(result)}
${drawStrip(result)}
${charts}
${drawRanking(result)}
${drawTried(result)}
${drawProvenance(result)}`;
  return drawPage(
    { title: `${result.name}: MIST sweep`, name: result.name, version: result.version, script: PAGE_SCRIPT },
    body,
  );
}

function drawHero(result: FleetSweepResult): Markup {
  const { kind, headline, details, row } = answerFleets(result);
  const question = html`<p class="question">${typeset(askFleets(result))}</p>`;
  if (row === null || kind !== 'met') {
    return html`<section class="card hero">${question}<h1>${headline}</h1><p class="sub">${typeset(details)}.</p></section>`;
  }
  const why = [
    tellTightest(row, result.slo),
    ...explainFleetTrust(result),
    `mist run ${result.file} --row ${row.row} shows it stage by stage.`,
  ];
  const { usd_per_hour, devices } = row.result;
  return html`<section class="card hero">${question}<div class="row"><div><p class="label">${typeset(headline)}</p>
<h1>${plural(devices, 'device')}</h1><p class="sub">${describeChoices(row)}</p></div>
<div class="price"><strong>$${formatUsd(usd_per_hour)}</strong><p class="label">per hour, $${formatMonthly(usd_per_hour)} per month</p></div></div>
<ul class="why">${why.filter((text) => text !== '').map((text) => html`<li>${typeset(text)}</li>`)}</ul></section>`;
}

function drawStrip({ kept, slo }: FleetSweepResult): Markup {
  const result = kept[0]?.result;
  const band = kept[0]?.trust?.band;
  if (result === undefined) return html``;
  const limits = slo.map((limit) => {
    const value = achieved(result, limit);
    const label = `${METRIC_WORDS[limit.metric]} ${limit.percentile}`;
    return drawTile(
      label,
      formatMs(value),
      'ms',
      `${formatShare(value / limit.limit)} of ${formatMs(limit.limit)} ms`,
      band && latencyBand(band, limit.metric, result),
    );
  });
  const tiles = [
    drawTile(
      'Cost of a request',
      `$${formatShort(result.usd_per_request)}`,
      '',
      `$${formatShort(result.usd_per_million_tokens)} per million output tokens`,
    ),
    drawTile(
      'Throughput',
      formatShort(result.request_throughput),
      'req/s',
      `${formatShort(result.output_throughput)} output tok/s`,
      band?.throughput_pct,
    ),
    drawTile(
      'Power',
      formatNumber(result.power_w),
      'W',
      `${formatShort(result.joules_per_request)} J per request`,
      band?.power_pct,
    ),
    drawTile('Verdict', result.verdict, '', `${formatNumber(result.completed)} requests finished`),
  ];
  return html`<section class="strip">${limits}${tiles}</section>`;
}

function drawRanking(result: FleetSweepResult): Markup {
  if (result.kept.length === 0) return html``;

  const number = (heading: string, read: (row: FleetKeptRow) => number, show: (value: number) => string) => ({
    heading,
    read,
    show,
  });
  const figures = [
    ...METRICS.map((metric) => {
      const percentile = percentileOf(result.slo, metric);
      return number(
        `${METRIC_WORDS[metric]} ${percentile}, ms`,
        (row) => achieved(row.result, { metric, percentile }),
        formatMs,
      );
    }),
    number('Devices', (row) => row.result.devices, formatNumber),
    number('$/request', (row) => row.result.usd_per_request, formatShort),
    number('$/h', (row) => row.result.usd_per_hour, formatUsd),
  ];
  const head = [
    html`<th><button>#</button></th>`,
    html`<th class="left"><button>Fleet</button></th>`,
    html`<th class="left"><button>Limits</button></th>`,
    ...figures.map(({ heading }) => html`<th><button>${heading}</button></th>`),
    html`<th><button>± %</button></th>`,
  ];
  const rows = result.kept.slice(0, MOST_ROWS).map((row, rank) => {
    const state = row.result.slo_met ? 'met' : 'missed';
    const words = row.result.slo_met ? 'meets' : row.result.verdict === 'overloaded' ? 'overloaded' : 'misses';
    return html`<tr data-row="${row.row}" class="${rank === 0 ? 'first' : ''}"><td data-v="${rank + 1}">${rank + 1}</td><td class="left">${describeChoices(row)}</td><td class="left"><span class="pill ${state}">${words}</span></td>${figures.map(
      ({ read, show }) => {
        const value = read(row);
        return html`<td data-v="${Number.isFinite(value) ? value : ''}">${show(value)}</td>`;
      },
    )}<td data-v="${row.trust?.band.ttft_pct ?? ''}">${row.trust ? shortBand(row.trust.band) : UNKNOWN}</td></tr>`;
  });
  const left = result.kept.length > MOST_ROWS ? ` The first ${MOST_ROWS} of ${formatNumber(result.kept.length)}.` : '';
  return html`<section class="card"><h2>Ranking</h2><p class="note">Every fleet here was simulated request by request, over the same requests.${left}</p>
<div class="tools"><input id="search" type="search" placeholder="Filter" aria-label="Filter the ranking"><span id="found" class="label"></span></div>
<div class="scroll"><table id="ranking"><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

function drawTried(result: FleetSweepResult): Markup {
  const counts = countFleets(result);
  const most = Math.max(1, ...counts.map(([count]) => count));
  const bars = counts.map(
    ([count, words]) =>
      html`<dt>${words}</dt><dd class="bar"><div class="track"><i style="width:${((count / most) * 100).toFixed(1)}%"></i></div></dd><dd class="count">${formatNumber(count)}</dd>`,
  );
  return html`<section class="card"><h2>What was tried</h2><p class="note">${formatNumber(result.rows)} fleets: the counts add up.</p><dl class="bars">${bars}</dl></section>`;
}

function drawProvenance(result: FleetSweepResult): Markup {
  const { seconds } = result;
  const legend = fleetBandLegend(result.kept);
  const fact = (name: string, words: string): Markup => html`<dt>${name}</dt><dd>${words}</dd>`;
  return html`<section class="card"><h2>What it rests on</h2><dl class="facts">
${legend === '' ? '' : fact('Error bands', legend)}${fact('Traffic', result.workload)}${fact('Seed', String(result.seed))}
${fact('Time', `${formatDuration(seconds.check)} checking, ${formatDuration(seconds.settle)} simulating, ${result.workers} at once`)}
${fact('Version', `MIST ${result.version}`)}</dl>
<details><summary>The question as asked (${result.file.replace(/^.*[\\/]/, '')})</summary><pre>${result.text}</pre></details></section>`;
}
