// The roofline kernel: how many f64 prices of an op a second, against the same loop in plain TypeScript.
import { openArena } from '../src/columns/arena.ts';
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
const LINE: Line = { t0: 3e-6, computeX: 2e-9, computeY: 3e-10, memory0: 1e-5, memoryX: 4e-10, memoryY: 2e-9 };

export const roofline: BenchFile = { name: 'roofline', words: 'prices of ops, in f64', run: benchRoofline };

async function benchRoofline(note: Note): Promise<Row[]> {
  const arena = openArena(ROWS * 8 * 4 + 4096);
  const kernels = loadKernels(arena.memory);
  const [flops, bytes, out, twinOut] = [arena.f64(ROWS), arena.f64(ROWS), arena.f64(ROWS), arena.f64(ROWS)];
  const next = seedNumbers(1);
  for (let i = 0; i < ROWS; i++) {
    flops[i] = 1e12 * next();
    bytes[i] = 4e9 * next();
  }
  const rows: Row[] = [];
  for (const p of ['inf', 4] as const satisfies readonly Norm[]) {
    note(`op prices, p = ${p}`);
    const norm = normId(p);
    const kernel = () => {
      for (let b = 0; b < BLOCKS; b++) {
        kernels.priceOps(
          norm,
          ROWS,
          flops.byteOffset,
          bytes.byteOffset,
          out.byteOffset,
          2e-6,
          PER_FLOP,
          PER_BYTE,
          80,
          b > 0 ? 1 : 0,
        );
      }
    };
    const twin = () => {
      for (let b = 0; b < BLOCKS; b++)
        priceOpsTwin(norm, ROWS, flops, bytes, twinOut, 2e-6, PER_FLOP, PER_BYTE, 80, b > 0 ? 1 : 0);
    };
    kernel();
    twin();
    demandSame('priceOps', out, twinOut);
    const seconds = await timeMedians({ kernel, twin });
    const million = (s: number) => (ROWS * BLOCKS) / s / 1e6;
    const asked = { atLeast: 100, times: 3 };
    rows.push(rateRow(`op prices, p = ${p}`, 'M/s', million(seconds.kernel), million(seconds.twin), asked));
  }
  note('line prices');
  const norm = normId(8);
  const kernel = () => {
    out.fill(0);
    for (let b = 0; b < BLOCKS; b++) {
      kernels.priceLines(
        norm,
        ROWS,
        flops.byteOffset,
        bytes.byteOffset,
        out.byteOffset,
        LINE.t0,
        LINE.computeX,
        LINE.computeY,
        LINE.memory0,
        LINE.memoryX,
        LINE.memoryY,
        2,
      );
    }
  };
  const twin = () => {
    twinOut.fill(0);
    for (let b = 0; b < BLOCKS; b++) priceLinesTwin(norm, ROWS, flops, bytes, twinOut, LINE, 2);
  };
  kernel();
  twin();
  demandSame('priceLines', out, twinOut);
  const seconds = await timeMedians({ kernel, twin });
  const million = (s: number) => (ROWS * BLOCKS) / s / 1e6;
  rows.push(rateRow('line prices, p = 8', 'M/s', million(seconds.kernel), million(seconds.twin)));
  return rows;
}
