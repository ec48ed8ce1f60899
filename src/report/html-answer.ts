// The top of the report page: the question, the answer in large type, the figures that decide, the launch command.
import { latencyBand } from '../metrics/error-band.ts';
import { achieved } from '../metrics/limits.ts';
import type { EnergyShares } from '../metrics/site.ts';
import type { KeptRow, SweepResult } from '../metrics/sweep.ts';
import type { PowerSpec } from '../spec/power.ts';
import type { Slo } from '../spec/types.ts';
import { type Answer, askQuestion, findAnswer } from './answer.ts';
import {
  describeDeployment,
  describeHosts,
  describeObjective,
  describeSettings,
  limitOfRow,
  METRIC_WORDS,
  powerOf,
  tailOf,
  throughputPerDevice,
  tokensPerUser,
  usdPerMillionTokens,
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
import { tellFront } from './front.ts';
import { html, type Markup } from './html-text.ts';
import { launchesOf, launchLines } from './launch-row.ts';
import { againLine } from './prices.ts';
import { explainWhole } from './why.ts';

/** Limits are written with "<=" for terminals; a page has the sign. */
export function typeset(sentence: string): string {
  return sentence.replaceAll('<=', '≤');
}

export function drawHero(result: SweepResult): Markup {
  const answer = findAnswer(result);
  const again = answer.row?.result ? [againLine(answer.row, result)] : [];
  const why = [...explainWhole(result), ...tellFront(result), ...again];
  const reasons =
    why.length > 0 ? html`<ul class="why">${why.map((text) => html`<li>${typeset(text)}</li>`)}</ul>` : '';
  const interrupted = result.interrupted
    ? html`<p class="sub">Stopped before everything was tried: the answer holds for what was reached.</p>`
    : '';
  return html`<section class="card hero"><p class="question">${typeset(askQuestion(result))}</p>${drawAnswer(answer, result)}${interrupted}${reasons}</section>`;
}

function drawAnswer(answer: Answer, result: SweepResult): Markup {
  const { row } = answer;
  if (row === null || answer.kind === 'missed')
    return html`<h1>${answer.headline}</h1><p class="sub">${typeset(answer.details)}.</p>`;
  const kind = answer.kind === 'met' ? 'that keeps the promise' : 'by the screen, not simulated';
  const scenario = row.scenario === '' ? '' : ` for ${row.scenario}`;
  const words = [describeDeployment(row, result), describeSettings(row, result)].filter((part) => part !== '');
  const { usd_per_hour } = row;
  return html`<div class="row"><div><p class="label">${describeObjective(result.objective)} ${kind}${scenario}</p>
${drawHeadline(describeHosts(row.hosts, result.labels) || plural(row.devices, 'device'))}
<p class="sub">${words.join('; ')}</p></div>
${Number.isNaN(usd_per_hour) ? '' : html`<div class="price"><strong>$${formatUsd(usd_per_hour)}</strong><p class="label">per hour, $${formatMonthly(usd_per_hour)} per month${drawElectricity(row)}</p></div>`}</div>`;
}

/** A fleet of several kinds of device has a long name: in large letters it would fill a phone. */
const LONG = 36;
const drawHeadline = (words: string): Markup =>
  words.length > LONG
    ? html`<h1 class="long">${words.replaceAll(' × ', '\u00a0×\u00a0')}</h1>`
    : html`<h1>${words}</h1>`;

/** What of the price is electricity, where that is paid apart. */
function drawElectricity({ result }: KeptRow): Markup | string {
  const part = result?.electricity_usd_per_hour ?? 0;
  return part > 0 ? html`<br>$${formatUsd(part)} per hour of it electricity` : '';
}

/** One tile per limit with what is used of it, then cost, throughput, energy and memory. */
export function drawStrip(result: SweepResult): Markup {
  const { row } = findAnswer(result);
  if (row === null) return html``;
  const about = row.result ? '' : '~';
  const limits = row.result ? row.slo.map((slo) => drawLimit(row, slo)) : drawEstimates(row, result);
  const band = row.trust?.band;
  const run = row.result;
  const requests = run ? `, $${formatShort(run.usd_per_request * 1000)} per 1,000 requests` : '';
  const energy = run ? drawEnergy(run.joules_per_token, run.energy_shares, result.first.power) : '';
  const rest: Markup[] = [
    drawTile(
      'Cost of output',
      `${about}$${formatShort(usdPerMillionTokens(row))}`,
      '',
      `per million output tokens${requests}`,
    ),
    drawTile(
      'Throughput per device',
      `${about}${formatShort(throughputPerDevice(row))}`,
      'tok/s',
      `${about}${formatShort(tokensPerUser(row))} tok/s per user`,
      band?.throughput_pct,
    ),
    drawTile('Power', `${about}${formatNumber(powerOf(row))}`, 'W', energy, band?.power_pct),
  ];
  if (run) {
    const memory = Number.isNaN(run.peak_kv_use) ? '' : `${formatShare(run.peak_kv_use)} of KV blocks at most`;
    rest.push(drawTile('Busy', formatShare(run.utilisation), run.verdict, memory));
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
  const value = achieved(row.result!, slo);
  const ratio = value / slo.limit;
  const width = Number.isNaN(ratio) ? 0 : Math.min(100, ratio * 100);
  const note = html`<span class="gauge ${ratio > 1 ? 'bad' : ''}" style="display:block"><i style="width:${width.toFixed(1)}%"></i></span>${formatShare(ratio)} of ${limitOfRow(slo)}`;
  const pct = row.trust ? latencyBand(row.trust.band, slo.metric, row.result!) : undefined;
  return drawTile(`${METRIC_WORDS[slo.metric]} ${slo.percentile}`, formatMs(value), 'ms', note, pct);
}

function drawEstimates(row: KeptRow, result: SweepResult): Markup[] {
  return [
    drawTile('TTFT, tail', `~${formatMs(tailOf(row, result, 'ttft'))}`, 'ms', 'closed-form estimate'),
    drawTile('TPOT, tail', `~${formatMs(tailOf(row, result, 'tpot'))}`, 'ms', 'closed-form estimate'),
  ];
}

/** null when there is no answer to launch: what misses the limits should not be a copy away. */
export function drawLaunch(result: SweepResult): Markup | null {
  const { row, kind } = findAnswer(result);
  if (row === null || kind === 'missed') return null;
  const launches = launchesOf(row, result);
  const lines = launchLines(launches);
  if (lines.length === 0) return null;
  const note =
    launches.length === 1
      ? `One instance, on ${plural(launches[0]!.devices, 'device')}.`
      : 'One instance of each pool.';
  return html`<section class="card"><h2>Start it</h2><p class="note">${note}</p>
<div class="code"><pre tabindex="0">${lines.join('\n')}</pre><button class="copy" type="button">Copy</button></div></section>`;
}
