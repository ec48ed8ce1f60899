// Checks a Chrome trace against its format and what Perfetto asks for on top: no two slices of a thread may overlap.

export interface Event {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly id: number;
  readonly cat: string;
  readonly bp: string;
  readonly args: Record<string, string | number>;
}

export interface Trace {
  readonly otherData: Record<string, unknown>;
  readonly traceEvents: readonly Event[];
}

export function parseTrace(pieces: Iterable<string>): Trace {
  return JSON.parse([...pieces].join('')) as Trace;
}

const nanos = (micros: number): number => Math.round(micros * 1000);

/** What the format and its viewers ask for: all violations, in words. */
export function checkTrace({ traceEvents }: Trace): string[] {
  const faults: string[] = [];
  const named = new Set<string>();
  const threads = new Map<string, { last: number; until: number }>();
  const arrows = new Map<number, Event[]>();
  for (const event of traceEvents) {
    const place = `${event.pid}/${event.tid}`;
    const where = `${event.ph} ${event.name} on ${place} at ${event.ts}`;
    for (const field of ['name', 'ph', 'pid', 'tid'] as const) {
      if (event[field] === undefined) faults.push(`${where}: no ${field}`);
    }
    if (event.ph === 'M') {
      if (event.name === 'process_name') named.add(String(event.pid));
      if (event.name === 'thread_name') named.add(place);
      continue;
    }
    if (!Number.isFinite(event.ts) || event.ts < 0) faults.push(`${where}: no time`);
    if (!named.has(String(event.pid))) faults.push(`${where}: process without a name`);
    if (event.ph === 'C') {
      if (!(Number(Object.values(event.args)[0]) >= 0)) faults.push(`${where}: no value`);
      continue;
    }
    if (!named.has(place)) faults.push(`${where}: thread without a name`);
    const thread = threads.get(place) ?? { last: 0, until: 0 };
    threads.set(place, thread);
    if (nanos(event.ts) < thread.last) faults.push(`${where}: goes back`);
    thread.last = nanos(event.ts);
    if (event.ph === 'X') {
      if (!(event.dur >= 0)) faults.push(`${where}: no duration`);
      if (nanos(event.ts) < thread.until) faults.push(`${where}: overlaps`);
      thread.until = nanos(event.ts) + nanos(event.dur);
    } else if (event.ph === 's' || event.ph === 'f') {
      arrows.set(event.id, [...(arrows.get(event.id) ?? []), event]);
    } else faults.push(`${where}: unknown phase`);
  }
  const slices = traceEvents.filter((event) => event.ph === 'X');
  const holds = (end: Event): boolean =>
    slices.some(
      (slice) =>
        slice.pid === end.pid &&
        slice.tid === end.tid &&
        nanos(slice.ts) <= nanos(end.ts) &&
        (nanos(end.ts) < nanos(slice.ts) + nanos(slice.dur) || nanos(end.ts) === nanos(slice.ts)),
    );
  for (const [id, ends] of arrows) {
    const [start, finish] = ['s', 'f'].map((phase) => ends.filter((end) => end.ph === phase));
    if (start.length !== 1 || finish.length !== 1) faults.push(`arrow ${id}: ${ends.length} ends`);
    else if (start[0].name !== finish[0].name || start[0].cat !== finish[0].cat || finish[0].bp !== 'e') {
      faults.push(`arrow ${id}: ends do not match`);
    } else if (nanos(finish[0].ts) < nanos(start[0].ts)) faults.push(`arrow ${id}: goes back`);
    else if (!ends.every(holds)) faults.push(`arrow ${id}: hangs in the air`);
  }
  return faults;
}
