// A queue of shards on a real Redis: workers are killed, the server goes away and comes back, and loses its data; the bytes are those of one machine.
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, hasRedis, openRedis, type RedisServer } from './redis.ts';
import { type Ended, example, mist, mistAlone, openScratch, ROOT } from './spawn.ts';

const scratch = openScratch();
const FILES = ['pareto.svg', 'report.html', 'results.csv', 'results.json', 'results.parquet'];

/** `mist` in a process of its own, and what it has said so far. */
interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  said(): string;
}

function start(argv: readonly string[]): Running {
  let text = '';
  let process: ChildProcess | undefined;
  const ended = mistAlone(argv, (started) => {
    process = started;
    started.stderr!.on('data', (bytes) => {
      text += bytes;
    });
  });
  return { process: process!, ended, said: () => text };
}

/** A server of its own, and who speaks with it. */
interface Scene {
  readonly url: string;
  readonly redis: RedisServer;
  run(argv: readonly string[]): Running;
  worker(...more: string[]): Running;
  coordinate(name: string, shards: number, ...more: string[]): Running;
  until(what: () => boolean, seconds?: number): Promise<void>;
  /** Until there are shards for workers. */
  queued(): Promise<void>;
}

const spec = join(scratch, 'question.yaml');
const whole = join(scratch, 'whole');
const outOf = (name: string): string => join(scratch, name);

async function scene(act: (own: Scene) => Promise<void>): Promise<void> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const redis = openRedis(scratch, port);
  const running: Running[] = [];
  const run = (argv: readonly string[]): Running => {
    running.push(start(argv));
    return running.at(-1)!;
  };
  async function until(what: () => boolean, seconds = 300): Promise<void> {
    for (let tries = 0; !what(); tries++) {
      const told = () => running.map(({ process, said }) => `${process.exitCode}: ${said()}`);
      if (tries > seconds * 20) throw new Error(`never: ${what}\n${told().join('\n')}`);
      await sleep(50);
    }
  }
  await redis.start();
  try {
    await act({
      ...{ url, redis, run },
      worker: (...more) => run(['worker', url, '--workers', '1', ...more]),
      coordinate(name, shards, ...more) {
        const cut = ['--queue', url, '--shards', String(shards)];
        return run(['sweep', spec, ...cut, '--out', outOf(name), '--workers', '1', ...more]);
      },
      until,
      async queued() {
        // each look is a process
        while (redis.client('keys', 'bull:*:wait').trim() === '') await sleep(500);
      },
    });
  } finally {
    for (const { process, ended } of running) {
      process.kill('SIGKILL');
      await ended;
    }
    await redis.stop();
  }
}

const count = (text: string, words: RegExp): number => text.match(new RegExp(words, 'g'))?.length ?? 0;
const began = (one: Running): boolean => /shard \d+\/\d+ begun/.test(one.said());
const finished = (one: Running): number => count(one.said(), /shard \d+\/\d+ done/);

/** The folder holds the bytes of one machine, and nothing else; the server nothing that would stay. */
function expectWhole(name: string, redis: RedisServer): void {
  const out = outOf(name);
  expect(readdirSync(out).sort()).toEqual(FILES);
  for (const file of FILES)
    expect(readFileSync(join(out, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
  const left = redis.client('keys', 'mist:*').split('\n').filter(Boolean);
  const stay = left.filter((key) => key !== 'mist:workers' && redis.client('ttl', key).trim() === '-1');
  expect(stay).toEqual([]);
}

// each waits for most of its time, for a worker to be taken for dead
describe.skipIf(!hasRedis()).concurrent('a queue on Redis', () => {
  beforeAll(async () => {
    const text = readFileSync(join(ROOT, example('sweep-small.yaml')), 'utf8');
    writeFileSync(spec, text.replace('num_requests: 2000', 'num_requests: 6000'));
    expect((await mist(['sweep', spec, '--out', whole])).code).toBe(0);
  });

  test('the server is killed and restarted, then loses its data: nothing is lost, nothing done for nothing but what was', () =>
    scene(async ({ redis, worker, coordinate, until }) => {
      const asked = coordinate('restarted', 6);
      const own = worker();
      await until(() => finished(own) > 0);
      await redis.stop();
      await until(() => [asked, own].every((one) => /is gone; waiting for it/.test(one.said())));
      await redis.start();
      await until(() => [asked, own].every((one) => /is back/.test(one.said())));
      await until(() => finished(own) > 1);
      redis.client('flushall');
      expect((await asked.ended).code).toBe(0);
      expect(finished(own)).toBeGreaterThan(5);
      expectWhole('restarted', redis);
    }));

  test('another does the shards of a worker that is killed, and of one that is taken for dead: its work, when it wakes, counts once', () =>
    scene(async ({ redis, worker, coordinate, until }) => {
      const asked = coordinate('twice', 3);
      const killed = worker();
      await until(() => began(killed));
      killed.process.kill('SIGKILL');
      const sleeper = worker();
      await until(() => began(sleeper));
      sleeper.process.kill('SIGSTOP');
      const other = worker();
      await until(() => finished(other) === 3);
      sleeper.process.kill('SIGCONT');
      expect((await asked.ended).code).toBe(0);
      await until(() => finished(sleeper) === 1);
      expect(finished(killed)).toBe(0);
      expectWhole('twice', redis);
    }));

  test('a coordinator that is killed finds what was done meanwhile; a worker that leaves gives its shard back', () =>
    scene(async ({ redis, worker, coordinate, until }) => {
      const killed = coordinate('again', 3);
      const leaver = worker();
      await until(() => finished(leaver) > 0);
      killed.process.kill('SIGKILL');
      await killed.ended;
      await until(() => finished(leaver) > 1 || count(leaver.said(), /begun/) > 1);
      leaver.process.kill('SIGTERM');
      expect((await leaver.ended).code).toBe(143);
      const done = finished(leaver);
      const next = worker('--idle', '3');
      const asked = coordinate('again', 3, '--resume');
      expect((await asked.ended).code).toBe(0);
      expect((await next.ended).code).toBe(0);
      expect(finished(next)).toBe(3 - done);
      expectWhole('again', redis);
    }));

  test('a shard that no worker here can do is given up, and says why', () =>
    scene(async ({ url, run, worker, queued }) => {
      const trace = join(scratch, 'trace.csv');
      writeFileSync(trace, 'arrived_at,num_prefill_tokens,num_decode_tokens\n0,100,10\n1,200,20\n');
      const own = join(scratch, 'traced.yaml');
      const text = readFileSync(spec, 'utf8').replace(
        /^workload:[\s\S]*?\n\n/m,
        `workload: {requests: {file: ${trace}}}\n\n`,
      );
      writeFileSync(own, text);
      const asked = run(['sweep', own, '--queue', url, '--shards', '2', '--out', outOf('traced')]);
      await queued();
      writeFileSync(trace, 'arrived_at,num_prefill_tokens,num_decode_tokens\n0,100,10\n1,300,20\n');
      worker();
      const { code, stderr } = await asked.ended;
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /shard 1\/2: expected a shard that a worker does within 5 tries, received so many tries that failed, the last by \S+:\d+: this machine: expected work of catalog folders, prices and traces with digest \w+, received \w+/,
      );
    }));

  test('a worker of another build is named and gets nothing; work of another spec, a folder in use are refused; whoever waits for a server that is gone can be interrupted', () =>
    scene(async ({ redis, url, worker, coordinate, until }) => {
      const told = { id: 'x', name: 'elsewhere:17', build: '0123456789abcdef', doing: null };
      redis.client('sadd', 'mist:workers', 'x');
      redis.client('set', 'mist:worker:x', JSON.stringify(told));
      const asked = coordinate('used', 3);
      await until(() => /the worker elsewhere:17 is of build 0123456789abcdef and gets no shards/.test(asked.said()));
      await until(() => asked.said().includes(`waiting for a worker of this build: mist worker ${url}`));

      const other = outOf('other');
      await mist(['sweep', spec, '--seed', '7', '--shard', '1/3', '--out', join(other, 'shards', 'shard-1')]);
      const mixed = await mist(['sweep', spec, '--queue', url, '--shards', '3', '--out', other]);
      expect(mixed.code).toBe(2);
      expect(mixed.stderr).toMatch(/shard-1\/sweep\.work: expected work with --seed null, received 7/);
      const second = await mist(['sweep', spec, '--queue', url, '--shards', '3', '--out', outOf('used'), '--resume']);
      expect(second.code).toBe(2);
      expect(second.stderr).toMatch(/used: expected a folder that no other run has/);

      const own = worker();
      await until(() => began(own));
      await redis.stop();
      await until(() => [asked, own].every((one) => /is gone; waiting for it/.test(one.said())));
      asked.process.kill('SIGTERM');
      own.process.kill('SIGINT');
      await until(() => asked.process.exitCode === 143 && own.process.exitCode === 130);
    }));
});

const SECRET = 'do-not-tell';

describe.skipIf(!hasRedis())('a server with a password', async () => {
  const port = await freePort();
  const redis = openRedis(scratch, port, SECRET);
  beforeAll(() => redis.start());
  afterAll(() => redis.stop());

  test('it opens with it, is refused without, and nobody prints it', async () => {
    const ask = async (user: string) => {
      const { code, stdout, stderr } = await mist(['worker', `redis://${user}127.0.0.1:${port}`, '--idle', '0']);
      expect(stdout + stderr).not.toMatch(/not-tell/);
      return [code, stderr.replaceAll(String(port), 'PORT')];
    };
    expect(await ask(`:${SECRET}@`)).toEqual([0, 'waiting for shards at redis://127.0.0.1:PORT\n']);
    expect(await ask(':not-tell-either@')).toEqual([
      2,
      expect.stringMatching(/received redis:\/\/127\.0\.0\.1:PORT: WRONGPASS/),
    ]);
    expect(await ask('')).toEqual([2, expect.stringMatching(/received redis:\/\/127\.0\.0\.1:PORT: NOAUTH/)]);
  });
});
