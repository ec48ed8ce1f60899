// Runs the document of a case by the path of `mist run`: read, lowered, simulated, measured; then reads its figures.
import { dirname, join, resolve } from 'node:path';
import type { ErrorBands } from '../catalog/types.ts';
import { type Issue, UserError } from '../check/issue.ts';
import type { Rests } from '../metrics/error-band.ts';
import { restsOf } from '../metrics/fleet/trust.ts';
import type { StageResult } from '../metrics/fleet/types.ts';
import { isApart, type Regime, regimeOf } from '../metrics/regime.ts';
import type { FleetSummary } from '../metrics/sweep.ts';
import { SQUEEZED } from '../plan/engine-rules.ts';
import { MODEL_FITS } from '../plan/pipeline/bind-pools.ts';
import { type LoweredFleet, prepareFleet } from '../plan/pipeline/lower-fleet.ts';
import { repriceFleet } from '../plan/pipeline/reprice.ts';
import { type FleetShare, openShare } from '../plan/pipeline/share.ts';
import { NEVER_STEADY, planMeasuring } from '../run/client-view.ts';
import { type FleetRoom, openFleetRoom, runFleet } from '../run/fleet.ts';
import { measureRun, summariseRun } from '../run/measure-fleet.ts';
import type { Session } from '../run/session.ts';
import { readData } from '../spec/fleet/read.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { readOptionsOf } from '../spec/open.ts';
import type { ReadOptions } from '../spec/read-options.ts';
import { atOnce, JUDGED_BELOW, loadOf } from './capacity.ts';
import { isTrouble, type Metric, type Statistic, type Trouble } from './case.ts';
import type { CaseInput } from './case-columns.ts';
import { type CaseDocument, caseText, shortened, writeCase } from './case-document.ts';
import { type Figures, figuresOf, paceOfWhole, readFigure } from './figures.ts';

/** What replays share: the catalog, surfaces by what decides them, and one memory that runs take turns in. */
export interface Replayer {
  readonly session: Session;
  readonly options: ReadOptions;
  readonly folder: string;
  readonly room: FleetRoom;
  readonly share: FleetShare;
  readonly bands: ErrorBands;
  /** Runs by their documents: server runs of one deployment are judged by one capacity, and many cases repeat others. */
  readonly runs: Map<string, Ran | Trouble>;
}

/** What a replay leaves: its figures, and what a reader should know about it. */
export interface Replayed {
  readonly figures: Figures;
  readonly note: string;
  /** Only the part of the run that stands for all of it was simulated. */
  readonly truncated: boolean;
  readonly rests: Rests;
  readonly regime: Regime;
  /** Of a server run: 100 (predicted / offered - 1) of its capacity. */
  readonly capacityPct?: number;
}

export function openReplayer(caseFile: string, session: Session): Replayer {
  const folder = dirname(resolve(caseFile));
  return {
    session,
    options: readOptionsOf(join(folder, 'case.yaml'), session.catalog),
    folder,
    room: openFleetRoom(),
    share: openShare(),
    bands: session.catalog.errorBands(),
    runs: new Map(),
  };
}

/** The document that stands for a case, as text. */
export function documentOf(replayer: Replayer, id: string, input: CaseInput): string | Trouble {
  const document = writeCase(id, input, replayer.session.catalog, replayer.folder);
  return isTrouble(document) ? document : caseText(document);
}

/** Server runs are judged by their capacity first (capacity.ts); their latencies are predicted only well below it. */
export function replayCase(replayer: Replayer, id: string, input: CaseInput): Replayed | Trouble {
  const all = atOnce(input);
  if (!all) return replayRun(replayer, id, input);
  const most = replayRun(replayer, id, all);
  if (isTrouble(most)) return most;
  const load = loadOf(input, most.figures.outputTokens);
  const capacityPct = 100 * (1 / load - 1);
  if (load > JUDGED_BELOW) {
    const words = `offered ${(100 * load).toFixed(0)} % of the predicted capacity: a few per cent of it decide every latency`;
    return { status: 'undetermined', words, capacityPct };
  }
  return { ...replayRun(replayer, id, input), capacityPct };
}

function replayRun(replayer: Replayer, id: string, input: CaseInput): Replayed | Trouble {
  const document = writeCase(id, input, replayer.session.catalog, replayer.folder);
  if (isTrouble(document)) return document;
  const { mode, load_kind, num_requests } = input;
  const told = JSON.stringify([
    { ...document, name: '' },
    mode === 'kv-transfer',
    load_kind === 'trace' && num_requests,
  ]);
  const ran = replayer.runs.get(told) ?? tryRun(replayer, document, input);
  replayer.runs.set(told, ran);
  return isTrouble(ran) ? ran : tellRun(ran, input);
}

function tryRun(replayer: Replayer, document: CaseDocument, input: CaseInput): Ran | Trouble {
  try {
    return runLowered(replayer, lowerDocument(replayer, document), input);
  } catch (error) {
    return troubleOf(error);
  }
}

/** A case that was read and lowered, to be run under several prices. */
export interface LoweredCase {
  readonly spec: FleetSpec;
  readonly lowered: LoweredFleet;
}

export function lowerCase(replayer: Replayer, id: string, input: CaseInput): LoweredCase | Trouble {
  const document = writeCase(id, input, replayer.session.catalog, replayer.folder);
  if (isTrouble(document)) return document;
  try {
    return lowerDocument(replayer, document);
  } catch (error) {
    return troubleOf(error);
  }
}

/** The same run where steps cost what another catalog or session says. */
export function replayRepriced(replayer: Replayer, known: LoweredCase | Trouble, input: CaseInput): Replayed | Trouble {
  if ('words' in known) return known;
  const { session } = replayer;
  try {
    const lowered = repriceFleet(known.spec, known.lowered, session.catalog, session, replayer.share);
    const ran = runLowered(replayer, { spec: known.spec, lowered }, input);
    return isTrouble(ran) ? ran : tellRun(ran, input);
  } catch (error) {
    return troubleOf(error);
  }
}

function lowerDocument({ session, options, share }: Replayer, document: CaseDocument): LoweredCase {
  const spec = readData(document, () => caseText(document), options);
  return { spec, lowered: prepareFleet(spec, session.catalog, session, share) };
}

/** One run that fails must not take the answers of all others with it (data/cases/SCHEMA.md section 6: never exit early). */
function troubleOf(error: unknown): Trouble {
  return error instanceof UserError ? refusal(error.issues) : { status: 'error', words: (error as Error).message };
}

/** What a run leaves, whichever case asks for it. */
interface Ran {
  readonly result: FleetSummary;
  readonly stages: readonly StageResult[];
  readonly output: number;
  readonly squeezed: boolean;
  readonly rests: Rests;
  readonly regime: Regime;
}

function runLowered({ room }: Replayer, { spec, lowered }: LoweredCase, input: CaseInput): Ran | Trouble {
  const missing = findMissing(lowered, input);
  if (missing) return missing;
  const run = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(spec, lowered, true) }, room);
  const moved = input.mode === 'kv-transfer' ? measureRun(spec, lowered, run).result : null;
  const asked = { pick: room.pick(lowered.program.requests.count), unsampled: true };
  const result = moved ?? summariseRun(spec, lowered, run, asked);
  const lost = result.rejected_kv + result.rejected_length;
  if (lost > 0 || result.unfinished > 0) return tooLarge(lowered, lost || result.unfinished);
  if (result.stopped === NEVER_STEADY) return { status: 'unsupported', words: `window steady: ${NEVER_STEADY}` };
  const rests = restsOf(spec, lowered, run)!; // no case has prices of its own
  const squeezed = lowered.clients.some(({ memory }) => memory.includes(SQUEEZED));
  const regime = regimeOf(lowered.program.clients, run.clients, isApart(spec));
  return { result, stages: moved?.stages ?? [], output: outputOf(lowered), squeezed, rests, regime };
}

function tellRun({ result, stages, output, squeezed, rests, regime }: Ran, input: CaseInput): Replayed {
  const part = shortened(input);
  const copies = part ? input.replicas / part.replicas : 1;
  const pace =
    part && input.load_kind === 'all-at-once' ? paceOfWhole(result, part.num_requests, input.num_requests / copies) : 1;
  const figures = figuresOf(input.mode, result, stages, { output, copies, pace });
  const notes = [
    ...(squeezed ? [SQUEEZED] : []),
    ...(part ? [`the first ${part.num_requests * copies} of ${input.num_requests} requests`] : []),
    ...(copies > 1 ? [`one of ${copies} replicas`] : []),
    ...(pace === 1 ? [] : ['the others at the rate of its steady part']),
  ];
  return { figures, note: notes.join('; '), truncated: part !== null, rests, regime };
}

/** A trace that is shorter than the run that it is said to be. */
function findMissing({ walks }: LoweredFleet, { load_kind, lengths_file, num_requests }: CaseInput): Trouble | null {
  if (load_kind !== 'trace' || walks.count >= num_requests) return null;
  const words = `lengths_file ${lengths_file}: ${walks.count} rows, num_requests is ${num_requests}`;
  return { status: 'error', words };
}

/** Tokens of the first request, of which all of a static batch are alike. */
const outputOf = ({ walks }: LoweredFleet): number => walks.answer[0]!;

function tooLarge({ program }: LoweredFleet, lost: number): Trouble {
  const { numGpuBlocks, blockSize } = program.clients.at(-1)!;
  const words = `the KV cache of ${numGpuBlocks} blocks of ${blockSize} tokens cannot hold ${lost} of the requests`;
  return { status: 'oom', words };
}

/** What the reader or the catalog refuses of a document. */
function refusal(issues: readonly Issue[]): Trouble {
  const { path, expected, received, hint } = issues[0]!;
  if (expected === MODEL_FITS) return { status: 'oom', words: received.slice(received.indexOf(': ') + 2) };
  const isFile = path.startsWith('workload.requests') || path === 'requests' || path === 'rows';
  const words = `${path}: expected ${expected}, received ${received}${hint ? ` (${hint})` : ''}`;
  return { status: isFile ? 'error' : 'unsupported', words };
}

export function readStatistic(
  { figures }: Replayed,
  metric: Metric,
  statistic: Statistic,
): { value: number; alternative: number | null } {
  // `mean_or_median`: the mean, with the median beside it
  if (statistic !== 'mean_or_median') return { value: readFigure(figures, metric, statistic), alternative: null };
  return { value: readFigure(figures, metric, 'mean'), alternative: readFigure(figures, metric, 'p50') };
}
