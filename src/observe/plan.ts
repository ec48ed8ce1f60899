// What an observation would send, before it sends anything.
import { type Issue, UserError } from '../check/issue.ts';
import { orderBlocks } from '../workload/links.ts';
import type { Requests } from '../workload/types.ts';

export interface Wishes {
  /** s; requests that come later are not sent. */
  readonly duration?: number;
  readonly concurrency: number;
  readonly rate: number;
}

export interface Plan {
  readonly requests: Requests;
  readonly prompt: number;
  readonly output: number;
  /** Of the trace, beyond the duration. */
  readonly left: number;
  /** One line each. */
  readonly words: readonly string[];
}

/** Cuts the requests to the observation and counts them. Throws UserError where nothing is left. */
export function planObservation(all: Requests, wishes: Wishes, place: string): Plan {
  const requests = wishes.duration === undefined ? all : cutAt(all, wishes.duration);
  if (requests.count === 0) {
    const issue: Issue = {
      path: '--duration',
      expected: `a time after the first request, at ${seconds(all.arrival[0] ?? 0)}`,
      received: seconds(wishes.duration!),
    };
    throw new UserError([issue]);
  }
  const sum = (column: Int32Array) => column.reduce((total, tokens) => total + tokens, 0);
  const [prompt, output] = [sum(requests.prompt), sum(requests.output)];
  const left = all.count - requests.count;
  const number = (value: number) => value.toLocaleString('en-US');
  const roots = requests.turns?.roots ?? requests.count;
  const last = requests.arrival.subarray(0, roots).reduce((most, time) => Math.max(most, time), 0);
  const span =
    requests.concurrency > 0
      ? `${requests.concurrency} in flight at any time`
      : `over ${seconds(last)} and the answers of the last`;
  const caps = [
    ...(wishes.rate < Number.POSITIVE_INFINITY ? [`at most ${wishes.rate} a second`] : []),
    ...(wishes.concurrency < Number.POSITIVE_INFINITY ? [`at most ${wishes.concurrency} in flight`] : []),
  ];
  return {
    ...{ requests, prompt, output, left },
    words: [
      `${number(requests.count)} requests to ${place}: ${number(prompt)} prompt tokens, ${number(output)} output tokens, ${span}${caps.map((cap) => `, ${cap}`).join('')}`,
      ...(left > 0
        ? [`${number(left)} requests of the trace come after ${seconds(wishes.duration!)} and are not sent`]
        : []),
    ],
  };
}

const seconds = (value: number): string => `${Number(value.toPrecision(4))} s`;

/** Requests that arrive before `end`, with those that follow them: who follows one that is cut is cut too. */
function cutAt(all: Requests, end: number): Requests {
  const kept: number[] = [];
  const place = new Map<number, number>();
  for (let i = 0; i < all.count; i++) {
    const after = all.turns?.after[i] ?? -1;
    if (all.arrival[i]! >= end || (after >= 0 && !place.has(after))) continue;
    place.set(i, kept.length);
    kept.push(i);
  }
  if (kept.length === all.count) return all;
  const { turns, prefix } = all;
  return {
    ...all,
    count: kept.length,
    arrival: Float64Array.from(kept, (i) => all.arrival[i]!),
    prompt: Int32Array.from(kept, (i) => all.prompt[i]!),
    output: Int32Array.from(kept, (i) => all.output[i]!),
    ...(turns
      ? {
          turns: {
            roots: kept.filter((i) => i < turns.roots).length,
            after: Int32Array.from(kept, (i) => place.get(turns.after[i]!) ?? -1),
            delay: Float64Array.from(kept, (i) => turns.delay[i]!),
          },
        }
      : {}),
    ...(prefix ? { prefix: orderBlocks(prefix, Int32Array.from(kept)) } : {}),
  };
}
