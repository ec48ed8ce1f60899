// Grouped cross-validation: every deployment, model or device is predicted with constants that were chosen without it.
import type { Catalog } from '../../src/catalog/open.ts';
import type { Prediction } from '../../src/validate/predict.ts';
import type { CaseFile } from '../../src/validate/read-cases.ts';
import { type ErrorTable, groupSorted, summariseErrors, tabulate } from '../../src/validate/score.ts';
import { type Cell, type Choice, cellsOf, chooseConstants, delayOf, errorOf, placeOf } from './choose.ts';
import { type GridRow, replayGrid } from './replay-grid.ts';

export const HELD_OUT = ['config_id', 'model', 'hardware', 'source'] as const;
export type HeldOut = (typeof HELD_OUT)[number];

/** Errors by mode and metric: with the constants that ship, chosen on all rows of the grid, and chosen without the row's group. */
export interface CrossLine {
  readonly key: readonly string[];
  readonly shipped: ErrorTable;
  readonly refitted: ErrorTable;
  readonly heldOut: ErrorTable;
}

export interface CrossValidation {
  readonly by: HeldOut;
  readonly folds: number;
  readonly lines: readonly CrossLine[];
  /** Every row of high and medium quality, with the constants that were chosen without its group. */
  readonly predictions: readonly Prediction[];
  /** Held-out closed-loop TPOT by fold: how far each group is off that the constants have not seen. */
  readonly groups: readonly ErrorTable[];
  /** The constants chosen on all rows. */
  readonly choice: Choice;
}

/** First tokens of equal requests stand alone: nobody knows how far machines keep them in lockstep. */
function routeOf({ row }: Prediction): string[] {
  const alike =
    row.metric === 'ttft_ms' && row.cell('mode') === 'closed-loop' && Number(row.cell('length_spread')) === 1;
  return [row.cell('mode'), alike ? `${row.metric}, equal requests` : row.metric];
}

function tabulateRoutes(predictions: readonly Prediction[]): ErrorTable[] {
  return groupSorted(predictions, routeOf).map(({ key, members }) => summariseErrors(key, members));
}

/** One replay of the grid serves any number of ways to hold out. */
export function crossValidate(
  file: CaseFile,
  catalog: Catalog,
  shipped: readonly Prediction[],
  ways: readonly HeldOut[],
  onProgress?: (done: number, total: number) => void,
): CrossValidation[] {
  const rows = replayGrid(file, catalog, shipped, onProgress);
  const cells = cellsOf(rows);
  const choice = chooseConstants(cells);
  const all = rows.map((row) => predictWith(row, choice));
  return ways.map((by) => {
    const heldOut = holdOut(rows, cells, by);
    const before = rows.map((row) => row.shipped);
    const [a, b, c] = [before, all, heldOut.predictions].map((predictions) => tabulateRoutes(predictions));
    const lines = a.map((line, i) => ({ key: line.key, shipped: line, refitted: b[i], heldOut: c[i] }));
    const tpot = heldOut.predictions.filter(
      ({ row }) => row.metric === 'tpot_ms' && row.cell('mode') === 'closed-loop',
    );
    const groups = by === 'config_id' ? [] : tabulate(tpot, [by]);
    return { by, folds: heldOut.folds, lines, predictions: heldOut.predictions, groups, choice };
  });
}

function holdOut(rows: readonly GridRow[], cells: readonly Cell[], by: HeldOut) {
  const nameOf = ({ shipped }: GridRow) => shipped.row.cell(by);
  const found = new Map<GridRow, Prediction>();
  const folds = groupSorted(rows, (row) => [nameOf(row)]);
  for (const { key, members } of folds) {
    const choice = chooseConstants(cells.filter((cell) => nameOf(cell.rows[0]) !== key[0]));
    for (const row of members) found.set(row, predictWith(row, choice));
  }
  return { folds: folds.length, predictions: rows.map((row) => found.get(row)!) };
}

/** Modes whose first tokens and ends a client sees later than the engine. */
function delayed({ row }: Prediction): boolean {
  const mode = row.cell('mode');
  const online = mode.endsWith('loop') || mode === 'mlperf-server' || mode === 'mlperf-interactive';
  return online && (row.metric === 'ttft_ms' || row.metric === 'e2e_ms');
}

function predictWith(row: GridRow, choice: Choice): Prediction {
  const { shipped } = row;
  if (shipped.errorPct === null) return shipped;
  const client = choice.clients.get(shipped.row.cell('engine')) ?? choice.anyClient;
  const delay = delayed(shipped) ? delayOf(row, client) : 0;
  return { ...shipped, errorPct: errorOf(row, placeOf(row, choice), delay) };
}
