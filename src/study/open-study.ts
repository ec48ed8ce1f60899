// Opens a study: its document as a question, its section, and its claims held against the axes. All mistakes come at once.
import type { Catalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import type { SweepAxis } from '../metrics/sweep.ts';
import { openSpec } from '../run/open-spec.ts';
import { nameAxes } from '../run/sweep.ts';
import { parseSpecDocument } from '../spec/document.ts';
import { Ledger } from '../spec/fleet/ledger.ts';
import type { Question } from '../spec/question.ts';
import { axisNamed, type Claim, type ClaimWorld, figureNamed, readClaim } from './claim.ts';
import { type Curve, curveOf, openFigures } from './figure-names.ts';
import type { Figure } from './figures.ts';
import { readSection, type StudySection } from './section.ts';
import { refuseUnstated } from './unstated.ts';
import type { Grouping } from './variants.ts';

export interface Study {
  readonly question: Question;
  readonly section: StudySection;
  readonly axes: readonly SweepAxis[];
  readonly claims: readonly Claim[];
  /** Figures of tables and pages. */
  readonly shown: readonly Figure[];
  /** Latencies whose distributions the page draws. */
  readonly curves: readonly Curve[];
  /** Rows that count, ascending. */
  readonly rows: readonly number[];
  /** What a row chooses, by the name of the axis: worked out when it is asked for first. */
  labelsOf(row: number): ReadonlyMap<string, string>;
  readonly grouping: Grouping;
}

/** Rows of a study: all of them are simulated. */
const MOST_ROWS = 200_000;
const SEEDS = 'workload.seed';

/** Throws UserError. */
export function openStudy(text: string, file: string, catalog: Catalog): Study {
  const document = parseSpecDocument(text, file);
  if (!document.readable) throw new UserError(document.issues);
  const section = readSection(document, file);
  const question = openSpec(text, file, catalog);
  const ledger = new Ledger(document, file);
  if (question.rows > MOST_ROWS) {
    const expected = `at most ${MOST_ROWS.toLocaleString('en-US')} rows: a study simulates all of them (mist sweep searches)`;
    throw new UserError([
      {
        path: 'study',
        expected,
        received: `${question.rows.toLocaleString('en-US')} rows`,
        file,
        line: document.lineOf(['study']),
      },
    ]);
  }
  const axes = nameAxes(question);
  const rows = Array.from({ length: question.rows }, (_, row) => row).filter((row) => question.keeps(row));
  const labelsOf = remembered(question.choicesAt);
  const figures = openFigures(section, { question, rows, labelsOf, catalog });
  const world: ClaimWorld = { axes, compare: section.compare, ledger, figures };
  const claims = section.claims.flatMap((written) => readClaim(written, world) ?? []);
  for (const claim of claims) refuseEmpty(claim, rows, labelsOf, ledger);
  const asked = section.show.map((name, i) => ({ name, path: ['study', 'show', i] as const, curve: curveOf(name) }));
  const named = asked.map(({ name, path, curve }) => (curve ? null : figureNamed(name, path, world)));
  const curves = asked.flatMap(({ curve }) => curve ?? []);
  const scenarios = new Set(
    section.scenarios.map((name, i) => axisNamed(name, ['study', 'scenarios', i], world)?.name),
  );
  refuseUnstated(section, document.data as Record<string, unknown>, ledger);
  for (const key of ['compare', 'along'] as const) {
    const name = section[key];
    if (name !== null) axisNamed(name, ['study', key], world);
  }
  if (ledger.size > 0) throw new UserError(ledger.list());
  const grouping: Grouping = {
    seeds: SEEDS,
    makesScenario: (axis) => question.asks(axis) || scenarios.has(axis),
    shortOf: (name) => axes.find((axis) => axis.name === name)?.short ?? name,
  };
  const shown = named.flatMap((figure) => figure ?? []);
  return { question, section, axes, claims, shown, curves, rows, labelsOf, grouping };
}

/** A claim of rows that there are none of says nothing. */
function refuseEmpty(
  { takes, path, where }: Claim,
  rows: Study['rows'],
  labelsOf: Study['labelsOf'],
  ledger: Ledger,
): void {
  if (rows.some((row) => takes(labelsOf(row)))) return;
  const expected = 'a condition that some row keeps: scenarios that share no row say nothing';
  ledger.add({ path: [...path.slice(0, 3), 'where'], expected, received: `${where}, which none does` });
}

function remembered<T>(act: (row: number) => T): (row: number) => T {
  const known = new Map<number, T>();
  return (row) => {
    const found = known.get(row) ?? act(row);
    known.set(row, found);
    return found;
  };
}
