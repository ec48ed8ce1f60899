// A worker of a queue: takes shards, searches them with the best scores that anybody found as bounds, and hands in their work.
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Worker } from 'bullmq';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import type { Question } from '../spec/question.ts';
import { differences, headOf, type WorkHead } from './asked.ts';
import { objectivesOf } from './front.ts';
import { openSpec } from './open-spec.ts';
import { KEPT_FOR, keysOf, type QueueConnection, type ShardJob } from './queue-connection.ts';
import { openExchange } from './queue-exchange.ts';
import { announce, type Presence, pause } from './queue-presence.ts';
import { markDone } from './shards.ts';
import { type OpenSweep, openSweep, type SweepOptions } from './sweep.ts';
import { createWork, type WorkFile } from './work-file.ts';

export interface ServeOptions {
  readonly workers: number;
  readonly signal: AbortSignal;
  /** ms without a shard after which it leaves. */
  readonly idle: number;
  readonly say: (text: string) => void;
}

/** A worker that is silent for so long is taken for dead, and its shard given to another. ms. */
const LOCK_FOR = 20_000;
const LOOK_FOR_DEAD = 5_000;
/** What an interrupted worker has to give its shard back, and to take leave of a server. ms. */
const CLOSE_WITHIN = 10_000;
/** ms between two looks at whether it was idle for too long. */
const IDLE_LOOK = 250;
/** Workers that may die of one shard before it is given up. */
const MOST_DEATHS = 10;

/** Until `signal`, or until nothing came for so long. False where a server that is gone did not let it go: BullMQ waits for it still. */
export async function serveQueue(connection: QueueConnection, options: ServeOptions): Promise<boolean> {
  const { workers, signal, idle, say } = options;
  const { bullmq, redis, name } = connection;
  const folder = mkdtempSync(join(tmpdir(), 'mist-worker-'));
  let doing: Presence['doing'] = null;
  let busy = Date.now();
  const rooms = openRooms(workers, signal, (done, total, words) => {
    if (doing) doing = { ...doing, done, total, words };
  });
  const presence = announce(redis, () => doing);
  const work = async (job: Job<ShardJob>, token = ''): Promise<void> => {
    const { run } = job.data;
    const head = JSON.parse(job.data.head) as WorkHead;
    const { index, of } = head.part!;
    const keys = keysOf(run);
    if (await redis.hexists(keys.done, String(index))) return; // by a worker that was taken for dead
    const shard = `${index}/${of}`;
    say(`shard ${shard} begun`);
    const path = join(folder, `${job.id}.work`);
    rmSync(path, { force: true });
    const file = createWork(path, head);
    try {
      doing = { run, shard, done: 0, total: 0, words: 'opening' };
      const { question, sweep } = await rooms.of(run, head);
      await sweep.part(question, head.part!, file, openExchange(redis, run, question.top));
      if (signal.aborted) {
        await job.moveToWait(token);
        throw new bullmq.WaitingError();
      }
      markDone(file);
      await handIn(connection, file, keys, index, token);
      say(`shard ${shard} done: ${file.count} pieces of work`);
    } catch (error) {
      if (error instanceof bullmq.WaitingError) throw error;
      throw new Error(`${presence.name}: ${(error as Error).message}`, { cause: error });
    } finally {
      doing = null;
      busy = Date.now();
      file.close();
      rmSync(path, { force: true });
    }
  };
  const worker = new bullmq.Worker<ShardJob>(name, work, {
    connection: redis,
    concurrency: 1,
    lockDuration: LOCK_FOR,
    stalledInterval: LOOK_FOR_DEAD,
    maxStalledCount: MOST_DEATHS,
  });
  worker.on('error', () => undefined); // the connection says it
  worker.on('failed', (_, error) => say(`a shard failed here: ${error.message}`));
  try {
    while (!signal.aborted && (doing !== null || Date.now() - busy < idle)) await pause(IDLE_LOOK, signal);
    return await leave(worker);
  } finally {
    presence.close();
    await rooms.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether it could within the time. */
async function leave(worker: Worker<ShardJob>): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), CLOSE_WITHIN).unref());
  return Promise.race([worker.close().then(() => true), late]);
}

/** A question that shards are asked of. */
interface Room {
  readonly run: string;
  readonly question: Question;
  readonly sweep: OpenSweep;
}

/** One at a time: threads stay for the next shard of the same question, what they priced is priced. */
function openRooms(workers: number, signal: AbortSignal, onProgress: NonNullable<SweepOptions['onProgress']>) {
  let open: Room | null = null;
  const close = async (): Promise<void> => {
    const last = open;
    open = null;
    await last?.sweep.close();
  };
  return {
    close,
    async of(run: string, head: WorkHead): Promise<Room> {
      if (open?.run === run) return open;
      await close();
      const { question, catalog } = askAgain(head);
      const { catalogFolder, prices, exhaustive } = head.asking;
      const seed = head.asking.seed ?? undefined;
      // apart: the lock on a shard is renewed here, however long a piece of work takes
      const options = { workers, apart: true, seed, catalogFolder, prices, exhaustive, signal, onProgress };
      open = { run, question, sweep: await openSweep(question, catalog, options, objectivesOf(question)) };
      return open;
    },
  };
}

/** Throws UserError where this machine would answer another question: other traces, another catalog folder. */
function askAgain(head: WorkHead): { readonly question: Question; readonly catalog: Catalog } {
  const { file, catalogFolder, prices, seed } = head.asking;
  const catalog = openCatalog({ folder: catalogFolder, prices });
  const question = openSpec(head.text, file, catalog, seed ?? undefined);
  const issues = differences('this machine', head, headOf(question, head.asking, head.part));
  if (issues.length > 0) throw new UserError(issues);
  return { question, catalog };
}

/** Bytes of a value in Redis at most. */
const CHUNK = 1 << 20;

/** The work of a shard, in pieces, then its name: whoever sees the name finds all of it. Of two workers with one shard the first is heard. */
async function handIn(
  { redis }: QueueConnection,
  file: WorkFile,
  keys: ReturnType<typeof keysOf>,
  index: number,
  token: string,
): Promise<void> {
  const key = keys.shard(index, token);
  const handle = openSync(file.path, 'r');
  try {
    await redis.del(key);
    const chunk = Buffer.alloc(CHUNK);
    for (let at = 0; ; ) {
      const got = readSync(handle, chunk, 0, CHUNK, at);
      if (got === 0) break;
      await redis.rpush(key, Buffer.from(chunk.subarray(0, got)));
      at += got;
    }
    await redis.expire(key, KEPT_FOR);
    const first = await redis.hsetnx(keys.done, String(index), key);
    if (first === 0) await redis.del(key);
    else await redis.expire(keys.done, KEPT_FOR);
  } finally {
    closeSync(handle);
  }
}
