// Which figures a study may name: those of every row, those of the stages that its pipelines have, those of its own promises.
import type { Catalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { SPREAD } from '../metrics/fleet/detail.ts';
import { prepareFleet } from '../plan/pipeline/lower-fleet.ts';
import { openSession } from '../run/session.ts';
import type { Question } from '../spec/question.ts';
import type { Which } from './claim.ts';
import { ALL_FIGURES, type Figure, promiseFigures, stageFigures, tierFigures } from './figures.ts';
import type { StudySection } from './section.ts';

export interface FigureNames {
  find(name: string): Figure | undefined;
  /** Names like `name`: with brackets where it has some. */
  known(name: string): readonly string[];
}

export type Curve = (typeof SPREAD)[number];

/** The latency of `cdf(e2el)`; null of anything else. */
export function curveOf(name: string): Curve | null {
  return SPREAD.find((metric) => name === `cdf(${metric})`) ?? null;
}

interface Rows {
  readonly question: Question;
  readonly rows: readonly number[];
  labelsOf(row: number): Which;
  readonly catalog: Catalog;
}

export function openFigures({ promises }: Pick<StudySection, 'promises'>, rows: Rows): FigureNames {
  const tiers = Object.keys((rows.question.data as { readonly tiers?: object }).tiers ?? {});
  const own = [...ALL_FIGURES, ...tiers.flatMap(tierFigures), ...promises.flatMap(({ name }) => promiseFigures(name))];
  const ofStages = stageFigures('');
  let stages: readonly Figure[] | undefined;
  const staged = () => {
    stages ??= listStages(rows).flatMap(stageFigures);
    return stages;
  };
  // stages are looked for where one is named only: rows are laid for it
  const isStaged = (name: string): boolean => ofStages.some((one) => name.startsWith(one.name.slice(0, -1)));
  return {
    find: (name) =>
      own.find((one) => one.name === name) ?? (isStaged(name) ? staged() : []).find((one) => one.name === name),
    known: (name) =>
      [...own, ...(isStaged(name) ? staged() : [])]
        .map((one) => one.name)
        .filter((one) => one.includes('(') === name.includes('(')),
  };
}

/** Names of the stages of all rows, in order: those with the same fleet and pipelines have the same. */
function listStages({ question, rows, labelsOf, catalog }: Rows): readonly string[] {
  const session = openSession(catalog);
  const seen = new Set<string>();
  const found = new Set<string>();
  for (const row of rows) {
    const parts = [...labelsOf(row)].filter(([axis]) => /^(?:fleet|pipelines)\b/.test(axis));
    const key = JSON.stringify(parts);
    if (seen.has(key)) continue;
    seen.add(key);
    try {
      const { spec } = question.at(row);
      const { program } = prepareFleet({ ...spec, workload: { ...spec.workload, num_requests: 1 } }, catalog, session);
      for (const stage of program.stages) found.add(stage);
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // a row that cannot be has no stages
    }
  }
  return [...found];
}
