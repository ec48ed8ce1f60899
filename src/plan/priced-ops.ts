// The ops of a model at the prices of one hardware: what kernels sum into surfaces and `mist step` prints alike.
import type { Basis, EngineProfile, Hardware, OpFamily, WeightFormat } from '../catalog/types.ts';
import type { ComputeOp, ExchangeOp, Op } from '../stages/op.ts';
import type { Split } from '../stages/split.ts';
import { peakOf } from './arithmetic.ts';
import { exchangeCurve, fasterCurve, launch, type PricedCompute } from './bind-ops.ts';
import { cleanedRate } from './cleaned-table.ts';
import { collectiveId, collectiveTimeTwin } from './collective-twin.ts';
import { DERATING, derate, UNPACKING } from './datasheet.ts';
import {
  chooseExchange,
  chooseRate,
  type ExchangeRate,
  type FitSource,
  type HeldOutError,
  listSources,
  type Rate,
  worse,
} from './efficiency.ts';
import { bindCompute } from './envelope.ts';
import { gatherLarge, type KernelTraits, slowExchange, slowRate } from './maturity.ts';
import { type Curve, readCurve, readFactor, readPlane } from './op-table.ts';
import { combine, lineParts, normId } from './roofline-twin.ts';
import {
  type Chunk,
  chunkQuantities,
  perMicroBatch,
  quantitiesOf,
  type StepWork,
  sumWork,
  type Totals,
} from './step-work.ts';

export interface PricedExchange {
  readonly op: ExchangeOp;
  readonly rate: ExchangeRate;
  /** Seconds by message bytes; null = by the fit or the links. */
  readonly curve: Curve | null;
}

export interface PricedOps {
  readonly compute: readonly PricedCompute[];
  readonly exchange: readonly PricedExchange[];
  /** Share by which linear work of many rows is slower in steps with prompts. */
  readonly slowdown: number;
}

/** Rates of hardware, looked up once per kind of work. */
export interface RateBook {
  rate(hardware: Hardware, family: OpFamily, format: WeightFormat): Rate;
  exchange(hardware: Hardware, op: ExchangeOp, library: EngineProfile['kernels']): ExchangeRate;
}

/** Rates are remembered per hardware object: two objects with one id may differ. */
export function openRateBook(fits: FitSource): RateBook {
  const books = new Map<Hardware, HardwareBook>();
  const bookOf = (hardware: Hardware) => remember(books, hardware, () => openHardwareBook(listSources(fits, hardware)));
  return {
    rate(hardware, family, format) {
      const { sources, rates } = bookOf(hardware);
      return remember(rates, `${family} ${format}`, () =>
        cleanedRate(chooseRate(sources, hardware, family, format), format),
      );
    },
    exchange(hardware, op, library) {
      const { sources, exchanges } = bookOf(hardware);
      return remember(exchanges, `${op.op} ${op.devices} ${library}`, () =>
        chooseExchange(sources, hardware, op.op, op.devices, library),
      );
    },
  };
}

interface HardwareBook {
  readonly sources: ReturnType<typeof listSources>;
  readonly rates: Map<string, Rate>;
  readonly exchanges: Map<string, ExchangeRate>;
}

function openHardwareBook(sources: ReturnType<typeof listSources>): HardwareBook {
  return { sources, rates: new Map(), exchanges: new Map() };
}

/** The value under `key`, made once. */
export function remember<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}

/** Exchanges that a sum over all contains: an engine's own all-reduce kernel does them too, where a general library is slower. */
const SUMMED: ReadonlySet<ExchangeOp['op']> = new Set(['all-gather', 'reduce-scatter', 'all-to-all']);

/** TensorRT-LLM's decode kernels read an 8-bit cache as fast as a 16-bit one; vLLM's, which the traces time, do not on Hopper. */
function formatOf(op: ComputeOp, traits: KernelTraits): WeightFormat {
  const wide = traits.kernels === 'trtllm' && op.family === 'attention-decode' && op.format === 'fp8';
  return wide ? 'bf16' : op.format;
}

export function priceList(
  ops: readonly Op[],
  hardware: Hardware,
  book: RateBook,
  traits: KernelTraits = {},
): PricedOps {
  const compute: PricedCompute[] = [];
  const exchange: PricedExchange[] = [];
  const staticScales = traits.static_scales ?? false;
  const ownKernels = traits.kernels === 'trtllm';
  const unpacks = !ownKernels;
  const rateOf = (family: OpFamily, format: WeightFormat) =>
    slowRate(book.rate(hardware, family, format), family, traits, hardware);
  const gemmRate = (format: WeightFormat) => rateOf('gemm', format);
  const prices = {
    rateOf,
    peakOf: (format: WeightFormat) => peakOf(hardware, format),
    bandwidth: hardware.memory_bandwidth,
  };
  for (const op of ops) {
    if (op.kind === 'exchange') exchange.push(priceExchangeOp(op, hardware, book, traits));
    else {
      const rate = rateOf(op.family, formatOf(op, traits));
      compute.push(bindCompute(op, { rate, gemmRate, staticScales, unpacks, ownKernels }, prices));
    }
  }
  return { compute, exchange, slowdown: traits.prompt_slowdown ?? DERATING };
}

function priceExchangeOp(op: ExchangeOp, hardware: Hardware, book: RateBook, traits: KernelTraits): PricedExchange {
  const rateOf = (one: ExchangeOp) => slowExchange(book.exchange(hardware, one, traits.kernels), traits, hardware);
  const rate = rateOf(op);
  const sum = SUMMED.has(op.op) ? rateOf({ ...op, op: 'all-reduce' }) : null;
  const priced = { op, rate, curve: fasterCurve(exchangeCurve(rate), sum && exchangeCurve(sum)) };
  const from = traits.gathers_from_bytes;
  if (from === undefined || op.op !== 'all-reduce') return priced;
  const plain = (bytes: number) => exchangeSeconds(priced, bytes);
  return { ...priced, curve: gatherLarge(priced.curve, plain, from, op.devices - 1, hardware.scale_up.bandwidth) };
}

/** Seconds of one exchange of `bytes`. */
export function exchangeSeconds({ op, rate, curve }: PricedExchange, bytes: number): number {
  if (bytes <= 0) return 0;
  if (curve) return readCurve(curve, bytes);
  if (rate.fit) return combine(normId(rate.fit.p), rate.fit.t0, bytes * rate.fit.perByte);
  return collectiveTimeTwin(collectiveId(op.op), rate.inside, rate.across, bytes, rate);
}

export type Bound = 'compute' | 'memory' | 'latency' | 'network';

/** One op of one step: per launch, and over its `count` launches. */
export interface OpPrice {
  readonly op: Op;
  readonly count: number;
  /** FLOPs and bytes (of memory, or of the message) of all launches on one device. */
  readonly flops: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly bound: Bound;
  readonly basis: Basis;
  /** The file of catalog/efficiency whose fit it is (and the format or library, where that is another), or what was assumed. */
  readonly from: string;
  readonly error: HeldOutError | null;
}

/** The step op by op, in the order of the list: what a surface approximates. Ops that have nothing to do are left out. */
export function priceStepExactly(priced: PricedOps, work: StepWork, split: Split): OpPrice[] {
  const totals = sumWork(work);
  const prices: OpPrice[] = [];
  for (const compute of priced.compute) {
    const { x, y } = quantitiesOf(compute.op, work, totals, split);
    if (x <= 0 && y <= 0) continue;
    if (compute.op.over === 'prefill') prices.push(pricePrefill(compute, work.prefill, split));
    else prices.push(priceCompute(compute, x, y, { totals, split, slowdown: priced.slowdown }));
  }
  for (const exchange of priced.exchange) {
    const { x } = quantitiesOf(exchange.op, work, totals, split);
    if (x > 0) prices.push(priceExchange(exchange, x));
  }
  return prices;
}

interface About {
  readonly totals: Totals;
  readonly split: Split;
  readonly slowdown: number;
}

function priceCompute(priced: PricedCompute, x: number, y: number, { totals, split, slowdown }: About): OpPrice {
  const { op, line, norm, curve, plane } = priced;
  const { compute, memory } = lineParts(line, x, y);
  const rows = op.over === 'experts' ? perMicroBatch(totals.tokens, split) : x;
  let each = launch(norm, line, x, y);
  if (curve) each = readCurve(curve, rows);
  else if (plane) each = readPlane(plane, y, x / y);
  // micro-batches of a pipeline are counted in `count` for layers
  const slowed = totals.chunks > 0 && isLinear(op) ? slowOf(priced, rows, slowdown) : 1;
  const seconds = op.count * each * slowed;
  const work = { flops: op.flopsX * x + op.flopsY * y, bytes: op.bytes0 + op.bytesX * x + op.bytesY * y };
  return describe(priced, work, seconds, compute, memory);
}

/** Factor on linear work of a step with prompts. */
const slowOf = ({ unpacks }: PricedCompute, rows: number, slowdown: number): number =>
  derate(rows, slowdown) * (unpacks ? derate(rows, UNPACKING) : 1);

/** Prefill attention, chunk by chunk: every chunk at the efficiency of its length, one launch for all of them. */
function pricePrefill(priced: PricedCompute, chunks: readonly Chunk[], split: Split): OpPrice {
  const { op, line, norm, memoryZ, factors } = priced;
  const sum = { flops: 0, bytes: 0, seconds: line.t0, compute: 0, memory: 0 };
  for (const chunk of chunks) {
    const { x, y, z } = chunkQuantities(op.cap, chunk, split);
    const parts = lineParts(line, x, y);
    const factor = factors ? readFactor(factors.knots, factors.values, chunk.tokens) : 1;
    sum.seconds += factor * combine(norm, parts.compute, parts.memory + memoryZ * z);
    sum.compute += parts.compute;
    sum.memory += parts.memory + memoryZ * z;
    sum.flops += op.flopsX * x + op.flopsY * y;
    sum.bytes += op.bytesX * x + op.bytesY * y + op.bytesZ * z;
  }
  return describe(priced, sum, op.count * sum.seconds, sum.compute, sum.memory);
}

function describe(
  { op, line, rate }: PricedCompute,
  each: { readonly flops: number; readonly bytes: number },
  seconds: number,
  compute: number,
  memory: number,
): OpPrice {
  const bound = line.t0 > compute && line.t0 > memory ? 'latency' : compute > memory ? 'compute' : 'memory';
  const [flops, bytes] = [op.count * each.flops, op.count * each.bytes];
  return { op, count: op.count, flops, bytes, seconds, bound, basis: rate.basis, from: rate.from, error: rate.error };
}

function priceExchange(priced: PricedExchange, x: number): OpPrice {
  const { op, rate } = priced;
  const message = op.bytesX * x;
  const each = exchangeSeconds(priced, message);
  const least = exchangeSeconds(priced, 1);
  return {
    op,
    count: op.count,
    flops: 0,
    bytes: op.count * message,
    seconds: op.count * each,
    bound: least > each / 2 ? 'latency' : 'network',
    basis: rate.basis,
    from: rate.from,
    error: rate.error,
  };
}

/** What slows in steps with prompts: matrix multiplications and experts (plan/datasheet.ts, derate). */
export function isLinear(op: ComputeOp): boolean {
  return op.family === 'gemm' || op.family === 'moe';
}

/** Share of a step below which an op's basis does not matter to the whole. */
const MATTERS = 0.05;

/** The least trustworthy basis among the ops that make up the step. */
export function basisOf(prices: readonly OpPrice[]): Basis {
  const total = prices.reduce((sum, price) => sum + price.seconds, 0);
  let basis: Basis = 'measured';
  for (const price of prices) if (price.seconds >= MATTERS * total) basis = worse(basis, price.basis);
  return basis;
}
