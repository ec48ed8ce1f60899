// Prices that rest on something better than their own table: known traps of kernel timings.
import type { OpFit, OpTable } from '../catalog/types.ts';
import { round } from './fit.ts';

/** A block-scaled fp8 table whose launch costs this many times the fp8 table's is bound by its launcher, not by the GPU. */
const LAUNCH_BOUND = 5;
/** What block scales really cost over per-tensor fp8 (calibration.md §7, against measured end-to-end runs). */
const BLOCK_SLOWDOWN = 1.08;

/** Replaces a launch-bound fp8-block GEMM by the device's own fp8 fit, 8 % slower. */
export function mendBlockScaled(device: string, fits: readonly OpFit[], notes: string[]): OpFit[] {
  const plain = fits.find((fit) => fit.family === 'gemm' && fit.format === 'fp8');
  return fits.map((fit) => {
    if (!plain || fit.family !== 'gemm' || fit.format !== 'fp8-block') return fit;
    if (!isLaunchBound(fit, plain)) return fit;
    const floor = `${round(fit.t0_s * 1e6)} us at any shape`;
    notes.push(`${device} gemm fp8-block: launch-bound (${floor}), ${BLOCK_SLOWDOWN} x the fp8 fit used instead`);
    return {
      family: 'gemm',
      format: 'fp8-block',
      t0_s: round(plain.t0_s * BLOCK_SLOWDOWN),
      eta_compute: round(plain.eta_compute / BLOCK_SLOWDOWN),
      eta_memory: round(plain.eta_memory / BLOCK_SLOWDOWN),
      p: plain.p,
      ...(plain.activation_bytes ? { activation_bytes: plain.activation_bytes } : {}),
      basis: 'extrapolated',
    };
  });
}

function isLaunchBound(fit: OpFit, plain: OpFit): boolean {
  return fit.t0_s > LAUNCH_BOUND * plain.t0_s;
}

/** Tables that stand beside mended fits: fp8's own also for block scales where those were launch-bound, none for replaced experts. */
export function mendTables(device: string, measured: readonly OpFit[], tables: readonly OpTable[]): OpTable[] {
  const find = (format: OpFit['format']) => measured.find((fit) => fit.family === 'gemm' && fit.format === format);
  const [plain, block] = [find('fp8'), find('fp8-block')];
  const mended = plain && block && isLaunchBound(block, plain);
  return tables.flatMap((table) => {
    const { family, formats } = table;
    if (family === 'moe' && formats.includes('mxfp4') && WIDE_MXFP4.has(device)) return [];
    if (family !== 'gemm' || !mended) return [table];
    if (formats.includes('fp8-block')) return [];
    return formats.includes('fp8') ? [{ ...table, formats: ['fp8', 'fp8-block'] }] : [table];
  });
}

/**
 * Devices whose engines run mxfp4 experts with 8-bit activations on the tensor cores, while the traces time a 16-bit fallback
 * (w4a16). 15 us and the other efficiencies that Blackwell's own expert kernels reach in the traces, chosen among 36 sets on 121
 * measured gpt-oss runs of two engines (medians 5-6 %, 90th percentiles 11-14 %; 9-10 % and 16-20 % with the spike's values of
 * calibration.md §2). The fp8 peak is half of the fp4 peak that mxfp4 is held against.
 */
const WIDE_MXFP4 = new Set(['b200-sxm-180gb', 'gb200-186gb']);

export function mendExperts(device: string, fits: readonly OpFit[], notes: string[]): OpFit[] {
  return fits.map((fit) => {
    if (!WIDE_MXFP4.has(device) || fit.family !== 'moe' || fit.format !== 'mxfp4') return fit;
    notes.push(
      `${device} moe mxfp4: the traces time a w4a16 kernel that engines do not use here, analytic price instead`,
    );
    return {
      family: 'moe',
      format: 'mxfp4',
      t0_s: 15e-6,
      eta_compute: 0.2,
      eta_memory: 0.9,
      p: 2,
      basis: 'extrapolated',
    };
  });
}
