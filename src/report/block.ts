// The rows that `vllm bench serve` prints: a titled block of one width, labels on the left and figures on the right.
import type { ErrorBand } from '../catalog/types.ts';
import type { CopyFigures } from '../metrics/fleet/copies.ts';
import type { FleetResult } from '../metrics/fleet/types.ts';
import type { EnergyShares } from '../metrics/site.ts';
import type { SpeculationResult } from '../metrics/speculation.ts';
import type { Summary, Verdict } from '../metrics/types.ts';
import type { PowerSpec } from '../spec/power.ts';
import { finiteOrNull } from './flat.ts';
import { plusMinus, UNKNOWN } from './format.ts';

/** Width of vLLM's block, and of its first column. */
export const BLOCK = 50;
const LABEL = 40;

/** A title in the middle of the block's width. */
export function center(title: string, fill: string): string {
  const left = Math.floor((BLOCK - title.length) / 2);
  return fill.repeat(left) + title + fill.repeat(BLOCK - title.length - left);
}

/** One row: what it says, then the figure. */
export const line = (label: string, value: string): string => `${label.padEnd(LABEL)} ${value}`;
/** Two decimals, as vLLM prints every figure that is not a count. */
export const fixed = (value: number): string => (Number.isNaN(value) ? UNKNOWN : value.toFixed(2));

/** A latency (s) under its title, in ms. */
export function latencyRows(title: string, name: string, summary: Summary): string[] {
  const ms = (seconds: number): string => fixed(seconds * 1000);
  return [
    center(title, '-'),
    line(`Mean ${name} (ms):`, ms(summary.mean)),
    line(`Median ${name} (ms):`, ms(summary.p50)),
    line(`P99 ${name} (ms):`, ms(summary.p99)),
  ];
}

/** How drafts did, in the rows of `vllm bench serve`; nothing without speculative decoding. */
export function draftRows(result: SpeculationResult | undefined): string[] {
  if (result === undefined) return [];
  const positions = result.per_position_acceptance_rates.map((rate, i) => line(`  Position ${i}:`, fixed(rate * 100)));
  return [
    center('Speculative Decoding', '-'),
    line('Acceptance rate (%):', fixed(result.acceptance_rate * 100)),
    line('Acceptance length:', fixed(result.acceptance_length)),
    line('Drafts:', String(result.num_drafts)),
    line('Draft tokens:', String(result.draft_tokens)),
    line('Accepted tokens:', String(result.accepted_tokens)),
    'Per-position acceptance (%):',
    ...positions,
  ];
}

/** The same as fields of `vllm bench serve --save-result`: the rate in %, positions as shares. */
export function draftFields(result: SpeculationResult | undefined): Record<string, number | null | (number | null)[]> {
  if (result === undefined) return {};
  return {
    spec_decode_acceptance_rate: finiteOrNull(result.acceptance_rate * 100),
    spec_decode_acceptance_length: finiteOrNull(result.acceptance_length),
    spec_decode_num_drafts: result.num_drafts,
    spec_decode_draft_tokens: result.draft_tokens,
    spec_decode_accepted_tokens: result.accepted_tokens,
    spec_decode_per_position_acceptance_rates: result.per_position_acceptance_rates.map(finiteOrNull),
  };
}

/** The figures that people quote, with the band that measured runs put around them. */
export function bandRows(result: Banded, band: ErrorBand): string[] {
  const shown = (label: string, value: number, pct: number): string[] =>
    Number.isNaN(value) ? [] : [line(label, `${fixed(value)} (${plusMinus(pct)})`)];
  const latency = (label: string, seconds: number, pct: number) => shown(label, seconds * 1000, pct);
  return [
    center(' Error Band, 9 of 10 measured runs ', '-'),
    ...latency('TTFT mean (ms):', result.ttft.mean, band.ttft_pct),
    ...latency('TTFT p99 (ms):', result.ttft.p99, band.ttft_pct),
    ...latency('TPOT mean (ms):', result.tpot.mean, band.tpot_pct),
    ...latency('TPOT p99 (ms):', result.tpot.p99, band.tpot_pct),
    ...shown('Output tokens (tok/s):', result.output_throughput, band.throughput_pct),
    ...shown('Power (W):', result.power_w, band.power_pct),
  ];
}

/** How far chance may move the figures that people quote. */
export function samplingRows(sampling: FleetResult['sampling']): string[] {
  if (!sampling || Number.isNaN(sampling.e2el.mean[0])) return [];
  const shown = [
    ['mean', 'mean'],
    ['p50', 'median'],
    ['p99', 'p99'],
  ] as const;
  const rows = (['ttft', 'tpot', 'itl', 'e2el'] as const).flatMap((metric) =>
    shown.flatMap(([field, name]) => {
      const [low, high] = sampling[metric][field];
      const ends =
        high === Number.POSITIVE_INFINITY
          ? `${fixed(low * 1000)} or more`
          : `${fixed(low * 1000)} to ${fixed(high * 1000)}`;
      return Number.isNaN(low) ? [] : [line(`${metric.toUpperCase()} ${name} (ms):`, ends)];
    }),
  );
  return [center(' Sampling Interval of This Run, 95 % ', '-'), ...rows];
}

interface Banded {
  readonly verdict: Verdict;
  readonly ttft: Summary;
  readonly tpot: Summary;
  readonly output_throughput: number;
  readonly power_w: number;
}

/** What of the power is the site's; nothing where only devices count. */
export function siteRows({ pue }: PowerSpec): string[] {
  return pue === 1 ? [] : [line('  with a PUE of:', fixed(pue))];
}

/** "idle 41, compute 20, memory 38, network 1": what the energy went into, %. */
export function shareRows(shares: EnergyShares): string[] {
  if (Number.isNaN(shares.idle)) return [];
  const parts = (['idle', 'compute', 'memory', 'network'] as const).map((part) => (shares[part] * 100).toFixed(0));
  return [line('  idle/compute/memory/network (%):', parts.join(' / '))];
}

/** Electricity where it is paid apart. */
export function electricityRows(usdPerHour: number, { usd_per_kwh }: PowerSpec): string[] {
  return usd_per_kwh === null ? [] : [line('  electricity in it ($/h):', fixed(usdPerHour))];
}

/** Only where the engine swaps, or serves adapters or tenants. */
export function copyRows(result: CopyFigures): string[] {
  const { swapped_out, swapped_in, swap_s, adapter_loads: loads, adapter_fetches: fetches } = result;
  if (loads !== undefined)
    return [
      line('Adapters loaded, of those from storage:', `${loads}, ${fetches}`),
      line('Time lost to loading them (s):', fixed(result.adapter_load_s ?? Number.NaN)),
    ];
  if (result.fair_gap !== undefined) return [line('Most that a tenant was ahead (tokens):', fixed(result.fair_gap))];
  if (swapped_out === undefined) return [];
  return [
    line('Swapped out, and back in:', `${swapped_out}, ${swapped_in}`),
    line('Time lost to swapping (s):', fixed(swap_s ?? Number.NaN)),
  ];
}
