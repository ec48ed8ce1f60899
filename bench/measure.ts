// Median seconds of tasks: timed in turn, in several rounds, so that a busy moment of the machine does not fall on one of them alone.
import { Bench } from 'tinybench';

export interface Effort {
  /** Rounds over all tasks; the median of their medians counts. */
  readonly rounds: number;
  /** Least time and calls of a task in one round. */
  readonly milliseconds: number;
  readonly calls: number;
}

const USUAL: Effort = { rounds: 5, milliseconds: 150, calls: 3 };

export async function timeMedians<Name extends string>(
  tasks: Readonly<Record<Name, () => void>>,
  effort: Effort = USUAL,
): Promise<Record<Name, number>> {
  const names = Object.keys(tasks) as Name[];
  const medians = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < effort.rounds; round++) {
    const bench = new Bench({
      time: effort.milliseconds,
      iterations: effort.calls,
      warmup: round === 0,
      warmupTime: effort.milliseconds,
      warmupIterations: 1,
      throws: true,
    });
    for (const name of names) bench.add(name, tasks[name]);
    for (const task of await bench.run()) {
      if (task.result.state !== 'completed') throw new Error(`${task.name} did not complete: ${task.result.state}`);
      medians.get(task.name as Name)!.push(task.result.latency.p50 / 1000);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(medians.get(name)!)])) as Record<Name, number>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
