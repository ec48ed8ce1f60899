// From the errors of replayed runs to the error bands that every report shows, by what step prices rest on.
import type { Basis, ErrorBand, ErrorBands } from '../../src/catalog/types.ts';
import { percentile } from '../../src/metrics/summary.ts';
import type { Prediction } from '../../src/validate/predict.ts';
import { scoredOf } from '../../src/validate/score.ts';
import type { CrossValidation } from './cross-validate.ts';

const BASES: readonly Basis[] = ['measured', 'calibrated', 'extrapolated', 'datasheet'];
/** Fewer figures than this make no 90th percentile: the basis then takes the next more trustworthy one's band. */
const LEAST_FIGURES = 15;
const SHARE = 90;
/** %, power on devices of which no watts were measured: the 90th percentile of shares that were published, not fitted, on such runs. */
const STRANGE_POWER = 35;

/**
 * Half the width of a band around a predicted figure, in % of it: the 90th percentile of |measured / predicted - 1|, rounded up.
 *
 * - TTFT: `ttft_ms` and `prefill_ms`, without closed loops of equal requests (nobody knows how far they run in lockstep).
 * - TPOT: `tpot_ms`, `itl_ms`, and the end-to-end times of static batches, which are decode steps mostly.
 * - throughput: `output_tokens_per_s`, and static batches' end-to-end times turned over (tokens / time).
 * - power: `power_w`; it was measured too rarely to tell bases apart, so the band of all is the least. While it was measured on
 *   one device only, the energy shares were fitted to the very runs that are scored: no band is then narrower than STRANGE_POWER.
 * - `measured` and `calibrated`: errors of the model as it ships. `extrapolated` and `datasheet`: errors with the device left out
 *   of what was fitted to runs, because that is what such a price is.
 * - Less trust never has the narrower band; a basis without figures has that of the one before it.
 * - Runs with prefill and decode apart are kept apart: `disaggregated`.
 *
 * Rows of low quality count nowhere. `heldOut`: the cross-validation by hardware of the same predictions; without one the same predictions,
 * and `least`, the bands of the last one, below which no extrapolated and no datasheet band falls.
 */
export function errorBands(
  predictions: readonly Prediction[],
  heldOut: Pick<CrossValidation, 'predictions'>,
  source: string,
  least?: ErrorBands['bands'],
): ErrorBands {
  const scored = (rows: readonly Prediction[]) =>
    scoredOf(rows).filter((one) => one.row.quality !== 'low' && one.errorPct !== null && one.basis !== null);
  const shipped = scored(predictions);
  const strange = scored(heldOut.predictions);
  const bands = {} as Record<Basis, ErrorBand>;
  let before: ErrorBand = { ttft_pct: 0, tpot_pct: 0, throughput_pct: 0, power_pct: leastPower(strange) };
  for (const basis of BASES) {
    const isNear = basis === 'measured' || basis === 'calibrated';
    const rows = (isNear ? shipped : strange).filter((one) => one.basis === basis && !isApart(one));
    const known = isNear ? undefined : least?.[basis];
    const widest = (key: keyof ErrorBand, of: (one: Prediction) => number[]): number =>
      Math.max(before[key], key === 'power_pct' ? 0 : (known?.[key] ?? 0), width(rows.flatMap(of)));
    before = {
      ttft_pct: widest('ttft_pct', ttftOf),
      tpot_pct: widest('tpot_pct', tpotOf),
      throughput_pct: widest('throughput_pct', throughputOf),
      power_pct: widest('power_pct', powerOf),
    };
    bands[basis] = before;
  }
  const apart = shipped.filter(isApart);
  return {
    id: 'error-bands',
    bands,
    disaggregated: { ttft_pct: width(apart.flatMap(ttftOf)), tpot_pct: width(apart.flatMap(tpotOf)) },
    source,
    licence: 'MIT (figures derived from public measurements, which are named in README, Sources)',
  };
}

export function errorBandsJson(bands: ErrorBands): string {
  return `${JSON.stringify(bands, null, 2)}\n`;
}

const isApart = ({ row }: Prediction): boolean => row.cell('mode').startsWith('disagg');

/** |measured / predicted - 1| in % of an error of predicted / measured - 1 in %; a prediction of nothing is off by everything. */
function deviation(errorPct: number): number {
  return errorPct <= -100 ? Number.POSITIVE_INFINITY : 100 * Math.abs(1 / (1 + errorPct / 100) - 1);
}

function ttftOf({ row, errorPct }: Prediction): number[] {
  const alike = row.cell('mode') === 'closed-loop' && Number(row.cell('length_spread')) === 1;
  const counts = (row.metric === 'ttft_ms' && !alike) || row.metric === 'prefill_ms';
  return counts ? [deviation(errorPct!)] : [];
}

function tpotOf({ row, errorPct }: Prediction): number[] {
  return ['tpot_ms', 'itl_ms', 'e2e_ms'].includes(row.metric) ? [deviation(errorPct!)] : [];
}

/** Tokens per second are off by the inverse of the time: measured / predicted throughput is predicted / measured time. */
function throughputOf({ row, errorPct }: Prediction): number[] {
  if (row.metric === 'output_tokens_per_s') return [deviation(errorPct!)];
  return row.metric === 'e2e_ms' && row.cell('mode') === 'static-batch' ? [Math.abs(errorPct!)] : [];
}

function leastPower(rows: readonly Prediction[]): number {
  const measured = rows.filter((one) => powerOf(one).length > 0);
  const devices = new Set(measured.map(({ row }) => row.cell('hardware')));
  const all = width(measured.flatMap(powerOf));
  return devices.size === 1 && all > 0 ? Math.max(STRANGE_POWER, all) : all;
}

function powerOf({ row, errorPct }: Prediction): number[] {
  return row.metric === 'power_w' ? [deviation(errorPct!)] : [];
}

function width(deviations: readonly number[]): number {
  if (deviations.length < LEAST_FIGURES) return 0;
  // rounding errors of the arithmetic are no reason to round up
  return Math.ceil(percentile(Float64Array.from(deviations).sort(), SHARE) - 1e-9);
}
