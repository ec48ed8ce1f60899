// How a pipeline spec was understood, in words: pools, places, pipelines as their stages, traffic.
import { explainLength, type LatencySpec } from '../../check/drawn.ts';
import { stageOf } from '../../stages/list.ts';
import { explainBudget } from '../budget.ts';
import { explainPower } from '../power.ts';
import { explainCurve } from '../rate-curve.ts';
import { tellLimit } from '../slo.ts';
import { explainEdge } from '../window.ts';
import { explainCount } from './autoscale.ts';
import { explainAdapters } from './lora.ts';
import type { FleetSpec, PoolSpec, StageSpec } from './types.ts';
import { nameRouting } from './words.ts';

/** A few lines for the terminal. */
export function explainFleetSpec(spec: FleetSpec): string {
  const rows: [string, string][] = [
    ['name', spec.name],
    ['traffic', explainTraffic(spec)],
    ['limits', spec.slo.map(tellLimit).join(', ') || 'none'],
    ...(spec.budget ? [['budget', explainBudget(spec.budget).join(', ')] as [string, string]] : []),
    ['hand-over', spec.localGroups === 1 ? 'global' : `within ${spec.localGroups} fixed groups`],
    ...spec.pools.map((pool): [string, string] => [`pool ${pool.name}`, explainPool(pool)]),
    ...spec.domains.map(({ name, kind, count, within }): [string, string] => [
      `place ${name}`,
      `${count} x ${kind}${within === null ? '' : ` within ${within}`}`,
    ]),
    ...(spec.power.pue !== 1 || spec.power.usd_per_kwh !== null
      ? [['site', explainPower(spec.power)] as [string, string]]
      : []),
    ...spec.pipelines.map(({ name, weight, stages }): [string, string] => [
      `pipeline ${name}`,
      `${spec.pipelines.length > 1 ? `weight ${weight}: ` : ''}${explainStages(stages)}`,
    ]),
  ];
  const width = Math.max(...rows.map(([key]) => key.length));
  return `${rows.map(([key, text]) => `${key.padEnd(width)}  ${text}`).join('\n')}\n`;
}

/** The same as data: the spec without its text. */
export function describeFleetSpec(spec: FleetSpec): object {
  const { text: _, ...understood } = spec;
  return understood;
}

function explainPool(pool: PoolSpec): string {
  const place = pool.location === null ? '' : ` in ${pool.location}`;
  const shared = pool.shares === null ? '' : `, shares ${pool.shares.channel}`;
  return `${explainCount(pool)} x ${explainClient(pool)}${place}${shared}`;
}

function explainClient(pool: PoolSpec): string {
  if (pool.kind === 'cores') return `${pool.cores} cores${pool.hardware === null ? '' : ` of ${pool.hardware}`}`;
  if (pool.kind === 'kv-store') return `store with tiers ${pool.tiers.join(', ')}`;
  const routed = pool.count > 1 ? `, ${nameRouting(pool.routing)}` : '';
  if (pool.kind === 'retrieval') return `${pool.index.kind} on ${pool.cores} cores of ${pool.hardware}${routed}`;
  const { model, hardware, batching, tensor_parallel_size: tp, pipeline_parallel_size: pp } = pool.configuration;
  const split = [tp > 1 ? ` tp ${tp}` : '', pp > 1 ? ` pp ${pp}` : ''].join('');
  const swaps = pool.configuration.preemption_mode === 'swap' ? ', swaps' : '';
  const steps = pool.configuration.num_scheduler_steps;
  const rounds = steps > 1 ? `, rounds of ${steps}` : '';
  const role = pool.role === 'both' ? '' : `, ${pool.role} only`;
  const { interconnect, network, host_link: host, power_limit: limit } = pool.configuration.machine ?? {};
  const joined = [interconnect, network, host].flatMap((link) => link?.name ?? []);
  const links = joined.length === 0 ? '' : ` joined by ${joined.join(', ')}`;
  const held = limit === undefined ? '' : ` held at ${limit} W`;
  return `${model || 'own step time'}${hardware === '' ? '' : ` on ${hardware}`}${held}${links}${split}, ${batching}${rounds}${swaps}${role}${routed}`;
}

/** "tokenize > embed > (a > b | c) > decode". */
export function explainStages(stages: readonly StageSpec[]): string {
  const names = stages.map((stage) => {
    const waits = stage.after ? ` [after ${stage.after.map((place) => stages[place]!.name).join(', ')}]` : '';
    return (stageOf(stage.type).explain?.(stage, explainStages) ?? stage.name) + waits;
  });
  return names.join(' > ');
}

function explainTraffic({ workload, sessions, prefixes, adapters }: FleetSpec): string {
  const { requests, num_requests: count, lengths, arrivals, request_rate: rate, seed } = workload;
  const { duration, warmup, cooldown } = workload;
  const number = count === 0 ? 'all' : String(count);
  const parts = requests
    ? [`${number} requests of ${requests.file}`]
    : [
        `${number} requests, ${arrivals.process === 'curve' ? `curve of ${explainCurve(arrivals)}` : arrivals.process}${rate > 0 ? ` at ${rate} requests/s` : ''}`,
      ];
  if (typeof lengths === 'string') parts.push(`lengths of ${lengths}`);
  else if (lengths)
    parts.push(`${explainLength(lengths.input_len)} tokens in, ${explainLength(lengths.output_len)} out`);
  if (duration !== undefined) parts.push(`until ${duration} s`);
  if (warmup) parts.push(`warm-up ${explainEdge(warmup)}`);
  if (cooldown) parts.push(`cool-down ${explainEdge(cooldown)}`);
  if (sessions) parts.push(`${explainLength(sessions.turns)} turns, ${explainLatency(sessions.thinkTime)} apart`);
  if (prefixes) parts.push(`beginning with one of ${prefixes.count} texts of ${explainLength(prefixes.tokens)} tokens`);
  if (adapters) parts.push(explainAdapters(adapters));
  return `${parts.join('; ')}; seed ${seed}`;
}

function explainLatency(latency: LatencySpec): string {
  if (latency.kind === 'fixed') return `${latency.value} s`;
  return latency.kind === 'uniform' ? `${latency.min} to ${latency.max} s` : `about ${latency.mean} s`;
}
