// Lowering: step surfaces a second, every op of a model priced over the grids, against the same with plain TypeScript kernels.
import { openArena } from '../src/columns/arena.ts';
import { loadKernels } from '../src/kernels/load.ts';
import { fitsOf } from '../src/plan/efficiency.ts';
import { type Lowering, lowerSurface, openLowering } from '../src/plan/lower.ts';
import type { SurfaceKey } from '../src/plan/surface-key.ts';
import { LOWERING_BYTES } from '../src/run/session.ts';
import { timeMedians } from './measure.ts';
import { type BenchFile, demandSame, type Note, type Row, rateRow } from './row.ts';
import { catalog, keyOf } from './scenario.ts';
import { twinKernels } from './twins/kernels.ts';

export const lowering: BenchFile = { name: 'lowering', words: 'step surfaces from ops', run: benchLowering };

/** A dense model with one kind of layer, and a mixture of experts with many. */
const MODELS = ['llama-3.1-70b', 'deepseek-v3'];

function openTwo(): { kernel: Lowering; twin: Lowering } {
  const arena = openArena(LOWERING_BYTES);
  const twinArena = openArena(LOWERING_BYTES);
  const fits = fitsOf(catalog);
  return {
    kernel: openLowering(fits, loadKernels(arena.memory), arena),
    twin: openLowering(fits, twinKernels(loadKernels(twinArena.memory), twinArena), twinArena),
  };
}

async function benchLowering(note: Note): Promise<Row[]> {
  const rows: Row[] = [];
  for (const model of MODELS) {
    note(`surfaces of ${model}`);
    const keys = ['h100-sxm-80gb', 'mi300x', 'b200-sxm-180gb', 'gaudi3'].flatMap((hardware) =>
      [1, 2, 4, 8].map((tp) => keyOf(model, hardware, tp)),
    );
    rows.push(await benchKeys(`surfaces of ${model}`, keys));
  }
  return rows;
}

async function benchKeys(what: string, keys: readonly SurfaceKey[]): Promise<Row> {
  const { kernel, twin } = openTwo();
  const table = lowerSurface(keys[0], kernel).table;
  for (const key of keys) demandSame(what, lowerSurface(key, kernel, table).table, lowerSurface(key, twin).table);
  const lowerAll = (session: Lowering) => () => {
    for (const key of keys) lowerSurface(key, session, table);
  };
  const seconds = await timeMedians({ kernel: lowerAll(kernel), twin: lowerAll(twin) });
  return rateRow(what, 'surfaces/s', keys.length / seconds.kernel, keys.length / seconds.twin);
}
