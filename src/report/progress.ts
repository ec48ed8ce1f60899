// Progress of long work on stderr: a bar on a terminal, a line every few seconds in a log.
import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** Moves to `done` of `total`; `words` is the current stage ("screening", "settling"). */
  update(done: number, total: number, words: string): void;
  end(): void;
}

const LOG_EVERY_MS = 5000;

/** @param terminal whether stderr is a terminal. @param write where log lines go. */
export function openProgress(terminal: boolean, write: (text: string) => void): Progress {
  return terminal ? openBar() : openLines(write);
}

function openBar(): Progress {
  const bar = new SingleBar(
    { format: '{words} [{bar}] {percentage}% {value}/{total}', hideCursor: true, clearOnComplete: true },
    Presets.rect,
  );
  let started = false;
  return {
    update(done, total, words) {
      if (!started) bar.start(total, done, { words });
      started = true;
      bar.setTotal(total);
      bar.update(done, { words });
    },
    end() {
      if (started) bar.stop();
      started = false;
    },
  };
}

/** Nothing for work that is over before the first line is due. */
function openLines(write: (text: string) => void): Progress {
  let last = Date.now();
  return {
    update(done, total, words) {
      if (Date.now() - last < LOG_EVERY_MS) return;
      last = Date.now();
      write(`${words}: ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}\n`);
    },
    end() {},
  };
}
