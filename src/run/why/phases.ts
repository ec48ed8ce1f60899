// What the time of engines goes into: steps with prompts and steps of decodes alone, each laid open op by op at steps that stand for equal
// parts of its time.
import type { Catalog } from '../../catalog/open.ts';
import { pricesOf } from '../../catalog/price-sheets.ts';
import { bindDeployment } from '../../plan/deployment.ts';
import { fitsOf } from '../../plan/efficiency.ts';
import { explainStep, type StepExplained } from '../../plan/explain-step.ts';
import type { StepRecord } from '../../plan/setup.ts';
import type { StepWork } from '../../plan/step-work.ts';
import type { SurfaceKey } from '../../plan/surface-key.ts';
import type { FleetSpec, LlmPool } from '../../spec/fleet/types.ts';
import type { Session } from '../session.ts';

/** What a second of a step may be spent on: kernels by what bounds them, the floor of steps outside captured graphs, the host. */
export const PARTS = ['compute', 'memory', 'network', 'latency', 'floor', 'host'] as const;
export type Part = (typeof PARTS)[number];

export interface Phase {
  readonly pool: string;
  readonly phase: 'prompts' | 'decodes';
  readonly steps: number;
  /** Of the time of the pool's engines. */
  readonly share: number;
  /** s, mean of a step. */
  readonly seconds: number;
  /** Mean of what a step holds, by its time. */
  readonly tokens: number;
  readonly sequences: number;
  /** Tokens of context that a decode reads. */
  readonly context: number;
  /** Shares of its time that add up to 1; null where the spec gives the price of a step. */
  readonly parts: Readonly<Record<Part, number>> | null;
  /** The ops that take the most of it, with what bounds them. */
  readonly ops: readonly { readonly name: string; readonly share: number; readonly bound: string }[];
}

/** Steps of a run per client that are kept to choose from. */
const MOST_KEPT = 1 << 14;
/** Steps that stand for a phase. */
const SAMPLES = 8;
const OPS = 3;

interface Kept {
  count: number;
  seconds: number;
  stride: number;
  list: StepRecord[];
}

/** Takes the steps of a run as they come; what it keeps does not grow with the run. */
export function openStepLog() {
  const phases = new Map<string, Kept>();
  return {
    note(steps: readonly StepRecord[], poolOf: (client: number) => string): void {
      for (const step of steps) {
        const name = `${poolOf(step.replica)} ${step.prefillTokens > 0 ? 'prompts' : 'decodes'}`;
        const kept = phases.get(name) ?? { count: 0, seconds: 0, stride: 1, list: [] };
        phases.set(name, kept);
        kept.seconds += step.duration;
        if (kept.count++ % kept.stride > 0) continue;
        kept.list.push(step);
        if (kept.list.length < MOST_KEPT) continue;
        kept.list = kept.list.filter((_, i) => i % 2 === 0);
        kept.stride *= 2;
      }
    },
    of: (pool: string, phase: Phase['phase']): Kept | undefined => phases.get(`${pool} ${phase}`),
  };
}

export type StepLog = ReturnType<typeof openStepLog>;

/** `seconds`: of a run, and `engines` of a pool, that time is a share of. */
export function layOpen(
  spec: FleetSpec,
  log: StepLog,
  session: Session,
  timeOf: (pool: string) => number,
  promptMean: number,
): Phase[] {
  return spec.pools.flatMap((pool) => {
    if (pool.kind !== 'llm') return [];
    return (['prompts', 'decodes'] as const).flatMap((phase) => {
      const kept = log.of(pool.name, phase);
      return kept ? [describe(pool, phase, kept, keyOf(spec, pool, session.catalog), session, timeOf, promptMean)] : [];
    });
  });
}

/** null where the spec itself says what a step takes. */
function keyOf(spec: FleetSpec, pool: LlmPool, catalog: Catalog): SurfaceKey | null {
  if (pool.configuration.step_time) return null;
  const bound = bindDeployment(pool.configuration, {
    ...{ catalog, prices: pricesOf(spec, catalog), watts: spec.watts, power: spec.power },
  });
  return 'key' in bound ? bound.key : null;
}

function describe(
  pool: LlmPool,
  phase: Phase['phase'],
  { count, seconds, list }: Kept,
  key: SurfaceKey | null,
  session: Session,
  timeOf: (pool: string) => number,
  promptMean: number,
): Phase {
  const weight = list.reduce((sum, step) => sum + step.duration, 0);
  const mean = (of: (step: StepRecord) => number) =>
    list.reduce((sum, step) => sum + step.duration * of(step), 0) / weight;
  const laid = key ? sample(list, weight).map((step) => price(step, key, session, promptMean)) : [];
  const [sequences, context] = [mean((step) => step.sequences), mean((step) => step.context)];
  return {
    ...{ pool: pool.name, phase, steps: count, share: seconds / timeOf(pool.name), seconds: seconds / count },
    tokens: mean((step) => step.prefillTokens),
    ...{ sequences, context: sequences > 0 ? context / sequences : 0 },
    parts: laid.length > 0 ? meanParts(laid) : null,
    ops: heaviest(laid),
  };
}

/** Steps in the middle of equal parts of the time, in order of how long they last. */
function sample(list: readonly StepRecord[], weight: number): StepRecord[] {
  const order = [...list].sort((a, b) => a.duration - b.duration);
  const chosen: StepRecord[] = [];
  let [past, at] = [0, 0];
  for (let i = 0; i < SAMPLES; i++) {
    const target = (weight * (i + 0.5)) / SAMPLES;
    while (at < order.length - 1 && past + order[at]!.duration < target) past += order[at++]!.duration;
    chosen.push(order[at]!);
  }
  return chosen;
}

/** A step does not say how its prompt tokens are cut: as many chunks as mean prompts, without a past. */
function workOf({ prefillTokens, sequences, context }: StepRecord, promptMean: number): StepWork {
  const chunks = prefillTokens > 0 ? Math.min(sequences, Math.max(1, Math.round(prefillTokens / promptMean))) : 0;
  const decodes = sequences - chunks;
  const each = Math.floor(prefillTokens / Math.max(1, chunks));
  return {
    prefill: Array.from({ length: chunks }, (_, i) => ({
      tokens: i === 0 ? prefillTokens - each * (chunks - 1) : each,
      past: 0,
      completes: true,
    })),
    decode: decodes > 0 ? [{ count: decodes, context: Math.round(context / decodes) }] : [],
  };
}

function price(step: StepRecord, key: SurfaceKey, session: Session, promptMean: number): StepExplained {
  const { catalog, kernels, arena } = session;
  const mark = arena.mark();
  try {
    return explainStep(key, workOf(step, promptMean), fitsOf(catalog), kernels, arena);
  } finally {
    arena.release(mark);
  }
}

function partsOf({ ops, kernelScale, deviceSeconds, floorSeconds, exactSeconds }: StepExplained): Record<Part, number> {
  const parts: Record<Part, number> = { compute: 0, memory: 0, network: 0, latency: 0, floor: 0, host: 0 };
  for (const { bound, seconds } of ops) parts[bound] += kernelScale * seconds;
  const kernels = parts.compute + parts.memory + parts.network + parts.latency;
  parts.latency += Math.max(0, deviceSeconds - kernels); // launches of prompt steps
  parts.floor = floorSeconds;
  parts.host = Math.max(0, exactSeconds - deviceSeconds - floorSeconds);
  return parts;
}

function meanParts(laid: readonly StepExplained[]): Record<Part, number> {
  const sum: Record<Part, number> = { compute: 0, memory: 0, network: 0, latency: 0, floor: 0, host: 0 };
  for (const one of laid) {
    const parts = partsOf(one);
    const all = PARTS.reduce((total, part) => total + parts[part], 0);
    for (const part of PARTS) sum[part] += parts[part] / all / laid.length;
  }
  return sum;
}

function heaviest(laid: readonly StepExplained[]): Phase['ops'] {
  const ops = new Map<string, { share: number; bound: string; most: number }>();
  for (const { ops: own, kernelScale, exactSeconds } of laid)
    for (const { op, seconds, bound } of own) {
      const share = (kernelScale * seconds) / exactSeconds / laid.length;
      const known = ops.get(op.name) ?? { share: 0, bound, most: 0 };
      ops.set(op.name, {
        share: known.share + share,
        ...(share > known.most ? { bound, most: share } : { bound: known.bound, most: known.most }),
      });
    }
  return [...ops]
    .sort(([, a], [, b]) => b.share - a.share)
    .slice(0, OPS)
    .map(([name, { share, bound }]) => ({ name, share, bound }));
}
