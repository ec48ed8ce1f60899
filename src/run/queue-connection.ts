// The door to a queue of shards on Redis or Valkey: BullMQ and its driver are loaded when somebody asks, and a server that goes away is waited for.
import type * as BullMq from 'bullmq';
import type { Redis } from 'ioredis';
import { UserError } from '../check/issue.ts';
import { loadOptional } from '../check/optional.ts';
import { buildDigest } from './asked.ts';

/** ms until a server that never answered is given up, and between two tries. */
const FIRST_ANSWER = 5_000;
const TRY_EVERY = 500;

/** What a server answers that would answer the same to the next try. */
const REFUSALS = /^(WRONGPASS|NOAUTH|NOPERM|ERR) /;

export interface QueueConnection {
  readonly bullmq: typeof BullMq;
  readonly redis: Redis;
  /** The address, without what nobody else should read. */
  readonly shown: string;
  /** Shards are handed out among machines of one build. */
  readonly name: string;
  close(): void;
}

/** `say`: hears when the server is gone and when it is back. Throws UserError where there is no driver, or nothing answers. */
export async function connectQueue(url: string, path: string, say: (text: string) => void): Promise<QueueConnection> {
  const shown = showAddress(url, path);
  const bullmq = await loadOptional<typeof BullMq>('bullmq', path);
  const driver = await loadOptional<typeof import('ioredis')>('ioredis', path);
  const redis = new driver.Redis(url, {
    maxRetriesPerRequest: null, // as BullMQ wants it: what is asked meanwhile waits
    retryStrategy: () => TRY_EVERY,
  });
  let [seen, gone, closed, trouble] = [false, false, false, 'no answer'];
  redis.on('error', (error: NodeJS.ErrnoException) => {
    trouble = error.code ?? error.message;
  });
  redis.on('close', () => {
    if (seen && !gone && !closed) say(`${shown} is gone; waiting for it`);
    gone = true;
  });
  redis.on('ready', () => {
    if (seen && gone) say(`${shown} is back`);
    [seen, gone] = [true, false];
  });
  const close = (): void => {
    closed = true;
    redis.disconnect();
  };
  const started = Date.now();
  while (!seen) {
    if (REFUSALS.test(trouble) || Date.now() - started > FIRST_ANSWER) {
      close();
      throw new UserError([
        { path, expected: 'a Redis or Valkey server that answers', received: `${shown}: ${trouble}` },
      ]);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { bullmq, redis, shown, name: `mist-${buildDigest()}`, close };
}

/** Host, port and database: a password stands before them or behind them. Throws UserError where it is no address. */
function showAddress(url: string, path: string): string {
  const { protocol, host, pathname } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '', pathname: '' };
  if (/^rediss?:$/.test(protocol) && host !== '' && /^(\/\d*)?$/.test(pathname))
    return `${protocol}//${host}${pathname}`;
  const received = /[@?]/.test(url) ? 'another address (not shown: it may hold a password)' : url || 'nothing';
  throw new UserError([{ path, expected: 'redis://HOST:PORT or rediss://HOST:PORT', received }]);
}

/** What a job says: which part of which question. */
export interface ShardJob {
  readonly run: string;
  /** JSON of a WorkHead. */
  readonly head: string;
}

/** What nobody asked for again is gone after so long, in s. */
export const KEPT_FOR = 7 * 24 * 3600;

/** Keys beside BullMQ's own, of one run. */
export const keysOf = (run: string) => ({
  /** By number of the shard: the key of the list that holds its work. */
  done: `mist:${run}:done`,
  /** Names of scenarios, and of each: deployments, sorted by the best score that keeps the promise. */
  scenarios: `mist:${run}:best`,
  best: (scenario: string) => `mist:${run}:best:${scenario}`,
  shard: (index: number, token: string) => `mist:${run}:shard:${index}:${token}`,
});

export const jobId = (run: string, index: number): string => `${run}-${index}`;
