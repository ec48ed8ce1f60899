// What a file of catalog/hardware must look like.
import { z } from 'zod';
import { fromZero, named, oneOf, positive, size, text } from './schema-words.ts';

/** What is said of devices that no sheet of rentals has a price of. */
export const AVAILABILITY = {
  unlisted: 'rented out without a public price',
  doubtful: 'rented out, at prices in doubt',
  owned: 'bought, not rented',
  announced: 'announced, not to be had yet',
  china: 'only at clouds in China, without a public price in USD',
  'per-token': 'sold by the token by its maker, not by the device',
} as const;
export type Availability = keyof typeof AVAILABILITY;

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
  /** Streaming multiprocessors of a device, where engines count them; absent = not known. */
  multiprocessors: size.optional(),
  memory_bytes: positive,
  memory_bandwidth: positive,
  memory_type: text,
  /** B/s one way per device inside a scale-up domain of `domain` devices. */
  scale_up: z.strictObject({ bandwidth: fromZero, domain: size }, { error: '{bandwidth, domain}' }),
  host_link_bandwidth: fromZero,
  /** B/s one way per device to other servers; 0 where there is none. */
  scale_out_bandwidth: fromZero,
  tdp_w: positive.nullable(),
  /** Why it is not to be rented at a public price; left out where it is. Prices stand in catalog/prices. */
  availability: oneOf(Object.keys(AVAILABILITY) as Availability[]).optional(),
  source: named,
  confidence: oneOf(['high', 'medium', 'low']),
});
