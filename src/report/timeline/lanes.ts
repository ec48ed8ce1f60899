// Slots for slices: the first lane that is free, so that no two slices of one lane overlap. Times are whole nanoseconds.

/** A slice of time with what it belongs to. */
export interface Slice {
  readonly from: number;
  readonly to: number;
  readonly visit: number;
  readonly kind: 'queue' | 'service' | 'transfer';
}

/** Seconds to nanoseconds, the unit in which slices are compared: what is printed must not overlap after rounding. */
export function toNanos(seconds: number): number {
  return Math.round(seconds * 1e9);
}

/** Nanoseconds as microseconds, the unit of the format, exactly: "12", "12.5", "-0.001". */
export function printMicros(nanos: number): string {
  const size = Math.abs(nanos);
  const whole = Math.floor(size / 1000);
  const rest = size - whole * 1000;
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(3, '0').replace(/0+$/, '')}`;
  return `${nanos < 0 ? '-' : ''}${whole}${fraction}`;
}

/** Lane of each slice; slices must be in order of `from`. Lanes are taken lowest first, so they fill from the top. */
export function assignLanes(slices: readonly Slice[]): Int32Array {
  const lanes = new Int32Array(slices.length);
  const free: number[] = []; // a heap of free lanes
  const busy: { until: number; lane: number }[] = []; // a heap by `until`
  let opened = 0;
  for (const [i, slice] of slices.entries()) {
    while (busy.length > 0 && busy[0]!.until <= slice.from) {
      push(free, take(busy, earlier).lane, lower);
    }
    lanes[i] = free.length > 0 ? take(free, lower) : opened++;
    push(busy, { until: slice.to, lane: lanes[i] }, earlier);
  }
  return lanes;
}

type Before<T> = (a: T, b: T) => boolean;
const lower: Before<number> = (a, b) => a < b;
const earlier: Before<{ until: number; lane: number }> = (a, b) =>
  a.until < b.until || (a.until === b.until && a.lane < b.lane);

/** Binary heap. */
function push<T>(heap: T[], item: T, before: Before<T>): void {
  let at = heap.push(item) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(heap[at]!, heap[parent]!)) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function take<T>(heap: T[], before: Before<T>): T {
  const top = heap[0];
  const last = heap.pop()!;
  if (heap.length === 0) return top!;
  heap[0] = last;
  for (let at = 0; ; ) {
    let least = at;
    for (let child = 2 * at + 1; child <= 2 * at + 2; child++) {
      if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
    }
    if (least === at) return top!;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}
