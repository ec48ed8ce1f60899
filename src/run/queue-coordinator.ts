// The other end of a queue: puts shards in, fetches the work of those that are done, and puts back what was lost, until it has them all.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { UserError } from '../check/issue.ts';
import { fileWords } from '../check/text-file.ts';
import { refuseOther, type WorkHead } from './asked.ts';
import { jobId, KEPT_FOR, keysOf, type QueueConnection, type ShardJob } from './queue-connection.ts';
import { listWorkers, type Presence, pause } from './queue-presence.ts';
import { isDone } from './shards.ts';
import { openWork } from './work-file.ts';
import { WORK_FILE } from './work-folder.ts';

/** ms between two looks at what is done, and between two looks at what was lost. */
const LOOK_EVERY = 500;
const PUT_BACK_EVERY = 5_000;
/** Times that a shard is tried which ends in an error, and ms between two of them. */
const ATTEMPTS = 5;
const TRY_AGAIN_AFTER = 1_000;

export interface GatherOptions {
  /** Of the whole question. */
  readonly head: WorkHead;
  readonly of: number;
  /** Where the work of each shard goes, into a folder of its own. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Hears after every look how many shards are there, and who is at work; `run` names this question among others. */
  readonly onLook: (done: number, workers: readonly Presence[], run: string) => void;
}

/** Folders of all shards; fewer where it was stopped. Throws UserError where a shard fails again and again. */
export async function gatherShards(connection: QueueConnection, options: GatherOptions): Promise<string[]> {
  const { head, of, folder, signal, onLook } = options;
  const { redis, bullmq, name } = connection;
  const run = nameRun(options);
  const queue = new bullmq.Queue<ShardJob>(name, { connection: redis });
  queue.on('error', () => undefined); // the connection says it
  const gathering: Gathering = {
    ...{ redis, queue, run },
    partOf: (index) => ({ ...head, part: { index, of } }),
    folderOf: (index) => join(folder, `shard-${index}`),
  };
  const all = Array.from({ length: of }, (_, i) => i + 1);
  const missing = new Set(all.filter((index) => !isThere(gathering.folderOf(index), gathering.partOf(index))));
  let putBack = 0;
  const look = async (): Promise<void> => {
    await fetchDone(gathering, missing);
    onLook(of - missing.size, await listWorkers(redis), run);
    if (missing.size === 0 || Date.now() - putBack < PUT_BACK_EVERY) return;
    await putIn(gathering, missing);
    await refuseFailed(gathering, missing);
    putBack = Date.now();
  };
  while (missing.size > 0 && !signal.aborted) {
    await untilAborted(look(), signal);
    if (missing.size > 0) await pause(LOOK_EVERY, signal);
  }
  if (missing.size === 0) await untilAborted(tidy(gathering, all), signal);
  return all.filter((index) => !missing.has(index)).map(gathering.folderOf);
}

interface Gathering {
  readonly redis: Redis;
  readonly queue: Queue<ShardJob>;
  readonly run: string;
  partOf(index: number): WorkHead;
  folderOf(index: number): string;
}

/** The same when it is asked again from this folder: what is in the queue, or was done meanwhile, is not asked for twice. */
function nameRun({ head, of, folder }: GatherOptions): string {
  const { version, build, spec, files, asking } = head;
  const text = JSON.stringify([version, build, spec, files, asking, of, hostname(), resolve(folder)]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Takes from `missing` what workers handed in. */
async function fetchDone(gathering: Gathering, missing: Set<number>): Promise<void> {
  const { redis, run, partOf, folderOf } = gathering;
  const { done } = keysOf(run);
  for (const [name, key] of Object.entries(await redis.hgetall(done))) {
    const index = Number(name);
    if (!missing.has(index)) continue;
    if (await fetchShard(redis, key, folderOf(index), partOf(index))) {
      missing.delete(index);
      await redis.del(key);
    } else {
      // lost, or half of it: done again
      await redis.hdel(done, name);
      await removeJob(gathering, index);
    }
  }
}

/** A job that is there already is left as it is. */
async function putIn({ queue, run, partOf }: Gathering, missing: ReadonlySet<number>): Promise<void> {
  await queue.addBulk(
    [...missing].map((index) => ({
      name: 'shard',
      data: { run, head: JSON.stringify(partOf(index)) },
      opts: { jobId: jobId(run, index), attempts: ATTEMPTS, backoff: { type: 'fixed', delay: TRY_AGAIN_AFTER } },
    })),
  );
}

async function refuseFailed({ queue, run }: Gathering, missing: ReadonlySet<number>): Promise<void> {
  const failed = (await queue.getFailed()).filter(({ data }) => data.run === run);
  const issues = failed.flatMap(({ data, failedReason }) => {
    const { index, of } = (JSON.parse(data.head) as WorkHead).part!;
    if (!missing.has(index)) return [];
    const received = `so many tries that failed, the last by ${failedReason}`;
    return [
      { path: `shard ${index}/${of}`, expected: `a shard that a worker does within ${ATTEMPTS} tries`, received },
    ];
  });
  if (issues.length === 0) return;
  // when it is asked again they are tried again
  for (const job of failed) await job.remove();
  throw new UserError(issues);
}

/** Whether the whole work of a shard lies in a folder. Throws UserError where it is of something else. */
function isThere(folder: string, head: WorkHead): boolean {
  const path = join(folder, WORK_FILE);
  if (!existsSync(path)) return false;
  const file = openWork(path, false);
  try {
    refuseOther(path, head, file.head);
    return file.cut === 0 && isDone(file);
  } finally {
    file.close();
  }
}

/** Into its folder, piece by piece; false, and nothing there, where it is not whole. */
async function fetchShard(redis: Redis, key: string, folder: string, head: WorkHead): Promise<boolean> {
  const draft = join(folder, 'draft');
  let any = false;
  try {
    mkdirSync(draft, { recursive: true });
    const path = join(draft, WORK_FILE);
    writeFileSync(path, '');
    for (let i = 0; ; i++) {
      const chunk = await redis.lindexBuffer(key, i);
      if (chunk === null) break;
      appendFileSync(path, chunk);
      any = true;
    }
    const whole = any && isThere(draft, head);
    if (whole) renameSync(path, join(folder, WORK_FILE));
    return whole;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UserError([{ path: folder, expected: 'a folder to write to', received: fileWords(error) }]);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** A worker that is at a shard nobody needs any more may still hand it in: what is left of this run is gone after a while. */
async function tidy(gathering: Gathering, all: readonly number[]): Promise<void> {
  const { redis, run } = gathering;
  const { done, scenarios, best } = keysOf(run);
  const names = await redis.smembers(scenarios);
  await redis.del(scenarios, ...names.map(best));
  await redis.expire(done, KEPT_FOR);
  for (const index of all) await removeJob(gathering, index);
}

/** One that a worker has at hand stays. */
async function removeJob({ queue, run }: Gathering, index: number): Promise<void> {
  const job = await queue.getJob(jobId(run, index));
  await job?.remove().catch(() => undefined);
}

/** What waits for a server that is gone need not be waited for. */
async function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  work.catch(() => undefined);
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
