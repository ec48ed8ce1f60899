// A sweep: screen every row, settle the best by simulation, rank. Byte-identical results for any number of workers.

import { labelsOf } from '../catalog/labels.ts';
import type { Catalog } from '../catalog/open.ts';
import type { Basis } from '../catalog/types.ts';
import { readVersion } from '../check/version.ts';
import type { SweepResult } from '../metrics/types.ts';
import type { Spec } from '../spec/types.ts';
import { makeRequests } from '../workload/make.ts';
import { type Moments, moments } from '../workload/moments.ts';
import type { Requests } from '../workload/types.ts';
import { type Candidates, joinCandidates, orderCandidates, type Screened } from './candidates.ts';
import { RUN_RECORD_BYTES, requestBytes, workingSetBytes } from './engine.ts';
import { type Grid, openGrid } from './grid.ts';
import { keepRows, type Settled } from './keep.ts';
import { pickBytes } from './pick.ts';
import { openPool, type Pool } from './pool.ts';
import { BLOCK_GROUPS, type Report } from './protocol.ts';
import { REASONS } from './reasons.ts';
import { screenRoom } from './screen-group.ts';
import { LOWERING_BYTES } from './session.ts';
import { settleCandidates } from './settle.ts';

/** How a sweep is run; none of it changes a result. */
export interface SweepOptions {
  readonly workers: number;
  /** The user's catalog folder, for the workers' own look-ups; null = none. */
  readonly catalogFolder?: string | null;
  readonly onProgress?: (done: number, total: number, words: string) => void;
  /** Aborted: workers finish what they have at hand, and the result says it was interrupted. */
  readonly signal?: AbortSignal;
  /** Groups of rows per screening block (default: BLOCK_GROUPS): how work is cut, never what comes out (law L6). */
  readonly blockGroups?: number;
}

/** A question that is ready to be swept: its rows as a grid, and the requests that every simulation uses. */
export interface Plan {
  readonly spec: Spec;
  readonly catalog: Catalog;
  readonly grid: Grid;
  /** At the spec's first request rate; other rates stretch the same gaps. */
  readonly requests: Requests;
  readonly moments: Moments;
}

/** Draws or reads the workload and lays out the rows. Throws UserError for mistakes that only the workload's files reveal. */
export function makePlan(spec: Spec, catalog: Catalog): Plan {
  const requests = makeRequests(spec.workload, {
    catalogShape: (id) => catalog.shape(id),
    requestRate: spec.base.request_rate,
  });
  return { spec, catalog, grid: openGrid(spec), requests, moments: moments(requests) };
}

/** What a sweep found, in columns and by candidate; `measure` turns it into answers. */
export interface Swept {
  readonly plan: Plan;
  readonly screened: Screened;
  readonly settled: Settled;
  readonly workers: number;
  readonly interrupted: boolean;
  readonly seconds: SweepResult['seconds'];
}

/** Screens every row of a plan and settles the best by simulation. */
export async function sweep(plan: Plan, options: SweepOptions): Promise<Swept> {
  const { spec, grid } = plan;
  const started = performance.now();
  const pool = await openPool(
    spec,
    options.catalogFolder ?? null,
    options.workers,
    workerBytes(spec, grid, plan.requests),
  );
  options.signal?.addEventListener('abort', () => pool.stop());
  if (options.signal?.aborted) pool.stop(); // while the threads were being started
  try {
    const opened = performance.now();
    const screened = await screenAll(pool, grid, options);
    const screenedAt = performance.now();
    const settled = await settleCandidates(pool, spec, screened.candidates, options);
    const settledAt = performance.now();
    const seconds = {
      plan: (opened - started) / 1000,
      screen: (screenedAt - opened) / 1000,
      settle: (settledAt - screenedAt) / 1000,
    };
    return {
      plan,
      screened,
      settled,
      workers: options.workers,
      interrupted: options.signal?.aborted ?? false,
      seconds,
    };
  } finally {
    await pool.close();
  }
}

/** Ranks what a sweep found and counts what fell. */
export function measure(swept: Swept): SweepResult {
  const { plan, screened, settled } = swept;
  const { spec, catalog, requests } = plan;
  const source = { catalog, prices: spec.prices, watts: spec.watts, power: spec.power };
  const { kept, reordered } = keepRows(
    spec,
    screened,
    settled,
    orderCandidates(screened.candidates),
    plan.moments,
    source,
    catalog.errorBands().bands,
  );
  return {
    spec,
    rows: plan.grid.rows,
    rejected: listRejected(screened.rejected),
    feasible: screened.feasible,
    settled: settled.size,
    kept,
    reordered,
    interrupted: swept.interrupted,
    workers: swept.workers,
    seconds: swept.seconds,
    workload: {
      description: requests.description,
      prompt_mean: plan.moments.prompt_mean,
      output_mean: plan.moments.output_mean,
    },
    labels: labelsOf(
      catalog,
      [spec.base.model, ...kept.map(({ configuration }) => configuration.model)],
      kept.map(({ configuration }) => configuration.hardware),
    ),
    version: readVersion(),
  };
}

/** Memory that one worker needs: the screen's columns, the requests, and the working set of the largest engine run. */
function workerBytes(spec: Spec, grid: Grid, requests: Requests): number {
  const followed = Object.values(spec.profileDefaults ?? {});
  const most = (field: 'replicas' | 'max_num_seqs' | 'block_size' | 'data_parallel_size' | 'num_speculative_tokens') =>
    Math.max(
      spec.base[field],
      ...spec.axes.filter((axis) => axis.field === field).flatMap((axis) => axis.values as number[]),
      ...followed.map((defaults) => (field in defaults ? Number(defaults[field as 'max_num_seqs' | 'block_size']) : 0)),
    );
  let maxOutput = 1;
  for (let i = 0; i < requests.count; i++) maxOutput = Math.max(maxOutput, requests.output[i]);
  const setup = {
    batching: 'chunked',
    admission: 'prompt',
    routing: 'round-robin',
    replicas: most('replicas'),
    maxNumSeqs: most('max_num_seqs') * most('data_parallel_size'),
    maxNumBatchedTokens: 1,
    numGpuBlocks: 1,
    blockSize: most('block_size'),
    maxModelLen: 0,
    price: new Float64Array(0),
    ...(most('num_speculative_tokens') > 0
      ? { speculation: { drafts: most('num_speculative_tokens'), acceptance: [], seed: 0 } }
      : {}),
  } as const;
  const engine = workingSetBytes({ count: requests.count, maxOutput }, setup) + RUN_RECORD_BYTES;
  return (
    LOWERING_BYTES + screenRoom(spec, grid) + requestBytes(requests.count) + pickBytes(requests.count) + engine + 65536
  );
}

async function screenAll(pool: Pool, grid: Grid, options: SweepOptions): Promise<Screened> {
  const size = options.blockGroups ?? BLOCK_GROUPS;
  const blocks = Math.ceil(grid.groups / size);
  const reports: Extract<Report, { kind: 'screened' }>[] = new Array(blocks);
  let done = 0;
  await pool.work({ kind: 'screen', blocks, size }, (report) => {
    if (report.kind !== 'screened') return;
    reports[report.block] = report;
    done += Math.min(grid.groups - report.block * size, size) * grid.size;
    options.onProgress?.(done, grid.rows, 'screening');
  });
  // In block order, whoever screened them
  const rejected = new Float64Array(REASONS.length);
  let feasible = 0;
  const parts: Candidates[] = [];
  const bases: (Basis | null)[] = new Array(grid.groups).fill(null);
  for (const report of reports) {
    if (!report) continue;
    report.rejected.forEach((count, i) => {
      rejected[i] += count;
    });
    feasible += report.feasible;
    parts.push(report.candidates);
    for (const [k, basis] of report.bases.entries()) bases[report.block * size + k] = basis;
  }
  return { rejected, feasible, candidates: joinCandidates(parts), bases };
}

function listRejected(counts: Float64Array): SweepResult['rejected'] {
  return REASONS.map(([reason, words], i) => ({ reason, words, count: counts[i] })).filter(({ count }) => count > 0);
}
