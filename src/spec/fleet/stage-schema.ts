// The structure of pipelines: lists of stages, each an object with one stage as its key; the stages nest. What stands behind the key
// of each stage is its own to say (stages/list.ts).
import { z } from 'zod';
import { STAGE_TYPES, STAGES } from '../../stages/list.ts';
import type { Stage, Vocabulary } from '../../stages/stage.ts';
import { word } from '../leaf.ts';
import { latency, lengthTokens, name, names, positive, section, share, size, time, tokens } from './leaf.ts';

const POOLS = 'a pool of the fleet, or a list of them';

const items = (item: z.ZodType, expected: string, one: string) =>
  z.array(item, { error: expected }).min(1, { error: one });

const vocabulary: Vocabulary = {
  on: names(POOLS).optional().describe('Pools that serve it; the only one that can if left out.'),
  tokens,
  latency,
  time,
  share,
  positive,
  size,
  lengthTokens,
  name,
  word,
  section,
  items,
  pools: () => names(POOLS),
  stages: z.lazy(() => stages),
  later: (make) => z.lazy(make),
};

const STAGE = `a stage: one of ${STAGE_TYPES.join(', ')}`;
const place = {
  name: name('a name').optional().describe('For reports, and for `after`.'),
  after: names('the name of a stage of this list')
    .optional()
    .describe('Stages of this list that it waits for; the one before it if left out.'),
};

/** `{prefill: pool}`, `{prefill: [pools]}` and `{prefill: {on: pool, ...}}`; a bare `prefill` is the word alone. */
function behind({ type, words, parameters }: Stage) {
  const shape = parameters(vocabulary);
  const whole = section(shape, `parameters of ${type}`);
  const pooled = 'on' in shape;
  const choices = pooled ? [names(POOLS), whole] : [whole];
  return z
    .union(choices, { error: pooled ? `a pool, a list of pools, or parameters of ${type}` : `parameters of ${type}` })
    .optional()
    .describe(words);
}

const shape = Object.fromEntries(STAGES.map((one) => [one.type, behind(one)]));
const stage: z.ZodType = z.union([word(STAGE_TYPES), section({ ...shape, ...place }, STAGE)], { error: STAGE });
const stages: z.ZodType = items(stage, 'a list of stages', 'at least one stage').describe(
  'Stages in order; each waits for the one before it, or for those it names under `after`.',
);

/** Whether `choices` behind this key are the stage's own, all of which it takes, and no axis. */
export function takesChoices(key: unknown): boolean {
  return STAGES.some(({ type, parameters }) => type === key && 'choices' in parameters(vocabulary));
}

export { stages };
