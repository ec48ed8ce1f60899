// Energy of a step as a line in its work: shares of the power budget at peak rates, on top of idle power.
import type { Hardware } from '../catalog/types.ts';
import type { DraftShape } from '../stages/draft-head.ts';
import type { ComputeOp, Op } from '../stages/op.ts';
import { devicesOf, type Split } from '../stages/split.ts';
import { peakOf } from './arithmetic.ts';

/**
 * Shares of TDP: powered and ready, compute at peak, memory at peak, network at peak, and the memory traffic of sampling. The form is
 * the GenZ power model (paper.md "Power/energy"), whose shares add up to one; measured boards are not so kind. Fitted by least squares
 * to 33 runs of the ML.ENERGY leaderboard on H100 (vLLM 0.11, three models, 8 to 1024 at once; board power 0.61 to 0.99 of TDP): median
 * error 5 %, 90th percentile 8 %; with 0.3/0.8/0.6/0.1 and no sampling it was 20 and 35 %. A matrix unit that runs at the 0.7 of its peak
 * that engines reach draws the whole budget. Sorting logits keeps the cores busy too: its bytes cost twice those of weights.
 * The network's share is the GenZ model's.
 */
export const IDLE_SHARE = 0.33;
export const COMPUTE_SHARE = 0.9;
export const MEMORY_SHARE = 0.4;
export const NETWORK_SHARE = 0.1;
export const SAMPLING_SHARE = 0.9;

/** New tokens at which the experts' weights of a step are counted: their number is not linear, so one batch stands for all. */
const REFERENCE_TOKENS = 8;

export interface EnergyLine {
  readonly step: number;
  readonly token: number;
  readonly pair: number;
  readonly context: number;
  readonly idleWatts: number;
}

export type Resource = 'compute' | 'memory' | 'network';

/** A line as what a run's counters are multiplied with. */
export interface WorkFigures {
  /** Speculative decoding: J per step that verifies drafts and per sequence whose drafts it verifies; absent = nothing. */
  readonly perDraftStep?: number;
  readonly perDraft?: number;
  readonly perStep: number;
  readonly perToken: number;
  readonly perPair: number;
  readonly perContext: number;
}

/** What a machine draws: work as lines (J), on top of idle watts. */
export interface EnergyFigures extends WorkFigures {
  readonly idleW: number;
  /** The same work by what it goes into; absent where that is not known. */
  readonly parts?: Readonly<Record<Resource, WorkFigures>>;
}

/** Of one of the `ranks` of an instance: every rank counts each step, so that its fixed part is divided; work is counted once. */
export function perRank(energy: EnergyFigures, ranks: number): EnergyFigures {
  if (ranks === 1) return energy;
  const part = <F extends WorkFigures>(figures: F): F => ({
    ...figures,
    perStep: figures.perStep / ranks,
    ...(figures.perDraftStep === undefined ? {} : { perDraftStep: figures.perDraftStep / ranks }),
  });
  const { parts } = energy;
  const divided = parts && { compute: part(parts.compute), memory: part(parts.memory), network: part(parts.network) };
  return { ...part(energy), idleW: energy.idleW / ranks, ...(divided ? { parts: divided } : {}) };
}

/** J per step, token, pair and context token by what they go into. */
export function partFigures(work: EnergyOps, hardware: Hardware): Readonly<Record<Resource, WorkFigures>> {
  const only = (resource: Resource) => workFigures(work, hardware, { ...NO_SHARE, [resource]: FULL_SHARES[resource] });
  return { compute: only('compute'), memory: only('memory'), network: only('network') };
}

/** What energy is lowered from: the model's ops, and those of what drafts for it. */
export interface EnergyOps {
  readonly ops: readonly Op[];
  readonly split: Split;
  /** New tokens of a decode. */
  readonly perDecode: number;
  readonly draft: DraftShape | null;
}

/**
 * J per unit of what a run counts. The draft's first pass goes over every new token of every step, its other passes over one token
 * of each sequence that decodes; each of its passes reads the context.
 */
export function workFigures(work: EnergyOps, hardware: Hardware, shares: ResourceShares = FULL_SHARES): WorkFigures {
  const own = lowerEnergy(work.ops, hardware, work.split, shares);
  if (work.draft === null) return figuresOf(own);
  const draft = lowerEnergy(work.draft.ops, hardware, work.draft.split, shares);
  const passes = work.perDecode - 1;
  return {
    perStep: own.step + draft.step,
    perToken: own.token + draft.token,
    perPair: own.pair + draft.pair,
    perContext: own.context + passes * draft.context,
    perDraftStep: (passes - 1) * draft.step,
    perDraft: (passes - 1) * draft.token,
  };
}

function figuresOf({ step, token, pair, context }: EnergyLine): WorkFigures {
  return { perStep: step, perToken: token, perPair: pair, perContext: context };
}

type ResourceShares = Readonly<Record<Resource, number>>;
const FULL_SHARES: ResourceShares = { compute: COMPUTE_SHARE, memory: MEMORY_SHARE, network: NETWORK_SHARE };
const NO_SHARE: ResourceShares = { compute: 0, memory: 0, network: 0 };

type Joules = { step: number; token: number; pair: number; context: number };

/** J per step, new token, prefill pair and context token over all devices of an instance; NaN where TDP is unknown. */
export function lowerEnergy(
  ops: readonly Op[],
  hardware: Hardware,
  split: Split,
  shares: ResourceShares = FULL_SHARES,
): EnergyLine {
  const devices = devicesOf(split);
  const tdp = hardware.tdp_w ?? Number.NaN;
  const perByte = (shares.memory * tdp) / hardware.memory_bandwidth;
  const perMessageByte = (shares.network * tdp) / hardware.scale_up.bandwidth;
  const sum: Joules = { step: 0, token: 0, pair: 0, context: 0 };
  for (const op of ops) {
    if (op.kind === 'exchange') {
      if (op.over !== 'samples') sum.token += (op.count * op.bytesX * perMessageByte) / spread(op.over, split);
    } else {
      const perFlop = (shares.compute * tdp) / peakOf(hardware, op.format);
      addCompute(sum, op, perFlop, perByte, split);
    }
  }
  // counts are per device and stage time pp: each device runs a pp-th of the layers for every micro-batch
  const scale = devices / split.pp;
  const joules = (value: number) => value * scale;
  return {
    step: joules(sum.step),
    token: joules(sum.token),
    pair: joules(sum.pair),
    context: joules(sum.context),
    idleWatts: IDLE_SHARE * tdp * devices,
  };
}

/** W of an instance that does nothing; NaN where TDP is unknown. */
export function idleWatts(hardware: Hardware, split: Split): number {
  return IDLE_SHARE * (hardware.tdp_w ?? Number.NaN) * devicesOf(split);
}

/** How many instance tokens make one of a device's: groups take turns, micro-batches add up. */
function spread(over: 'tokens' | 'all', split: Split): number {
  return over === 'tokens' ? split.dp : 1;
}

function addCompute(sum: Joules, op: ComputeOp, perFlop: number, perByte: number, split: Split): void {
  const weights = op.count * op.bytes0 * perByte * split.pp;
  const x = op.count * (op.flopsX * perFlop + op.bytesX * perByte);
  if (op.over === 'experts' && op.routing) {
    const { topK, experts, groups } = op.routing;
    const touched = Math.min(experts, topK * REFERENCE_TOKENS) / groups;
    sum.step += op.count * op.bytesY * perByte * touched * split.pp;
    sum.token += (x * topK) / groups;
  } else if (op.over === 'decode') {
    sum.context += x / split.dp;
  } else if (op.over === 'prefill') {
    sum.pair += x / split.dp;
    sum.token += (op.count * op.bytesZ * perByte) / split.dp;
  } else {
    sum.step += weights;
    // sampling is counted with every new token, as if prompts sampled too: little beside what else a prompt's tokens cost
    const moved = op.over === 'samples' ? SAMPLING_SHARE / MEMORY_SHARE : 1;
    sum.token += (op.count * (op.flopsX * perFlop + op.bytesX * perByte * moved)) / split.dp;
  }
}
