// The visits of all requests while they are laid out: columns that grow, edges, and the counts that follow from them.
import { VISIT_HOLD, VISIT_LOCAL, type VisitTable } from '../fleet.ts';

type Typed = Int32Array | Float64Array;

/** A typed column that doubles when it is full. */
class Column<T extends Typed> {
  #values: T;
  length = 0;
  readonly #make: (size: number) => T;

  constructor(make: (size: number) => T) {
    this.#make = make;
    this.#values = make(1024);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = this.#make(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  get(at: number): number {
    return this.#values[at]!;
  }

  set(at: number, value: number): void {
    this.#values[at] = value;
  }

  done(): T {
    return this.#values.slice(0, this.length) as T;
  }
}

const ints = () => new Column((size) => new Int32Array(size));
const floats = () => new Column((size) => new Float64Array(size));

const NAMES = [
  'request',
  'stage',
  'group',
  'prompt',
  'output',
  'asked',
  'flags',
  'sameAs',
  'shared',
  'lets',
  'fetches',
  'writes',
  'fetched',
  'replaced',
  'priority',
] as const;
type Name = (typeof NAMES)[number];

export class VisitWriter {
  readonly #columns = Object.fromEntries(NAMES.map((name) => [name, ints()])) as Record<Name, Column<Int32Array>>;
  readonly #seconds = floats();
  readonly #hashAt = ints();
  readonly #hashIds = ints();
  readonly #edges = { from: ints(), to: ints(), bytes: floats(), layers: ints() };
  #request = 0;
  #priority = 0;

  get count(): number {
    return this.#seconds.length;
  }

  /** Visits from here on belong to this request, of this priority. */
  openRequest(request: number, priority: number): void {
    this.#request = request;
    this.#priority = priority;
  }

  /** Adds a visit and returns its index; `seconds` for cores only. */
  add(stage: number, group: number, prompt: number, output: number, seconds = 0): number {
    const columns = this.#columns;
    columns.request.push(this.#request);
    columns.stage.push(stage);
    columns.group.push(group);
    columns.prompt.push(Math.max(1, prompt));
    columns.output.push(Math.max(1, output));
    columns.asked.push(Math.max(1, output));
    columns.flags.push(0);
    columns.sameAs.push(-1);
    columns.shared.push(0);
    columns.lets.push(-1);
    columns.fetches.push(-1);
    columns.writes.push(-1);
    columns.fetched.push(0);
    columns.replaced.push(0);
    columns.priority.push(this.#priority);
    this.#seconds.push(seconds);
    this.#hashAt.push(this.#hashIds.length);
    return this.count - 1;
  }

  addFlags(visit: number, flags: number): void {
    this.#columns.flags.set(visit, this.#columns.flags.get(visit) | flags);
  }

  /** Its client asked for so many output tokens at most, no fewer than it gets. */
  ask(visit: number, tokens: number): void {
    this.#columns.asked.set(visit, Math.max(tokens, this.#columns.output.get(visit)));
  }

  /** Leading tokens of its prompt lie in the blocks that `anchor` holds until this visit, too, has ended. */
  shareWith(visit: number, anchor: number, tokens: number): void {
    this.#columns.sameAs.set(visit, anchor);
    this.#columns.lets.set(visit, anchor);
    this.#columns.shared.set(visit, tokens);
  }

  /** Is served in the local group of the client that `leader` had. */
  stayWith(visit: number, leader: number): void {
    this.#columns.sameAs.set(visit, leader);
    this.addFlags(visit, VISIT_LOCAL);
  }

  /** Its blocks go to this store client when it ends. */
  setWrites(visit: number, store: number): void {
    this.#columns.writes.set(visit, store);
  }

  /** What these visits generate is a try: the answer of a later model takes its place. */
  replace({ from, to }: { readonly from: number; readonly to: number }): void {
    for (let v = from; v < to; v++) this.#columns.replaced.set(v, 1);
  }

  /** So many leading tokens are there without being computed. */
  setFetched(visit: number, tokens: number): void {
    this.#columns.fetched.set(visit, tokens);
  }

  /** Hash blocks of the visit that was added last. */
  pushHashes(ids: readonly number[]): void {
    for (const id of ids) this.#hashIds.push(id);
  }

  /** `to` waits for `from`, which sends it so many bytes; layers above 1: layer by layer, while its last step computes them. */
  link(from: number, to: number, bytes: number, layers = 0): void {
    this.#edges.from.push(from);
    this.#edges.to.push(to);
    this.#edges.bytes.push(bytes);
    this.#edges.layers.push(layers);
  }

  /** The kv-fetch visit provides leading blocks of this visit's prompt. */
  setFetches(fetch: number, visit: number): void {
    this.#columns.fetches.set(fetch, visit);
  }

  done(): VisitTable {
    const { count } = this;
    const columns = Object.fromEntries(NAMES.map((name) => [name, this.#columns[name].done()])) as Record<
      Name,
      Int32Array
    >;
    const { asked, fetched, replaced, priority, ...rest } = columns;
    const hashAt = new Int32Array(count + 1);
    hashAt.set(this.#hashAt.done());
    hashAt[count] = this.#hashIds.length;
    const edges = this.#sortEdges();
    return {
      count,
      ...rest,
      seconds: this.#seconds.done(),
      ...edges,
      holders: countHolders(rest, edges),
      hashAt,
      hashIds: this.#hashIds.done(),
      ...(asked.some((tokens, v) => tokens > rest.output[v]!) ? { asked } : {}),
      ...(fetched.some((tokens) => tokens > 0) ? { fetched } : {}),
      ...(replaced.includes(1) ? { replaced } : {}),
      ...(priority.some((rank) => rank !== priority[0]) ? { priority } : {}),
    };
  }

  /** Edges by source, those of one source in the order in which they were added; and how many each visit waits for. */
  #sortEdges() {
    const from = this.#edges.from.done();
    const to = this.#edges.to.done();
    const bytes = this.#edges.bytes.done();
    const layers = this.#edges.layers.done();
    const edgeAt = new Int32Array(this.count + 1);
    const pending = new Int32Array(this.count);
    for (let e = 0; e < from.length; e++) {
      edgeAt[from[e]! + 1]!++;
      pending[to[e]!]!++;
    }
    for (let v = 0; v < this.count; v++) edgeAt[v + 1]! += edgeAt[v]!;
    const next = edgeAt.slice();
    const edgeTo = new Int32Array(from.length);
    const edgeBytes = new Float64Array(from.length);
    const edgeLayers = new Int32Array(from.length);
    for (let e = 0; e < from.length; e++) {
      const place = next[from[e]!]!++;
      edgeTo[place] = to[e]!;
      edgeBytes[place] = bytes[e]!;
      edgeLayers[place] = layers[e]!;
    }
    return { pending, edgeAt, edgeTo, edgeBytes, edgeLayers };
  }
}

/** A held visit lets go when every edge that sends bytes is delivered and every visit that names it has ended. */
function countHolders(
  columns: Readonly<Record<'flags' | 'lets', Int32Array>>,
  { edgeAt, edgeBytes }: Pick<VisitTable, 'edgeAt' | 'edgeBytes'>,
): Int32Array {
  const { flags, lets } = columns;
  const holders = new Int32Array(flags.length);
  for (let v = 0; v < flags.length; v++) {
    if (lets[v]! >= 0) holders[lets[v]!]!++;
    if ((flags[v]! & VISIT_HOLD) === 0) continue;
    for (let e = edgeAt[v]!; e < edgeAt[v + 1]!; e++) if (edgeBytes[e]! > 0) holders[v]!++;
  }
  return holders;
}
