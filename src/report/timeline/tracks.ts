// The tracks of a trace: slices on lanes, either one process per instance (slots, waiting) or one per request (branches).
import type { FleetProgram, VisitResults } from '../../plan/fleet.ts';
import { assignLanes, type Slice, toNanos } from './lanes.ts';
import type { Selection } from './select.ts';

export interface PlacedSlice extends Slice {
  readonly lane: number;
}

export interface Process {
  readonly pid: number;
  readonly name: string;
  /** Client whose counters it shows; -1 = none. */
  readonly client: number;
  readonly slices: readonly PlacedSlice[];
  /** Waits left out because too many overlap. */
  readonly hidden: number;
  /** Threads in use: id, name. */
  readonly threads: readonly { readonly tid: number; readonly name: string }[];
}

/** Threads of waiting visits follow those of slots. */
const WAITING = 1_000_000;
/** Waiting visits side by side that are drawn; a longer queue shows in the counter. */
const MOST_WAITING = 256;

/** Slots of a instance, then the visits that wait for one. */
export function layOutClients(program: FleetProgram, results: VisitResults, selection: Selection): Process[] {
  const queues: Slice[][] = program.clients.map(() => []);
  const services: Slice[][] = program.clients.map(() => []);
  forEachDrawn(selection, (visit) => {
    const { ready, start, finish, client } = results;
    addSlice(queues[client[visit]!]!, selection, visit, 'queue', ready[visit]!, start[visit]!, false);
    addSlice(services[client[visit]!]!, selection, visit, 'service', start[visit]!, finish[visit]!, true);
  });
  return program.clients.flatMap((client, c): Process[] => {
    const slots = placeSlices(services[c]!, 1);
    const queued = placeSlices(queues[c]!, WAITING);
    const waiting = queued.filter(({ lane }) => lane < WAITING + MOST_WAITING);
    const slices = [...slots, ...waiting].sort(inOrder);
    if (slices.length === 0) return [];
    const word = client.kind === 'cores' ? 'core' : 'slot';
    const threads = [...nameThreads(slots, 1, word), ...nameThreads(waiting, WAITING, 'waiting')];
    return [{ pid: c + 1, name: client.name, client: c, slices, hidden: queued.length - waiting.length, threads }];
  });
}

/** A request's own time line: transfer, queue and service of its visits, branches side by side. */
export function layOutRequests(
  program: FleetProgram,
  results: VisitResults,
  selection: Selection,
  predecessors: Int32Array,
): Process[] {
  const ofRequest = new Map<number, Slice[]>();
  forEachDrawn(selection, (visit) => {
    const { ready, start, finish } = results;
    const request = program.visits.request[visit];
    if (!ofRequest.has(request!)) ofRequest.set(request!, []);
    const slices = ofRequest.get(request!)!;
    const sent = predecessors[visit]! < 0 ? Number.NaN : finish[predecessors[visit]!];
    addSlice(slices, selection, visit, 'transfer', sent!, ready[visit]!, false);
    addSlice(slices, selection, visit, 'queue', ready[visit]!, start[visit]!, false);
    addSlice(slices, selection, visit, 'service', start[visit]!, finish[visit]!, true);
  });
  return [...ofRequest].map(([request, unordered]): Process => {
    const slices = placeSlices(unordered, 1);
    const name = `request ${request}`;
    return { pid: request + 1, name, client: -1, slices, hidden: 0, threads: nameThreads(slices, 1, 'branch') };
  });
}

function forEachDrawn(selection: Selection, draw: (visit: number) => void): void {
  for (let v = 0; v < selection.drawn.length; v++) if (selection.drawn[v] === 1) draw(v);
}

/** The part of [from, to] inside the window, if any; what never ended lasts to the window's end. */
function addSlice(
  list: Slice[],
  { from, to }: Selection,
  visit: number,
  kind: Slice['kind'],
  begin: number,
  end: number,
  keepEmpty: boolean,
): void {
  if (Number.isNaN(begin)) return;
  const a = toNanos(Math.max(begin, from));
  const b = toNanos(Math.min(Number.isNaN(end) ? to : end, to));
  if (!Number.isFinite(b) || b < a || (b === a && !keepEmpty)) return;
  list.push({ from: a, to: b, visit, kind });
}

const inOrder = (a: Slice, b: Slice): number => a.from - b.from || a.to - b.to || a.visit - b.visit;

function placeSlices(slices: Slice[], firstLane: number): PlacedSlice[] {
  const sorted = slices.sort(inOrder);
  const lanes = assignLanes(sorted);
  return sorted.map((slice, i) => ({ ...slice, lane: firstLane + lanes[i]! }));
}

function nameThreads(slices: readonly PlacedSlice[], firstLane: number, word: string) {
  const last = slices.reduce((most, slice) => Math.max(most, slice.lane), firstLane - 1);
  return Array.from({ length: last - firstLane + 1 }, (_, i) => ({ tid: firstLane + i, name: `${word} ${i + 1}` }));
}
