// How far a simulated figure may be off, by what its prices rest on: what replays of measured runs were off by.
import type { Basis } from '../catalog/types.ts';

/** In nine of ten measured runs the figure lay within this many % of the predicted one, to either side. */
export interface ErrorBand {
  readonly ttft_pct: number;
  readonly tpot_pct: number;
  readonly throughput_pct: number;
}

/**
 * 90th percentiles of bench/validation.md, rounded up: closed loops whose model was left out of the fit (TPOT 15.9 %, 762 figures; TTFT
 * 35.2 %, 264 figures of unequal requests), throughput of static batches likewise (29.5 %, 27 figures; 17 % in 33 closed loops). Runs
 * whose prices are measured and extrapolated are off alike there. Datasheet: step times of static batches whose device was left out
 * (45.1 %, 758 figures), TTFT on devices without timings (56.4 %, 23 figures). Tails (p99) were measured too rarely for a band.
 */
const SEEN: ErrorBand = { ttft_pct: 36, tpot_pct: 16, throughput_pct: 30 };
export const ERROR_BANDS: Readonly<Record<Basis, ErrorBand>> = {
  measured: SEEN,
  calibrated: SEEN,
  extrapolated: SEEN,
  datasheet: { ttft_pct: 57, tpot_pct: 46, throughput_pct: 46 },
};
