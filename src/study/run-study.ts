// Runs every row of a study, spread over threads, and holds its claims against them. The same bytes for any number of threads.
import type { Catalog } from '../catalog/open.ts';
import { readVersion } from '../check/version.ts';
import { isApart } from '../metrics/regime.ts';
import { hostsOf } from '../run/keep.ts';
import { rememberWork, type WorkStore } from '../run/known-work.ts';
import { loadKindOf } from '../run/load.ts';
import { openPool } from '../run/pool.ts';
import { TOLERANCE } from '../run/probe-load.ts';
import { runOf } from '../run/settled.ts';
import type { SimulatedRow } from '../run/simulate-row.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { StudiedRow } from './figures.ts';
import { type JudgedClaim, judgeClaim } from './judge.ts';
import type { Study } from './open-study.ts';

export interface StudyOptions {
  readonly workers: number;
  readonly catalogFolder?: string | null;
  readonly prices?: string | null;
  /** Where finished rows are kept, and looked for. */
  readonly store?: WorkStore;
  /** After every row; `sofar` judges what there is. */
  readonly onRow?: (done: number, total: number, row: StudiedRow, sofar: () => StudyResult) => void;
  readonly signal?: AbortSignal;
}

export interface StudyResult {
  readonly study: Study;
  /** In the order of their numbers; fewer than the study has where it was interrupted. */
  readonly rows: readonly StudiedRow[];
  readonly claims: readonly JudgedClaim[];
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly version: string;
}

/** Throws UserError for mistakes that only the workload's files reveal. */
export async function runStudy(study: Study, catalog: Catalog, options: StudyOptions): Promise<StudyResult> {
  const started = performance.now();
  const told = (found: ReadonlyMap<number, StudiedRow>): StudyResult => {
    const rows = study.rows.flatMap((row) => found.get(row) ?? []);
    return {
      study,
      rows,
      claims: study.claims.map((claim) => judgeClaim(claim, rows, study.grouping)),
      seconds: (performance.now() - started) / 1000,
      interrupted: options.signal?.aborted ?? false,
      version: readVersion(),
    };
  };
  return told(await studyRows(study, catalog, options, told));
}

/** Rows that a thread takes at a time: neighbours share what is priced. The first come one by one, so that they are told at once. */
const PIECE = 4;
const ALONE = 8;

async function studyRows(
  study: Study,
  catalog: Catalog,
  options: StudyOptions,
  told: (found: ReadonlyMap<number, StudiedRow>) => StudyResult,
): Promise<ReadonlyMap<number, StudiedRow>> {
  const { question, section, rows } = study;
  const { workers, catalogFolder = null, prices = null, onRow, signal, store } = options;
  const { text, file } = question;
  const threads = Math.min(workers, rows.length);
  const start = {
    text,
    file,
    seed: undefined,
    catalogFolder,
    prices,
    shape: null,
    objectives: [],
    detail: { promises: section.promises },
  };
  const threaded = await openPool(start, threads, signal);
  const pool = store ? rememberWork(threaded, store) : threaded;
  const found = new Map<number, StudiedRow>();
  const note = (row: number, simulated: SimulatedRow | null, refused: string, load: number | null): void => {
    const described = describeRow(study, catalog, row, { simulated, refused, load });
    found.set(row, described);
    onRow?.(found.size, rows.length, described, () => told(found));
  };
  try {
    const asked = Float64Array.from(rows);
    if (section.seek) {
      await pool.work({ kind: 'seek', rows: asked, tolerance: TOLERANCE }, (report) => {
        if (report.kind !== 'sought') return;
        const { simulated, refused, load } = report.row;
        note(asked[report.index]!, simulated, refused, load);
      });
    } else {
      const cuts = Uint32Array.from([...rows.keys()].filter((i) => i < ALONE || i % PIECE === 0));
      await pool.work({ kind: 'settle', rows: asked, cuts, hasty: false }, (report) => {
        if (report.kind !== 'settled') return;
        for (const [i, one] of report.rows.entries()) note(asked[report.index + i]!, runOf(one), one.refused, null);
      });
    }
  } finally {
    await pool.close();
  }
  return found;
}

interface Ran {
  readonly simulated: SimulatedRow | null;
  readonly refused: string;
  /** The load that was looked for; null where the row was run at its own. */
  readonly load: number | null;
}

function describeRow({ question, labelsOf }: Study, catalog: Catalog, row: number, ran: Ran): StudiedRow {
  const { simulated, refused, load } = ran;
  const spec = refused === '' || load !== null ? readable(() => question.at(row).spec) : null;
  return {
    row,
    labels: labelsOf(row),
    result: simulated?.result ?? null,
    refused,
    trust: simulated?.trust ?? null,
    load: load ?? (spec && loadKindOf(spec)?.of(spec)) ?? Number.NaN,
    stands: spec ? standsOn(spec, catalog) : '',
  };
}

function readable(act: () => FleetSpec): FleetSpec | null {
  try {
    return act();
  } catch {
    return null;
  }
}

/** "h100-sxm-80gb, apart". */
function standsOn(spec: FleetSpec, catalog: Catalog): string {
  const kinds = hostsOf(spec, catalog).map(({ hardware }) => hardware);
  return `${kinds.sort().join(' ')}${isApart(spec) ? ', apart' : ''}`;
}
