// From the client section of a spec, and the edges that its workload leaves out, to what a run is asked for and measured by.
import type { ClientView } from '../metrics/fleet/client-view.ts';
import type { EdgeRule } from '../metrics/fleet/window.ts';
import type { FleetProgram } from '../plan/fleet.ts';
import { openBlame } from '../plan/pipeline/blame.ts';
import type { LoweredFleet } from '../plan/pipeline/lower-fleet.ts';
import { CLIENT } from '../spec/fleet/client.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { COOLDOWN_SHARE, type Edge, explainEdge, WARMUP_SHARE } from '../spec/window.ts';
import type { Measuring } from './checkpoints.ts';
import type { FleetRun } from './fleet.ts';

type Asked = Partial<Pick<FleetSpec, 'client' | 'workload' | 'text' | 'file'>>;

/** Shorter runs are measured whole where their spec does not say what to leave out. */
const FEWEST = 20;
/** Checkpoints of a run that chooses its window, or whose arrivals only show in it. */
const CHECKPOINTS = 64;

/** What of a program decides that. */
interface Measurable extends Partial<Pick<FleetProgram, 'clients'>> {
  readonly requests: Pick<FleetProgram['requests'], 'count' | 'concurrency' | 'arrival'>;
}

/** What of a run is measured. `fixed`: a warm-up that is left to the run is that of a sweep, so that rows compare. */
export function planMeasuring(
  asked: Asked,
  { program }: { readonly program: Measurable },
  fixed: boolean,
): { measuring?: Measuring } {
  const { client = CLIENT, workload } = asked;
  const { count, concurrency, arrival } = program.requests;
  if (client.window === 'steady') {
    const slots = (program.clients ?? []).reduce(
      (sum, { kind, maxNumSeqs }) => sum + (kind === 'llm' ? maxNumSeqs : 0),
      0,
    );
    const marks = { running: Math.min(concurrency, slots), finished: count - concurrency + 1, arrived: [] };
    return { measuring: { marks, rule: 'steady' } };
  }
  const { warmup = AUTO, cooldown = AUTO } = workload ?? {};
  const atOnce = concurrency === 0 && !(arrival[count - 1]! > arrival[0]!);
  const isLeft = warmup.of === 'auto' && cooldown.of === 'auto';
  if (client.window === 'all' || atOnce || (isLeft && count < FEWEST)) return {};
  const known = concurrency === 0 ? arrival : null;
  const to = firstAt(findEnd(cooldown, count, known), known);
  const start = firstAt(findStart(warmup, count, known), known);
  const from = warmup.of === 'auto' && !fixed && start.at === 'arrival' ? { ...start, at: 'auto' as const } : start;
  if (known) refuseEmpty({ warmup, cooldown }, start, to, known, asked);
  const searched = from.at !== 'arrival' || to.at !== 'arrival';
  const marks = [from, to].flatMap((rule) => (rule.at === 'time' ? [] : [rule.request + 1]));
  if (searched) for (let i = 1; i <= CHECKPOINTS; i++) marks.push(Math.max(1, Math.round((i * count) / CHECKPOINTS)));
  const arrived = [...new Set(marks)].sort((a, b) => a - b);
  return { measuring: { marks: { running: 0, finished: 0, arrived }, rule: { from, to } } };
}

const AUTO: Edge = { of: 'auto' };

/** The first request of the window. `arrival`: where the times are known before the run. */
function findStart(asked: Edge, count: number, arrival: Float64Array | null): EdgeRule {
  if (asked.of === 'time') {
    if (!arrival) return { at: 'time', seconds: asked.seconds };
    const request = arrival.findIndex((time) => time >= arrival[0]! + asked.seconds);
    return { at: 'arrival', request: request < 0 ? count : request };
  }
  const left = asked.of === 'requests' ? asked.count : Math.floor(shareOf(asked, WARMUP_SHARE) * count);
  return { at: 'arrival', request: left };
}

/** The first request behind the window: the last of all where nothing is left out. */
function findEnd(asked: Edge, count: number, arrival: Float64Array | null): EdgeRule {
  if (asked.of === 'time') {
    if (!arrival) return { at: 'time', seconds: asked.seconds };
    return { at: 'arrival', request: arrival.findLastIndex((time) => time <= arrival[count - 1]! - asked.seconds) };
  }
  const left = asked.of === 'requests' ? asked.count : Math.floor(shareOf(asked, COOLDOWN_SHARE) * count);
  return { at: 'arrival', request: count - 1 - left };
}

/** Of requests that arrive at one instant the first: a window holds all of them or none. */
function firstAt(rule: EdgeRule, arrival: Float64Array | null): EdgeRule {
  if (!arrival || rule.at !== 'arrival') return rule;
  const request = arrival.indexOf(arrival[rule.request]!);
  return { at: 'arrival', request: request < 0 ? rule.request : request };
}

const shareOf = (asked: Edge, usual: number): number => (asked.of === 'share' ? asked.share : usual);

type Edges = Readonly<Record<'warmup' | 'cooldown', Edge>>;

/** What is left out must leave a window in which requests arrive. */
function refuseEmpty(edges: Edges, from: EdgeRule, to: EdgeRule, arrival: Float64Array, document: Asked): void {
  if (from.at !== 'arrival' || to.at !== 'arrival') return;
  if (from.request < to.request && arrival[from.request]! < arrival[to.request]!) return;
  const span = Number((arrival.at(-1)! - arrival[0]!).toPrecision(4));
  const expected = `edges that leave a window with arrivals: ${arrival.length} requests come within ${span} s`;
  const { text = '', file = '' } = document;
  const { blame, settle } = openBlame({ text, file });
  for (const key of ['warmup', 'cooldown'] as const)
    if (edges[key].of !== 'auto') blame(['workload', key], expected, explainEdge(edges[key]));
  settle();
}

export const NEVER_STEADY = 'the steady window never opened: the KV cache never lets so many requests run at once';

/** How the client sees a run; nothing where it sees what the engines do. */
export function viewOf(
  { client = CLIENT }: Asked,
  { clients }: Pick<LoweredFleet, 'clients'>,
  { window }: Pick<FleetRun, 'window'>,
): { client?: ClientView } {
  const { time, firstToken } = client;
  const ways = time === 'profile' && clients.some(({ way }) => way) ? clients.map(({ way }) => way ?? null) : null;
  if (!ways && firstToken === 'prefill' && !window) return {};
  return { client: { ways, firstToken, ...(window ? { window } : {}) } };
}
