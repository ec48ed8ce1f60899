// mist sweep --queue: shards that others do, put in, waited for, and made one answer.
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../check/issue.ts';
import { statOf } from '../check/text-file.ts';
import { formatNumber } from '../report/format.ts';
import { type Asking, buildDigest, headOf } from '../run/asked.ts';
import { connectQueue } from '../run/queue-connection.ts';
import { gatherShards } from '../run/queue-coordinator.ts';
import type { Presence } from '../run/queue-presence.ts';
import { openShards } from '../run/shards.ts';
import { wholeFlag } from './flags.ts';
import { type Ended, mergeWork, type UnderWay } from './sweep-work.ts';

/** Parts of one question at most: a merge opens the files of all. */
export const MOST_PARTS = 10_000;

/** Parts that a queue hands out: enough for many machines to end together. */
const SHARDS = 64;

/** Below the results' folder: the work of shards that a queue handed out. */
const SHARDS_FOLDER = 'shards';

export interface QueueAsked {
  readonly url: string;
  readonly of: number;
}

/** Throws UserError where flags contradict each other. */
export function readQueue(flags: { '--queue'?: string; '--shard'?: string; '--shards'?: string }): QueueAsked | null {
  const { '--queue': url, '--shard': shard } = flags;
  const of = wholeFlag('--shards', flags['--shards'], 1, MOST_PARTS);
  if (url === undefined) {
    if (of === undefined) return null;
    throw new UserError([{ path: '--shards', expected: '--queue, whose shards are counted', received: 'no --queue' }]);
  }
  if (shard !== undefined)
    throw new UserError([{ path: '--shard', expected: 'no --queue, which hands out all shards', received: shard }]);
  return { url, of: of ?? SHARDS };
}

/** All shards by whoever works on the queue, into the folder, and the whole from them. */
export async function sweepQueue({ url, of }: QueueAsked, way: UnderWay): Promise<Ended> {
  const { question, asking, interrupt, options, out } = way;
  const say = (text: string): void => out.stderr(`${text}\n`);
  const connection = await connectQueue(url, '--queue', say);
  const folder = join(way.folder!, SHARDS_FOLDER);
  const head = headOf(question, asAnywhere(asking), null);
  const tell = openTeller(say, connection.shown);
  try {
    const gathered = await gatherShards(connection, {
      ...{ head, of, folder, signal: interrupt.signal },
      onLook(done, workers, run) {
        options.onProgress!(done, of, 'shards');
        if (done < of) tell(workers, run);
      },
    });
    if (interrupt.signal.aborted) return { code: interrupt.code(), spent: false };
    const ended = await mergeWork(openShards(gathered), way);
    if (ended.spent) rmSync(folder, { recursive: true });
    return ended;
  } finally {
    connection.close();
  }
}

/** Names that mean the same in whatever folder a worker was started. */
function asAnywhere(asking: Asking): Asking {
  const { file, catalogFolder, prices } = asking;
  const isFile = prices !== null && statOf(prices)?.isFile();
  return {
    ...asking,
    file: resolve(file),
    catalogFolder: catalogFolder === null ? null : resolve(catalogFolder),
    prices: isFile ? resolve(prices) : prices,
  };
}

/** ms between two lines about workers. */
const TELL_EVERY = 10_000;

/** Who is at work, now and then; whoever cannot be, once. */
function openTeller(say: (text: string) => void, address: string) {
  let last = Date.now();
  const told = new Set<string>();
  return (workers: readonly Presence[], run: string): void => {
    const own = workers.filter(({ build }) => build === buildDigest());
    for (const { id, name, build } of workers) {
      if (build === buildDigest() || told.has(id)) continue;
      told.add(id);
      say(`the worker ${name} is of build ${build} and gets no shards: these are of build ${buildDigest()}`);
    }
    if (Date.now() - last < TELL_EVERY) return;
    last = Date.now();
    say(own.length > 0 ? tellWorkers(own, run) : `waiting for a worker of this build: mist worker ${address}`);
  };
}

/** Workers that are named one by one. */
const MOST_NAMED = 8;

/** "2 workers: a:17 shard 3/6, simulating 1,202 of 9,410; b:18 waiting". */
export function tellWorkers(workers: readonly Presence[], run: string): string {
  const named = workers.slice(0, MOST_NAMED).map(({ name, doing }) => {
    if (doing === null) return `${name} waiting`;
    if (doing.run !== run) return `${name} at another question`;
    const { shard, words, done, total } = doing;
    return `${name} shard ${shard}, ${words} ${formatNumber(done)} of ${formatNumber(total)}`;
  });
  const others = workers.length - named.length;
  const rest = others > 0 ? [`and ${formatNumber(others)} more`] : [];
  return `${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}: ${[...named, ...rest].join('; ')}`;
}
