// When requests are sent: at their times, after the answers that they follow, never faster and never more at once than allowed.
import type { Requests } from '../workload/types.ts';
import type { Answer } from './answer.ts';

export interface Limits {
  /** Requests in flight at most; Infinity = as many as come. */
  readonly concurrency: number;
  /** Requests per second at most, from one to the next. */
  readonly rate: number;
}

/** Sends request `index` now. */
export type Send = (index: number) => Promise<Answer>;

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
  return new Schedule(requests, limits, send, now, stop, onEnd).run();
}

class Schedule {
  readonly #requests: Requests;
  readonly #limits: Limits;
  readonly #send: Send;
  readonly #now: () => number;
  readonly #stop: AbortSignal;
  readonly #onEnd: (ended: number) => void;
  readonly #answers: (Answer | undefined)[];
  readonly #due: Float64Array;
  readonly #followers: ReadonlyMap<number, readonly number[]>;
  /** Requests that follow none, in order; `#next` of them are due or sent. */
  readonly #roots: readonly number[];
  /** Due, and not sent yet. */
  readonly #waiting: number[] = [];
  /** In flight at most. */
  readonly #most: number;
  #next = 0;
  #flying = 0;
  #ended = 0;
  #good = 0;
  /** Followers whose time has not come. */
  #later = 0;
  /** When the next may be sent. */
  #free = 0;
  #timer: NodeJS.Timeout | undefined;
  #resolve: (ran: Ran) => void = () => undefined;

  constructor(
    requests: Requests,
    limits: Limits,
    send: Send,
    now: () => number,
    stop: AbortSignal,
    onEnd: (ended: number) => void,
  ) {
    this.#requests = requests;
    this.#limits = limits;
    this.#send = send;
    this.#now = now;
    this.#stop = stop;
    this.#onEnd = onEnd;
    const { count, turns, concurrency } = requests;
    this.#answers = Array.from({ length: count });
    this.#due = new Float64Array(count).fill(Number.NaN);
    this.#followers = followersOf(requests);
    this.#roots = Array.from({ length: count }, (_, i) => i).filter((i) => !turns || turns.after[i]! < 0);
    this.#most = Math.min(limits.concurrency, concurrency > 0 ? concurrency : Number.POSITIVE_INFINITY);
  }

  run(): Promise<Ran> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#stop.addEventListener('abort', () => this.#pump(), { once: true });
      this.#pump();
    });
  }

  #hopeless(): boolean {
    return this.#ended >= HOPELESS && this.#good === 0;
  }

  /** Sends what may be sent now, and comes again when more may be. */
  #pump(): void {
    clearTimeout(this.#timer);
    const halted = this.#stop.aborted || this.#hopeless();
    if (!halted) {
      this.#comeDue();
      while (this.#waiting.length > 0 && this.#mayFly() && this.#now() >= this.#free)
        this.#launch(this.#waiting.shift()!);
      const time = this.#nextTime();
      if (time < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#pump(), this.#waitFor(time));
    }
    const left = this.#next < this.#roots.length || this.#waiting.length > 0 || this.#later > 0;
    if (this.#flying > 0 || (left && !halted)) return;
    this.#resolve({ answers: this.#answers, due: this.#due, hopeless: this.#hopeless() });
  }

  #mayFly(): boolean {
    return this.#flying < this.#most;
  }

  /** Roots whose time has come; in a closed loop, as many as there is room for. */
  #comeDue(): void {
    const { arrival, concurrency } = this.#requests;
    while (this.#next < this.#roots.length) {
      const index = this.#roots[this.#next]!;
      const full = concurrency > 0 && this.#flying + this.#waiting.length >= this.#most;
      if (full || arrival[index]! > this.#now()) return;
      this.#due[index] = concurrency > 0 ? this.#now() : arrival[index]!;
      this.#waiting.push(index);
      this.#next++;
    }
  }

  #nextTime(): number {
    const { arrival, concurrency } = this.#requests;
    let time = Number.POSITIVE_INFINITY;
    if (this.#waiting.length > 0 && this.#mayFly()) time = this.#free;
    if (this.#next < this.#roots.length && (concurrency === 0 || this.#mayFly()))
      time = Math.min(time, Math.max(this.#free, arrival[this.#roots[this.#next]!]!));
    return time;
  }

  #waitFor(time: number): number {
    return Math.min(LONGEST_MS, Math.max(0, (time - this.#now()) * 1000));
  }

  #launch(index: number): void {
    this.#flying++;
    void this.#send(index).then((answer) => this.#land(index, answer));
    this.#free = this.#now() + 1 / this.#limits.rate;
  }

  #land(index: number, answer: Answer): void {
    const { arrival, turns } = this.#requests;
    this.#answers[index] = answer;
    this.#flying--;
    this.#ended++;
    if (answer.error === '') this.#good++;
    this.#onEnd(this.#ended);
    for (const one of this.#followers.get(index) ?? []) {
      this.#later++;
      const time = Math.max(arrival[one]!, this.#now() + turns!.delay[one]!);
      this.#at(time, () => {
        this.#later--;
        this.#due[one] = time;
        this.#waiting.push(one);
        this.#pump();
      });
    }
    this.#pump();
  }

  /** Never before its time: a timer may wake a millisecond early. */
  #at(time: number, act: () => void): void {
    setTimeout(() => (this.#now() < time ? this.#at(time, act) : act()), this.#waitFor(time));
  }
}

function followersOf({ count, turns }: Requests): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let i = 0; turns && i < count; i++) {
    const after = turns.after[i]!;
    if (after >= 0) found.set(after, [...(found.get(after) ?? []), i]);
  }
  return found;
}
