// What a file of catalog/efficiency must look like: fits and tables of one device; _<vendor>.json holds the vendor's medians.
import { z } from 'zod';
import {
  basis,
  collectiveOp,
  count,
  fromZero,
  named,
  oneOf,
  opFamily,
  positive,
  size,
  weightFormat,
} from './schema-words.ts';

/**
 * What stands beside a fit, as far as the contract names it: fits may carry more figures about themselves. Errors are the median
 * |relative error| in and out of sample (shapes held out), the latter's 90th percentile, with the rows used; absent for datasheet rows.
 */
const fitted = {
  t0_s: fromZero,
  p: oneOf([1, 2, 4, 8, 'inf']),
  basis,
  error_in: fromZero.optional(),
  error_out: fromZero.optional(),
  rows: count.optional(),
};

/** t = t0 + ((C/(eta_compute*peak))^p + (M/(eta_memory*bandwidth))^p)^(1/p). p = 'inf' is the classic roofline maximum. */
export const opFit = z.looseObject({
  ...fitted,
  family: opFamily,
  /** Arithmetic: which peak C is held against. For attention: the KV format. */
  format: weightFormat,
  eta_compute: positive,
  eta_memory: positive,
  /**
   * Bytes of memory traffic per activation element of a quantised GEMM that the fit charges (M counts m*k of them at this width):
   * dynamic quantisation reads and writes activations several times. Absent = the width the matrix unit reads.
   */
  activation_bytes: positive.optional(),
  error_out_p90: fromZero.optional(),
});

const rising = z
  .array(positive, { error: 'a list of rising positive numbers' })
  .min(1, { error: 'at least one number' })
  .refine((list) => list.every((value, i) => i === 0 || value > list[i - 1]!), { error: 'numbers that rise' });
const permille = z.array(positive, { error: 'a list of positive thousandths' });

/**
 * What the measurements say beyond a fit: measured over fitted time on a grid, cleaned and averaged. The price of an op is the fit
 * times the grid at its knots and linear in time between them (plan/op-table.ts). Axes by family:
 *   gemm               rows m; outputs n; inputs k
 *   attention-decode   sequences times KV heads; context; query heads per KV head; head size
 *   attention-prefill  new tokens of a chunk; query heads; head size (of the time beyond t0)
 *   mla-*              as attention, all heads over one latent vector
 *   moe                tokens of the instance, for each layer of `layers`
 */
export const opTable = z
  .looseObject({
    family: opFamily,
    /** Formats that it holds for: fp8 tables stand for block-scaled fp8 where that was timed badly. */
    formats: z.array(weightFormat, { error: 'a list of formats' }),
    /** Grid points of every axis, rising. */
    axes: z.array(rising, { error: 'a list of axes' }).min(1, { error: 'at least one axis' }),
    /** moe: [experts, choices, input width, width of an expert on one device, expert groups] of every timed layer. */
    layers: z.array(z.array(positive, { error: 'the sizes of a layer' }), { error: 'a list of layers' }).optional(),
    /** Thousandths; layers first, then the axes in their order, the last one fastest. */
    permille,
    /** Median and 90th percentile of |relative error| on shapes that were held out, with fit and table made without them. */
    error_out: fromZero,
    error_out_p90: fromZero,
  })
  .refine(
    (table) =>
      table.permille.length === table.axes.reduce((cells, axis) => cells * axis.length, table.layers?.length ?? 1),
    { error: 'one number per cell of the grid' },
  );

/**
 * t = (t0^p + (bytes/rate)^p)^(1/p) by message bytes: what each device reduces, all that it ends up with (all-gather), all that
 * it starts with (reduce-scatter, all-to-all), what is sent (send-recv).
 */
export const collectiveFit = z.looseObject({
  ...fitted,
  /** The engine whose own kernels these are; absent = the fastest of vLLM's captured ones and the newest general library. */
  library: oneOf(['trtllm']).optional(),
  /** Measured over fitted time, in thousandths, at rising message sizes; linear between them, constant beyond. */
  table: z
    .strictObject({ bytes: rising, permille }, { error: '{bytes, permille}' })
    .refine((table) => table.bytes.length === table.permille.length, { error: 'as many thousandths as sizes' })
    .optional(),
  op: collectiveOp,
  devices: size,
  /** Algorithm bandwidth for large messages: message bytes per second. */
  rate: positive,
});

export const efficiencySchema = z.looseObject({
  hardware: named,
  ops: z.array(opFit, { error: 'a list of op fits' }),
  collectives: z.array(collectiveFit, { error: 'a list of collective fits' }),
  tables: z.array(opTable, { error: 'a list of tables' }).optional(),
  source: named,
  licence: named,
});
