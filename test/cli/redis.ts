// A real redis-server with its append-only file on, for tests; without one they say why they were skipped.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: there is no redis-server here (Debian: apt-get install redis-server)');
    return false;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface RedisServer {
  /** What redis-cli prints. */
  client(...words: string[]): string;
  start(): Promise<void>;
  /** kill -9. */
  stop(): Promise<void>;
}

export function openRedis(scratch: string, port: number, password = ''): RedisServer {
  const folder = join(scratch, `redis-${port}`);
  mkdirSync(folder, { recursive: true });
  const own = password === '' ? [] : ['--requirepass', password];
  let server: ChildProcess | null = null;
  const client = (...words: string[]): string =>
    execFileSync('redis-cli', ['-p', String(port), ...(password === '' ? [] : ['-a', password]), ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  return {
    client,
    async start() {
      const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
      server = spawn('redis-server', ['--port', String(port), '--dir', folder, ...durable, ...own], {
        stdio: 'ignore',
      });
      for (let tries = 0; tries < 600; tries++) {
        try {
          if (client('ping').startsWith('PONG')) return;
        } catch {}
        await sleep(50);
      }
      throw new Error('redis-server does not answer');
    },
    async stop() {
      const last = server;
      if (last === null || last.exitCode !== null || last.signalCode !== null) return;
      const ended = new Promise((resolve) => last.once('exit', resolve));
      last.kill('SIGKILL');
      await ended;
    },
  };
}
