// Requests worth looking at: the one in the middle and the one at the 99th percentile, of each pipeline or of all.
import { orderByLatency } from './stages.ts';
import type { Example, FleetRun } from './types.ts';

/** Pipelines that are shown one by one; of more, only the mix is. */
const MOST_PIPELINES = 5;

export function chooseExamples(run: FleetRun, state: Int32Array, e2el: Float64Array): Example[] {
  const order = orderByLatency(state, e2el);
  const { pipelines } = run;
  if (pipelines === undefined || pipelines.names.length < 2 || pipelines.names.length > MOST_PIPELINES) {
    return pickTwo(order, '');
  }
  return pipelines.names.flatMap((name, p) =>
    pickTwo(
      order.filter((r) => pipelines.of[r] === p),
      `${name}, `,
    ),
  );
}

function pickTwo(order: Int32Array, prefix: string): Example[] {
  if (order.length === 0) return [];
  const at = (q: number): number => order[Math.round(q * (order.length - 1))]!;
  const median = { label: `${prefix}median`, request: at(0.5) };
  return order.length < 3 ? [median] : [median, { label: `${prefix}p99`, request: at(0.99) }];
}
