// The top of the report page: the question, the answer in large type, the figures that decide, the launch command.

import { latencyBand } from '../metrics/error-band.ts';
import { achieved } from '../metrics/limits.ts';
import type { EnergyShares } from '../metrics/site.ts';
import type { KeptRow, SweepResult } from '../metrics/types.ts';
import type { PowerSpec } from '../spec/power.ts';
import type { Slo } from '../spec/types.ts';
import { type Answer, askQuestion, explainAnswer, findAnswer } from './answer.ts';
import {
  comparesModels,
  describeEngine,
  describeObjective,
  describeSplit,
  labelOf,
  METRIC_WORDS,
  shortModel,
  throughputPerDevice,
  tokensPerUser,
} from './describe.ts';
import {
  formatGiven,
  formatMonthly,
  formatMs,
  formatNumber,
  formatShare,
  formatShort,
  formatUsd,
  plural,
  plusMinus,
} from './format.ts';
import { html, type Markup } from './html-text.ts';
import { buildLaunch } from './launch.ts';
import { tailTpot, tailTtft, usdPerMillionTokens } from './points.ts';
import { explainTrust } from './trust.ts';

/** Limits are written with "<=" for terminals; a page has the sign. */
export function typeset(sentence: string): string {
  return sentence.replaceAll('<=', '≤');
}

export function drawHero(result: SweepResult): Markup {
  const answer = findAnswer(result);
  const why = [...explainAnswer(result), ...explainTrust(result)];
  const reasons =
    why.length > 0 ? html`<ul class="why">${why.map((text) => html`<li>${typeset(text)}</li>`)}</ul>` : '';
  const interrupted = result.interrupted
    ? html`<p class="sub">Stopped before everything was tried: the answer holds for what was reached.</p>`
    : '';
  return html`<section class="card hero"><p class="question">${typeset(askQuestion(result))}</p>${drawAnswer(answer, result)}${interrupted}${reasons}</section>`;
}

function drawAnswer(answer: Answer, result: SweepResult): Markup {
  if (answer.row === null || answer.kind === 'missed')
    return html`<h1>${answer.headline}</h1><p class="sub">${typeset(answer.details)}.</p>`;
  const { configuration, devices, usd_per_hour } = answer.row;
  const kind = answer.kind === 'met' ? 'that keeps the promise' : 'by the screen, not simulated';
  const replicas = plural(configuration.replicas, 'replica');
  const format = configuration.quantization === 'auto' ? '' : `, ${configuration.quantization}`;
  return html`<div class="row"><div><p class="label">${describeObjective(result.spec.objective)} ${kind}</p>
<h1>${devices} × ${labelOf(configuration.hardware, result.labels)}</h1>
<p class="sub">${comparesModels(result.spec) ? `${shortModel(configuration)}: ` : ''}${replicas} of ${describeSplit(configuration)}${format}; ${describeEngine(configuration, result.spec, result.labels)}</p></div>
${Number.isNaN(usd_per_hour) ? '' : html`<div class="price"><strong>$${formatUsd(usd_per_hour)}</strong><p class="label">per hour, $${formatMonthly(usd_per_hour)} per month${drawElectricity(answer.row)}</p></div>`}</div>`;
}

/** What of the price is electricity, where that is paid apart. */
function drawElectricity({ run }: KeptRow): Markup | string {
  const part = run?.electricity_usd_per_hour ?? 0;
  return part > 0 ? html`<br>$${formatUsd(part)} per hour of it electricity` : '';
}

/** One tile per limit with what is used of it, then cost, throughput, energy and memory. */
export function drawStrip(result: SweepResult): Markup {
  const { row } = findAnswer(result);
  if (row === null) return html``;
  const about = row.run ? '' : '~';
  const limits = row.run ? result.spec.slo.map((slo) => drawLimit(row, slo)) : drawEstimates(row, result);
  const watts = row.run ? row.run.power_w : row.screen.power_w;
  const rest: Markup[] = [
    drawTile(
      'Cost of output',
      `${about}$${formatShort(usdPerMillionTokens(row))}`,
      '',
      row.run
        ? `per million output tokens, $${formatShort(row.run.usd_per_request * 1000)} per 1,000 requests`
        : 'per million output tokens',
    ),
    drawTile(
      'Throughput per device',
      `${about}${formatShort(throughputPerDevice(row))}`,
      'tok/s',
      `${about}${formatShort(tokensPerUser(row))} tok/s per user`,
      row.band.throughput_pct,
    ),
    drawTile(
      'Power',
      `${about}${formatNumber(watts)}`,
      'W',
      row.run ? drawEnergy(row.run.joules_per_token, row.run.energy_shares, result.spec.power) : '',
      row.band.power_pct,
    ),
  ];
  if (row.run) {
    const memory = `${formatShare(row.run.peak_kv_use)} of KV blocks at most`;
    rest.push(drawTile('Busy', formatShare(row.run.utilisation), row.run.verdict, memory));
  }
  return html`<section class="strip">${limits}${rest}</section>`;
}

/** "0.269 J per output token, PUE 1.2; idle 40 %, compute 20 %, ...". */
export function drawEnergy(perToken: number, shares: EnergyShares, { pue }: PowerSpec): string {
  const site = pue === 1 ? '' : `, PUE ${formatGiven(pue)}`;
  if (Number.isNaN(shares.idle)) return `${formatShort(perToken)} J per output token${site}`;
  const parts = (['idle', 'compute', 'memory', 'network'] as const)
    .filter((part) => shares[part] >= 0.005)
    .map((part) => `${part}\u00a0${formatShare(shares[part]).replace(' ', '\u00a0')}`);
  return `${formatShort(perToken)} J per output token${site}; ${parts.join(', ')}`;
}

/** `pct`: half the width of the error band around the value, in % of it. */
export function drawTile(label: string, value: string, unit: string, note: string | Markup, pct?: number): Markup {
  const band = pct === undefined ? '' : ` ${plusMinus(pct)}`;
  return html`<div class="tile"><p>${label}</p><b>${value} <small>${unit}${band}</small></b><p>${note}</p></div>`;
}

function drawLimit(row: KeptRow, slo: Slo): Markup {
  const value = achieved(row.run!, slo);
  const ratio = value / slo.limit;
  const width = Number.isNaN(ratio) ? 0 : Math.min(100, ratio * 100);
  const note = html`<span class="gauge ${ratio > 1 ? 'bad' : ''}" style="display:block"><i style="width:${width.toFixed(1)}%"></i></span>${formatShare(ratio)} of ${formatGiven(slo.limit * 1000)} ms`;
  const pct = latencyBand(row.band, slo.metric, row.run!);
  return drawTile(`${METRIC_WORDS[slo.metric]} ${slo.percentile}`, formatMs(value), 'ms', note, pct);
}

function drawEstimates(row: KeptRow, result: SweepResult): Markup[] {
  return [
    drawTile('TTFT, tail', `~${formatMs(tailTtft(row, result))}`, 'ms', 'closed-form estimate'),
    drawTile('TPOT, tail', `~${formatMs(tailTpot(row, result))}`, 'ms', 'closed-form estimate'),
  ];
}

/** null when there is no answer to launch: what misses the limits should not be a copy away. */
export function drawLaunch(result: SweepResult): Markup | null {
  const { row, kind } = findAnswer(result);
  if (row === null || kind === 'missed') return null;
  const launch = buildLaunch(row.configuration, result.labels);
  const notes = launch.notes.map((note) => `# ${note}`);
  const text = [...notes, ...(launch.command === null ? [] : [launch.command])].join('\n');
  return html`<section class="card"><h2>Start it</h2><p class="note">One replica, on ${plural(row.devices / row.configuration.replicas, 'device')}.</p>
<div class="code"><pre>${text}</pre><button class="copy" type="button">Copy</button></div></section>`;
}
