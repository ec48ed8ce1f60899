// The search: rows simulated by one thread, and whole questions proved, as a user asks them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelModule } from '../src/kernels/load.ts';
import { SETTLED_ROWS } from '../src/run/protocol.ts';
import { openRowWork } from '../src/run/row-work.ts';
import { runOf } from '../src/run/settled.ts';
import { openQuestion } from '../src/spec/question.ts';
import { CLI, timeCommand } from './process.bench.ts';
import { type BenchFile, figureRow, type Note, type Row } from './row.ts';
import { catalog } from './scenario.ts';
import { APART, GRID, MILLION } from './search-specs.ts';

export const search: BenchFile = {
  name: 'search',
  words: 'sweeps proved, and the rows they simulate',
  run: benchSearch,
};

async function benchSearch(note: Note): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mist-bench-'));
  try {
    return [
      ...benchRows(note),
      ...(await benchProof(folder, note, 'a grid', GRID, {})),
      ...(await benchProof(folder, note, 'a grid of a million that can be', MILLION, { atMost: 20 })),
      ...(await benchProof(folder, note, 'disaggregated fleets', APART, { atMost: 60 })),
      ...(await benchSize(folder, note)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rows of the grid, evenly over it, to their end and reduced to a result each; those that another run proves equal are left out. */
function benchRows(note: Note): Row[] {
  const WANTED = 1500;
  note(`${WANTED} rows simulated by one thread`);
  const start = {
    text: GRID,
    file: 'grid.yaml',
    seed: undefined,
    catalogFolder: null,
    prices: null,
    shape: null,
    objectives: [],
  };
  const work = openRowWork({ ...start, module: kernelModule() }, catalog);
  const { rows } = openQuestion(GRID, 'grid.yaml', catalog);
  const chosen = Float64Array.from({ length: WANTED }, (_, i) => Math.floor((i * rows) / WANTED));
  const cuts = Uint32Array.from({ length: Math.ceil(WANTED / SETTLED_ROWS) }, (_, piece) => piece * SETTLED_ROWS);
  const time = (hasty: boolean): { readonly rate: number; readonly lengths: number; readonly long: number } => {
    const started = process.cpuUsage();
    let [done, long, lengths] = [0, 0, 0];
    for (let piece = 0; piece < cuts.length; piece++) {
      const report = work.settle(piece, { kind: 'settle', rows: chosen, cuts, hasty });
      if (report.kind !== 'settled') throw new Error('nothing was simulated');
      for (const run of report.rows.map(runOf)) {
        if (!run) continue;
        done++;
        lengths += run.times;
        if (run.times > 1) long++;
      }
    }
    const { user, system } = process.cpuUsage(started);
    const seconds = (user + system) / 1e6;
    return { rate: done / seconds, lengths: lengths / seconds, long: long / done };
  };
  time(true);
  const [hasty, whole] = [time(true), time(false)];
  return [
    figureRow('rows simulated, those given up early among them', 'row/s', hasty.rate),
    figureRow('rows simulated to their end', 'row/s', whole.rate, { atLeast: 3000 }),
    // what was run on the way to the length that told is not counted
    figureRow('the same in thousands of requests of the runs that are told', '1,000/s', whole.lengths),
    figureRow('of these done again, longer', '%', 100 * whole.long),
  ];
}

async function benchProof(folder: string, note: Note, what: string, text: string, asked: object): Promise<Row[]> {
  note(`mist sweep of ${what}`);
  const [spec, out] = [join(folder, 'spec.yaml'), join(folder, 'out')];
  writeFileSync(spec, text);
  const { seconds, peakBytes } = await timeCommand(folder, process.execPath, [CLI, 'sweep', spec, '--out', out]);
  const { certificate } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
  if (certificate.proved !== true) throw new Error(`${what}: nothing was proved`);
  return [
    figureRow(
      `${what}, ${openQuestion(text, 'spec.yaml', catalog).rows.toLocaleString('en')} rows, proved`,
      's',
      seconds,
      asked,
    ),
    figureRow('of its rows simulated', '', certificate.simulated),
    figureRow('peak memory', 'GB', peakBytes / 1e9, { atMost: 1 }),
  ];
}

async function benchSize(folder: string, note: Note): Promise<Row[]> {
  note('mist size of one model on all kinds');
  const load = ['--rate', '20', '--p99-ttft', '1s', '--p99-tpot', '50ms'];
  const { seconds } = await timeCommand(folder, process.execPath, [CLI, 'size', '--model', 'llama-3.1-70b', ...load]);
  return [figureRow('mist size, one model on every kind of device', 's', seconds, { atMost: 10 })];
}
