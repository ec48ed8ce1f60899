// A pipeline run as one HTML page that needs no network: summary, where the time goes, requests, instances, distributions.

import { tellPaid } from '../../catalog/price-sheets.ts';
import { latencyBand } from '../../metrics/error-band.ts';
import type { FleetResult, MeasuredFleet } from '../../metrics/fleet/types.ts';
import { achieved, lostIn } from '../../metrics/limits.ts';
import { NO_SITE } from '../../spec/power.ts';
import type { LatencyMetric, Slo } from '../../spec/types.ts';
import { limitOfRow, METRIC_WORDS } from '../describe.ts';
import { formatMonthly, formatMs, formatNumber, formatShare, formatShort, plural } from '../format.ts';
import { drawEnergy, drawTile } from '../html-answer.ts';
import { drawPage } from '../html-page.ts';
import { html, type Markup } from '../html-text.ts';
import { LIST_WORDS, priceListOf } from '../price-list.ts';
import { BASIS_WORDS, describeBand } from '../trust.ts';
import type { FleetContext } from './context.ts';
import { drawBreakdown } from './html-breakdown.ts';
import { drawClients, drawDistributions } from './html-curves.ts';
import { drawClientTable, drawPipelineTable, drawStageTable } from './html-tables.ts';
import { drawWaterfalls } from './html-waterfall.ts';
import { FLEET_STYLE } from './palette.ts';
import { isReal, nameClients } from './shown.ts';
import { explainVerdict, explainWindow, tellPromise } from './window-words.ts';

export function fleetHtml(measured: MeasuredFleet, context: FleetContext): string {
  const { result } = measured;
  const body = html`${drawHero(result, context)}
${drawStrip(result, context)}
${drawBreakdown(measured)}
${drawStageTable(result)}
${drawWaterfalls(measured)}
${drawClients(measured)}
${drawClientTable(result, context.bases)}
${drawDistributions(measured)}
${drawPipelineTable(result)}
${drawProvenance(result, context)}`;
  const { name, version } = context;
  return drawPage({ title: `${name}: MIST run`, name, version, style: FLEET_STYLE }, body);
}

function drawHero(result: FleetResult, context: FleetContext): Markup {
  const { unsent = 0 } = result;
  const total = result.completed + lostIn(result) + unsent;
  const served =
    result.completed === total
      ? `${plural(total, 'request')} served`
      : `${formatNumber(result.completed)} of ${plural(total, 'request')} served`;
  const kept = tellPromise(result, context.slo);
  const words = { yes: 'meets the limits', no: 'misses the limits', 'too short to tell': 'too short to tell' }[kept];
  const promise = html`<span class="pill ${result.slo_met ? 'met' : 'missed'}">${words}</span>`;
  const verdict = html`<span class="pill ${result.verdict === 'stable' ? '' : 'missed'}">${result.verdict}</span>`;
  const lost = [
    [result.rejected_kv, 'rejected because the KV cache is too small'],
    [result.rejected_length, 'rejected as too long'],
    [result.rejected_queue ?? 0, 'turned away by a full queue'],
    [result.timed_out ?? 0, 'left by their clients'],
    [result.failed ?? 0, 'failed with an instance'],
    [result.unfinished, 'unfinished'],
    [unsent, 'never sent after a rejected turn'],
  ] as const;
  const losses = lost.filter(([count]) => count > 0).map(([count, words]) => `${formatNumber(count)} ${words}`);
  const stopped = result.stopped === '' ? '' : html`<p class="sub">Stopped early: ${result.stopped}.</p>`;
  return html`<section class="card hero"><p class="question">${context.workload}</p><div class="row"><div><p class="label">${verdict} ${context.slo.length > 0 || context.budgeted ? promise : ''}</p>
<h1>${served}</h1><p class="sub">${formatShort(result.request_throughput)} requests/s and ${formatShort(result.output_throughput)} output tokens/s over ${formatShort(result.duration)} s, on ${plural(result.clients.filter(isReal).length, 'instance')}${result.devices > 0 ? ` with ${plural(result.devices, 'device')}` : ''}</p>
${losses.length > 0 ? html`<p class="sub">${losses.join(', ')}.</p>` : ''}${tellFailures(result)}${stopped}<p class="sub">${explainWindow(result)} ${explainVerdict(result)}</p></div>
${Number.isNaN(result.usd_per_request) ? '' : html`<div class="price"><strong>$${formatShort(result.usd_per_request * 1000)}</strong><p class="label">per 1,000 requests, $${formatShort(result.usd_per_hour)}/h, $${formatMonthly(result.usd_per_hour)} per month${result.electricity_usd_per_hour > 0 ? ` ($${formatShort(result.electricity_usd_per_hour)}/h of it electricity)` : ''}${result.unpriced.length > 0 ? html`<br>without ${nameClients(result.unpriced)}` : ''}</p>${drawPriceList(result)}</div>`}</div></section>`;
}

/** How instances did that may fail, and what it cost the clients. */
function tellFailures({ instance_failures: failures, availability, retried = 0 }: FleetResult): Markup | string {
  if (availability === undefined) return '';
  const again = retried > 0 ? `; ${plural(retried, 'request')} sent again` : '';
  const times = failures === 1 ? 'one failed' : `${formatNumber(failures ?? 0)} failures`;
  return html`<p class="sub">Instances: ${times}, on ${formatShare(availability)} of their time${again}.</p>`;
}

/** What it costs as a price list, to be held against a provider's. */
function drawPriceList(result: FleetResult): Markup | string {
  const { input, cached, output } = priceListOf(result);
  if (Number.isNaN(input)) return '';
  const kept = result.cached_input_tokens > 0 ? `, cached $${formatShort(cached)}` : '';
  return html`<p class="label" title="Prices of input, cached and output tokens that stand as ${LIST_WORDS} and bring in the cost">as a price list: input $${formatShort(input)}${kept}, output $${formatShort(output)} per million tokens</p>`;
}

/** Limits with what is used of them, then the tails no limit covers, throughput, energy and cost. */
function drawStrip(result: FleetResult, context: FleetContext): Markup {
  const limited = new Set(context.slo.map(({ metric }) => metric));
  const tails = (['ttft', 'tpot', 'e2el'] as const).filter((metric) => !limited.has(metric));
  const answer =
    result.thinking_tokens > 0
      ? [drawTail('First answer token p99', result.first_answer, pctOf(result, context, 'e2el'))]
      : [];
  const goodput = Number.isNaN(result.request_goodput)
    ? []
    : [
        drawTile(
          'Goodput',
          formatShort(result.request_goodput),
          'req/s',
          `${formatShare(result.good_fraction)} of requests meet all limits`,
        ),
      ];
  const energy = Number.isNaN(result.energy_j)
    ? []
    : [
        drawTile(
          'Energy',
          formatShort(result.joules_per_request),
          'J/request',
          `${formatNumber(result.power_w)} W; ${drawEnergy(result.joules_per_token, result.energy_shares, context.power ?? NO_SITE)}`,
          context.trust?.band.power_pct,
        ),
      ];
  return html`<section class="strip">${context.slo.map((slo) => drawLimit(result, slo, pctOf(result, context, slo.metric)))}${tails.map((metric) => drawTail(`${METRIC_WORDS[metric]} p99`, result[metric], pctOf(result, context, metric)))}${answer}${goodput}${energy}</section>`;
}

function pctOf(result: FleetResult, { trust }: FleetContext, metric: LatencyMetric): number | undefined {
  return trust ? latencyBand(trust.band, metric, result) : undefined;
}

function drawTail(label: string, summary: { readonly p50: number; readonly p99: number }, pct?: number): Markup {
  return drawTile(label, formatMs(summary.p99), 'ms', `median ${formatMs(summary.p50)} ms`, pct);
}

function drawLimit(result: FleetResult, slo: Slo, pct?: number): Markup {
  const value = achieved(result, slo);
  const ratio = value / slo.limit;
  const width = Number.isNaN(ratio) ? 0 : Math.min(100, ratio * 100);
  const note = html`<span class="gauge ${ratio > 1 ? 'bad' : ''}" style="display:block"><i style="width:${width.toFixed(1)}%"></i></span>${formatShare(ratio)} of ${limitOfRow(slo)}`;
  return drawTile(`${METRIC_WORDS[slo.metric]} ${slo.percentile}`, formatMs(value), 'ms', note, pct);
}

/** What the figures mean, and what it takes to get the same ones again. */
function drawProvenance(result: FleetResult, context: FleetContext): Markup {
  const fact = (name: string, words: string): Markup => html`<dt>${name}</dt><dd>${words}</dd>`;
  const question =
    context.text === undefined
      ? ''
      : html`<details><summary>The question as asked${context.file ? ` (${context.file.replace(/^.*[\\/]/, '')})` : ''}</summary><pre>${context.text}</pre></details>`;
  return html`<section class="card"><h2>How it is counted</h2>
<p class="note">TTFT: from sending to the first token of the first generating stage of the answer that counts (in a cascade that of the last model asked), whatever came before it. First answer token: the first one after all thinking. TPOT: seconds per gap between tokens of a request's streams. E2EL: until the last stage has ended. Percentiles over finished requests by linear interpolation.</p>
<dl class="facts">${context.models.length > 0 ? fact('Models', context.models.join(', ')) : ''}
${fact('Traffic', context.workload)}
${fact('Tokens', `${formatNumber(result.total_input_tokens)} in (${formatNumber(result.cached_input_tokens)} from caches), ${formatNumber(result.total_output_tokens)} out (${formatNumber(result.thinking_tokens)} of them thoughts)`)}
${fact('Visits', `${formatNumber(result.visits.finished)} of ${formatNumber(result.visits.total)} ended`)}
${context.trust ? fact('Rests on', `${BASIS_WORDS[context.trust.basis]} (${context.trust.basis}), its weakest instance`) : ''}
${context.trust ? fact('Error band', `${describeBand(context.trust.band)}: nine of ten measured serving runs lay within it; what other stages add was not measured end to end`) : ''}
${(context.caveats ?? []).map((words) => fact('To know', words))}${(context.prices ? tellPaid(context.prices) : []).map((words) => fact('Prices', words))}${fact('Seed', String(context.seed))}
${fact('Version', `MIST ${context.version}`)}</dl>${question}</section>`;
}
