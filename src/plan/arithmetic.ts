// Which rate a number format is multiplied at on a given hardware (data/cases/SCHEMA.md section 2, rule of thumb).
import type { Hardware, WeightFormat } from '../catalog/types.ts';

/**
 * Peak FLOP/s that work in `format` is held against: the format's own rate where the hardware has one, else weights are
 * dequantised and the 16-bit rate applies. int4 is weight-only everywhere; an int8 rate below the 16-bit one is not used.
 */
export function peakOf(hardware: Pick<Hardware, 'peak'>, format: WeightFormat): number {
  const { bf16, fp8, int8, fp4 } = hardware.peak;
  if (format === 'fp8' || format === 'fp8-block') return fp8 ?? bf16;
  if (format === 'int8') return Math.max(int8 ?? bf16, bf16);
  if (format === 'nvfp4' || format === 'mxfp4') return fp4 ?? bf16;
  return bf16;
}

/** Formats whose efficiency stands in for one that nobody measured, nearest first; the first entries mean the same arithmetic. */
const STAND_INS: Readonly<Record<WeightFormat, readonly WeightFormat[]>> = {
  bf16: ['bf16', 'fp16', 'fp8'],
  fp16: ['fp16', 'bf16', 'fp8'],
  fp8: ['fp8', 'fp8-block', 'bf16', 'fp16'],
  'fp8-block': ['fp8-block', 'fp8', 'bf16', 'fp16'],
  int8: ['int8', 'fp8', 'bf16', 'fp16'],
  int4: ['int4', 'bf16', 'fp16', 'fp8'],
  nvfp4: ['nvfp4', 'fp8', 'bf16', 'fp16'],
  mxfp4: ['mxfp4', 'nvfp4', 'bf16', 'fp16', 'fp8'],
};

export function standIns(format: WeightFormat): readonly WeightFormat[] {
  return STAND_INS[format];
}

/** Whether two formats are one to a fit: both 16-bit formats run at one rate. */
export function sameArithmetic(a: WeightFormat, b: WeightFormat): boolean {
  return a === b || (is16Bit(a) && is16Bit(b));
}

function is16Bit(format: WeightFormat): boolean {
  return format === 'bf16' || format === 'fp16';
}
