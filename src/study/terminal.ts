// A study in text: the table of claims, and what decides each.
import { drawTable, left, right } from '../report/table.ts';
import { wrap } from '../report/width.ts';
import type { StudiedRow } from './figures.ts';
import type { FlipMap } from './flips.ts';
import { formatFigure, type JudgedClaim, type JudgedScenario, type Verdict, worst } from './judge.ts';
import type { Study } from './open-study.ts';
import { shownFigures, winnersOf } from './panels.ts';
import type { StudyResult } from './run-study.ts';
import { tellLabels } from './variants.ts';

export const VERDICTS: Readonly<Record<Verdict, string>> = {
  holds: 'holds',
  fails: 'does not hold',
  noise: 'within noise',
  band: "within the model's band",
  unknown: 'cannot be said',
};

/** The claims of one study, each with the scenario that decides it. */
export function claimsTable(results: readonly StudyResult[]): string {
  const several = results.length > 1;
  const rows = results.flatMap(({ study, claims }) =>
    claims.map((one) => [
      ...(several ? [study.question.name] : []),
      one.claim.name,
      VERDICTS[one.verdict],
      share(one),
      factor(deciding(one)),
      tellDeciding(one),
    ]),
  );
  const columns = [
    ...(several ? left(['study'], { cut: true, comfort: 12 }) : []),
    ...left(['claim'], { cut: true, comfort: 28 }),
    ...left(['verdict']),
    ...right(['of']),
    ...right(['by']),
    ...left(['decided by'], { cut: true, comfort: 36, spare: 1 }),
  ];
  return drawTable(columns, rows).join('\n');
}

/** The scenario that a claim's verdict is of: the worst, or of one that must hold somewhere the best. */
export function deciding({ scenarios, verdict }: JudgedClaim): JudgedScenario | undefined {
  const own = scenarios.filter((one) => one.verdict === verdict);
  return own.length > 0 ? worst(own) : undefined;
}

/** "36/42": scenarios in which it holds. */
function share({ scenarios, counts }: JudgedClaim): string {
  return `${counts.holds}/${scenarios.length}`;
}

function factor(judged: JudgedScenario | undefined): string {
  if (!judged || Number.isNaN(judged.margin)) return '';
  const { margin, low, high } = judged;
  const off = Number.isFinite(high / low) ? Math.max(high / margin, margin / low) - 1 : Number.NaN;
  return Number.isNaN(off) ? byWords(margin) : `${byWords(margin)} ± ${(off * 100).toFixed(0)} %`;
}

/** "x1.88": how far a claim is on its side, as far as anybody reads it. */
export function byWords(margin: number): string {
  if (margin >= 100) return '> x100';
  return margin < 0.01 ? '< x0.01' : `x${margin.toFixed(2)}`;
}

function tellDeciding(one: JudgedClaim): string {
  const judged = deciding(one);
  if (!judged) return 'no row';
  return `${judged.scenario === '' ? '' : `${judged.scenario}: `}${judged.words}`;
}

/** Everything that `mist study` prints of one study. */
export function studyText(result: StudyResult): string {
  const { study, rows, claims, seconds } = result;
  const { question, section, axes } = study;
  const refused = rows.filter((row) => row.result === null && row.load !== 0);
  const lines = [
    question.name,
    ...(section.about === null ? [] : wrap(section.about)),
    '',
    `${rows.length.toLocaleString('en-US')} rows = ${axes.map(({ short, labels }) => `${short} ${labels.length}`).join(' x ')}${question.where === null ? '' : `, where ${question.where}`}; ${formatFigure(seconds, 's')}`,
    ...(refused.length === 0 ? [] : [`${refused.length} cannot be run: ${refused[0]!.refused}`]),
  ];
  if (claims.length > 0) lines.push('', claimsTable([result]));
  const best = winnersTable(result);
  if (best.length > 0 && best.length <= MOST_WINNERS) lines.push('', ...best);
  return lines.join('\n');
}

/** "row 12 (rate 20, batching mixed): p50(ttft) 412 ms, throughput 1,200 tokens/s", for those who wait for the others. */
export function rowText(study: Study, row: StudiedRow): string {
  const figures = shownFigures({ study }).map(
    (figure) => `${figure.name} ${formatFigure(figure.of(row), figure.unit)}`,
  );
  const { grouping } = study;
  return `row ${row.row} (${tellLabels(row.labels, grouping, () => true)}): ${row.refused || figures.join(', ')}`;
}

/** Lines of the best answers on a terminal; the page has them all. */
const MOST_WINNERS = 24;

/** The best answer of every compared label, by scenario and figure; none where nothing is compared or there is one answer each. */
function winnersTable(result: StudyResult): string[] {
  const rows = winnersOf(result).flatMap(({ figure, scenario, lines }) =>
    lines.flatMap(({ name, points: [point] }) =>
      point ? [[figure.words, scenario, name, formatFigure(point.mean, figure.unit), point.answer]] : [],
    ),
  );
  if (rows.every((row) => row[4] === '')) return [];
  const scenarios = rows.some((row) => row[1] !== '');
  const columns = [
    ...left(['best']),
    ...(scenarios ? left(['scenario'], { cut: true, comfort: 16 }) : []),
    ...left(['of'], { cut: true, comfort: 16 }),
    ...right(['']),
    ...left(['with'], { cut: true, comfort: 36, spare: 1 }),
  ];
  return drawTable(columns, scenarios ? rows : rows.map((row) => row.toSpliced(1, 1)));
}

/** What a claim comes to at every value that was tried. */
export function flipText({ claim, stated, flips, points }: FlipMap): string {
  const row = (parameter: string, value: string, judged: JudgedClaim | null, refused: string): string[] => [
    parameter,
    value,
    judged ? VERDICTS[judged.verdict] : 'cannot be run',
    judged ? share(judged) : '',
    judged ? factor(deciding(judged)) : '',
    judged ? tellDeciding(judged) : refused,
  ];
  const rows = [
    row('as it stands', '', stated, ''),
    ...flips.map(({ parameter, value, stated: own, judged, refused }) =>
      row(parameter, `${String(value)}${own ? ', as it stands' : ''}`, judged, refused),
    ),
  ];
  const columns = [
    ...left(['parameter', 'value', 'verdict']),
    ...right(['of', 'by']),
    ...left(['decided by'], { cut: true, comfort: 36, spare: 1 }),
  ];
  const found = points.map(({ parameter, from, to }) => `${parameter}: flips between ${from} and ${to}`);
  const never = new Set(flips.map(({ parameter }) => parameter));
  for (const { parameter, judged } of flips) if (judged?.verdict !== stated.verdict) never.delete(parameter);
  const still = never.size === 0 ? [] : [`${[...never].join(', ')}: does not change the verdict`];
  return [`Where ${claim} flips`, '', ...drawTable(columns, rows), ...found, ...still].join('\n');
}

/** Of every claim what it comes to, and at which values it comes to something else. */
export function flipsText(name: string, maps: readonly FlipMap[]): string {
  const rows = maps.flatMap(({ claim, stated, flips, points }) => {
    const told = flips.flatMap(({ parameter, value, judged, refused }) => {
      if (judged?.verdict === stated.verdict) return [];
      const verdict = judged ? `${VERDICTS[judged.verdict]}, ${factor(deciding(judged))}` : `cannot be run: ${refused}`;
      return [`${parameter} ${String(value)}: ${verdict}`];
    });
    const between = points.map(({ parameter, from, to }) => `${parameter}: flips between ${from} and ${to}`);
    const others = [...told, ...between];
    const first = [claim, `${VERDICTS[stated.verdict]}, ${factor(deciding(stated))}`];
    return (others.length > 0 ? others : ['nothing tried changes that']).map((words, i) => [
      ...(i === 0 ? first : ['', '']),
      words,
    ]);
  });
  const columns = [
    ...left(['claim'], { cut: true, comfort: 28 }),
    ...left(['as it stands']),
    ...left(['and otherwise'], { cut: true, comfort: 36, spare: 1 }),
  ];
  return [`Where the claims of ${name} flip`, '', ...drawTable(columns, rows), ''].join('\n');
}
