// The spec's structure: every key, its words and its limits. Editors read it as JSON Schema; meaning across keys is in fleet/read.ts.
import { z } from 'zod';
import { DEFAULT_SHEET } from '../catalog/price-sheets.ts';
import { NUM_REQUESTS, SETTLE, TOP } from './defaults.ts';
import { count, name, PART, positive, quantity, section, share, timeWithUnit, word } from './leaf.ts';
import { MAX_COUNT, MAX_LENGTH_TOKENS, MAX_RATE, MAX_REQUESTS, MAX_SEED, MIN_RATE } from './limits.ts';
import { pareto } from './pareto.ts';
import { limitLeaf } from './relative.ts';
import { SLO_KEYS, SLO_PRESETS } from './slo.ts';
import { users } from './users.ts';
import { edge } from './window.ts';
import { OBJECTIVES, PROCESSES } from './words.ts';

const tokens = count(1, MAX_LENGTH_TOKENS);
const time = quantity('time', 'a time above 0, such as 250ms or 1.5 (seconds)', { above: 0 });
const priceSeconds = quantity('time', 'a time of at least 0, such as 20us or 2e-5 (seconds)');

const MEAN = `a number of tokens above 0 and up to ${MAX_LENGTH_TOKENS}`;
const STD = `a number of tokens from 0 up to ${MAX_LENGTH_TOKENS}`;
const spread = section(
  {
    mean: quantity('number', MEAN, { above: 0, max: MAX_LENGTH_TOKENS }).describe('Mean of the distribution, tokens.'),
    std: quantity('number', STD, { max: MAX_LENGTH_TOKENS }).describe(
      'Standard deviation of the distribution, tokens.',
    ),
    min: tokens.optional().describe('Shorter draws are raised to this many tokens; 1 if left out.'),
    max: tokens.optional().describe(`Longer draws are cut to this many tokens; ${MAX_LENGTH_TOKENS} if left out.`),
  },
  '{mean, std, min?, max?}',
);

const LENGTH = 'a number of tokens, {uniform: [a, b]}, {normal: {mean, std}} or {lognormal: {mean, std}}';
const length = z.union(
  [
    tokens,
    section(
      { uniform: z.tuple([tokens, tokens], { error: 'two numbers of tokens: [shortest, longest]' }) },
      LENGTH,
    ).describe('Every length between the two, equally often.'),
    section({ normal: spread }, LENGTH).describe('Normal distribution, rounded to tokens.'),
    section({ lognormal: spread }, LENGTH).describe('Log-normal distribution with this mean and deviation.'),
  ],
  { error: LENGTH },
);

const lengths = z.union(
  [
    name('a workload of the catalog, or {input_len, output_len}'),
    section(
      { input_len: length.describe('Tokens of the prompt.'), output_len: length.describe('Tokens of the answer.') },
      'a workload of the catalog, or {input_len, output_len}',
    ),
  ],
  { error: 'a workload of the catalog, or {input_len, output_len}' },
);

const POINT = '[time, requests/s] or [time, requests/s, cv]';
const POINTS = `a list of points, each ${POINT}`;
const atLeastZero = quantity('number', 'a number of at least 0');
const ARRIVALS = `one of ${PROCESSES.join(', ')}, or {process: ...} with its parameters`;
const process = <const P extends string, S extends z.core.$ZodLooseShape>(id: P, words: string, parameters: S) =>
  section({ process: z.literal(id), ...parameters }, ARRIVALS).describe(words);
const arrivals = z.union(
  [
    word(PROCESSES),
    z.discriminatedUnion(
      'process',
      [
        process('poisson', 'Independent arrivals: exponential gaps.', {}),
        process('uniform', 'Equal gaps.', {}),
        process('gamma', 'Gamma gaps.', {
          burstiness: positive().describe('Shape of the gamma, as in vLLM: 1 = Poisson, below 1 burstier.'),
        }),
        process('normal', 'Normal gaps, cut at 0.', {
          cv: quantity('number', 'a number of at least 0').describe('Standard deviation of a gap over its mean.'),
        }),
        process('on-off', 'Poisson in the on phases, silence in the off phases.', {
          on: time.describe('Length of an on phase.'),
          off: time.describe('Length of an off phase.'),
        }),
        process('ramp', 'Poisson whose rate rises or falls linearly over the run; request_rate is its mean.', {
          from: quantity('number', 'a number of at least 0').describe(
            'Rate at the start; only its ratio to `to` counts.',
          ),
          to: positive().describe('Rate at the end, on the same scale.'),
        }),
        process('curve', 'Gamma gaps whose rate follows points over time; request_rate is its mean, and scales it.', {
          points: z
            .array(
              z.union(
                [
                  z.tuple([priceSeconds, atLeastZero], { error: POINT }),
                  z.tuple([priceSeconds, atLeastZero, atLeastZero], { error: POINT }),
                ],
                { error: POINT },
              ),
              { error: POINTS },
            )
            .min(1, { error: POINTS })
            .optional()
            .describe(
              'Time, requests/s and, if it changes, cv of the gaps from there on: [[0s, 5], [10min, 20, 2.5]].',
            ),
          file: name('a CSV file').optional().describe('The points as lines time_s,rate or time_s,rate,cv.'),
          of: name('a workload of the catalog')
            .optional()
            .describe('The day of a workload of the catalog that has one.'),
          cv: atLeastZero
            .optional()
            .describe('Standard deviation of a gap over its mean where points do not say; 1 = Poisson.'),
          between: word(['line', 'step'])
            .optional()
            .describe(
              'The rate between points: straight, or that of the last point. line, and step with `of`, if left out.',
            ),
          repeat: z
            .boolean({ error: 'true or false' })
            .optional()
            .describe(
              'Begin again after the last point; otherwise its rate stays. false, and true with `of`, if left out.',
            ),
          start: priceSeconds.optional().describe('Where on the curve the run begins; at its first point if left out.'),
        }),
        process('all-at-once', 'Every request at time 0.', {}),
        process('closed-loop', 'The next request is sent when one completes.', {
          max_concurrency: count(1, MAX_COUNT).describe('Requests in flight.'),
        }),
      ],
      { error: ARRIVALS },
    ),
  ],
  { error: ARRIVALS },
);

const REPLAY = 'a file of requests, or {file, rate_scale}';
const requests = z.union(
  [
    name(REPLAY),
    section(
      {
        file: name('a file of requests').describe(
          'Path, relative to this spec: a file, or a folder of ServeGen clients.',
        ),
        rate_scale: positive().optional().describe('Factor on the rate: 2 = arrivals twice as fast. 1 if left out.'),
        input_scale: positive()
          .optional()
          .describe('Factor on every prompt, rounded, at least one token; 1 if left out.'),
        output_scale: positive()
          .optional()
          .describe('Factor on every output, rounded, at least one token; 1 if left out.'),
        start: priceSeconds
          .optional()
          .describe('Of ServeGen clients: where on their day the run begins, such as 18h; 0 if left out.'),
      },
      REPLAY,
    ),
  ],
  { error: REPLAY },
);

const FREE = 'a share of at least 0 and below 1, such as 0.05 or 5%';
const MOST = `an integer from 1 up to ${MAX_LENGTH_TOKENS}, or {ratio: 1.5}`;
const maxTokens = z.union(
  [
    quantity('number', MOST, { min: 1, max: MAX_LENGTH_TOKENS, integer: true }),
    section(
      { ratio: quantity('number', 'a factor of at least 1', { min: 1 }).describe('Times its answer, rounded up.') },
      MOST,
    ),
  ],
  { error: MOST },
);

const RATE = `a rate above 0 (requests per second, ${MIN_RATE} to ${MAX_RATE})`;
/** The traffic: keys of every workload; fleets have more. */
export const workloadShape = {
  lengths: lengths
    .optional()
    .describe('Prompt and answer lengths: a workload of the catalog, or {input_len, output_len}.'),
  arrivals: arrivals
    .optional()
    .describe('When requests arrive; poisson if left out. Beside `requests` only a closed loop.'),
  request_rate: quantity('number', RATE, { min: MIN_RATE, max: MAX_RATE })
    .optional()
    .describe('Requests per second of the whole deployment. Beside `requests`: the file is stretched to this rate.'),
  users: users
    .optional()
    .describe(
      'In place of request_rate: the people who send them. Rate = count x active x requests_per_hour / 3600 s.',
    ),
  num_requests: count(1, MAX_REQUESTS)
    .optional()
    .describe(
      `Requests of a run: ${NUM_REQUESTS} if left out; with \`requests\` the first so many of the file, all if left out.`,
    ),
  duration: timeWithUnit
    .optional()
    .describe('Requests arrive until then, as many as do, such as 10min. Beside num_requests: whichever comes first.'),
  warmup: edge
    .optional()
    .describe(
      'Left out of every figure at the beginning: a time (30s), requests (200), a share of them (10%), or auto, the default: what MSER-5 cuts in mist run, 20% in sweeps.',
    ),
  cooldown: edge
    .optional()
    .describe(
      'The same at the end of the arrivals; auto, the default, is 10%. What drains afterwards is never in a rate.',
    ),
  seed: count(0, MAX_SEED).optional().describe('Seed of every random draw; 0 if left out.'),
  requests: requests.optional().describe('A trace or request file, instead of lengths and arrivals.'),
  max_tokens: maxTokens
    .optional()
    .describe(
      'Output tokens that clients ask for at most; a longer answer is asked for as it is. Engines that reserve the final length reserve these, and refuse what would pass max_model_len with them. The length of the answer if left out.',
    ),
  drift: quantity('share', FREE, { max: 1 - Number.EPSILON })
    .optional()
    .describe(
      'How far outputs of equal requests in a closed loop stray from their length, either way: machines do not keep them in step. 0.05 if left out, 0 keeps them equal.',
    ),
};

/** Below this a plain number was surely meant in GiB, as vLLM counts. */
const SPACE = 'a size of at least 1MiB, such as 4GiB (a plain number counts bytes)';
export const swapSpace = quantity('bytes', SPACE, { min: 2 ** 20 });
const STEPS = 'an integer from 1 up to 1024';
export const schedulerSteps = quantity('number', STEPS, { min: 1, max: 1024, integer: true });
/** The share of the blocks that must stay free: all of them would let nothing in. */
export const watermark = quantity('share', FREE, { max: 1 - Number.EPSILON });
export const STEP_SOURCE_WORDS =
  'What prices a step: cost-model (op by op), regression (on step traces of this model, hardware and split), or auto (a ' +
  'regression where there is one). cost-model if left out.';
export const BLOCKS = 'a positive integer (leave it out to have it computed from memory), or {log: FILE}';
export const kvLog = section(
  {
    log: name('the path of a start-up log').describe(
      'Start-up log of vLLM, SGLang or TensorRT-LLM, relative to this spec.',
    ),
  },
  '{log: FILE}',
);
const slo = section(
  {
    preset: word(SLO_PRESETS)
      .optional()
      .describe('A set of limits that was published; limits beside it come in place of its own.'),
    ...Object.fromEntries(
      SLO_KEYS.map(({ key, milliseconds, words: text }) => [
        key,
        (milliseconds ? positive('a number of milliseconds above 0') : limitLeaf).optional().describe(text),
      ]),
    ),
  },
  'latency limits, such as {p99_ttft: 1s, p99_tpot: 50ms}',
);

const PUE = 'a factor of at least 1 (energy of the site / energy of its devices)';
const HARDWARE = 'a hardware id of the catalog';
const perHardware = <S extends Leaf>(value: S, expected: string, text: string) =>
  z.record(name(HARDWARE), value, { error: expected }).optional().describe(text);
type Leaf = ReturnType<typeof quantity>;

/** Edition of the notation: a spec of another one is told, not guessed. */
export const SPEC_VERSION = 2;

/** What every spec has beside its deployment and its traffic. */
export const questionShape = {
  spec_version: z
    .literal(SPEC_VERSION, {
      error: `${SPEC_VERSION}, the notation that this build reads (CHANGELOG.md says what moved)`,
    })
    .optional()
    .describe(`Edition of the notation, ${SPEC_VERSION}; the newest if left out.`),
  name: name('a name').optional().describe("Title of the reports; the file's name if left out."),
  slo: slo.optional().describe('Limits that a deployment must keep, over all completed requests.'),
  budget: section(
    {
      devices: count(1, MAX_COUNT).optional().describe('Devices of all pools, at most.'),
      usd_per_hour: quantity('number', 'USD per hour above 0', { above: 0 })
        .optional()
        .describe('Cost of all of it, electricity included where that is paid apart, at most.'),
      watts: quantity('power', 'a power above 0, such as 10kW or 8000 (watts)', { above: 0 })
        .optional()
        .describe('Mean power of the devices while the load lasts, times PUE, at most.'),
      deadline: quantity('time', 'a time above 0, such as 4h or 90min', { above: 0 })
        .optional()
        .describe('When the last request is to be done, from the first on, of requests that are all there at once.'),
    },
    'what it may take at most, such as {devices: 16, usd_per_hour: 30, watts: 10kW, deadline: 4h}',
  )
    .optional()
    .describe('What a deployment may take at most; one that takes more keeps no promise.'),
  objective: word(OBJECTIVES)
    .optional()
    .describe('What the best deployment has least (or most) of; usd_per_hour if left out.'),
  pareto,
  top: count(1, 100_000).optional().describe(`Deployments the report keeps; ${TOP} if left out.`),
  settle: count(0, MAX_COUNT)
    .optional()
    .describe(`At most so many deployments are simulated request by request; ${SETTLE} if left out.`),
  prices: perHardware(
    quantity('number', 'a price of at least 0 (USD per device-hour)'),
    'USD per device-hour by hardware id',
    "USD per device-hour, in place of the sheet's.",
  ),
  price_sheet: name('a kind of price of the catalog, or the path of a list (.csv, .json)')
    .optional()
    .describe(
      `Kind of all other prices: specialised, hyperscaler, reserved, spot, owned, or a list; ${DEFAULT_SHEET} if left out.`,
    ),
  ownership: section(
    {
      years: quantity('number', 'years above 0', { above: 0 })
        .optional()
        .describe("Over which a purchase is spread, where prices are owned; the sheet's if left out."),
      utilisation: share(PART, true)
        .optional()
        .describe("Share of their hours in which the devices do this work; the sheet's if left out."),
    },
    '{years, utilisation}',
  )
    .optional()
    .describe('How devices that are bought are paid for.'),
  watts: perHardware(
    quantity('power', 'a power above 0, such as 400W or 700 (watts)', { above: 0 }),
    'watts per device by hardware id',
    "Board power per device, in place of the catalog's: 400W, 1.2kW or 700.",
  ),
  power: section(
    {
      pue: quantity('number', PUE, { min: 1 })
        .optional()
        .describe('Power usage effectiveness: energy of the site per energy of its devices; 1 if left out.'),
      usd_per_kwh: quantity('number', 'a price of at least 0 (USD per kWh)')
        .optional()
        .describe("Price of electricity, paid on top of the devices' price; contained in that if left out."),
    },
    '{pue, usd_per_kwh}',
  )
    .optional()
    .describe('What the site adds: PUE raises every joule, a price of electricity every cost.'),
};
