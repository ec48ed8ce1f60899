// Published figures of hardware that nobody traced, and what stands for kinds of work that nobody timed.
import type { OpFit } from '../../src/catalog/types.ts';

/** Norms, rotary, activations: 0.8 of the bandwidth and 2 us per kernel (calibration.md §2), for want of a better fit. */
export const ELEMENTWISE: OpFit = {
  family: 'elementwise',
  format: 'bf16',
  t0_s: 2e-6,
  eta_compute: 1,
  eta_memory: 0.8,
  p: 'inf',
  basis: 'extrapolated',
};

export interface MatmulFact {
  readonly device: string;
  readonly format: 'bf16' | 'fp8';
  /** Best achieved rate and the dense peak, TFLOP/s. */
  readonly achieved: number;
  readonly peak: number;
}

/** Best matrix products measured on devices without traces: facts of the MAMF tables of stas00/ml-engineering @744d01e (CC-BY-SA-4.0). */
export const MATMUL_FACTS: readonly MatmulFact[] = [
  { device: 'mi300x', format: 'bf16', achieved: 668.4, peak: 1307 },
  { device: 'mi325x', format: 'bf16', achieved: 784.9, peak: 1307 },
  { device: 'gaudi2', format: 'bf16', achieved: 418.7, peak: 432 },
  { device: 'gaudi2', format: 'fp8', achieved: 826.5, peak: 865 },
  { device: 'gaudi3', format: 'bf16', achieved: 1243, peak: 1677 },
  { device: 'gaudi3', format: 'fp8', achieved: 1289.5, peak: 1677 },
];
export const FACTS_SOURCE = {
  source:
    'best matmul rates of stas00/ml-engineering @744d01e; the rest as the GPUs of the vendor, or for other chips the medians of all timed devices',
  licence: 'CC-BY-SA-4.0 (facts)',
};
