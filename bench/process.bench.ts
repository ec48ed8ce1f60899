// Whole processes, as a user starts them: `npm start` by wall clock and peak memory, `mist run` until its first line.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openQuestion } from '../src/spec/question.ts';
import { median } from './measure.ts';
import { type BenchFile, figureRow, type Note, type Row } from './row.ts';
import { catalog } from './scenario.ts';

/** Benches run from build/bench/bench. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const CLI = join(ROOT, 'dist', 'src', 'cli.js');
/** What `npm start` asks. */
const QUESTION = join(ROOT, 'examples', 'default-chat.yaml');
/** Fleets of two kinds, with axes. */
const FLEETS = join(ROOT, 'examples', 'disaggregate-or-not.yaml');
/** One pool, and two fleets of several. */
const LOADED = ['single-run', 'code-generation', 'question-answering'];
const STARTS = 7;
const RUN_SPEC = `model: llama-3.1-70b
workload:
  lengths: azure-conv-2023
  arrivals: poisson
  request_rate: 5
  num_requests: 1000
  seed: 0
deployment:
  hardware: h100-sxm-80gb
  tensor_parallel_size: 4
engine:
  profile: vllm-0.11
`;

export const processes: BenchFile = {
  name: 'process',
  words: 'whole commands: npm start, mist run, mist size',
  run: benchProcesses,
};

interface Timed {
  readonly firstSeconds: number;
  readonly seconds: number;
  readonly peakBytes: number;
}

/** Runs a command to its end; throws what it said on stderr when it fails. */
export async function timeCommand(folder: string, command: string, args: readonly string[]): Promise<Timed> {
  const usage = join(folder, 'usage');
  rmSync(usage, { force: true });
  const preload = new URL('./usage.js', import.meta.url).href;
  const env = { ...process.env, MIST_BENCH_USAGE: usage, NODE_OPTIONS: `--import ${preload}` };
  const started = performance.now();
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let first = Number.NaN;
  let said = '';
  child.stdout.on('data', () => {
    if (Number.isNaN(first)) first = performance.now();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const ended = performance.now();
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${code}: ${said.trim()}`);
  if (!existsSync(usage)) throw new Error(`${command} ${args.join(' ')} left no record of its memory`);
  // npm is a process of its own beside the command: the largest is the command's.
  const peaks = readFileSync(usage, 'utf8').trim().split('\n').map(Number);
  return {
    firstSeconds: (first - started) / 1000,
    seconds: (ended - started) / 1000,
    peakBytes: Math.max(...peaks) * 1024,
  };
}

async function benchProcesses(note: Note): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mist-bench-'));
  try {
    return [
      ...(await benchStart(folder, note)),
      ...(await benchFleets(folder, note)),
      ...(await benchRun(folder, note)),
      ...(await benchSize(folder, note)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchStart(folder: string, note: Note): Promise<Row[]> {
  const { rows } = openQuestion(readFileSync(QUESTION, 'utf8'), QUESTION, catalog);
  note(`npm start: ${rows} configurations`);
  const { seconds, peakBytes } = await timeCommand(folder, 'npm', ['start', '--silent']);
  return [
    figureRow('npm start, configurations', 'M', rows / 1e6, { atLeast: 1 }),
    figureRow('npm start, wall clock', 's', seconds, { atMost: 60 }),
    figureRow('npm start, peak memory', 'GB', peakBytes / 1e9, { atMost: 1 }),
  ];
}

async function benchFleets(folder: string, note: Note): Promise<Row[]> {
  const { rows } = openQuestion(readFileSync(FLEETS, 'utf8'), FLEETS, catalog);
  note(`mist sweep of ${rows} fleets`);
  const args = [CLI, 'sweep', FLEETS];
  const { seconds } = await timeCommand(folder, process.execPath, args);
  const all = await timeCommand(folder, process.execPath, [...args, '--exhaustive']);
  return [
    figureRow('mist sweep of 1,152 fleets, proved', 's', seconds),
    figureRow('the same, --exhaustive (1,000 simulated)', 's', all.seconds),
  ];
}

async function benchSize(folder: string, note: Note): Promise<Row[]> {
  note('mist size of one model on all kinds of device, and the highest load of example fleets');
  const asked = ['--model', 'llama-3.1-70b', '--rate', '20', '--p99-ttft', '1s', '--p99-tpot', '50ms'];
  const { seconds } = await timeCommand(folder, process.execPath, [CLI, 'size', ...asked]);
  const loads: Row[] = [];
  for (const name of LOADED) {
    const file = join(ROOT, 'examples', `${name}.yaml`);
    const runs: number[] = [];
    for (let i = 0; i < 3; i++) {
      const timed = await timeCommand(folder, process.execPath, [CLI, 'size', file, '--max-load']);
      runs.push(timed.seconds);
    }
    loads.push(figureRow(`mist size --max-load, ${name}`, 's', median(runs), { atMost: 1 }));
  }
  return [figureRow('mist size, one model, all kinds', 's', seconds, { atMost: 10 }), ...loads];
}

async function benchRun(folder: string, note: Note): Promise<Row[]> {
  note('mist run of 1,000 requests');
  const spec = join(folder, 'run.yaml');
  writeFileSync(spec, RUN_SPEC);
  const runs: Timed[] = [];
  for (let i = 0; i < STARTS; i++) runs.push(await timeCommand(folder, process.execPath, [CLI, 'run', spec]));
  const first = median(runs.map((run) => run.firstSeconds));
  return [
    figureRow('mist run, 1,000 requests, first output', 's', first, { atMost: 0.5 }),
    figureRow('mist run, peak memory', 'GB', median(runs.map((run) => run.peakBytes)) / 1e9),
  ];
}
