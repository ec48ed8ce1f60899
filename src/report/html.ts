// A sweep as one HTML page that needs no network: answer, figures, charts, ranking, what was tried, and what it all rests on.
import type { SweepResult } from '../metrics/sweep.ts';
import type { Objective } from '../spec/types.ts';
import { barredOf, drawChart, NARROW_SIZE, seriesColour } from './chart.ts';
import { describeLengths } from './describe.ts';
import { formatNumber } from './format.ts';
import { drawHero, drawLaunch, drawStrip } from './html-answer.ts';
import { drawPage } from './html-page.ts';
import { PAGE_SCRIPT } from './html-script.ts';
import { drawHardware, drawRanking, drawTried } from './html-tables.ts';
import { html, type Markup, trusted } from './html-text.ts';
import { fewerPoints, type Point, pageScatters, type Scatter, tellOffFront } from './points.ts';
import { BASIS_WORDS, describeBand } from './trust.ts';

/** A sweep as one self-contained page: answer, charts, tables. It loads nothing from anywhere. */
export async function sweepHtml(result: SweepResult): Promise<string> {
  const charts = await drawScatters(pageScatters(result), result.objective);
  const launch = drawLaunch(result);
  const body = html`${drawHero(result)}
${drawStrip(result)}
${charts}
${drawHardware(result)}
${drawRanking(result)}
<div class="${launch === null ? '' : 'pair'}">${drawTried(result)}${launch ?? ''}</div>
${drawProvenance(result)}`;
  const { name, version } = result;
  return drawPage({ title: `${name}: MIST sweep`, name, version, script: PAGE_SCRIPT }, body);
}

/** Charts side by side; those without a point are left out. */
export async function drawScatters(all: readonly Scatter[], objective: Objective): Promise<Markup> {
  const scatters = all.filter((scatter) => scatter.points.length > 0);
  if (scatters.length === 0) return html``;
  const figures: Markup[] = [];
  for (const scatter of scatters) figures.push(await drawFigure(scatter, objective));
  return html`<div class="${figures.length > 1 ? 'pair' : ''}">${figures}</div>`;
}

/** Points of the picture for phones: it is small, and the page carries it beside the large one. */
const FEW_POINTS = 400;

async function drawFigure(scatter: Scatter, objective: Objective): Promise<Markup> {
  const svg = trusted(await drawChart(scatter));
  const narrow = trusted(await drawChart(fewerPoints(scatter, FEW_POINTS), NARROW_SIZE));
  const dot = (kind: string, words: string): Markup => html`<li><i style="${kind}"></i>${words}</li>`;
  const shown = scatter.points.length;
  const left = shown < scatter.total ? `, ${formatNumber(shown)} of ${formatNumber(scatter.total)} points` : '';
  const present = new Set(scatter.points.map((point) => point.kind));
  const several = scatter.series.length > 0;
  const named = new Set(scatter.series.map(({ name }) => name));
  const isOther = ({ series, kind }: Point): boolean => kind !== 'screened' && !named.has(series);
  const legend = [
    present.has('screened') ? dot('background:var(--screened)', 'screened') : '',
    present.has('missed') ? dot(`border:1.5px solid var(--${several ? 'soft' : 'missed'})`, 'misses the limits') : '',
    present.has('met') ? dot(`background:var(--${several ? 'soft' : 'met'})`, 'meets the limits') : '',
    ...scatter.series.map(({ name }, i) => dot(`background:${seriesColour(i)}`, name)),
    several && scatter.points.some(isOther) ? dot('background:var(--soft)', 'other hardware') : '',
    scatter.front.length > 0 ? html`<li><i class="line ${several ? 'band' : ''}"></i>best trade-offs</li>` : '',
    barredOf(scatter).some(({ xBand, yBand }) => xBand ?? yBand)
      ? html`<li><i class="line bar"></i>error band: nine of ten measured runs lay in it</li>`
      : '',
  ];
  const why = tellOffFront(scatter, objective);
  return html`<figure class="card"><figcaption>${scatter.title}${left}</figcaption><ul class="legend">${legend}</ul><div class="wide">${svg}</div><div class="narrow">${narrow}</div>${why === '' ? '' : html`<p class="note">${why}</p>`}</figure>`;
}

/** What the numbers rest on, and what it takes to get the same ones again. */
function drawProvenance(result: SweepResult): Markup {
  const fact = (name: string, words: string): Markup => html`<dt>${name}</dt><dd>${words}</dd>`;
  const bases = (Object.keys(BASIS_WORDS) as (keyof typeof BASIS_WORDS)[]).flatMap((basis) => {
    const rows = result.kept.flatMap(({ trust }) => (trust?.basis === basis ? [trust] : []));
    const shown = [...new Set(rows.map(({ band }) => describeBand(band)))];
    const words = (): string => `${BASIS_WORDS[basis]}; error band: ${shown.join(', or ')}`;
    return rows.length === 0 ? [] : [fact(`${formatNumber(rows.length)} ${basis}`, words())];
  });
  return html`<section class="card"><h2>What it rests on</h2>
<p class="note">Step prices come from a cost model of each accelerator; every row says how trustworthy its weakest price is. Latencies are simulated request by request: TTFT from sending to the first token, TPOT = (E2EL - TTFT)/(output - 1), percentiles over requests by linear interpolation. Figures are of the run between its warm-up and its cool-down. <b>Stable</b>: with 95 % confidence less than 3 % of what is offered piles up. <b>Backlogged</b>: the same, but requests wait several times as long as they are served. <b>Overloaded</b>: what waits grows for sure, so latencies only say how long the run was. <b>Too short</b>: even a much longer run did not tell.</p>
<p class="note">Nine of ten measured runs lay within the <b>error band</b> (±) of what was simulated for them, by the weakest price of a step. Tails (p99) were measured too rarely for a band of their own and are shown with that of their latency. At capacity (backlogged, overloaded) latencies have no band: a few per cent of it decide them, and they are <b>not determined</b>.</p>
<dl class="facts">${bases}
${fact('Traffic', `${result.workload.description}; ${describeLengths(result)}`)}
${fact('Seed', String(result.seed))}
${fact('Version', `MIST ${result.version}`)}</dl>
<details><summary>The question as asked${result.file ? ` (${result.file.replace(/^.*[\\/]/, '')})` : ''}</summary><pre>${result.text}</pre></details></section>`;
}
