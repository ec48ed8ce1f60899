// The result files of a sweep of fleets, and the digest of its rows.

import type { Content } from '../../check/whole-file.ts';
import type { FleetSweepResult } from '../../metrics/fleet/sweep.ts';
import { drawStandalone } from '../chart.ts';
import { columnLines } from '../csv.ts';
import { digestLines } from '../digest.ts';
import type { JsonObject } from '../json.ts';
import { tableParquet } from '../parquet.ts';
import { writeFiles } from '../write.ts';
import { fleetColumns } from './columns.ts';
import { fleetSweepHtml } from './page.ts';
import { costLatencyScatter } from './points.ts';
import { explainFleetTrust } from './trust.ts';
import { answerFleets, askFleets, countFleets } from './words.ts';

/** SHA-256 over every simulated row as it stands in the CSV, without what only follows from other columns, and the error bands. */
export function fleetDigest(result: Pick<FleetSweepResult, 'kept' | 'axes'>): string {
  const columns = fleetColumns(result).filter(({ beside }) => !beside);
  return digestLines(columnLines(columns, result.kept));
}

/** Question, answer, counts and every simulated row with the columns of the flat table. */
export function fleetSweepJson(result: FleetSweepResult): JsonObject {
  const columns = fleetColumns(result);
  const { headline, details, row, kind } = answerFleets(result);
  return {
    version: result.version,
    name: result.name,
    question: askFleets(result),
    answer: { kind, sentence: `${headline}: ${details}.`, row: row?.row ?? null },
    trust: explainFleetTrust(result),
    objective: result.objective,
    axes: result.axes,
    rows: result.rows,
    counts: countFleets(result).map(([count, words]) => ({ words, count })),
    rejected: result.rejected,
    dearer: result.dearer,
    unreached: result.unreached,
    simulated: result.kept.length,
    interrupted: result.interrupted,
    workload: result.workload,
    seed: result.seed,
    workers: result.workers,
    seconds: result.seconds,
    digest: fleetDigest(result),
    kept: result.kept.map((kept, i) => Object.fromEntries(columns.map(({ name, read }) => [name, read(kept, i + 1)]))),
  };
}

/** results.parquet, results.csv, results.json, report.html and pareto.svg; returns the paths written. */
export function writeFleetSweep(folder: string, result: FleetSweepResult): Promise<string[]> {
  const columns = fleetColumns(result);
  const metadata = {
    mist_version: result.version,
    mist_spec: result.text,
    mist_seed: String(result.seed),
    mist_workload: result.workload,
  };
  const files: readonly (readonly [name: string, make: () => Promise<Content> | Content])[] = [
    ['results.parquet', () => tableParquet(columns, result.kept, metadata, result.version)],
    ['results.csv', () => columnLines(columns, result.kept)],
    ['results.json', () => `${JSON.stringify(fleetSweepJson(result), null, 1)}\n`],
    ['report.html', () => fleetSweepHtml(result)],
    ['pareto.svg', () => drawStandalone(costLatencyScatter(result))],
  ];
  return writeFiles(folder, files);
}
