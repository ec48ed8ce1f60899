// What an engine version did slower than the timings that everything is priced by: kernels nobody had tuned, exchanges of the time.
import type { EngineProfile, Hardware, OpFamily } from '../catalog/types.ts';
import { clocksOf } from './clocks.ts';
import type { ExchangeRate, Rate } from './efficiency.ts';
import type { Curve } from './op-table.ts';

/** What an engine changes about the price of an op on the device. */
export type KernelTraits = Pick<
  EngineProfile,
  'static_scales' | 'kernels' | 'untuned' | 'gathers_from_bytes' | 'prompt_slowdown'
>;

/** Factors on time of the vendor's devices; null where its kernels are as good as the timings. */
export function untunedOn({ untuned }: KernelTraits, { vendor }: Hardware) {
  return untuned?.find((one) => one.vendor === vendor) ?? null;
}

/** Matrix products of untuned engines lose where they compute, not where they read weights; all else as a whole. Clocks slow every op. */
export function slowRate(rate: Rate, family: OpFamily, traits: KernelTraits, hardware: Hardware): Rate {
  const { compute, memory } = clocksOf(hardware);
  const tuned = untunedRate(rate, family, traits, hardware);
  if (compute === 1) return tuned;
  return { ...tuned, perFlop: tuned.perFlop / compute, perByte: tuned.perByte / memory };
}

function untunedRate(rate: Rate, family: OpFamily, traits: KernelTraits, hardware: Hardware): Rate {
  const slow = untunedOn(traits, hardware);
  if (!slow || family === 'elementwise') return rate;
  if (family === 'gemm') return { ...rate, perFlop: rate.perFlop * slow.gemm_compute };
  const factor = family === 'moe' ? slow.moe : slow.attention;
  return { ...rate, perFlop: rate.perFlop * factor, perByte: rate.perByte * factor };
}

/** Launches and hops take longer; bytes do not. */
export function slowExchange(rate: ExchangeRate, traits: KernelTraits, hardware: Hardware): ExchangeRate {
  const slow = untunedOn(traits, hardware);
  if (!slow) return rate;
  const fit = rate.fit && { ...rate.fit, t0: rate.fit.t0 * slow.hops };
  return { ...rate, fit, hopIn: rate.hopIn * slow.hops, hopOut: rate.hopOut * slow.hops };
}

const POWERS: readonly number[] = Array.from({ length: 24 }, (_, i) => 2 ** (i + 10));

/**
 * A curve of all-reduces that from `from` bytes on bring the whole message of every device to every other, `others` messages over each
 * link of `bandwidth` B/s, and never take less than before.
 */
export function gatherLarge(
  curve: Curve | null,
  seconds: (bytes: number) => number,
  from: number,
  others: number,
  bandwidth: number,
): Curve {
  const fitted = (bytes: number) => {
    const plain = seconds(bytes);
    return bytes < from ? plain : Math.max(plain, (others * bytes) / bandwidth);
  };
  const knots = [...new Set([...(curve?.knots ?? POWERS), from - 1, from])].sort((a, b) => a - b);
  const times = Float64Array.from(knots, fitted);
  for (let i = 1; i < times.length; i++) times[i] = Math.max(times[i]!, times[i - 1]!);
  return { knots, seconds: times, fitted };
}
