// How fast ops are priced: the SIMD roofline kernels beside their TypeScript twin, and a whole step surface.
import { Bench } from 'tinybench';
import { NORM_1, NORM_2, NORM_4, NORM_8, NORM_INF } from '../assembly/layout/enums.ts';
import { SURFACE_SIZE } from '../assembly/layout/surface.ts';
import { openArena } from '../src/columns/arena.ts';
import type { Kernels } from '../src/kernels/interface.ts';
import { loadKernels } from '../src/kernels/load.ts';
import { lowerSurface, openLowering } from '../src/plan/lower.ts';
import { priceOpsTwin } from '../src/plan/roofline-twin.ts';
import { FITS, KEY } from './scenario.ts';

interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly twin?: number;
  readonly ratio?: number;
  readonly asked?: string;
}

/** Rows per call: what a block of a sweep prices at once. */
const ROWS = 2048;
/** Calls per timed sample, so that the clock's own cost vanishes. */
const CALLS = 20;
const TIMED_MS = 600;
const RATE = { t0: 3e-6, perFlop: 1.2e-15, perByte: 3.5e-13, count: 80 } as const;

/** Fits use every norm; p = 2 is bound by the square root, which two lanes only halve. */
const CASES: readonly (readonly [string, readonly number[]])[] = [
  ['roofline, all norms in turn', [NORM_1, NORM_2, NORM_4, NORM_8, NORM_INF]],
  ['roofline, p = 2', [NORM_2]],
  ['roofline, p = 4', [NORM_4]],
  ['roofline, maximum', [NORM_INF]],
];

export async function bench(): Promise<Measured[]> {
  const arena = openArena(1 << 20);
  const kernels = loadKernels(arena.memory);
  const columns = fillColumns((length) => arena.f64(length));
  const rows: Measured[] = [];
  for (const [name, norms] of CASES) rows.push(await measureOps(name, norms, kernels, columns));
  rows.push(await measureSurface(openLowering(FITS, kernels, arena)));
  return rows;
}

type Columns = ReturnType<typeof fillColumns>;

/** Seeded FLOPs and bytes over six decades: neither compute nor memory wins throughout. */
function fillColumns(take: (length: number) => Float64Array) {
  const [flops, bytes, out] = [take(ROWS), take(ROWS), take(ROWS)];
  let state = 12345;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let i = 0; i < ROWS; i++) {
    flops[i] = 1e9 * 10 ** (6 * draw());
    bytes[i] = 1e6 * 10 ** (5 * draw());
  }
  return { flops, bytes, out };
}

async function measureOps(
  name: string,
  norms: readonly number[],
  kernels: Kernels,
  columns: Columns,
): Promise<Measured> {
  const { flops, bytes, out } = columns;
  const { t0, perFlop, perByte, count } = RATE;
  const at = [flops.byteOffset, bytes.byteOffset, out.byteOffset] as const;
  const plain = new Float64Array(ROWS);
  const [own, owned] = [Float64Array.from(flops), Float64Array.from(bytes)];
  const ours = () => {
    for (const norm of norms) kernels.priceOps(norm, ROWS, ...at, t0, perFlop, perByte, count, 1);
  };
  const twin = () => {
    for (const norm of norms) priceOpsTwin(norm, ROWS, own, owned, plain, t0, perFlop, perByte, count, 1);
  };
  out.fill(0);
  ours();
  twin();
  if (!out.every((price, i) => price === plain[i])) throw new Error(`${name}: kernel and twin disagree`);
  const [kernelMs, twinMs] = await medians([repeat(ours), repeat(twin)]);
  const millions = (ms: number) => (ROWS * CALLS * norms.length) / ms / 1e3;
  return {
    name,
    unit: 'M op prices/s',
    value: millions(kernelMs),
    twin: millions(twinMs),
    ratio: twinMs / kernelMs,
    asked: '>= 100 M/s and >= 3x the twin',
  };
}

async function measureSurface(lowering: ReturnType<typeof openLowering>): Promise<Measured> {
  const into = new Float64Array(SURFACE_SIZE);
  lowerSurface(KEY, lowering, into);
  if (!into.every(Number.isFinite)) throw new Error('the surface is not finite');
  const [ms] = await medians([repeat(() => lowerSurface(KEY, lowering, into))]);
  return { name: 'step surface', unit: 'us/surface', value: (ms * 1e3) / CALLS, asked: '<= 100 us' };
}

function repeat(once: () => void): () => void {
  return () => {
    for (let i = 0; i < CALLS; i++) once();
  };
}

/** Median milliseconds of each task, warmed up. */
async function medians(tasks: readonly (() => void)[]): Promise<number[]> {
  const timer = new Bench({ time: TIMED_MS, warmupTime: 200 });
  tasks.forEach((task, i) => {
    timer.add(String(i), task);
  });
  await timer.run();
  return timer.tasks.map(({ name, result }) => {
    if (!('latency' in result)) throw new Error(`bench task ${name} did not finish: ${result.state}`);
    return result.latency.p50;
  });
}
