// Rows of a study as panels to draw: of each scenario and figure one line per compared label, along an axis, with the spread of the seeds.
import type { SweepAxis } from '../metrics/sweep.ts';
import type { Quantity, Statement } from './claim.ts';
import { ALL_FIGURES, type Figure, type StudiedRow } from './figures.ts';
import type { StudyResult } from './run-study.ts';

export interface PanelPoint {
  readonly label: string;
  /** Means over seeds, least and most. */
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly seeds: number;
}

export interface PanelLine {
  readonly name: string;
  readonly points: readonly PanelPoint[];
}

export interface Panel {
  readonly figure: Figure;
  /** "trace azure-code-2023, size small"; '' where there is one. */
  readonly scenario: string;
  /** The labels along the axis, in its order; one '' where nothing is drawn along. */
  readonly along: readonly string[];
  readonly axis: string;
  readonly lines: readonly PanelLine[];
}

/** Panels of a page: more are not looked at. */
export const MOST_PANELS = 96;

/** Figures of the tables: those that are asked for, else those of the claims. */
export function shownFigures({ study }: Pick<StudyResult, 'study'>): readonly Figure[] {
  if (study.shown.length > 0) return study.shown;
  const found = new Set(study.claims.flatMap(({ statement }) => figuresIn(statement)));
  return found.size > 0 ? [...found] : ALL_FIGURES.slice(0, 1);
}

function figuresIn(statement: Statement): Figure[] {
  if (statement.kind === 'winner') return [statement.figure];
  if (statement.kind === 'not') return figuresIn(statement.of);
  const inner = (quantity: Quantity): Figure[] =>
    quantity.kind === 'figure'
      ? [quantity.figure]
      : quantity.kind === 'sum'
        ? [...inner(quantity.left), ...inner(quantity.right)]
        : [];
  if (statement.kind === 'compare') return [...inner(statement.left), ...inner(statement.right)];
  return [...figuresIn(statement.left), ...figuresIn(statement.right)];
}

/** The axis that pictures are drawn along: as asked for, else the first of numbers that is not compared. */
function alongAxis({ study }: StudyResult, compared: SweepAxis | undefined): SweepAxis | undefined {
  const { section, axes, grouping } = study;
  const named = axes.find(({ name, short }) => section.along === short || section.along === name);
  const isNumbers = ({ labels }: SweepAxis) => labels.every((label) => label !== '' && !Number.isNaN(Number(label)));
  return named ?? axes.find((axis) => axis !== compared && axis.name !== grouping.seeds && isNumbers(axis));
}

export function panelsOf(result: StudyResult): Panel[] {
  const { study, rows } = result;
  const { axes, section, grouping } = study;
  const compared = axes.find(({ name, short }) => section.compare === short || section.compare === name);
  const along = alongAxis(result, compared);
  const apart = (row: StudiedRow): string =>
    [...row.labels]
      .filter(([axis]) => axis !== grouping.seeds && axis !== along?.name && axis !== compared?.name)
      .map(([axis, label]) => `${grouping.shortOf(axis)} ${label}`)
      .join(', ');
  const scenarios = new Map<string, StudiedRow[]>();
  for (const row of rows) scenarios.set(apart(row), [...(scenarios.get(apart(row)) ?? []), row]);
  return shownFigures(result).flatMap((figure) =>
    [...scenarios].map(([scenario, own]): Panel => {
      const names = [...new Set(own.map((row) => (compared && row.labels.get(compared.name)) ?? ''))];
      const lines = names.map((name) => lineOf(own, name, figure, compared, along));
      return { figure, scenario, along: along?.labels ?? [''], axis: along?.short ?? '', lines };
    }),
  );
}

function lineOf(
  rows: readonly StudiedRow[],
  name: string,
  figure: Figure,
  compared: SweepAxis | undefined,
  along: SweepAxis | undefined,
): PanelLine {
  const own = rows.filter((row) => ((compared && row.labels.get(compared.name)) ?? '') === name);
  const labels = along ? along.labels : [''];
  const points = labels.flatMap((label): PanelPoint[] => {
    const at = own.filter((row) => !along || row.labels.get(along.name) === label);
    const values = at.map((row) => figure.of(row)).filter((value) => Number.isFinite(value));
    if (values.length === 0) return [];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [{ label, mean, low: Math.min(...values), high: Math.max(...values), seeds: values.length }];
  });
  return { name, points };
}
