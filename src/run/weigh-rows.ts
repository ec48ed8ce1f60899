// The way through a question of any shape: every row weighed, then simulated cheapest first until no other can be better.
import { rowScore } from '../metrics/sweep.ts';
import type { Question } from '../spec/question.ts';
import type { Found } from './found.ts';
import type { Pool } from './pool.ts';
import { BLOCK_ROWS } from './protocol.ts';
import type { SettleWatch } from './settle.ts';
import type { SimulatedRow } from './simulate-row.ts';

/** Rows per wave: what is simulated next depends on whole waves only. */
const WAVE = 32;

export interface Weighing extends SettleWatch {
  /** Simulate every row that can be, also those that cannot be better. */
  readonly exhaustive?: boolean;
  /** Which question a row answers: what is better is asked of each by itself. */
  scenarioOf(row: number): string;
}

interface Weighed {
  readonly usdPerHour: Float64Array;
  readonly devices: Float64Array;
  readonly reasons: readonly string[];
}

export async function weighRows(pool: Pool, question: Question, options: Weighing): Promise<Found> {
  const weighed = await weighAll(pool, question, options);
  const lookedAt = performance.now();
  const { simulated, refused, dearer } = await settleAll(pool, question, weighed, options);
  const reasons = [...weighed.reasons.filter((reason) => reason !== ''), ...refused];
  return {
    rejected: reasons.map((words) => ({ words, count: 1 })),
    screened: null,
    dearer,
    simulated,
    estimates: new Map(),
    lookedAt,
  };
}

async function weighAll(pool: Pool, { rows }: Question, { onProgress }: Weighing): Promise<Weighed> {
  const usdPerHour = new Float64Array(rows).fill(Number.NaN);
  const devices = new Float64Array(rows).fill(Number.NaN);
  const reasons = new Array<string>(rows).fill('');
  let done = 0;
  await pool.work({ kind: 'weigh', rows, blocks: Math.ceil(rows / BLOCK_ROWS), size: BLOCK_ROWS }, (report) => {
    if (report.kind !== 'weighed') return;
    const first = report.block * BLOCK_ROWS;
    usdPerHour.set(report.usdPerHour, first);
    devices.set(report.devices, first);
    for (const [i, reason] of report.reasons.entries()) reasons[first + i] = reason;
    done += report.reasons.length;
    onProgress?.(done, rows, 'checking');
  });
  return { usdPerHour, devices, reasons };
}

/**
 * Rows in the order of what their devices cost (or how many there are), where that is the objective: as soon as the best `top` of a
 * scenario that keep the promise are no worse than the devices of its next row alone, no row of it that is left can be better.
 */
async function settleAll(pool: Pool, question: Question, weighed: Weighed, options: Weighing) {
  const floor = question.objective === 'devices' ? weighed.devices : weighed.usdPerHour;
  const ordered = question.objective === 'devices' || question.objective === 'usd_per_hour';
  const order = Array.from({ length: question.rows }, (_, row) => row).filter((row) => !Number.isNaN(floor[row]));
  if (ordered) order.sort((a, b) => floor[a]! - floor[b]! || a - b);
  const most = Math.min(order.length, question.settle);
  const simulated = new Map<number, SimulatedRow>();
  const refused: string[] = [];
  let dearer = 0;
  for (let at = 0; at < order.length && simulated.size + refused.length < most && !options.signal?.aborted; ) {
    const best = ordered && !options.exhaustive ? bestOf(simulated, question, options) : new Map<string, number>();
    const room = Math.min(WAVE, most - simulated.size - refused.length);
    const rows: number[] = [];
    for (; at < order.length && rows.length < room; at++) {
      const row = order[at]!;
      if ((best.get(options.scenarioOf(row)) ?? Number.POSITIVE_INFINITY) <= floor[row]!) dearer++;
      else rows.push(row);
    }
    await pool.work({ kind: 'settle', rows: Float64Array.from(rows), hasty: false }, (report) => {
      if (report.kind !== 'settled') return;
      if (report.simulated) simulated.set(rows[report.index]!, report.simulated);
      else refused.push(report.refused);
      options.onProgress?.(simulated.size + refused.length, most, 'simulating');
    });
  }
  return { simulated, refused, dearer };
}

/** By scenario: the score of the `top`-th best row that keeps the promise; absent while there are fewer. */
function bestOf(
  simulated: ReadonlyMap<number, SimulatedRow>,
  { objective, top }: Question,
  { scenarioOf }: Weighing,
): Map<string, number> {
  const scores = new Map<string, number[]>();
  for (const [row, { result }] of simulated) {
    if (!result.slo_met) continue;
    const name = scenarioOf(row);
    scores.set(name, [...(scores.get(name) ?? []), rowScore(objective, result)]);
  }
  return new Map(
    [...scores].flatMap(([name, list]) =>
      list.length < top ? [] : [[name, list.sort((a, b) => a - b)[top - 1]!] as const],
    ),
  );
}
