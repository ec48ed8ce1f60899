// From the errors of replayed runs to the error bands that every report shows, by what step prices rest on and by regime.
import type { Basis, ErrorBand, ErrorBands } from '../../src/catalog/types.ts';
import type { Regime } from '../../src/metrics/regime.ts';
import { percentile } from '../../src/metrics/summary.ts';
import { bandOf, deviation, figureOf } from '../../src/validate/band.ts';
import { isServer } from '../../src/validate/capacity.ts';
import type { Mode } from '../../src/validate/case-columns.ts';
import type { Prediction } from '../../src/validate/predict.ts';
import { scoredOf } from '../../src/validate/score.ts';

const BASES: readonly Basis[] = ['measured', 'calibrated', 'extrapolated', 'datasheet'];
const FIGURES = ['ttft_pct', 'tpot_pct', 'throughput_pct', 'power_pct'] as const;
const LOADED = ['apart', 'crowded'] as const satisfies readonly Regime[];
/** Fewer figures than this make no percentile: the basis then takes the next more trustworthy one's band, a regime the basis's. */
const LEAST_FIGURES = 15;
/** Share of figures of a source that is left out that a band is to hold. */
const SHARE = 0.9;
/** Percentiles that are tried, the least first: the first that holds SHARE of the figures of sources left out is taken. */
const LEVELS = [90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100];
/** %, power while it was measured on one device only: the 90th percentile of shares that were published, not fitted, on such runs. */
const STRANGE_POWER = 35;
/**
 * %, prices from a datasheet: devices that nobody timed. Those that were measured end to end had host terms fitted to these very runs, so
 * no narrower than when a device was left out of all that is fitted (the last cross-validation over devices).
 */
const DEVICE_LEFT_OUT: ErrorBand = { ttft_pct: 62, tpot_pct: 45, throughput_pct: 82, power_pct: STRANGE_POWER };
/** %, where nothing was measured at all: a band of 0 would claim perfection. */
const UNKNOWN = 100;

/** A measured figure, and how far its prediction is off. */
interface Figure {
  readonly source: string;
  readonly hardware: string;
  readonly basis: Basis;
  readonly regime: Regime;
  /** |measured / predicted - 1|, %. */
  readonly off: number;
}

/**
 * Half the widths of bands around predicted figures, in % of them, rounded up: percentiles of |measured / predicted - 1|, at the level at
 * which bands learnt without a source hold nine of ten figures of that source, over all sources.
 *
 * - TTFT: `ttft_ms` and `prefill_ms`, without closed loops of equal requests (nobody knows how far they run in lockstep).
 * - TPOT: `tpot_ms`, `itl_ms`, and the end-to-end times of static batches, which are decode steps mostly.
 * - throughput: `output_tokens_per_s`.
 * - power: `power_w`; no narrower than STRANGE_POWER while it was measured on one device only.
 * - by basis in plain runs, where less trust never has the narrower band; by regime in the others, whatever their basis.
 *
 * Rows of low quality count nowhere, nor do latencies of published server rates: these were chosen so that the tail just meets its limit,
 * so they say how far the capacity is off (src/validate/capacity.ts).
 */
export function errorBands(predictions: readonly Prediction[], source: string): ErrorBands {
  const rows = usable(predictions);
  const wide = Object.fromEntries(FIGURES.map((figure) => [figure, learn(figuresOf(rows, figure), figure)]));
  const bandAt = (of: (width: Widths) => number): ErrorBand =>
    Object.fromEntries(FIGURES.map((figure) => [figure, of(wide[figure]!) || UNKNOWN])) as unknown as ErrorBand;
  const byBasis = BASES.map((basis) => {
    const band = bandAt(({ bases }) => bases[basis]);
    return [basis, basis === 'datasheet' ? widest(band, DEVICE_LEFT_OUT) : band];
  });
  const byRegime = LOADED.map((regime) => [regime, bandAt((own) => own.regimes[regime] || own.bases.extrapolated)]);
  return {
    id: 'error-bands',
    bands: Object.fromEntries(byBasis),
    regimes: Object.fromEntries(byRegime),
    source,
    licence: 'MIT (figures derived from public measurements, which are named in README, Sources)',
  };
}

const widest = (a: ErrorBand, b: ErrorBand): ErrorBand =>
  Object.fromEntries(FIGURES.map((figure) => [figure, Math.max(a[figure], b[figure])])) as unknown as ErrorBand;

export function errorBandsJson(bands: ErrorBands): string {
  return `${JSON.stringify(bands, null, 2)}\n`;
}

/** Of each prediction, whether it lies in the bands that are learnt without its source; null where it has no band. */
export function heldLeftOut(predictions: readonly Prediction[]): Map<Prediction, boolean> {
  const rows = usable(predictions);
  const held = new Map<Prediction, boolean>();
  for (const source of new Set(rows.map(({ row }) => row.source))) {
    const own = rows.filter(({ row }) => row.source === source);
    const bands = errorBands(
      rows.filter(({ row }) => row.source !== source),
      '',
    );
    for (const one of own) held.set(one, isHeld(one, bandOf(one.row.metric, one, bands)));
  }
  return held;
}

const isHeld = ({ errorPct }: Prediction, band: number | null): boolean => deviation(errorPct!) <= band!;

function usable(predictions: readonly Prediction[]): Prediction[] {
  return scoredOf(predictions).filter(
    ({ row, errorPct, basis }) =>
      row.quality !== 'low' && errorPct !== null && basis !== null && figureOf(row.metric) !== null,
  );
}

interface Widths {
  readonly bases: Readonly<Record<Basis, number>>;
  readonly regimes: Readonly<Record<(typeof LOADED)[number], number>>;
}

/** Widths at the first level that holds SHARE of what is left out, source by source; of one source alone, at the lowest. */
function learn(figures: readonly Figure[], figure: keyof ErrorBand): Widths {
  const sources = [...new Set(figures.map(({ source }) => source))];
  const holds = (level: number): number => {
    const held = sources.map((left) => {
      const widths = widthsOf(
        figures.filter(({ source }) => source !== left),
        figure,
        level,
      );
      return figures.filter(({ source, ...one }) => source === left && one.off <= widthFor(one, widths)).length;
    });
    return held.reduce((sum, count) => sum + count, 0) / figures.length;
  };
  const level = sources.length > 1 ? (LEVELS.find((one) => holds(one) >= SHARE) ?? LEVELS.at(-1)!) : LEVELS[0]!;
  return widthsOf(figures, figure, level);
}

const widthFor = ({ basis, regime }: Pick<Figure, 'basis' | 'regime'>, { bases, regimes }: Widths): number =>
  Math.max(bases[basis], regime === 'plain' ? 0 : regimes[regime]);

function widthsOf(figures: readonly Figure[], figure: keyof ErrorBand, level: number): Widths {
  const devices = new Set(figures.map(({ hardware }) => hardware));
  let least = figure === 'power_pct' && devices.size === 1 ? STRANGE_POWER : 0;
  const bases = {} as Record<Basis, number>;
  const plain = figures.filter(({ regime }) => regime === 'plain');
  for (const basis of BASES) {
    const own = width(
      plain.filter((one) => one.basis === basis),
      level,
    );
    // before anything is known of a basis, all that is known stands for it
    least = Math.max(least, own === 0 && least === 0 ? width(plain, level) : own);
    bases[basis] = least;
  }
  const byRegime = LOADED.map((regime) => [
    regime,
    width(
      figures.filter((one) => one.regime === regime),
      level,
    ),
  ]);
  return { bases, regimes: Object.fromEntries(byRegime) };
}

function width(figures: readonly Figure[], level: number): number {
  if (figures.length < LEAST_FIGURES) return 0;
  // rounding errors of the arithmetic are no reason to round up
  return Math.ceil(percentile(Float64Array.from(figures, ({ off }) => off).sort(), level) - 1e-9);
}

function figuresOf(rows: readonly Prediction[], figure: keyof ErrorBand): Figure[] {
  return rows.flatMap(({ row, errorPct, basis, regime }) => {
    const about = { source: row.source, hardware: row.cell('hardware'), basis: basis!, regime: regime! };
    if (isServer(row.cell('mode') as Mode) && figure !== 'throughput_pct') return [];
    return OFF[figure](row, errorPct!).map((off) => ({ ...about, off }));
  });
}

/** How far a row's figure is off, in %, where it counts for a band. */
const OFF: Readonly<Record<keyof ErrorBand, (row: Prediction['row'], errorPct: number) => number[]>> = {
  ttft_pct: (row, errorPct) => {
    const alike = row.cell('mode') === 'closed-loop' && Number(row.cell('length_spread')) === 1;
    return figureOf(row.metric) === 'ttft_pct' && !alike ? [deviation(errorPct)] : [];
  },
  tpot_pct: ({ metric }, errorPct) => (figureOf(metric) === 'tpot_pct' ? [deviation(errorPct)] : []),
  throughput_pct: ({ metric }, errorPct) => (figureOf(metric) === 'throughput_pct' ? [deviation(errorPct)] : []),
  power_pct: ({ metric }, errorPct) => (figureOf(metric) === 'power_pct' ? [deviation(errorPct)] : []),
};
