// The roofline kernel: how many f64 prices of an op a second, against the same loop in plain TypeScript.
import { openArena } from '../src/columns/arena.ts';
import type { Kernels } from '../src/kernels/interface.ts';
import { loadKernels } from '../src/kernels/load.ts';
import { type Line, type Norm, normId, priceLinesTwin, priceOpsTwin } from '../src/plan/roofline-twin.ts';
import { timeMedians } from './measure.ts';
import { seedNumbers } from './numbers.ts';
import { type BenchFile, demandSame, type Note, type Row, rateRow } from './row.ts';

const ROWS = 2048;
/** Blocks a call of the timed task prices: long enough for the clock, short enough to stay in cache. */
const BLOCKS = 32;
const PER_FLOP = 1 / 800e12;
const PER_BYTE = 1 / 2.9e12;
const LAUNCH = 2e-6; // s
const LAYERS = 80;
const LINE: Line = { t0: 3e-6, computeX: 2e-9, computeY: 3e-10, memory0: 1e-5, memoryX: 4e-10, memoryY: 2e-9 };

const million = (seconds: number): number => (ROWS * BLOCKS) / seconds / 1e6;

export const roofline: BenchFile = { name: 'roofline', words: 'prices of ops, in f64', run: benchRoofline };

/** Columns in kernel memory: FLOPs and bytes of ops, prices by the kernel and by the twin. */
interface Ops {
  readonly kernels: Kernels;
  readonly flops: Float64Array;
  readonly bytes: Float64Array;
  readonly out: Float64Array;
  readonly twinOut: Float64Array;
}

async function benchRoofline(note: Note): Promise<Row[]> {
  const ops = makeOps();
  const rows: Row[] = [];
  for (const p of ['inf', 4] as const) {
    note(`op prices, p = ${p}`);
    rows.push(await benchOps(ops, p));
  }
  note('line prices, p = 8');
  rows.push(await benchLines(ops, 8));
  return rows;
}

function makeOps(): Ops {
  const arena = openArena(ROWS * 8 * 4 + 4096);
  const column = () => arena.f64(ROWS);
  const ops = {
    kernels: loadKernels(arena.memory),
    flops: column(),
    bytes: column(),
    out: column(),
    twinOut: column(),
  };
  const next = seedNumbers(1);
  for (let i = 0; i < ROWS; i++) {
    ops.flops[i] = 1e12 * next();
    ops.bytes[i] = 4e9 * next();
  }
  return ops;
}

/** Times `price` and its twin over BLOCKS blocks, after both gave the same sums. */
async function comparePrices(
  { out, twinOut }: Ops,
  price: () => void,
  twinPrice: () => void,
): Promise<{ kernel: number; twin: number }> {
  const kernel = () => {
    out.fill(0);
    for (let b = 0; b < BLOCKS; b++) price();
  };
  const twin = () => {
    twinOut.fill(0);
    for (let b = 0; b < BLOCKS; b++) twinPrice();
  };
  kernel();
  twin();
  demandSame('prices', out, twinOut);
  return timeMedians({ kernel, twin });
}

async function benchOps(ops: Ops, p: Norm): Promise<Row> {
  const { kernels, flops, bytes, out, twinOut } = ops;
  const norm = normId(p);
  const [atFlops, atBytes, at] = [flops.byteOffset, bytes.byteOffset, out.byteOffset];
  const seconds = await comparePrices(
    ops,
    () => kernels.priceOps(norm, ROWS, atFlops, atBytes, at, LAUNCH, PER_FLOP, PER_BYTE, LAYERS, 1),
    () => priceOpsTwin(norm, ROWS, flops, bytes, twinOut, LAUNCH, PER_FLOP, PER_BYTE, LAYERS, 1),
  );
  const asked = { atLeast: 100, times: 3 };
  return rateRow(`op prices, p = ${p}`, 'M/s', million(seconds.kernel), million(seconds.twin), asked);
}

async function benchLines(ops: Ops, p: Norm): Promise<Row> {
  const { kernels, flops, bytes, out, twinOut } = ops;
  const norm = normId(p);
  const [x, y, at] = [flops.byteOffset, bytes.byteOffset, out.byteOffset];
  const { t0, computeX, computeY, memory0, memoryX, memoryY } = LINE;
  const seconds = await comparePrices(
    ops,
    () => kernels.priceLines(norm, ROWS, x, y, at, t0, computeX, computeY, memory0, memoryX, memoryY, LAYERS),
    () => priceLinesTwin(norm, ROWS, flops, bytes, twinOut, LINE, LAYERS),
  );
  return rateRow(`line prices, p = ${p}`, 'M/s', million(seconds.kernel), million(seconds.twin));
}
