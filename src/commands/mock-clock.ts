// Time as the mock server has it: of the wall, or set by hand, so that a test sees simulated time alone.

export interface Clock {
  /** s since the server began. */
  now(): number;
  /** Calls back at a time, or at once where that has passed. */
  at(time: number, call: () => void): void;
}

/** setTimeout wakes up to so many seconds late: the rest is waited for by turns of the event loop. */
const COARSE = 0.0025;

export function wallClock(): Clock {
  const start = performance.now();
  const now = () => (performance.now() - start) / 1e3;
  const at = (time: number, call: () => void): void => {
    const left = time - now();
    if (left <= 0) call();
    else if (left > COARSE) setTimeout(() => at(time, call), (left - COARSE) * 1e3);
    else setImmediate(() => at(time, call));
  };
  return { now, at };
}

export interface ManualClock extends Clock {
  /** Goes to a time, over everything that is due before it, in order. */
  moveTo(time: number): void;
}

export function manualClock(): ManualClock {
  let clock = 0;
  const due: { readonly time: number; readonly call: () => void }[] = [];
  return {
    now: () => clock,
    at(time, call) {
      due.push({ time, call });
      due.sort((a, b) => a.time - b.time);
    },
    moveTo(time) {
      while (due.length > 0 && due[0]!.time <= time) {
        const { time: at, call } = due.shift()!;
        clock = Math.max(clock, at);
        call();
      }
      clock = time;
    },
  };
}
