// Rows of a study as panels to draw: of each scenario and figure one line per compared label, along an axis, with the spread of the seeds.
// As in claims, of answers that are neither compared nor drawn along the best stands.
import { groupBy } from '../check/group-by.ts';
import { spreadOf } from '../metrics/chance.ts';
import { QUANTILES } from '../metrics/fleet/detail.ts';
import type { SweepAxis } from '../metrics/sweep.ts';
import type { Quantity, Statement } from './claim.ts';
import type { Curve } from './figure-names.ts';
import { ALL_FIGURES, type Figure, type StudiedRow } from './figures.ts';
import type { StudyResult } from './run-study.ts';
import { bestOf, groupRows, meanOf, tellLabels, variantsOf } from './variants.ts';

export interface PanelPoint {
  readonly label: string;
  /** Means over seeds, least and most. */
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly seeds: number;
  /** The answer that it is of, where there are several: "tp 4, batching chunked"; else ''. */
  readonly answer: string;
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

/** The axis that pictures are drawn along: as asked for, else the first of numbers that is not compared, of scenarios before answers. */
function alongAxis({ study }: StudyResult, compared: SweepAxis | undefined): SweepAxis | undefined {
  const { section, axes, grouping } = study;
  const named = axes.find(({ name, short }) => section.along === short || section.along === name);
  const isNumbers = ({ labels }: SweepAxis) => labels.every((label) => label !== '' && !Number.isNaN(Number(label)));
  const fit = axes.filter((axis) => axis !== compared && axis.name !== grouping.seeds && isNumbers(axis));
  return named ?? fit.find(({ name }) => grouping.makesScenario(name)) ?? fit[0];
}

function comparedAxis({ study: { axes, section } }: StudyResult): SweepAxis | undefined {
  return axes.find(({ name, short }) => section.compare === short || section.compare === name);
}

export function panelsOf(result: StudyResult): Panel[] {
  const compared = comparedAxis(result);
  return panelsAlong(result, compared, alongAxis(result, compared));
}

/** Of every scenario the best answer of each compared label: a panel whose lines have one point. */
export function winnersOf(result: StudyResult): Panel[] {
  return panelsAlong(result, comparedAxis(result), undefined);
}

function panelsAlong(result: StudyResult, compared: SweepAxis | undefined, along: SweepAxis | undefined): Panel[] {
  const { rows, study } = result;
  const { grouping } = study;
  const own = new Set([grouping.seeds, compared?.name, along?.name]);
  const scenarios = groupRows(rows, grouping, (axis) => grouping.makesScenario(axis) && !own.has(axis));
  return shownFigures(result).flatMap((figure) =>
    [...scenarios].map(([scenario, inside]): Panel => {
      const taken = groupBy(inside, (row) => (compared && row.labels.get(compared.name)) ?? '');
      const lines = [...taken].map(([name, of]) => ({ name, points: pointsOf(of, figure, study, along, own) }));
      return { figure, scenario, along: along?.labels ?? [''], axis: along?.short ?? '', lines };
    }),
  );
}

/** How a latency is spread, in one scenario, by compared label: the mean over seeds of each quantile (s), and its share. */
export interface CurvePanel {
  readonly metric: Curve;
  readonly scenario: string;
  readonly lines: readonly {
    readonly name: string;
    readonly points: readonly (readonly [seconds: number, share: number])[];
  }[];
}

/** As elsewhere, of answers that are not compared the best stands: that with the lowest median. */
export function curvesOf(result: StudyResult): CurvePanel[] {
  const { rows, study } = result;
  const { grouping } = study;
  const compared = comparedAxis(result);
  const own = new Set([grouping.seeds, compared?.name]);
  const scenarios = groupRows(rows, grouping, (axis) => grouping.makesScenario(axis) && !own.has(axis));
  return study.curves.flatMap((metric) => {
    const median = ALL_FIGURES.find(({ name }) => name === `p50(${metric})`)!;
    return [...scenarios].map(([scenario, inside]): CurvePanel => {
      const taken = groupBy(inside, (row) => (compared && row.labels.get(compared.name)) ?? '');
      const lines = [...taken].flatMap(([name, of]) => {
        const best = bestOf(median, variantsOf(of, grouping));
        const spread = best?.rows.flatMap(({ result: one }) => one?.detail?.quantiles[metric] ?? []) ?? [];
        if (spread.length === 0) return [];
        const points = QUANTILES.map((q, i) => [spreadOf(spread.map((one) => one[i]!)).mean, q / 100] as const);
        return [{ name, points }];
      });
      return { metric, scenario, lines };
    });
  });
}

function pointsOf(
  rows: readonly StudiedRow[],
  figure: Figure,
  { grouping }: StudyResult['study'],
  along: SweepAxis | undefined,
  named: ReadonlySet<string | undefined>,
): PanelPoint[] {
  return (along ? along.labels : ['']).flatMap((label): PanelPoint[] => {
    const at = rows.filter((row) => !along || row.labels.get(along.name) === label);
    const best = bestOf(figure, variantsOf(at, grouping));
    if (!best) return [];
    const values = best.rows.map((row) => figure.of(row)).filter((value) => Number.isFinite(value));
    if (values.length === 0) return [];
    const answer = tellLabels(best.labels, grouping, (axis) => !named.has(axis) && !grouping.makesScenario(axis));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return [{ label, mean: meanOf(figure, best), low, high, seeds: values.length, answer }];
  });
}
