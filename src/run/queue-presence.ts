// Who works on a queue, and how far each is: a worker says so every few seconds, and one that is silent is forgotten. How both ends wait.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { buildDigest } from './asked.ts';

/** ms between two words of a worker, and until a silent one is forgotten. */
const BEAT_EVERY = 2000;
const FORGOTTEN_AFTER = 15_000;

const WORKERS = 'mist:workers';
const keyOf = (id: string): string => `mist:worker:${id}`;

export interface Presence {
  readonly id: string;
  /** "HOST:PID". */
  readonly name: string;
  readonly build: string;
  /** null between two shards. */
  readonly doing: {
    readonly run: string;
    readonly shard: string;
    readonly done: number;
    readonly total: number;
    readonly words: string;
  } | null;
}

/** Waits for so many ms, or until `signal` is aborted. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

/** Says what `read` tells, from now on. */
export function announce(redis: Redis, read: () => Presence['doing']): { readonly name: string; close(): void } {
  const own = { id: randomUUID(), name: `${hostname()}:${process.pid}`, build: buildDigest() };
  const beat = (): void => {
    if (redis.status !== 'ready') return;
    const text = JSON.stringify({ ...own, doing: read() } satisfies Presence);
    const said = redis.multi().sadd(WORKERS, own.id).set(keyOf(own.id), text, 'PX', FORGOTTEN_AFTER).exec();
    said.catch(() => undefined); // the connection says it
  };
  beat();
  const timer = setInterval(beat, BEAT_EVERY);
  return {
    name: own.name,
    close() {
      clearInterval(timer);
      if (redis.status === 'ready')
        redis
          .multi()
          .srem(WORKERS, own.id)
          .del(keyOf(own.id))
          .exec()
          .catch(() => undefined);
    },
  };
}

/** Whoever was heard of lately. */
export async function listWorkers(redis: Redis): Promise<Presence[]> {
  const ids = await redis.smembers(WORKERS);
  if (ids.length === 0) return [];
  const texts = await redis.mget(...ids.map(keyOf));
  const silent = ids.filter((_, i) => texts[i] === null);
  if (silent.length > 0) await redis.srem(WORKERS, ...silent);
  const heard = texts.flatMap((text) => (text === null || text === undefined ? [] : [JSON.parse(text) as Presence]));
  return heard.sort((a, b) => (a.name < b.name ? -1 : 1));
}
