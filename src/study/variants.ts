// Configurations of a study: one setting of every axis but the seeds, with its rows, one a seed. Of answers that nobody names the best stands.
import { spreadOf } from './chance.ts';
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
export function groupRows(
  rows: readonly StudiedRow[],
  grouping: Grouping,
  of: (axis: string) => boolean,
): Map<string, StudiedRow[]> {
  const groups = new Map<string, StudiedRow[]>();
  for (const row of rows) {
    const name = tellLabels(row.labels, grouping, of);
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(row);
  }
  return groups;
}

/** What a row has on the axes that `of` takes; axes that it has nothing on stay away. */
export function tellLabels(labels: Which, { shortOf }: Grouping, of: (axis: string) => boolean): string {
  return [...labels]
    .filter(([axis, label]) => label !== '' && of(axis))
    .map(([axis, label]) => `${shortOf(axis)} ${label}`)
    .join(', ');
}

export function variantsOf(rows: readonly StudiedRow[], grouping: Grouping): Variant[] {
  const groups = new Map<string, StudiedRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([...row.labels].filter(([axis]) => axis !== grouping.seeds));
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(row);
  }
  return [...groups.values()].map((own) => ({ labels: own[0]!.labels, rows: own }));
}

export function meanOf(figure: Figure, { rows }: Variant): number {
  return spreadOf(rows.map((row) => figure.of(row))).mean;
}

/** The one with the best figure on average, the first of equals; undefined where none has it. */
export function bestOf(figure: Figure, variants: readonly Variant[]): Variant | undefined {
  return variants
    .filter((one) => !Number.isNaN(meanOf(figure, one)))
    .reduce<Variant | undefined>((one, other) => {
      if (!one) return other;
      const [best, mean] = [meanOf(figure, one), meanOf(figure, other)];
      return (figure.better === 'more' ? mean > best : mean < best) ? other : one;
    }, undefined);
}
