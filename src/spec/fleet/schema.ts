// The structure of a whole pipeline spec: every key, its words and its limits. Editors read it as JSON Schema.
import { z } from 'zod';
import { HASH_BLOCK } from '../defaults.ts';
import { word } from '../leaf.ts';
import { questionShape, workloadShape } from '../schema.ts';
import { client, impatienceShape } from './client.ts';
import {
  bandwidth,
  count,
  instances,
  latency,
  link,
  name,
  positive,
  quantity,
  section,
  share,
  size,
  time,
  tokens,
} from './leaf.ts';
import { adapters } from './lora.ts';
import { fleet, shortShape } from './pool-schema.ts';
import { stages } from './stage-schema.ts';
import { DOMAIN_KINDS, WRITE_POLICIES } from './words.ts';

const LINK = 'a link: a name under `links`, or {bandwidth, latency, efficiency}';
const domain = section(
  {
    kind: word(DOMAIN_KINDS).describe('What it is; decides the port where none is given.'),
    count: instances().optional().describe('Places alike; 1 if left out.'),
    within: name('a domain')
      .optional()
      .describe('Domain that these are members of, spread over its instances in order.'),
    port: z
      .union([name(LINK), link], { error: LINK })
      .optional()
      .describe('Link of every member (instance or inner domain) to it, one each way; by kind if left out.'),
    bus: name('a link under `links`')
      .optional()
      .describe('Link that everything between two members crosses and shares; none if left out.'),
  },
  'a domain: {kind, count, within, port, bus}',
);

const tier = section(
  {
    capacity: quantity('bytes', 'a size above 0, such as 1TB', { above: 0 }).describe('Of one store.'),
    latency: time().optional().describe('Per look-up that finds something; 0 if left out.'),
    bandwidth: bandwidth().optional().describe('What it sends with.'),
    link: name('a link under `links`').optional().describe('Instead of a bandwidth: a link shared with others.'),
    scope: word(['store', 'fleet'])
      .optional()
      .describe('Whether every store has the bandwidth to itself, or all stores share it; store if left out.'),
    write_policy: word(WRITE_POLICIES)
      .optional()
      .describe(
        'When a block comes in: write_through, with every visit; write_through_selective, on its second use, when a nearer tier ' +
          'holds it; write_back, when the tier before lets it go. write_through if left out.',
      ),
    warm: share()
      .optional()
      .describe(
        'Share of the texts of `shared_prefix` that lies here when the run begins, those that most requests begin with first, as far as ' +
          'there is room; 0 if left out.',
      ),
  },
  'a tier: {capacity, latency, bandwidth | link, scope, write_policy, warm}',
);

const sessions = section(
  {
    turns: tokens.describe('Questions of a conversation: a number, or a distribution.'),
    think_time: latency.describe('From the end of an answer to the next turn.'),
  },
  '{turns, think_time}',
);

const prefixes = section(
  {
    count: size().optional().describe('Different texts that prompts begin with; 1 if left out.'),
    tokens: tokens.describe('Tokens of each.'),
    zipf: quantity('number', 'a number of at least 0')
      .optional()
      .describe('Skew of their choice; 0 (even) if left out.'),
  },
  '{count, tokens, zipf}',
);

const workload = section(
  {
    ...workloadShape,
    sessions: sessions.optional().describe('Conversations of several turns, whose context grows.'),
    shared_prefix: prefixes.optional().describe('Texts that prompts begin with and that caches may hold.'),
    adapters: adapters.optional().describe('LoRA adapters that requests ask for; conversations keep theirs.'),
    hash_block: size()
      .optional()
      .describe(
        `Tokens of a hash block: a part or a multiple of a trace's; if left out, the trace's or ${HASH_BLOCK} with a kv-store, else those of the engines' blocks.`,
      ),
  },
  'the traffic: lengths, arrivals, request_rate, sessions, ...',
);

const PRIORITY = 'a whole number, or {score: an expression of input_len and output_len}';
const priority = z.union(
  [
    count(-1000, 1000),
    section({ score: name(PRIORITY).describe('Such as `output_len`, or `input_len + 4 * output_len`.') }, PRIORITY),
  ],
  { error: PRIORITY },
);

const pipeline = section(
  {
    weight: positive().optional().describe("Relative to the other pipelines'; 1 if left out."),
    priority: priority
      .optional()
      .describe(
        'Where engines have packing: priority, requests of the smallest are served first and preempted last; 0 if left out. {score} works it out for each request, of input_len and output_len (tokens), to the nearest whole number.',
      ),
    fair_weight: positive()
      .optional()
      .describe(
        'Where engines have packing: fair, its requests are those of one tenant, which is due so much relative to the others; 1 if left out.',
      ),
    lengths: workloadShape.lengths.describe("Lengths of its own, instead of the workload's."),
    ...impatienceShape,
    stages,
  },
  'a pipeline: {weight, priority, fair_weight, lengths, timeout, retries, backoff, stages}',
);

const DISAGGREGATION = 'global, or {local: groups}';
const disaggregation = z.union(
  [
    z.literal('global', { error: DISAGGREGATION }),
    section({ local: instances().describe('Fixed groups that the pools are split into, in order.') }, DISAGGREGATION),
  ],
  { error: DISAGGREGATION },
);

const byName = <S extends z.core.SomeType>(schema: S, expected: string, words: string) =>
  z.record(name('a name'), schema, { error: expected }).optional().describe(words);

const WHERE = 'a comparison, such as devices == 8 and tp * pp <= 4';
export const specSchema = section(
  {
    spec_version: questionShape.spec_version,
    name: questionShape.name,
    let: z
      .record(name('a name of letters, digits and _'), z.unknown(), { error: 'parameters by name' })
      .optional()
      .describe(
        'Parameters by name: numbers, words, parts, or expressions of one another. Wherever a number may stand, an expression of them may (count: n - p); $name is the value itself.',
      ),
    where: z
      .string({ error: WHERE })
      .optional()
      .describe(
        'Which rows count: a comparison of parameters, keys of pools, traffic and limits, devices and instances (devices == 8 and tp * pp <= 4). All others are left out before anything of them is computed.',
      ),
    study: z.unknown().optional().describe('What `mist study` claims of the rows; other verbs pass over it.'),
    ...shortShape,
    fleet: fleet.optional().describe('Pools by name, instead of model, deployment and engine, which stand for one.'),
    links: byName(link, 'links by name', 'Links by name, for ports, buses and tiers.'),
    topology: byName(domain, 'domains by name', 'Domains and how they nest; without it nothing is far from anything.'),
    tiers: byName(tier, 'tiers by name', 'Memory tiers, for kv-stores and expected fetches.'),
    disaggregation: disaggregation
      .optional()
      .describe(
        'global: any prefill instance hands on to any decode instance; local: fixed groups. global if left out.',
      ),
    pipelines: z
      .record(name('a name'), pipeline, { error: 'pipelines by name' })
      .optional()
      .describe('What requests walk through.'),
    workload: workload.optional().describe('Who arrives, when, how long. Required.'),
    client: client.optional().describe('What of a run its client sees and counts.'),
    slo: questionShape.slo,
    budget: questionShape.budget,
    objective: questionShape.objective,
    pareto: questionShape.pareto,
    top: questionShape.top,
    settle: questionShape.settle,
    prices: questionShape.prices,
    price_sheet: questionShape.price_sheet,
    ownership: questionShape.ownership,
    watts: questionShape.watts,
    power: questionShape.power,
  },
  'a spec: model, workload, deployment, engine, ... or fleet, pipelines, workload, ...',
);

type JsonSchema = { [key: string]: unknown };

const AXIS: JsonSchema = {
  description: 'An axis of a sweep.',
  anyOf: [
    {
      type: 'object',
      properties: {
        choices: {
          description: 'Values, or values by name, or all (ids of the catalog).',
          anyOf: [{ type: 'array' }, { type: 'object' }, { const: 'all' }],
        },
      },
      required: ['choices'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: Object.fromEntries(
        ['from', 'to', 'step', 'factor'].map((key) => [key, { type: ['number', 'string'] }]),
      ),
      required: ['from', 'to'],
      additionalProperties: false,
    },
    { type: 'array', minItems: 1, description: 'The values of the axis, in order.' },
  ],
};

/** Every value below may also be an axis; what a key means stays with the key. */
function allowAxes(schema: JsonSchema): JsonSchema {
  const out: JsonSchema = { ...schema };
  const orAxis = (inner: unknown): unknown => {
    if (inner === null || typeof inner !== 'object') return inner;
    const { description, ...rest } = allowAxes(inner as JsonSchema);
    return { ...(description ? { description } : {}), anyOf: [rest, { $ref: '#/$defs/axis' }] };
  };
  if (out.properties) {
    out.properties = Object.fromEntries(Object.entries(out.properties).map(([key, inner]) => [key, orAxis(inner)]));
  }
  if (out.additionalProperties) out.additionalProperties = orAxis(out.additionalProperties);
  if (out.items) out.items = orAxis(out.items);
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    if (Array.isArray(out[key])) out[key] = (out[key] as JsonSchema[]).map(allowAxes);
  }
  return out;
}

/** A pool may be what another is, with something else in its place (derive-fleet.ts): it then lacks what that has. */
function allowBases(fleet: JsonSchema): void {
  const [pools] = fleet.anyOf as { additionalProperties: JsonSchema }[];
  const base = { type: 'string', description: 'Another pool of the fleet: all that is not said here is as there.' };
  const derived = { type: 'object', properties: { base }, required: ['base'] };
  pools!.additionalProperties = { anyOf: [...(pools!.additionalProperties.anyOf as unknown[]), derived] };
}

/** The JSON Schema of a spec, with a description on every key; any value may be an axis. */
export function specJsonSchema(): object {
  const schema = z.toJSONSchema(specSchema, { io: 'input' }) as JsonSchema;
  const { properties, ...rest } = schema;
  const open = allowAxes({ properties }).properties as JsonSchema;
  const whole = properties as JsonSchema;
  for (const key of ['spec_version', 'name', 'objective', 'pareto', 'top', 'settle', 'where', 'study'])
    open[key] = whole[key];
  allowBases(open.fleet as JsonSchema);
  return { ...rest, properties: open, $defs: { ...(schema.$defs as object | undefined), axis: AXIS } };
}
