// The structure of pipelines: lists of stages, each an object with one stage as its key; the stages nest.
import { z } from 'zod';
import { STAGE_KINDS, STAGE_NAMES, type StageName } from '../../stages/pipeline-stages.ts';
import { word } from '../leaf.ts';
import { latency, lengthTokens, name, names, positive, section, share, size, time, tokens } from './leaf.ts';
import { FETCH_MODES, SCORED } from './words.ts';

const POOLS = 'a pool of the fleet, or a list of them';
const on = names(POOLS).optional().describe('Pools that serve it; the only one that can if left out.');
const timed = (words: string) => time().optional().describe(words);
const text = {
  on,
  per_token: timed('Per token, on one core; a documented order of magnitude if left out.'),
  fixed: timed('Per request; the same.'),
};

const level = section(
  {
    tier: name('a tier').describe('A name under `tiers`.'),
    hit: share().describe('Probability that it holds the context, given that no nearer tier does.'),
  },
  '{tier, hit}',
);

/** What stands behind the key of each stage. */
const PARAMETERS: Readonly<Record<StageName, z.core.$ZodLooseShape>> = {
  tokenize: text,
  detokenize: text,
  'word-lookup': text,
  embed: { on, tokens: tokens.optional().describe("Tokens that are embedded; the question's if left out.") },
  retrieve: {
    on,
    passages: size().optional().describe('Passages found; 10 if left out.'),
    passage_tokens: tokens.optional().describe('Tokens of a passage; 256 if left out.'),
  },
  rerank: { on, keep: size().describe('Passages that stay in the context.') },
  'kv-fetch': {
    on: names(POOLS).optional().describe('A kv-store that is looked up, or cores that take the expected time.'),
    mode: word(FETCH_MODES)
      .optional()
      .describe(
        'simulated: hash blocks in a store; expected: equation 1; sampled: one level drawn. simulated if left out.',
      ),
    tokens: tokens.optional().describe('Expected and sampled: cached context before the prompt.'),
    levels: z
      .array(level, { error: 'a list of {tier, hit}, nearest first' })
      .min(1, { error: 'at least one level' })
      .optional()
      .describe('Expected and sampled: tiers with their hit rates.'),
  },
  prefill: {
    on,
    bypass_below: lengthTokens()
      .optional()
      .describe('Prompts below this many tokens are prefilled where they decode; none if left out.'),
  },
  decode: { on, output: tokens.optional().describe("Tokens of the answer; the workload's if left out.") },
  reason: {
    on,
    paths: size().optional().describe('Branches that share the prompt; 1 if left out.'),
    rounds: size().optional().describe('Rounds of thinking; 1 if left out.'),
    output: tokens.optional().describe('Thinking tokens of a path in a round.'),
    scale: positive().optional().describe('Thinking tokens as a multiple of the answer: 16, or 8 with several paths.'),
    reward: names(POOLS).optional().describe('Reward model that scores every path after each round.'),
  },
  reward: { on, of: word(SCORED).optional().describe('What it reads; context if left out.') },
  safety: { on, of: word(SCORED).optional().describe('What it reads; answer if left out.') },
  tool: {
    on,
    latency: latency.describe('How long the call takes.'),
    tokens: tokens.optional().describe('Tokens that its result adds to the context.'),
  },
  'route-to-model': {
    choices: z.lazy(() =>
      z
        .array(section({ share: share().describe('Share of the requests.'), stages }, '{share, stages}'), {
          error: 'a list of {share, stages}',
        })
        .min(1, { error: 'at least one choice' }),
    ),
  },
  repeat: {
    times: tokens.describe('How often: a number, or a distribution.'),
    stages: z.lazy(() => stages),
  },
  parallel: {
    branches: z.lazy(() =>
      z.array(stages, { error: 'a list of lists of stages' }).min(1, { error: 'at least one branch' }),
    ),
  },
};

const STAGE = `a stage: one of ${STAGE_NAMES.join(', ')}`;
const place = {
  name: name('a name').optional().describe('For reports, and for `after`.'),
  after: names('the name of a stage of this list')
    .optional()
    .describe('Stages of this list that it waits for; the one before it if left out.'),
};

/** `{prefill: pool}`, `{prefill: [pools]}` and `{prefill: {on: pool, ...}}`; a bare `prefill` is the word alone. */
function behind(stage: StageName) {
  const whole = section(PARAMETERS[stage], `parameters of ${stage}`);
  const pooled = 'on' in PARAMETERS[stage];
  const choices = pooled ? [names(POOLS), whole] : [whole];
  return z.union(choices, {
    error: pooled ? `a pool, a list of pools, or parameters of ${stage}` : `parameters of ${stage}`,
  });
}

const shape = Object.fromEntries(
  STAGE_NAMES.map((stage) => [stage, behind(stage).optional().describe(STAGE_KINDS[stage].words)]),
);
const stage: z.ZodType = z.union([word(STAGE_NAMES), section({ ...shape, ...place }, STAGE)], { error: STAGE });
const stages: z.ZodType = z
  .array(stage, { error: 'a list of stages' })
  .min(1, { error: 'at least one stage' })
  .describe('Stages in order; each waits for the one before it, or for those it names under `after`.');

export { stages };
