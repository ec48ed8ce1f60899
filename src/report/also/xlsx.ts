// Results as a workbook for a meeting: a page with the question, the answer, what it costs and why, and a page with the rows.
import { loadOptional } from '../../check/optional.ts';
import type { SweepResult } from '../../metrics/sweep.ts';
import { askQuestion, findAnswer } from '../answer.ts';
import { usdPerMillionTokens } from '../describe.ts';
import { type Cell, columnsOf, finiteOrNull } from '../flat.ts';
import { HOURS_PER_MONTH } from '../format.ts';
import { launchesOf, launchLines } from '../launch-row.ts';
import { explainWhole } from '../why.ts';

type Words = readonly [what: string, value: Cell];

/** What a spreadsheet holds in a page. */
const MOST_ROWS = 1_048_575;

/** Throws UserError where the package that writes it is not installed. */
export async function sweepXlsx(result: SweepResult): Promise<Uint8Array> {
  const { default: write } = await loadOptional<typeof import('write-excel-file/node')>(
    'write-excel-file/node',
    '--also xlsx',
  );
  const columns = columnsOf(result);
  const bold = { fontWeight: 'bold' } as const;
  const rows = result.kept
    .slice(0, MOST_ROWS)
    .map((row, i) => columns.map((column) => cellOf(column.read(row, i + 1))));
  const sheets = [
    {
      sheet: 'Answer',
      columns: [{ width: 28 }, { width: 110 }],
      data: wordsOf(result).map(([what, value]) => [
        { value: what, ...bold },
        { ...cellOf(value), wrap: true },
      ]),
    },
    {
      sheet: 'Rows',
      stickyRowsCount: 1,
      columns: columns.map(({ name }) => ({ width: Math.max(8, name.length + 2) })),
      data: [columns.map(({ name }) => ({ value: name, ...bold })), ...rows],
    },
  ];
  return write(sheets).toBuffer();
}

const cellOf = (cell: Cell) => (cell === null ? null : { value: cell });

/** The page for people, a line each. */
function wordsOf(result: SweepResult): Words[] {
  const answer = findAnswer(result);
  const { row } = answer;
  const figures: Words[] = [];
  if (row?.result) {
    const { ttft, tpot, output_throughput, power_w } = row.result;
    figures.push(
      ['$ per hour', finiteOrNull(row.usd_per_hour)],
      ['$ per month', finiteOrNull(row.usd_per_hour * HOURS_PER_MONTH)],
      ['$ per million tokens', finiteOrNull(usdPerMillionTokens(row))],
      ['devices', row.devices],
      ['p99 TTFT, ms', finiteOrNull(ttft.p99 * 1e3)],
      ['p99 TPOT, ms', finiteOrNull(tpot.p99 * 1e3)],
      ['output tokens/s', finiteOrNull(output_throughput)],
      ['power, W', finiteOrNull(power_w)],
    );
  }
  const start = row?.result ? launchLines(launchesOf(row, result)) : [];
  return [
    ['the question', askQuestion(result)],
    ['the answer', answer.sentence],
    ...figures,
    ...explainWhole(result).map((words, i): Words => [i === 0 ? 'why, and how sure' : '', words]),
    ...start.map((line, i): Words => [i === 0 ? 'how to start it' : '', line]),
    ['rows tried', result.rows],
    ['simulated', result.simulated],
    ['seed', result.seed],
    ['mist', result.version],
  ];
}
