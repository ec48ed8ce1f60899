// Replays a case file once for every choice of constants; every fold of a cross-validation then only picks among the answers.
import type { Catalog } from '../../src/catalog/open.ts';
import { atOnce } from '../../src/validate/capacity.ts';
import type { Trouble } from '../../src/validate/case.ts';
import type { CaseInput } from '../../src/validate/case-columns.ts';
import { chooseProfile } from '../../src/validate/choose-profile.ts';
import { type Answer, answerGroup, joinAnswers, openReplayer, type Prediction } from '../../src/validate/predict.ts';
import type { CaseFile } from '../../src/validate/read-cases.ts';
import { type LoweredCase, lowerCase, replayRepriced } from '../../src/validate/replay.ts';
import { scoredOf } from '../../src/validate/score.ts';
import { GLOBAL_GRID, HOST_CHOICES, isRecent, withConstants } from './constants.ts';

/** A scored row with its answers: choice = global * HOST_CHOICES + host. */
export interface GridRow {
  /** Of the cost model as it ships. */
  readonly shipped: Prediction;
  readonly profile: string;
  readonly recent: boolean;
  /** Mean prompt of the run, tokens. */
  readonly prompt: number;
  readonly predicted: Float64Array;
  readonly alternative: Float64Array;
}

/** Rows of high and medium quality; `shipped` are the predictions of the catalog as it is. */
export function replayGrid(
  file: CaseFile,
  catalog: Catalog,
  shipped: readonly Prediction[],
  onProgress?: (done: number, total: number) => void,
): GridRow[] {
  const scored = new Map(scoredOf(shipped).map((prediction) => [prediction.row, prediction]));
  const isWanted = ({ quality }: Prediction['row']) => quality !== 'low';
  const groups = file.groups
    .filter(({ input }) => input !== null && atOnce(input) === null) // servers are judged by capacity, which constants do not choose
    .map((group) => ({ ...group, rows: group.rows.filter((row) => scored.has(row) && isWanted(row)) }))
    .filter(({ rows }) => rows.length > 0);
  const choices = GLOBAL_GRID.length * HOST_CHOICES;
  const rows = groups.flatMap(({ rows: own, input }) => {
    const profile = catalog.engine(chooseProfile(input!));
    const prompt = input!.input_len * (input!.lengths_file === null ? (1 + (input!.length_spread ?? 1)) / 2 : 1);
    return own.map((row) => ({
      shipped: scored.get(row)!,
      profile: profile.id,
      recent: isRecent(profile),
      prompt,
      predicted: new Float64Array(choices).fill(Number.NaN),
      alternative: new Float64Array(choices).fill(Number.NaN),
    }));
  });
  const part: CaseFile = { ...file, groups, rows: rows.map(({ shipped: { row } }) => row) };
  const shippedAs = openReplayer(file.file, catalog);
  const runs = groups.map(({ id, input }) => ({ input: input!, known: lowerCase(shippedAs, id, input!) }));
  for (let choice = 0; choice < choices; choice++) {
    const answers = answerAll(part, runs, catalog, choice);
    joinAnswers(part, answers).forEach(({ predicted, alternative }, i) => {
      rows[i].predicted[choice] = predicted ?? Number.NaN;
      rows[i].alternative[choice] = alternative ?? Number.NaN;
    });
    onProgress?.(choice + 1, choices);
  }
  return rows;
}

type Run = { readonly input: CaseInput; readonly known: LoweredCase | Trouble };

function answerAll(file: CaseFile, runs: readonly Run[], catalog: Catalog, choice: number): Answer[][] {
  const terms = GLOBAL_GRID[Math.floor(choice / HOST_CHOICES)];
  const changed: Catalog = {
    ...catalog,
    engine: (id) => withConstants(catalog.engine(id), terms, choice % HOST_CHOICES),
  };
  const replayer = openReplayer(file.file, changed, terms.derating);
  return file.groups.map((group, g) =>
    answerGroup(group, replayRepriced(replayer, runs[g].known, runs[g].input), replayer.bands),
  );
}
