// The MLP of one layer group: dense, or router, routed experts and shared experts; and how tokens find experts.
import { BYTES_PER_WEIGHT } from '../catalog/parameters.ts';
import type { Mlp, WeightFormat } from '../catalog/types.ts';
import { gemm } from './gemm-ops.ts';
import { type ComputeOp, computeOp, type Routing } from './op.ts';
import { localExpertWidth, localWidth, type Split } from './split.ts';

type Moe = Extract<Mlp, { kind: 'moe' }>;

/** Ops of `count` layers with this MLP, on one device. */
export function listMlpOps(mlp: Mlp, hidden: number, count: number, split: Split, format: WeightFormat): ComputeOp[] {
  if (mlp.kind === 'none') return [];
  if (mlp.kind === 'dense') return listDense('mlp', hidden, mlp.intermediate, mlp.gated, count, split, format);
  return listMoe(mlp, hidden, count, split, format);
}

function listDense(
  name: string,
  hidden: number,
  intermediate: number,
  gated: boolean,
  count: number,
  split: Split,
  format: WeightFormat,
): ComputeOp[] {
  const width = localWidth(intermediate, split);
  return [
    gemm(`${name} ${gated ? 'gate and up' : 'up'}`, hidden, (gated ? 2 : 1) * width, format, count),
    gemm(`${name} down`, width, hidden, format, count),
  ];
}

function listMoe(mlp: Moe, hidden: number, count: number, split: Split, format: WeightFormat): ComputeOp[] {
  const ops = [gemm('router', hidden, mlp.experts, 'bf16', count)];
  const input = mlp.latent ?? hidden;
  if (mlp.latent) {
    ops.push(
      gemm('latent down', hidden, mlp.latent, format, count),
      gemm('latent up', mlp.latent, hidden, format, count),
    );
  }
  ops.push(expertsOp(mlp, input, count, split, format));
  if (mlp.shared_intermediate > 0) {
    ops.push(...listDense('shared experts', hidden, mlp.shared_intermediate, mlp.gated, count, split, format));
  }
  return ops;
}

function expertsOp(mlp: Moe, input: number, count: number, split: Split, format: WeightFormat): ComputeOp {
  const routing = { experts: mlp.experts, topK: mlp.top_k, groups: split.ep };
  const width = localExpertWidth(mlp.intermediate, split);
  return routedExperts(routing, { input, width, matrices: mlp.gated ? 3 : 2 }, count, format);
}

/** Sizes of one expert on one device. */
export interface Expert {
  readonly input: number;
  readonly width: number;
  readonly matrices: number;
}

/** The fused routed experts: weights of the distinct experts, activations of every (token, expert) pair. */
export function routedExperts(
  routing: Routing,
  { input, width, matrices }: Expert,
  count: number,
  format: WeightFormat,
): ComputeOp {
  const { experts, topK, groups } = routing;
  const weights = matrices * input * width;
  return computeOp({
    name: 'experts',
    family: 'moe',
    format,
    count,
    over: 'experts',
    flopsX: 2 * weights,
    bytesX: (4 * input * groups) / topK + 2 * matrices * width,
    bytesY: weights * BYTES_PER_WEIGHT[format],
    routing,
    shape: [experts, topK, input, width, groups],
  });
}

/**
 * Distinct experts that `tokens` tokens touch on one device, in expectation. The first token touches k; an expert is missed by the
 * others with probability (1 + m/2)^-2, m = (N-1) k/E being what it gets on average: routers prefer some experts, as if loads were
 * gamma-distributed with shape 2 (uniform routing would be e^-m). This is what kernel times under the power-law routing of
 * ai-dynamo/aiconfigurator show: half of the experts at m = 1, three quarters at 2, five sixths at 4.
 */
export function touchedExperts(routing: Routing, tokens: number): number {
  const { experts, topK, groups } = routing;
  if (tokens <= 1) return (topK * tokens) / groups;
  const load = 1 + ((tokens - 1) * topK) / (2 * experts);
  return (topK + (experts - topK) * (1 - 1 / (load * load))) / groups;
}

/** What experts scale with (stages/op.ts, Driver) by the new tokens of the instance: pairs on the busiest device, experts it touches. */
export function routedWork(routing: Routing, tokens: number): { x: number; y: number } {
  return { x: busiestPairs(routing, tokens), y: touchedExperts(routing, tokens) };
}

/** ln of a whole number, linear between powers of two: within 9 % at 3, exact at powers of two. */
function logOf(n: number): number {
  const octave = 31 - Math.clz32(n);
  return Math.LN2 * (octave + n / 2 ** octave - 1);
}

/**
 * (token, expert) pairs on the busiest of `groups` expert groups: the mean plus the expected excess of the fullest of ep bins,
 * sqrt(2 m ln ep) (Raab and Steger, "Balls into Bins", RANDOM 1998), at most every token with every expert it can choose there.
 */
export function busiestPairs(routing: Routing, tokens: number): number {
  const { experts, topK, groups } = routing;
  const mean = (tokens * topK) / groups;
  if (groups < 2) return mean;
  const most = tokens * Math.min(topK, experts / groups);
  return Math.min(most, mean + Math.sqrt(2 * mean * logOf(groups)));
}
