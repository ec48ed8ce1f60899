// What a file of catalog/hardware must look like.
import { z } from 'zod';
import { fromZero, named, oneOf, positive, size, text } from './schema-words.ts';

export const hardwareSchema = z.strictObject({
  id: named,
  name: named,
  vendor: named,
  kind: oneOf(['gpu', 'gpu+cpu', 'asic', 'tpu', 'cpu']),
  /** Architecture family, for borrowing efficiencies from relatives: "hopper", "blackwell", "cdna3", "tpu-v6", ... */
  generation: named,
  shards_per_device: size,
  /** Dense peaks in FLOP/s (OP/s for int8); absent where the hardware has no such rate. */
  peak: z.strictObject(
    { bf16: positive, fp8: positive.optional(), int8: positive.optional(), fp4: positive.optional() },
    { error: 'dense peaks in FLOP/s: {bf16, fp8, int8, fp4}' },
  ),
  memory_bytes: positive,
  memory_bandwidth: positive,
  memory_type: text,
  /** B/s one way per device inside a scale-up domain of `domain` devices. */
  scale_up: z.strictObject({ bandwidth: fromZero, domain: size }, { error: '{bandwidth, domain}' }),
  host_link_bandwidth: fromZero,
  /** B/s one way per device to other servers; 0 where there is none. */
  scale_out_bandwidth: fromZero,
  tdp_w: positive.nullable(),
  usd_per_hour: fromZero.nullable(),
  price_source: text,
  source: named,
  confidence: oneOf(['high', 'medium', 'low']),
});
