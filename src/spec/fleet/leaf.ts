// Building blocks that pipeline specs have beyond those of plain specs: shares, lengths, latencies, names of other parts.
import { z } from 'zod';
import { count, name, positive, quantity, readShare, section, share } from '../leaf.ts';
import { MAX_COUNT, MAX_INSTANCES, MAX_LENGTH_TOKENS } from '../limits.ts';
import { workloadShape } from '../schema.ts';

/** One name, or several: pools that a stage may use. */
export function names(expected: string) {
  return z.union([name(expected), z.array(name(expected), { error: expected }).min(1, { error: expected })], {
    error: expected,
  });
}

/** A number of tokens, or a distribution: the same words as workload.lengths.input_len. */
export const tokens = workloadShape.lengths.unwrap().options[1].shape.input_len;

const time = () => quantity('time', 'a time of at least 0, such as 250ms or 1.5 (seconds)');
const above = () => quantity('time', 'a time above 0, such as 250ms or 1.5 (seconds)', { above: 0 });
const LATENCY = 'a time, {uniform: [a, b]}, {exponential: {mean}} or {lognormal: {mean, std}}';

/** A time, or a distribution of times. */
export const latency = z.union(
  [
    time(),
    section({ uniform: z.tuple([time(), time()], { error: 'two times: [shortest, longest]' }) }, LATENCY),
    section({ exponential: section({ mean: above().describe('Mean.') }, '{mean}') }, LATENCY),
    section(
      {
        lognormal: section(
          { mean: above().describe('Mean of the time itself.'), std: time().describe('Its standard deviation.') },
          '{mean, std}',
        ),
      },
      LATENCY,
    ),
  ],
  { error: LATENCY },
);

/** Below this a plain number was surely meant in Gb/s or GB/s. */
const BANDWIDTH = 'a bandwidth of at least 100kB/s, such as 50GB/s or 400Gb/s (a plain number counts bytes per second)';
export const bandwidth = () => quantity('bandwidth', BANDWIDTH, { min: 1e5 });
/** Above this a plain number was surely meant in microseconds. */
const DELAY = 'a time up to 1s, such as 5us (a plain number counts seconds)';
const LINK = '{bandwidth, latency, efficiency}, or {like: a link of the catalog}';
export const link = section(
  {
    like: name('a link of the catalog')
      .optional()
      .describe('A link of the catalog (`mist catalog --kind links`) that gives what is left out, as copies have it.'),
    bandwidth: bandwidth().optional().describe('One way, before efficiency. Required without like.'),
    latency: quantity('time', DELAY, { max: 1 }).optional().describe('Per transfer; 0 if left out.'),
    efficiency: share('a share above 0 and at most 100 %', true)
      .optional()
      .describe('Share of the bandwidth that transfers get at best; 100 % if left out.'),
  },
  LINK,
);

export const size = () => count(1, MAX_COUNT);
/** How many of something are laid out one by one. */
export const instances = () => count(1, MAX_INSTANCES);
export const lengthTokens = () => count(1, MAX_LENGTH_TOKENS);
export { above as timeAbove, count, name, positive, quantity, readShare, section, share, time };
