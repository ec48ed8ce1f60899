// One operation of a forward pass: what it is, how often, and its FLOPs and bytes as lines in what a step carries.
import type { CollectiveOp, OpFamily, WeightFormat } from '../catalog/types.ts';

/**
 * What an op scales with, per device and micro-batch:
 *   tokens   x = new tokens of one attention group
 *   experts  x = (token, expert) pairs on the busiest device, y = distinct experts it touches
 *   all      x = new tokens of the whole instance (what the experts see)
 *   samples  x = sequences that sample
 *   decode   x = cached tokens read by decodes, y = decoding sequences
 *   prefill  x = (new token, earlier token) pairs, y = cached and new tokens read by chunks, z = new tokens
 */
export type Driver = 'tokens' | 'experts' | 'all' | 'samples' | 'decode' | 'prefill';

export interface ComputeOp {
  readonly kind: 'compute';
  readonly name: string;
  readonly family: OpFamily;
  /** Arithmetic and storage; for attention the KV format. */
  readonly format: WeightFormat;
  /** Launches per iteration. */
  readonly count: number;
  readonly over: Driver;
  /** decode, prefill: the longest context a token looks at (window, sparse top-k); Infinity = all of it. */
  readonly cap: number;
  readonly flopsX: number;
  readonly flopsY: number;
  readonly bytes0: number;
  readonly bytesX: number;
  readonly bytesY: number;
  /** prefill: queries read and results written, per new token. */
  readonly bytesZ: number;
  /** Activation elements per x that a quantised product reads; a fit may charge more bytes for them (OpFit.activation_bytes). */
  readonly activationsX: number;
  /** experts: how tokens are routed. */
  readonly routing: Routing | null;
  /**
   * Where it stands in the tables of measurements (catalog/types.ts, OpTable), on one device; empty = nowhere.
   *   gemm       n, k
   *   attention  query heads, KV heads, head size
   *   moe        experts, choices, input width, width of an expert, expert groups
   */
  readonly shape: readonly number[];
}

export interface Routing {
  readonly experts: number;
  readonly topK: number;
  readonly groups: number;
}

/** An exchange between `devices` devices, or cores that work as such; the message of one device is bytesX per unit of `over`. */
export interface ExchangeOp {
  readonly kind: 'exchange';
  readonly name: string;
  readonly op: CollectiveOp;
  readonly devices: number;
  readonly count: number;
  readonly over: 'tokens' | 'all' | 'samples';
  readonly bytesX: number;
}

export type Op = ComputeOp | ExchangeOp;

const NOTHING = {
  cap: Number.POSITIVE_INFINITY,
  flopsY: 0,
  bytes0: 0,
  bytesY: 0,
  bytesZ: 0,
  activationsX: 0,
  routing: null,
  shape: [],
};

type Required = 'name' | 'family' | 'format' | 'count' | 'over' | 'flopsX' | 'bytesX';

/** A compute op from the fields that matter to it; every other field is neutral. */
export function computeOp(fields: Pick<ComputeOp, Required> & Partial<ComputeOp>): ComputeOp {
  return { kind: 'compute', ...NOTHING, ...fields };
}
