// A sweep as JSON: question, answer, why rows fell, and every kept row with the columns of the flat table.
import type { KeptRow, SweepResult } from '../metrics/sweep.ts';
import { askQuestion, explainAnswer, findAnswer, winners } from './answer.ts';
import { certificate } from './certificate.ts';
import { digestOf } from './digest.ts';
import { drawsJson, explainDraws } from './draws.ts';
import { columnsOf, type FlatColumn, finiteOrNull } from './flat.ts';
import { frontJson } from './front.ts';
import type { JsonObject } from './json.ts';
import { launchesOf } from './launch-row.ts';
import { pricesJson } from './prices.ts';
import { explainTrust, restsWords } from './trust.ts';

export function sweepJson(result: SweepResult): JsonObject {
  const columns = columnsOf(result);
  const { workers, seconds } = result;
  return { ...describeSweep(result), workers, seconds, kept: result.kept.map((row, i) => flatRow(columns, row, i)) };
}

/** The same as text without how long it took, one row a line, in pieces: a long table need not be in memory as one string. */
export function* jsonLines(result: SweepResult): Generator<string> {
  const head = JSON.stringify(describeSweep(result), null, 1);
  const columns = columnsOf(result);
  yield `${head.slice(0, head.lastIndexOf('\n'))},\n "kept": [`;
  for (const [i, row] of result.kept.entries())
    yield `${i > 0 ? ',' : ''}\n  ${JSON.stringify(flatRow(columns, row, i))}`;
  yield '\n ]\n}\n';
}

function flatRow(columns: readonly FlatColumn[], row: KeptRow, index: number): JsonObject {
  return Object.fromEntries(columns.map((column) => [column.name, column.read(row, index + 1)]));
}

function describeSweep(result: SweepResult): JsonObject {
  const { first, objective, screened } = result;
  const { kind, row, sentence } = findAnswer(result);
  const best = winners(result).filter(({ scenario }) => scenario !== '');
  const launches = row && kind !== 'missed' ? launchesOf(row, result) : [];
  return {
    schema: 'mist-sweep-2',
    version: result.version,
    name: result.name,
    question: askQuestion(result),
    answer: { kind, row: row?.row ?? null, sentence, why: explainAnswer(result) },
    ...(best.length > 0 ? { winners: best.map((one) => ({ scenario: one.scenario, row: one.row })) } : {}),
    launch: launches.map(({ pool, launch }) => ({ pool, command: launch.command, notes: launch.notes })),
    objective,
    power: first.power,
    slo: first.slo.map((slo) => ({ metric: slo.metric, percentile: slo.percentile, limit_ms: slo.limit * 1000 })),
    axes: result.axes.map(({ name, labels }) => ({ name, values: labels })),
    seed: result.seed,
    workload: result.workload,
    rows: result.rows,
    rejected: result.rejected,
    feasible: screened?.feasible ?? null,
    reordered: screened ? finiteOrNull(screened.reordered) : null,
    dearer: result.dearer,
    certificate: certificate(result),
    unreached: result.unreached,
    simulated: result.simulated,
    interrupted: result.interrupted,
    error_bands: Object.fromEntries(
      // a run at capacity has none of its own around latencies
      result.kept.flatMap(({ trust }) =>
        trust && Number.isFinite(trust.band.ttft_pct) ? [[restsWords(trust), trust.band]] : [],
      ),
    ),
    trust: explainTrust(result),
    ...(result.draws ? { chance: explainDraws(result) } : {}),
    ...drawsJson(result),
    ...(result.caveats ? { caveats: result.caveats } : {}),
    ...pricesJson(result),
    ...frontJson(result),
    digest: digestOf(result),
    spec: result.text,
  };
}
