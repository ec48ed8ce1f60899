// Predictions as the lines, the tables and the JSON that mist validate gives out.
import { quoteCell } from '../report/csv.ts';
import { capital } from '../report/format.ts';
import { drawTable, left, right } from '../report/table.ts';
import { JUDGED_BELOW } from './capacity.ts';
import type { ChoiceScore, TauSummary } from './order.ts';
import type { Prediction } from './predict.ts';
import type { MissingReason, TitledTable, Validation } from './report.ts';
import type { CapacityScore, ErrorTable } from './score.ts';

const HEADING = 'case_id,value,predicted,predicted_alt,error_pct,status,note,basis,regime,band_pct';

/** One line per row of the case file, in its order (data/cases/SCHEMA.md section 6). */
export function predictionLines(predictions: readonly Prediction[]): string {
  const lines = predictions.map(({ row, predicted, alternative, errorPct, status, note, basis, regime, bandPct }) =>
    [
      ...[row.case_id, row.valueText, figure(predicted), figure(alternative), fixed(errorPct), status, note],
      ...[basis ?? '', regime ?? '', bandPct === null ? '' : String(bandPct)],
    ]
      .map(quoteCell)
      .join(','),
  );
  return `${[HEADING, ...lines].join('\n')}\n`;
}

/** Seven digits: more than any measurement has, and short. */
function figure(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(7)));
}

function fixed(value: number | null): string {
  return value === null ? '' : value.toFixed(3);
}

const WIDTH = 180; // its tables are for files as much as for people
const FIGURES = right([
  ...['rows', 'none', '|err| p50', 'p90', 'signed p50', '<=10', '<=20', '<=30', 'in band'],
  ...['configs', 'p50', 'p90', 'TTFT<100ms'],
]);

/** Errors in %; `none` are rows without a prediction, `configs` medians of each (config, metric); short TTFTs also in ms. */
export function errorTable({ by, lines }: TitledTable): string {
  const rows = lines.map((line) => [...line.key, ...errorCells(line)]);
  return drawTable([...left(by), ...FIGURES], rows, WIDTH).join('\n');
}

function errorCells(table: ErrorTable): string[] {
  const one = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : '-');
  const share = (value: number) => (100 * value).toFixed(0);
  return [
    ...[String(table.n), table.missing === 0 ? '' : String(table.missing)],
    ...[one(table.median), one(table.p90), one(table.signed)],
    ...[share(table.within10), share(table.within20), share(table.within30)],
    Number.isNaN(table.inBand) ? '-' : share(table.inBand),
    ...[String(table.configs), one(table.configMedian), one(table.configP90)],
    Number.isNaN(table.shortTtftMs) ? '' : `${table.shortTtftMs.toFixed(1)} ms`,
  ];
}

/** The terminal's summary: errors by mode, metric and quality, what was asked for, order and choices, and what is missing. */
export function summaryText(validation: Validation, more: readonly string[]): string {
  const { tables, headline, capacity, tau, choices, missing } = validation;
  const parts = [`Errors in % of the measured value, all scored rows\n${errorTable(tables[0])}`];
  const rest = [tables[1], ...tables.filter(({ rows }) => rows === 'core')];
  const last = tables.at(-1);
  if (more.length > 0 && last) rest.push(last);
  for (const table of rest) parts.push(`${capital(table.rows)} rows\n${errorTable(table)}`);
  parts.push(headlineText(headline, tables[1].rows));
  if (capacity) parts.push(capacityText(capacity));
  if (tau.length > 0)
    parts.push(`Order over loads (Kendall's tau, deployments with 4 loads or more)\n${tauTable(tau)}`);
  if (choices.length > 0) parts.push(`The better of two that differ in one choice\n${choiceTable(choices)}`);
  if (missing.length > 0) parts.push(`Scored rows without a prediction\n${missingTable(missing)}`);
  return `${parts.join('\n\n')}\n`;
}

function headlineText(headline: ErrorTable, rows: string): string {
  const one = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : '-');
  return (
    `${capital(rows)}: ${headline.n} rows, median |error| ${one(headline.median)} %, p90 ${one(headline.p90)} %; ` +
    `over ${headline.configs} configs and metrics ${one(headline.configMedian)} % and ${one(headline.configP90)} %; ` +
    `${headline.missing} without a prediction`
  );
}

function capacityText({ n, median, p90, signed, configMedian, configP90, rows, undetermined }: CapacityScore): string {
  const one = (value: number) => value.toFixed(1);
  return (
    `Capacity of ${n} server runs: median |error| ${one(median)} %, p90 ${one(p90)} %, bias ${one(signed)} %; ` +
    `over configs ${one(configMedian)} % and ${one(configP90)} %; ${undetermined} of their ${rows} rows are undetermined: ` +
    `offered more than ${100 * JUDGED_BELOW} % of the predicted capacity`
  );
}

function tauTable(tau: readonly TauSummary[]): string {
  const rows = tau.map(({ metric, sweeps, mean, median, worst }) => [
    metric,
    String(sweeps),
    ...[mean, median, worst].map((value) => value.toFixed(3)),
  ]);
  const heads = [...left(['metric']), ...right(['sweeps', 'mean', 'median', 'worst'])];
  return drawTable(heads, rows, WIDTH).join('\n');
}

function choiceTable(choices: readonly ChoiceScore[]): string {
  const share = (right: number, pairs: number) => (pairs === 0 ? '-' : `${((100 * right) / pairs).toFixed(0)} %`);
  const rows = choices.map(({ choice, metric, pairs, right: good, clearPairs, clearRight }) => [
    ...[choice, metric, String(pairs), share(good, pairs)],
    ...[String(clearPairs), share(clearRight, clearPairs)],
  ]);
  const heads = [...left(['choice', 'metric']), ...right(['pairs', 'right', '> 10 % apart', 'right'])];
  return drawTable(heads, rows, WIDTH).join('\n');
}

function missingTable(missing: readonly MissingReason[]): string {
  const rows = missing.map(({ status, note, rows: count, cases }) => [String(count), status, note, cases[0] ?? '']);
  const heads = [...right(['rows']), ...left(['status']), ...left(['why'], { cut: true }), ...left(['first'])];
  return drawTable(heads, rows, WIDTH).join('\n');
}

/** The same as JSON: rows, tables, order, reasons. Numbers keep their digits; what does not exist is null. */
export function validationJson(validation: Validation): string {
  const rows = validation.predictions.map(({ row, predicted, alternative, errorPct, status, note, ...about }) => ({
    case_id: row.case_id,
    value: Number.isFinite(row.value) ? row.value : null,
    predicted,
    predicted_alt: alternative,
    error_pct: errorPct,
    status,
    note,
    basis: about.basis,
    regime: about.regime,
    band_pct: about.bandPct,
    ...(about.capacityPct === null ? {} : { capacity_error_pct: about.capacityPct }),
  }));
  const table = (by: readonly string[], line: ErrorTable) => ({
    ...Object.fromEntries(by.map((column, i) => [column, line.key[i]])),
    n: line.n,
    missing: line.missing,
    median_abs_error_pct: line.median,
    p90_abs_error_pct: line.p90,
    median_signed_error_pct: line.signed,
    within_10: line.within10,
    within_20: line.within20,
    within_30: line.within30,
    in_band: line.inBand,
    configs: line.configs,
    config_median_abs_error_pct: line.configMedian,
    config_p90_abs_error_pct: line.configP90,
    short_ttft_median_abs_error_ms: line.shortTtftMs,
  });
  const { headline, tables, capacity, tau, sweeps, choices, missing } = validation;
  const answer = {
    headline: table([], headline),
    tables: tables.map(({ by, rows: of, lines }) => ({ by, rows: of, lines: lines.map((line) => table(by, line)) })),
    capacity: capacity && { ...table([], capacity), rows: capacity.rows, undetermined: capacity.undetermined },
    kendall_tau: tau,
    load_sweeps: sweeps,
    choices,
    without_prediction: missing,
    rows,
  };
  // JSON writes NaN, what was not measured, as null
  return `${JSON.stringify(answer, null, 1)}\n`;
}
