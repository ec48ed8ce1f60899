// The best scores that keep the promise, of all workers at one question: each bounds with what any of them found.
import type { Redis } from 'ioredis';
import type { Exchange, Leaders } from './prove.ts';
import { KEPT_FOR, keysOf } from './queue-connection.ts';

/** ms that a search waits for others' scores; without an answer it goes on with what it knows. */
const WITHIN = 1000;

/** `top`: deployments that a question asks for; no bound needs more. A server that is gone costs bounds, nothing else. */
export function openExchange(redis: Redis, run: string, top: number): Exchange {
  return async (leaders) => {
    if (redis.status !== 'ready') return;
    const late = new Promise<void>((resolve) => setTimeout(resolve, WITHIN).unref());
    await Promise.race([exchange(redis, run, top, leaders).catch(() => undefined), late]);
  };
}

async function exchange(redis: Redis, run: string, top: number, leaders: Leaders): Promise<void> {
  const { scenarios, best } = keysOf(run);
  const names = [...new Set([...leaders.keys(), ...(await redis.smembers(scenarios))])];
  const known = await Promise.all(names.map((name) => redis.zrange(best(name), '0', String(top - 1), 'WITHSCORES')));
  const news = redis.pipeline();
  for (const [k, name] of names.entries()) {
    const own = leaders.get(name) ?? new Map<string, number>();
    const theirs = readScores(known[k]!);
    const better = bestOf(own, top).filter(
      ([deployment, score]) => score < (theirs.get(deployment) ?? Number.POSITIVE_INFINITY),
    );
    if (better.length > 0) {
      const members = better.flatMap(([deployment, score]) => [String(score), deployment]);
      news.sadd(scenarios, name).expire(scenarios, KEPT_FOR);
      news.call('ZADD', best(name), 'LT', ...members).expire(best(name), KEPT_FOR);
    }
    for (const [deployment, score] of theirs) own.set(deployment, Math.min(score, own.get(deployment) ?? score));
    if (own.size > 0) leaders.set(name, own);
  }
  if (news.length > 0) await news.exec();
}

function readScores(members: readonly string[]): Map<string, number> {
  const scores = new Map<string, number>();
  for (let i = 0; i < members.length; i += 2) scores.set(members[i]!, Number(members[i + 1]));
  return scores;
}

const bestOf = (scores: ReadonlyMap<string, number>, top: number): [string, number][] =>
  [...scores].sort(([, a], [, b]) => a - b).slice(0, top);
