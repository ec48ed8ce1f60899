// When requests are sent: at their times, after the answers that they follow, never faster and never more at once than allowed.
import type { Requests } from '../workload/types.ts';
import type { Answer } from './answer.ts';

export interface Limits {
  /** Requests in flight at most; Infinity = as many as come. */
  readonly concurrency: number;
  /** Requests per second at most, from one to the next. */
  readonly rate: number;
}

/** Sends request `index`, due at `due` (s since the start). */
export type Send = (index: number, due: number) => Promise<Answer>;

/** Timers take no more (2^31 ms). */
const LONGEST_MS = 2e9;
/** So many failures and nothing else, and no more is sent. */
const HOPELESS = 10;

export interface Ran {
  /** By request; absent where it was not sent. */
  readonly answers: readonly (Answer | undefined)[];
  /** When each was due, s. */
  readonly due: Float64Array;
  /** The first ten all failed. */
  readonly hopeless: boolean;
}

/**
 * Sends all requests and waits for their answers. `now`: s since the start. Ends early, without those that were not sent, when `stop`
 * is aborted or when nothing but failures comes.
 */
export function runSchedule(
  requests: Requests,
  limits: Limits,
  send: Send,
  now: () => number,
  stop: AbortSignal,
  onEnd: (ended: number) => void = () => undefined,
): Promise<Ran> {
  const { count, arrival, turns, concurrency: loop } = requests;
  const most = Math.min(limits.concurrency, loop > 0 ? loop : Number.POSITIVE_INFINITY);
  const answers: (Answer | undefined)[] = Array.from({ length: count });
  const due = new Float64Array(count).fill(Number.NaN);
  const followers = followersOf(requests);
  const roots = Array.from({ length: count }, (_, i) => i).filter((i) => !turns || turns.after[i]! < 0);
  const waiting: number[] = []; // due, and not sent yet
  let [next, flying, ended, good, free] = [0, 0, 0, 0, 0];
  let later = 0; // followers whose time has not come
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    const finish = () => {
      if (over || flying > 0) return;
      const halted = stop.aborted || hopeless();
      if (!halted && (next < roots.length || waiting.length > 0 || later > 0)) return;
      over = true;
      clearTimeout(timer);
      resolve({ answers, due, hopeless: hopeless() });
    };
    const hopeless = () => ended >= HOPELESS && good === 0;
    const waitFor = (time: number) => Math.min(LONGEST_MS, Math.max(0, (time - now()) * 1000));
    const launch = (index: number) => {
      flying++;
      free = now() + 1 / limits.rate;
      void send(index, due[index]!).then((answer) => {
        answers[index] = answer;
        flying--;
        ended++;
        if (answer.error === '') good++;
        onEnd(ended);
        for (const one of followers.get(index) ?? []) {
          later++;
          const at = Math.max(arrival[one]!, now() + turns!.delay[one]!);
          setTimeout(
            () => {
              later--;
              due[one] = at;
              waiting.push(one);
              pump();
            },
            (at - now()) * 1000,
          );
        }
        pump();
      });
    };
    const pump = () => {
      clearTimeout(timer);
      if (stop.aborted || hopeless()) return finish();
      while (next < roots.length && arrival[roots[next]!]! <= now()) {
        const index = roots[next++]!;
        due[index] = loop > 0 ? now() : arrival[index]!;
        waiting.push(index);
        if (loop > 0 && flying + waiting.length >= most) break;
      }
      while (waiting.length > 0 && flying < most && now() >= free) launch(waiting.shift()!);
      const times = [
        ...(next < roots.length && !(loop > 0 && flying >= most) ? [arrival[roots[next]!]!] : []),
        ...(waiting.length > 0 && flying < most ? [free] : []),
      ];
      if (times.length > 0) timer = setTimeout(pump, waitFor(Math.min(...times)));
      finish();
    };
    stop.addEventListener('abort', pump, { once: true });
    pump();
  });
}

function followersOf({ count, turns }: Requests): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let i = 0; turns && i < count; i++) {
    const after = turns.after[i]!;
    if (after >= 0) found.set(after, [...(found.get(after) ?? []), i]);
  }
  return found;
}
