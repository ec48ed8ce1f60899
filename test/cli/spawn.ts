// Asks the built command line as a user does: many times in one process, or in a process of its own.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(ROOT, 'dist/src/cli.js');
/** As a user in the checkout would write it: `mist` runs there. */
export const example = (name: string): string => `examples/${name}`;

export interface Ended {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is said on stderr, without what long work says there every few seconds: on a slow machine that is any work. */
export function withoutProgress(stderr: string): string {
  return stderr.replace(/^[a-z]+: [\d,]+ of [\d,]+(, .* left at this rate)?\n/gm, '');
}

interface Server {
  ask(argv: readonly string[], columns?: number): Promise<Ended>;
}

/** Lives as long as the thread that runs the tests: all files of a thread ask the same. */
let server: Server | undefined;

/** One process that runs the built cli.js again and again. */
function openServer(): Server {
  const started = fork(join(ROOT, 'test/cli/serve.mjs'), [CLI], { cwd: ROOT, execArgv: [] });
  const waiting: ((ended: Ended) => void)[] = [];
  started.on('message', (ended: Ended) => {
    waiting.shift()?.({ ...ended, stderr: withoutProgress(ended.stderr) });
  });
  started.unref();
  started.channel?.unref();
  started.on('exit', (code) => {
    server = undefined;
    for (const end of waiting) end({ code, stdout: '', stderr: 'the process that runs cli.js ended' });
  });
  return {
    ask: (argv, columns) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        started.send({ argv, columns });
      }),
  };
}

/** `mist` with these arguments, as `node dist/src/cli.js` answers it; `watch` sees a process that runs nothing else. */
export function mist(argv: readonly string[], watch?: (process: ChildProcess) => void): Promise<Ended> {
  if (watch) return mistAlone(argv, watch);
  server ??= openServer();
  return server.ask(argv);
}

/** The same in a terminal of so many columns. */
export function mistAt(columns: number, argv: readonly string[]): Promise<Ended> {
  server ??= openServer();
  return server.ask(argv, columns);
}

/** The same in a process of its own. */
export function mistAlone(args: readonly string[], watch?: (process: ChildProcess) => void): Promise<Ended> {
  const started = spawn(process.execPath, [CLI, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  started.stdout.on('data', (bytes) => {
    stdout += bytes;
  });
  started.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  watch?.(started);
  return new Promise((resolve, reject) => {
    started.on('error', reject);
    started.on('close', (code) => resolve({ code, stdout, stderr: withoutProgress(stderr) }));
  });
}

/** A folder that is gone when the file's tests are over. */
export function openScratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mist-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Whether a file is being written: it has another name until it is whole. */
export const grows = (folder: string, name: string) => () =>
  readdirSync(folder).some((one) => one.startsWith(`${name}.`) && statSync(join(folder, one)).size > 1e6);

/** Lines of a CSV file with a heading, as objects; numbers where they are numbers, null where a cell is empty. */
export function parseCsv(text: string): Record<string, string | number | null>[] {
  const [heading, ...lines] = text.trimEnd().split('\n');
  const names = heading!.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    if (cells.length !== names.length) throw new Error(`${cells.length} cells under ${names.length} names: ${line}`);
    return Object.fromEntries(names.map((name, i) => [name, parseCell(cells[i]!)]));
  });
}

function parseCell(cell: string): string | number | null {
  if (cell === '') return null;
  return Number.isNaN(Number(cell)) ? cell : Number(cell);
}
