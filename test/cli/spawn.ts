// Asks the command line as a user does: many times in this thread, or the built one in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { answer } from '../../src/cli.ts';

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

// Threads where nobody asks for some: each would load and warm up the rooms once more, which takes longer than a test's question.
os.availableParallelism = () => 1;
syncBuiltinESMExports();

/** One after the other: they share the thread, its environment, and what it has loaded and warmed up. */
let last: Promise<unknown> = Promise.resolve();

async function ask(argv: readonly string[], columns?: number, stdin?: string): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  if (columns === undefined) delete process.env.COLUMNS;
  else process.env.COLUMNS = String(columns);
  const code = await answer(argv, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    ...(stdin === undefined ? {} : { stdin: () => stdin }),
  });
  return { code, stdout, stderr: withoutProgress(stderr) };
}

/** The same in a terminal of so many columns; of none. With what it is given on standard input. */
export function mistAt(columns: number | undefined, argv: readonly string[], stdin?: string): Promise<Ended> {
  const own = last.then(() => ask(argv, columns, stdin));
  last = own.catch(() => undefined);
  return own;
}

/** What `mist` answers to these arguments, in this thread; `watch` sees a process that runs nothing else. */
export const mist = (argv: readonly string[], watch?: (process: ChildProcess) => void): Promise<Ended> =>
  watch ? mistAlone(argv, watch) : mistAt(undefined, argv);

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
