// Configurations of a study: one setting of every axis but the seeds, with its rows, one a seed. Of answers that nobody names the best stands.
import { groupBy } from '../check/group-by.ts';
import { spreadOf } from '../metrics/chance.ts';
import type { Which } from './claim.ts';
import type { Figure, StudiedRow } from './figures.ts';

/** What rows are told apart by. */
export interface Grouping {
  /** Name of the axis of seeds. */
  readonly seeds: string;
  /** Whether an axis makes scenarios. */
  makesScenario(axis: string): boolean;
  shortOf(axis: string): string;
}

/** One configuration, run with every seed. */
export interface Variant {
  readonly labels: Which;
  readonly rows: readonly StudiedRow[];
}

/** Rows by what they have on the axes that `of` takes, in the order of the rows: "trace azure-code-2023, size small"; '' of none. */
export function groupRows(rows: readonly StudiedRow[], grouping: Grouping, of: (axis: string) => boolean) {
  return groupBy(rows, ({ labels }) => tellLabels(labels, grouping, of));
}

/** What a row has on the axes that `of` takes; axes that it has nothing on stay away. */
export function tellLabels(labels: Which, { shortOf }: Grouping, of: (axis: string) => boolean): string {
  return [...labels]
    .filter(([axis, label]) => label !== '' && of(axis))
    .map(([axis, label]) => `${shortOf(axis)} ${label}`)
    .join(', ');
}

export function variantsOf(rows: readonly StudiedRow[], { seeds }: Grouping): Variant[] {
  const groups = groupBy(rows, ({ labels }) => JSON.stringify([...labels].filter(([axis]) => axis !== seeds)));
  return [...groups.values()].map((own) => ({ labels: own[0].labels, rows: own }));
}

export function meanOf(figure: Figure, { rows }: Variant): number {
  return spreadOf(rows.map((row) => figure.of(row))).mean;
}

/** The one with the best figure on average, the first of equals; undefined where none has it. */
export function bestOf(figure: Figure, variants: readonly Variant[]): Variant | undefined {
  const better = figure.better === 'more' ? 1 : -1;
  let [best, most]: [Variant | undefined, number] = [undefined, Number.NEGATIVE_INFINITY];
  for (const one of variants) {
    const mean = meanOf(figure, one);
    if (Number.isNaN(mean) || (best && !(mean * better > most))) continue;
    [best, most] = [one, mean * better];
  }
  return best;
}
