// Ops bound to the rates of one hardware: each becomes a line in seconds that kernels and `mist step` price alike.
import type { Basis, Hardware, OpFamily, WeightFormat } from '../catalog/types.ts';
import { ACTIVATION_BYTES } from '../stages/formats.ts';
import type { ComputeOp, ExchangeOp, Op } from '../stages/op.ts';
import type { Split } from '../stages/split.ts';
import { collectiveId, collectiveTimeTwin } from './collective-twin.ts';
import { derate } from './datasheet.ts';
import {
  chooseExchange,
  chooseRate,
  type ExchangeRate,
  type FitSource,
  listSources,
  type Rate,
  worse,
} from './efficiency.ts';
import { combine, type Line, lineParts, normId } from './roofline-twin.ts';
import { perMicroBatch, quantitiesOf, type StepWork, sumWork, type Totals } from './step-work.ts';

export interface PricedCompute {
  readonly op: ComputeOp;
  readonly rate: Rate;
  readonly norm: number;
  readonly line: Line;
}

export interface PricedExchange {
  readonly op: ExchangeOp;
  readonly rate: ExchangeRate;
}

export interface PricedOps {
  readonly compute: readonly PricedCompute[];
  readonly exchange: readonly PricedExchange[];
}

/** Rates of hardware, looked up once per kind of work. */
export interface RateBook {
  rate(hardware: Hardware, family: OpFamily, format: WeightFormat, latent: boolean): Rate;
  exchange(hardware: Hardware, op: ExchangeOp): ExchangeRate;
}

/** Rates are remembered per hardware object: two objects with one id may differ. */
export function openRateBook(fits: FitSource): RateBook {
  const books = new Map<Hardware, HardwareBook>();
  const bookOf = (hardware: Hardware) => remember(books, hardware, () => openHardwareBook(listSources(fits, hardware)));
  return {
    rate(hardware, family, format, latent) {
      const { sources, rates } = bookOf(hardware);
      return remember(rates, `${family} ${format} ${latent}`, () =>
        chooseRate(sources, hardware, family, format, latent),
      );
    },
    exchange(hardware, op) {
      const { sources, exchanges } = bookOf(hardware);
      return remember(exchanges, `${op.op} ${op.devices}`, () => chooseExchange(sources, hardware, op.op, op.devices));
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

export function priceList(ops: readonly Op[], hardware: Hardware, book: RateBook): PricedOps {
  const compute: PricedCompute[] = [];
  const exchange: PricedExchange[] = [];
  for (const op of ops) {
    if (op.kind === 'exchange') exchange.push({ op, rate: book.exchange(hardware, op) });
    else compute.push(bindCompute(op, book.rate(hardware, op.family, op.format, op.latent)));
  }
  return { compute, exchange };
}

function bindCompute(op: ComputeOp, rate: Rate): PricedCompute {
  // what dynamic quantisation moves beyond the width that the matrix unit reads
  const wider = rate.activationBytes === null ? 0 : rate.activationBytes - ACTIVATION_BYTES[op.format];
  const line: Line = {
    t0: rate.t0,
    computeX: op.flopsX * rate.perFlop,
    computeY: op.flopsY * rate.perFlop,
    memory0: op.bytes0 * rate.perByte,
    memoryX: (op.bytesX + op.activationsX * wider) * rate.perByte,
    memoryY: op.bytesY * rate.perByte,
  };
  return { op, rate, norm: normId(rate.p), line };
}

/** Seconds of one exchange of `bytes`. */
export function exchangeSeconds({ op, rate }: PricedExchange, bytes: number): number {
  if (bytes <= 0) return 0;
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
  readonly from: string;
}

/** The step op by op, in the order of the list: what a surface approximates. Ops that have nothing to do are left out. */
export function priceStepExactly(priced: PricedOps, work: StepWork, split: Split): OpPrice[] {
  const totals = sumWork(work);
  const prices: OpPrice[] = [];
  for (const compute of priced.compute) {
    const { x, y } = quantitiesOf(compute.op, work, totals, split);
    if (x > 0 || y > 0) prices.push(priceCompute(compute, x, y, totals, split));
  }
  for (const exchange of priced.exchange) {
    const { x } = quantitiesOf(exchange.op, work, totals, split);
    if (x > 0) prices.push(priceExchange(exchange, x));
  }
  return prices;
}

function priceCompute(priced: PricedCompute, x: number, y: number, totals: Totals, split: Split): OpPrice {
  const { op, line, norm, rate } = priced;
  const { compute, memory } = lineParts(line, x, y);
  // micro-batches of a pipeline are counted in `count` for layers; prefill attention is already a share of all pairs
  const slow = isLinear(op) ? derate(op.over === 'experts' ? perMicroBatch(totals.tokens, split) : x) : 1;
  const seconds = op.count * (line.t0 + combine(norm, compute, memory)) * slow;
  const bound = line.t0 > compute && line.t0 > memory ? 'latency' : compute > memory ? 'compute' : 'memory';
  const flops = op.count * (op.flopsX * x + op.flopsY * y);
  const bytes = op.count * (op.bytes0 + op.bytesX * x + op.bytesY * y);
  return { op, count: op.count, flops, bytes, seconds, bound, basis: rate.basis, from: rate.from };
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
  };
}

/** Linear work slows inside a real server: matrix multiplications and experts (plan/datasheet.ts, derate). */
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
