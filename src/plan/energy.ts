// Energy of a step as a line in its work: joules per byte and per FLOP, on top of what a board draws idle and running.
import type { Hardware } from '../catalog/types.ts';
import type { DraftShape } from '../stages/draft-head.ts';
import type { ComputeOp, Op } from '../stages/op.ts';
import { devicesOf, type Split } from '../stages/split.ts';
import { peakOf } from './arithmetic.ts';
import { clocksOf, IDLE_SHARE } from './clocks.ts';

/**
 * What a board draws: IDLE_SHARE of its power (TDP) when no step runs, ACTIVE_SHARE more while one does (clocks up, whatever the work),
 * and on top of that every byte of memory traffic and every FLOP, up to its limit, at which the firmware holds it.
 * Idle: 75 W of 700 on H100 (splitwise-sim), 80 W of 700 on H200 with a model server up (serialalice.pt, 2026-06).
 * The rest: least squares over 32 runs of the ML.ENERGY leaderboard on H100 (vLLM 0.11, three models, 8 to 1024 at once; board power 0.61
 * to 0.99 of TDP), each at the work per second that was measured: 219 W, 94 pJ/B, 0.54 pJ/FLOP at 16 bits; median error 3 %, 90th
 * percentile 6 %. A byte's energy is that of HBM and of the wires, not a share of TDP: the same 94 pJ/B hold on B200 and on GDDR7
 * (a copy on RTX PRO 6000 draws 365 W, this says 354), where shares of TDP were 20 % low. A FLOP takes as much, or what brings a matrix
 * unit at its peak to COMPUTE_SHARE of TDP, which is more on older and on graphics boards; half as wide a format takes half as much.
 * Sorting logits keeps the cores busy too: a byte that sampling moves counts SAMPLING_TIMES (fitted in 2025 to the same runs). The
 * network's share at its peak is the GenZ power model's (paper.md "Power/energy").
 */
export const ACTIVE_SHARE = 0.2;
export const JOULES_PER_BYTE = 94e-12;
export const JOULES_PER_FLOP = 0.54e-12;
export const COMPUTE_SHARE = 0.77;
export const NETWORK_SHARE = 0.1;
export const SAMPLING_TIMES = 2.25;
/** Of processors whose work is not priced op by op (cores, searches, stores): ready, of all busy. */
export const HOST_IDLE_SHARE = 0.33;

/** New tokens at which the experts' weights of a step are counted: their number is not linear, so one batch stands for all. */
const REFERENCE_TOKENS = 8;

export interface EnergyLine {
  readonly step: number;
  readonly token: number;
  readonly pair: number;
  readonly context: number;
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
  /** W that a running step adds, whatever its work; absent = 0. */
  readonly busyW?: number;
  /** W at which it is held, all in all; absent = no limit. */
  readonly mostW?: number;
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
  const { idleW, busyW = 0, mostW = Number.POSITIVE_INFINITY } = energy;
  const watts = { idleW: idleW / ranks, busyW: busyW / ranks, mostW: mostW / ranks };
  return { ...part(energy), ...watts, ...(divided ? { parts: divided } : {}) };
}

/** J per step, token, pair and context token by what they go into. */
export function partFigures(work: EnergyOps, hardware: Hardware): Readonly<Record<Resource, WorkFigures>> {
  const only = (resource: Resource) => workFigures(work, hardware, new Set([resource]));
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
export function workFigures(work: EnergyOps, hardware: Hardware, parts: Counted = ALL): WorkFigures {
  const own = lowerEnergy(work.ops, hardware, work.split, parts);
  if (work.draft === null) return figuresOf(own);
  const draft = lowerEnergy(work.draft.ops, hardware, work.draft.split, parts);
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

/** What of a step's work is counted. */
type Counted = ReadonlySet<Resource>;
const ALL: Counted = new Set(['compute', 'memory', 'network']);

type Joules = { step: number; token: number; pair: number; context: number };

/** J per step, new token, prefill pair and context token over all devices of an instance; NaN where TDP is unknown. */
export function lowerEnergy(ops: readonly Op[], hardware: Hardware, split: Split, parts: Counted = ALL): EnergyLine {
  const devices = devicesOf(split);
  const tdp = hardware.tdp_w ?? Number.NaN;
  const known = 0 * tdp; // NaN where nobody knows what the board draws
  const perByte = (parts.has('memory') ? JOULES_PER_BYTE : 0) + known;
  const perMessageByte = ((parts.has('network') ? NETWORK_SHARE : 0) * tdp) / hardware.scale_up.bandwidth;
  const atPeak = parts.has('compute')
    ? Math.max(JOULES_PER_FLOP * peakOf(hardware, 'bf16'), COMPUTE_SHARE * tdp)
    : known;
  const sum: Joules = { step: 0, token: 0, pair: 0, context: 0 };
  for (const op of ops) {
    if (op.kind === 'exchange') {
      if (op.over !== 'samples') sum.token += (op.count * op.bytesX * perMessageByte) / spread(op.over, split);
    } else {
      const perFlop = (atPeak * clocksOf(hardware).joules) / peakOf(hardware, op.format);
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
  };
}

/** W of an instance that does nothing, and what a running step adds; NaN where TDP is unknown. */
export function standingWatts(hardware: Hardware, split: Split): { readonly idle: number; readonly busy: number } {
  const most = (hardware.tdp_w ?? Number.NaN) * devicesOf(split);
  return { idle: IDLE_SHARE * most, busy: ACTIVE_SHARE * most };
}

/** W at which boards are held that draw so much when they idle. */
export const mostWatts = (idle: number): number => idle / IDLE_SHARE;

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
    const moved = op.over === 'samples' ? SAMPLING_TIMES : 1;
    sum.token += (op.count * (op.flopsX * perFlop + op.bytesX * perByte * moved)) / split.dp;
  }
}
