// A queue without a server: addresses, flags and the missing package are told.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort } from './redis.ts';
import { example, mist, mistAlone, openScratch } from './spawn.ts';

const scratch = openScratch();
const SECRET = 'do-not-tell';

describe('without a server', () => {
  test.each([
    ['localhost:6379', 'localhost:6379'],
    ['', 'nothing'],
    ['redis://', 'redis://'],
    ['http://127.0.0.1:6379', 'http://127.0.0.1:6379'],
    [`http://:${SECRET}@127.0.0.1`, 'another address (not shown: it may hold a password)'],
    [`redis://:12/${SECRET}@127.0.0.1`, 'another address (not shown: it may hold a password)'],
    [`redis://me:${SECRET}?x@127.0.0.1`, 'another address (not shown: it may hold a password)'],
  ])('%s is no address', async (url, received) => {
    const { code, stdout, stderr } = await mist(['worker', url]);
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      `mist worker: expected redis://HOST:PORT or rediss://HOST:PORT, received ${received}\n`,
    ]);
  });

  test('where nothing answers', async () => {
    const port = await freePort();
    const { code, stderr } = await mist(['worker', `redis://:${SECRET}@127.0.0.1:${port}`]);
    const expected = 'a Redis or Valkey server that answers';
    expect([code, stderr]).toEqual([
      2,
      `mist worker: expected ${expected}, received redis://127.0.0.1:${port}: ECONNREFUSED\n`,
    ]);
  });

  test.each([
    [['--queue', 'redis://127.0.0.1:1'], '--queue: expected --out with the folder for the work, received no --out'],
    [['--shards', '3'], '--shards: expected --queue, whose shards are counted, received no --queue'],
    [
      ['--queue', 'redis://127.0.0.1:1', '--shard', '1/3', '--out', 'x'],
      '--shard: expected no --queue, which hands out all shards, received 1/3',
    ],
    [
      ['--queue', 'redis://127.0.0.1:1', '--shards', '0', '--out', 'x'],
      '--shards: expected a whole number from 1 to 10000, received 0',
    ],
  ])('%j is refused', async (flags, words) => {
    const { code, stderr } = await mist(['sweep', example('sweep-small.yaml'), ...flags]);
    expect([code, stderr]).toEqual([2, `${words}\n`]);
  });

  test('without the package its name is said', async () => {
    const hook = `export const resolve = (name, context, next) => {
      if (name !== 'bullmq' && name !== '@duckdb/node-api') return next(name, context);
      throw Object.assign(new Error(name), { code: 'ERR_MODULE_NOT_FOUND' });
    };`;
    mkdirSync(scratch, { recursive: true });
    const [hooks, entry] = [join(scratch, 'hook.mjs'), join(scratch, 'entry.mjs')];
    writeFileSync(hooks, hook);
    writeFileSync(entry, `import { register } from 'node:module';\nregister('file://${hooks}');\n`);
    const env = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = `--import=${entry}`;
    try {
      const { code, stderr } = await mistAlone(['worker', 'redis://127.0.0.1:1']);
      expect([code, stderr]).toEqual([
        2,
        'mist worker: expected the package bullmq, received none (npm install bullmq)\n',
      ]);
    } finally {
      if (env === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = env;
    }
  });
});
