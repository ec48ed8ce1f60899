// Progress of long work on stderr: a bar on a terminal, a line every few seconds in a log; with the rate and the time that is left at it.
import { Presets, SingleBar } from 'cli-progress';
import { formatDuration, formatNumber } from './format.ts';

export interface Progress {
  /** Moves to `done` of `total`; `words` is the current stage ("screening", "settling"). */
  update(done: number, total: number, words: string): void;
  end(): void;
}

const LOG_EVERY_MS = 5000;

/** @param terminal whether stderr is a terminal. @param write where log lines go. @param now ms. */
export function openProgress(terminal: boolean, write: (text: string) => void, now = Date.now): Progress {
  return terminal ? openBar(now) : openLines(write, now);
}

function openBar(now: () => number): Progress {
  const bar = new SingleBar(
    { format: '{words} [{bar}] {percentage}% {value}/{total}{pace}', hideCursor: true, clearOnComplete: true },
    Presets.rect,
  );
  const pace = openPace(now);
  let started = false;
  return {
    update(done, total, words) {
      const shown = { words, pace: pace(done, total, words) };
      if (!started) bar.start(total, done, shown);
      started = true;
      bar.setTotal(total);
      bar.update(done, shown);
    },
    end() {
      if (started) bar.stop();
      started = false;
    },
  };
}

/** Nothing for work that is over before the first line is due. */
function openLines(write: (text: string) => void, now: () => number): Progress {
  let last = now();
  const pace = openPace(now);
  return {
    update(done, total, words) {
      const shown = pace(done, total, words);
      if (now() - last < LOG_EVERY_MS) return;
      last = now();
      write(`${words}: ${formatNumber(done)} of ${formatNumber(total)}${shown}\n`);
    },
    end() {},
  };
}

/** The pace is that of the last so many ms: a stage that begins anew, or whose work was known, does not blur it. */
const PACE_OVER_MS = 30_000;
/** No pace is told of less than this: what was finished before comes in an instant. */
const LEAST_MS = 1000;

/** ", 830/s, 40 s left at this rate": what a search rules out goes faster than what it simulates. */
function openPace(now: () => number) {
  let stage = '';
  let marks: { readonly at: number; readonly done: number }[] = [];
  return (done: number, total: number, words: string): string => {
    if (words !== stage) marks = [];
    stage = words;
    const at = now();
    const last = marks.at(-1);
    if (!last || at - last.at > LEAST_MS / 4) marks.push({ at, done });
    while (marks.length > 2 && at - marks[1]!.at > PACE_OVER_MS) marks.shift();
    const [first] = marks;
    if (!first || at - first.at < LEAST_MS || done <= first.done) return '';
    const rate = (done - first.done) / ((at - first.at) / 1000);
    const left = Math.max(0, total - done) / rate;
    return `, ${formatNumber(Number(rate.toPrecision(3)))}/s, ${formatDuration(left)} left at this rate`;
  };
}
