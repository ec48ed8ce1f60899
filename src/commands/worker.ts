// mist worker: does shards of sweeps that others ask for through a queue.
import { availableParallelism } from 'node:os';
import { connectQueue } from '../run/queue-connection.ts';
import { serveQueue } from '../run/queue-worker.ts';
import { MOST_WORKERS, onlyWord, secondsFlag, verb, wholeFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';

const FLAGS = { '--workers': String, '--idle': String } as const;

const HELP = `mist worker redis://HOST:PORT [options]

  Takes shards of mist sweep --queue redis://HOST:PORT, one after another, and hands in what it finds. Any number of workers share a
  queue; they come and go as they like. It must be the same build of MIST, and see the traces, catalog folder and price list that a
  question names at the same paths.

  --workers N        threads (default: one per core)
  --idle SECONDS     leaves when there was no shard for so long (default: stays)

  Ends by Ctrl-C or SIGTERM (exit code 130 or 143; the shard at hand goes back to the queue), or by --idle (0). 2 is a mistake.
`;

/** Serves until it is interrupted or idle. A user's mistakes are thrown (exit code 2). */
export const worker = verb('worker', FLAGS, HELP, async (flags, out) => {
  const url = onlyWord('worker', flags._, 'the address of a queue, redis://HOST:PORT');
  const workers = wholeFlag('--workers', flags['--workers'], 1, MOST_WORKERS) ?? availableParallelism();
  const idle = (secondsFlag('--idle', flags['--idle']) ?? Number.POSITIVE_INFINITY) * 1000;
  const say = (text: string): void => out.stderr(`${text}\n`);
  const interrupt = heedInterrupts();
  try {
    const connection = await connectQueue(url, 'mist worker', say);
    try {
      say(`waiting for shards at ${connection.shown}`);
      const left = await serveQueue(connection, { workers, signal: interrupt.signal, idle, say });
      if (!left) process.exit(interrupt.code());
      return interrupt.code();
    } finally {
      connection.close();
    }
  } finally {
    interrupt.release();
  }
});
