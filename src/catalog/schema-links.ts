// What a file of catalog/links must look like: how devices, servers or a device and its host are joined.
import { z } from 'zod';
import { named, oneOf, positive, share, size } from './schema-words.ts';

export const linkSchema = z.strictObject({
  id: named,
  name: named,
  /** B/s one way per device, before any share. */
  bandwidth: positive,
  /** Share that large messages of an all-reduce get on the wire ("bus bandwidth"), where all devices send at once. */
  exchange_share: share,
  /** Share that one copy from device to device, or between host and device, gets. */
  copy_share: share,
  /** s of one hop of a small message, the library's part included. */
  latency_s: positive,
  /** Most devices that it joins; left out where there is no end, as of a network. */
  domain: size.optional(),
  source: named,
  confidence: oneOf(['high', 'medium', 'low']),
});
