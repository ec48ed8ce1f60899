// Time as the mock server has it: of the wall, or set by hand, so that a test sees simulated time alone. Both call back in order of time.

export interface Clock {
  /** s since the server began. */
  now(): number;
  /** Calls back at a time, or as soon as can be where that has passed; never before what is due earlier. */
  at(time: number, call: () => void): void;
}

interface Due {
  readonly time: number;
  readonly call: () => void;
}

/** In order of time, of equal times in the order they came. */
function openQueue() {
  const due: Due[] = [];
  return {
    first: (): Due | undefined => due[0],
    take: (): Due => due.shift()!,
    add(one: Due): void {
      let at = due.length;
      while (at > 0 && due[at - 1]!.time > one.time) at--;
      due.splice(at, 0, one);
    },
  };
}

/** setTimeout wakes up to so many seconds late: the rest is waited for by turns of the event loop. */
const COARSE = 0.0025;

export function wallClock(): Clock {
  const start = performance.now();
  const now = () => (performance.now() - start) / 1e3;
  const queue = openQueue();
  let cancel = (): void => {};
  const wake = (): void => {
    for (let first = queue.first(); first && first.time <= now(); first = queue.first()) queue.take().call();
    arm();
  };
  const arm = (): void => {
    cancel();
    const first = queue.first();
    if (!first) return;
    const left = first.time - now() - COARSE;
    if (left > 0) {
      const timer = setTimeout(wake, left * 1e3);
      cancel = () => clearTimeout(timer);
    } else {
      const turn = setImmediate(wake);
      cancel = () => clearImmediate(turn);
    }
  };
  return {
    now,
    at(time, call) {
      queue.add({ time, call });
      if (queue.first()!.call === call) arm();
    },
  };
}

export interface ManualClock extends Clock {
  /** Goes to a time, over everything that is due before it, in order. */
  moveTo(time: number): void;
}

export function manualClock(): ManualClock {
  let clock = 0;
  const queue = openQueue();
  return {
    now: () => clock,
    at: (time, call) => queue.add({ time, call }),
    moveTo(time) {
      for (let first = queue.first(); first && first.time <= time; first = queue.first()) {
        clock = Math.max(clock, first.time);
        queue.take().call();
      }
      clock = time;
    },
  };
}
