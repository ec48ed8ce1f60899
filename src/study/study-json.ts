// A study as JSON, and its rows as a table: the columns of CSV and Parquet, defined once.
import { type Column, finiteOrNull } from '../report/flat.ts';
import { ALL_FIGURES, type Figure, promiseFigures, type StudiedRow, stageFigures, tierFigures } from './figures.ts';
import type { FlipMap } from './flips.ts';
import type { JudgedClaim } from './judge.ts';
import type { StudyResult } from './run-study.ts';

/** `throughput`, `ttft_p99_s`: SI units. */
export function rowColumns({ study, rows }: Pick<StudyResult, 'study' | 'rows'>): Column<StudiedRow>[] {
  const labels = study.axes.map(({ name, short }): Column<StudiedRow> => {
    return { name: short, type: 'STRING', read: (row) => row.labels.get(name) ?? null };
  });
  const stages = new Set(rows.flatMap(({ result }) => result?.detail?.stages.map(({ name }) => name) ?? []));
  const tiers = new Set(rows.flatMap(({ result }) => result?.detail?.tiers.map(({ name }) => name) ?? []));
  const own = [
    ...[...stages].flatMap(stageFigures),
    ...[...tiers].flatMap(tierFigures),
    ...study.section.promises.flatMap(({ name }) => promiseFigures(name)),
  ];
  const figures = [...ALL_FIGURES, ...own].map((figure): Column<StudiedRow> => {
    return { name: columnName(figure), type: 'DOUBLE', read: (row) => finiteOrNull(figure.of(row)) };
  });
  return [
    { name: 'row', type: 'INT64', read: ({ row }) => row },
    ...labels.filter(({ name }) => !figures.some((figure) => figure.name === name)),
    ...figures,
    { name: 'basis', type: 'STRING', read: ({ trust }) => trust?.basis ?? null },
    { name: 'refused', type: 'STRING', read: ({ refused }) => refused || null },
  ];
}

/** p99(ttft) is `ttft_p99_s`. */
function columnName({ name, unit }: Figure): string {
  const found = /^(\w+)\((.+)\)$/.exec(name);
  return found ? `${found[2]}_${found[1]}${unit === 's' ? '_s' : ''}` : name;
}

export function studyJson(result: StudyResult): object {
  const { study, rows, claims, interrupted, version } = result;
  const columns = rowColumns(result);
  return {
    mist_version: version,
    study: study.question.name,
    about: study.section.about,
    spec: study.question.text,
    axes: study.axes.map(({ name, short, labels }) => ({ name, short, labels })),
    ...(interrupted ? { interrupted } : {}),
    claims: claims.map(claimJson),
    rows: rows.map((row, i) =>
      Object.fromEntries(columns.map((column) => [column.name, column.read(row, i + 1)] as const)),
    ),
  };
}

export function claimJson({ claim, verdict, counts, scenarios }: JudgedClaim): object {
  const { name, say, where, scope, tolerance, source } = claim;
  return {
    ...{ name, say, where, for: scope, tolerance, source, verdict, counts },
    scenarios: scenarios.map((one) => ({
      ...one,
      margin: finiteOrNull(one.margin),
      low: finiteOrNull(one.low),
      high: finiteOrNull(one.high),
    })),
  };
}

export function flipJson({ claim, stated, flips, points }: FlipMap): object {
  return {
    claim,
    stated: claimJson(stated),
    points,
    flips: flips.map(({ parameter, value, stated: own, judged, refused }) => ({
      ...{ parameter, value, as_stated: own, refused: refused || null },
      ...(judged ? { verdict: judged.verdict, counts: judged.counts } : { verdict: null }),
    })),
  };
}
