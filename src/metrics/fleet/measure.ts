// From the columns and counters of a fleet run to its result: every figure that reports of pipelines print is made here.
import { STATE_FINISHED, STATE_UNFINISHED } from '../../../assembly/layout/enums.ts';
import { comesInBursts } from '../../plan/setup.ts';
import { summariseItl, totalWeight } from '../itl.ts';
import { keepsPromise, overBudget, type Taken } from '../limits.ts';
import { countGood, peakOutputThroughput } from '../requests.ts';
import { addAccepted, summariseDrafts } from '../speculation.ts';
import { countMeasured, EMPTY_SUMMARY, summarise } from '../summary.ts';
import type { FleetSummary } from '../sweep.ts';
import { type Seen, seeLatencies, seeRun } from './client-view.ts';
import { measureClients } from './clients.ts';
import { copiesOf } from './copies.ts';
import { clipIntervals, drawTimeline, type Intervals, listIntervals, peakOverlap } from './curves.ts';
import { detailOf } from './detail.ts';
import { engineFigures } from './engine-figures.ts';
import { chooseExamples } from './examples.ts';
import { failuresOf, listPaid, replicasOf } from './instances.ts';
import { judgeRun, sampleRun, windowFigures } from './judge-run.ts';
import { NOTHING_MEASURED } from './nothing.ts';
import { measurePipelines } from './pipelines.ts';
import { priceFleet } from './price-fleet.ts';
import { billClients, billVisits, type ClientBill, type VisitBills } from './prices.ts';
import { breakDown, measureStages } from './stages.ts';
import { streamOf } from './streams.ts';
import { per, sumKnown } from './sums.ts';
import { measureTokens } from './tokens.ts';
import type { FleetLatencies, FleetResult, FleetRun, MeasuredFleet } from './types.ts';
import { countLost, countStates, findLastPredecessors, findSpan, type RequestColumns, readRequests } from './walk.ts';

const NONE = new Float64Array(0);
const NO_INTERVALS: Intervals = { ready: NONE, start: NONE, finish: NONE };

export function measureFleet(run: FleetRun): MeasuredFleet {
  const { program, results } = run;
  const requests = readRequests(run);
  const predecessors = findLastPredecessors(program, results);
  const span = findSpan(requests, results, run.clock);
  const tokens = measureTokens(run, requests, predecessors);
  const { latencies } = tokens;
  const intervals = listIntervals(run, span.to);
  const bills = billClients(run, intervals, span);
  const visitBills = billVisits(run, bills, span.to);
  const seen = seeRun(run, requests, tokens, span);
  const within = { state: stateWithin(requests, seen), latencies: seen.tokens.latencies };
  const isPart = seen.span !== span;
  const clipped = isPart ? intervals.map((list) => clipIntervals(list, seen.span)) : intervals;
  const ownBills = isPart ? billClients(seen.run, clipped, seen.span) : bills;
  const priced = priceSeen(seen, requests, ownBills);
  const prices = stagePrices(run, visitBills, countFinished(requests), seen.window ? priced : null);
  const measured = measureRequests(seen, requests, judgeSeen(seen, requests, predecessors, span), span);
  const result: FleetResult = {
    ...measured,
    slo_met: measured.slo_met && overBudget(run.budget, { ...priced, elapsed: seconds(span) }).length === 0,
    sampling: sampleRun(run, seen),
    ...priced,
    visits: countStates(results.state),
    preemptions: run.counters.reduce((sum, { preemptions }) => sum + preemptions, 0),
    ...copiesOf(program.clients, run.counters),
    ...draftsOf(run),
    ...replicasOf(run, seen.span),
    ...failuresOf(run, seen.span),
    ...impatienceOf(run),
    stopped: run.stopped ?? '',
    breakdown: breakDown(run, { ...requests, state: within.state }, latencies.e2el, predecessors),
    stages: measureStages(run, seen.members, predecessors, prices),
    clients: measureClients(run, seen.run.counters, intervals, clipped, ownBills, seen.span),
    pipelines: measurePipelines(run, requests, within.latencies, seconds(seen.span), (chosen) =>
      lostOf(seen, requests, chosen),
    ),
  };
  return {
    run,
    result,
    latencies: seeLatencies(run, requests, tokens, span),
    within,
    firstToken: tokens.firstToken,
    ...requests,
    ...visitBills,
    timeline: drawTimeline(run, intervals, span.from, span.to, listPaid(run, span)),
    examples: chooseExamples(run, requests.state, latencies.e2el),
  };
}

/** What tells whether a run was long enough. */
export type Told = ReturnType<typeof judgeSeen> & Taken & Pick<FleetSummary, 'stopped'>;

/**
 * The part of the result that stands for the whole fleet, at a fraction of the time: for sweeps. `isShort`: whether the run is to be done
 * again, longer, by what is told first; then nothing more is.
 */
export function summariseFleet(run: FleetRun): FleetSummary;
export function summariseFleet(run: FleetRun, isShort: (told: Told) => boolean): FleetSummary | null;
export function summariseFleet(run: FleetRun, isShort?: (told: Told) => boolean): FleetSummary | null {
  if (run.hopeless) return summariseGivenUp(run);
  const { program, results } = run;
  const requests = readRequests(run);
  const span = findSpan(requests, results, run.clock);
  const predecessors = findLastPredecessors(program, results);
  const tokens = measureTokens(run, requests, predecessors);
  // engines count how long they were busy: only what has no counters is asked for its visits
  const counted = program.clients.every(({ kind }) => kind === 'llm');
  const intervals = counted ? program.clients.map(() => NO_INTERVALS) : listIntervals(run, span.to);
  const seen = seeRun(run, requests, tokens, span);
  const clipped = seen.span !== span ? intervals.map((list) => clipIntervals(list, seen.span)) : intervals;
  const judged = judgeSeen(seen, requests, predecessors, span);
  const priced = priceSeen(seen, requests, billClients(seen.run, clipped, seen.span));
  const stopped = run.stopped ?? '';
  if (isShort?.({ ...judged, ...priced, elapsed: seconds(span), stopped })) return null;
  const measured = measureRequests(seen, requests, judged, span);
  return {
    ...measured,
    ...(measured.slo_met && !run.unsampled ? { sampling: sampleRun(run, seen) } : {}),
    ...priced,
    slo_met: measured.slo_met && overBudget(run.budget, { ...priced, elapsed: seconds(span) }).length === 0,
    preemptions: run.counters.reduce((sum, { preemptions }) => sum + preemptions, 0),
    ...copiesOf(program.clients, run.counters),
    ...draftsOf(run),
    ...replicasOf(run, seen.span),
    ...failuresOf(run, seen.span),
    ...impatienceOf(run),
    stopped,
    ...detailed(run, requests, seen, predecessors, judged),
  };
}

/** What a study asks of it, of the requests that are measured; nothing where nobody asks. */
function detailed(
  run: FleetRun,
  requests: RequestColumns,
  seen: Seen,
  predecessors: Int32Array,
  judged: ReturnType<typeof judgeSeen>,
): Pick<FleetSummary, 'detail'> {
  if (!run.detail) return {};
  const within = { ...requests, state: stateWithin(requests, seen) };
  const lost = lostOf(seen, requests);
  return { detail: detailOf(run.detail, run, within, { ...seen.tokens.latencies, lost }, predecessors, judged) };
}

/** Of a run that was given up all that is known: that it misses, what it stands on and what that costs. */
function summariseGivenUp(run: FleetRun): FleetSummary {
  const requests = readRequests(run);
  const duration = (run.clock ?? Number.NaN) - requests.arrival[0]!;
  const states = countStates(requests.state);
  const intervals = run.program.clients.map(() => NO_INTERVALS);
  const engines = engineFigures(run, { from: 0, to: duration });
  const priced = priceFleet(
    run,
    billClients(run, intervals, { from: 0, to: duration }),
    states.finished,
    Number.NaN,
    duration,
  );
  const summary: FleetSummary = {
    ...NOTHING_MEASURED,
    completed: states.finished,
    rejected_kv: states.rejected_kv,
    rejected_length: states.rejected_length,
    unfinished: states.unfinished,
    duration,
    utilisation: engines.utilisation,
    mean_batch: engines.mean_batch,
    peak_kv_use: engines.peak_kv_use,
    steps: engines.steps,
    devices: priced.devices,
    unmetered: priced.unmetered,
    unpriced: priced.unpriced,
    energy_j: priced.energy_j,
    power_w: priced.power_w,
    joules_per_token: priced.joules_per_token,
    joules_per_request: priced.joules_per_request,
    energy_shares: priced.energy_shares,
    electricity_usd_per_hour: priced.electricity_usd_per_hour,
    usd_per_hour: priced.usd_per_hour,
    usd_per_request: priced.usd_per_request,
    usd_per_million_tokens: priced.usd_per_million_tokens,
    idle_joules_per_request: priced.idle_joules_per_request,
    idle_usd_per_request: priced.idle_usd_per_request,
    preemptions: run.counters.reduce((sum, { preemptions }) => sum + preemptions, 0),
  };
  return states.unsent === undefined ? summary : { ...summary, unsent: states.unsent };
}

/** What clients that leave, or try again, cost; nothing where none does. */
function impatienceOf({ tried, wasted }: FleetRun): Pick<FleetResult, 'retried' | 'wasted_tokens'> {
  return {
    ...(tried === undefined ? {} : { retried: tried }),
    ...(wasted === undefined ? {} : { wasted_tokens: wasted }),
  };
}

/** How the drafts of all clients did; nothing where none drafts. */
function draftsOf({ counters }: FleetRun): Pick<FleetResult, 'speculation'> {
  const accepted = counters.flatMap((client) => (client.accepted ? [client.accepted] : []));
  return accepted.length > 0 ? { speculation: summariseDrafts(addAccepted(accepted)) } : {};
}

function countFinished({ state }: RequestColumns): number {
  let count = 0;
  for (const s of state) if (s === STATE_FINISHED) count++;
  return count;
}

/** Requests of those that are measured (and `chosen`) that got no answer; none where there is no steady part to measure. */
function lostOf(
  { run, window, members }: Pick<Seen, 'run' | 'window' | 'members'>,
  { state }: RequestColumns,
  chosen?: (request: number) => boolean,
): number {
  if (run.client?.window?.rule === 'steady' && !window) return 0;
  const counts = members ? (r: number) => members[r] === 1 && (!chosen || chosen(r)) : chosen;
  return countLost(state, run.deadlock === true, counts);
}

/** Requests that did not arrive in the window as if they had not been. */
function stateWithin({ state }: RequestColumns, { members }: Seen): Int32Array {
  return members ? state.map((one, r) => (members[r] === 1 ? one : STATE_UNFINISHED)) : state;
}

const seconds = ({ from, to }: Seen['span']): number => to - from;

/** When requests were finished; NaN for those that were not. */
function endsOf({ state, finish }: RequestColumns): Float64Array {
  const ends = finish.slice();
  for (let r = 0; r < ends.length; r++) if (state[r] !== STATE_FINISHED) ends[r] = Number.NaN;
  return ends;
}

/** Energy and cost of what the client sees. */
function priceSeen({ run, span, tokens, completed }: Seen, requests: RequestColumns, bills: readonly ClientBill[]) {
  return priceFleet(run, bills, completed ?? countFinished(requests), tokens.produced, seconds(span));
}

/** Latencies, and whether the run kept up. `whole`: all of the run. */
function judgeSeen(
  { run, tokens, window, ...seen }: Seen,
  requests: RequestColumns,
  predecessors: Int32Array,
  whole: Seen['span'],
) {
  const { latencies } = tokens;
  const bursts = run.program.clients.some(comesInBursts);
  const { total: _, finished, cancelled: __, ...lost } = countStates(requests.state);
  const completed = seen.completed ?? finished;
  // tokens that come several at once have fewer gaps than tokens: those that the engine counted
  const gaps = bursts && run.itl ? totalWeight(run.itl) : tokens.gaps;
  const meanGap = gaps > 0 ? tokens.gapSeconds / gaps : Number.NaN;
  const summaries = summariseAll(run, latencies, lost.unfinished > 0 ? Number.NaN : meanGap, meanGap);
  const { verdict, balance } = judgeRun(run, requests, predecessors, window, whole.to);
  return { ...summaries, verdict, balance, completed, ...lost };
}

/** Everything else, and of the judgement whether the promise was kept. */
function measureRequests(
  { run, tokens, span, window, members, ...seen }: Seen,
  requests: RequestColumns,
  judged: ReturnType<typeof judgeSeen>,
  whole: Seen['span'],
) {
  const { latencies } = tokens;
  const { verdict, balance, completed, ttft, first_answer, tpot, itl, e2el, ...lost } = judged;
  const summaries = { ttft, first_answer, tpot, itl, e2el };
  const duration = seconds(span);
  const rate = (amount: number) => per(amount, duration) * seen.pace;
  const stream = streamOf(requests, tokens, run.program.requests.turns !== undefined);
  // of those that arrive in the window, which are not quite those that end in it
  const good = countGood(latencies, run.slo);
  const finished = countMeasured(latencies.e2el);
  return {
    ...summaries,
    verdict,
    balance,
    window: window ? windowFigures(window, members, whole) : null,
    completed,
    ...lost,
    duration,
    request_throughput: rate(completed),
    output_throughput: rate(tokens.produced),
    total_token_throughput: rate(tokens.input + tokens.produced),
    peak_output_throughput: peakOutputThroughput(
      stream.lengths,
      { ...stream.results, finish: stream.lastToken },
      whole.from,
      seconds(whole),
    ),
    request_goodput: good < 0 ? Number.NaN : window ? rate(completed) * per(good, finished) : rate(good),
    good_fraction: good < 0 ? Number.NaN : per(good, finished + lostOf({ run, window, members }, requests)),
    slo_met: keepsPromise(run.slo, summaries, { completed, ...lost }, verdict),
    total_input_tokens: tokens.input,
    cached_input_tokens: tokens.cached,
    total_output_tokens: tokens.produced,
    thinking_tokens: tokens.thought,
    ...engineFigures(run, span),
    max_concurrent_requests: peakOverlap(requests.arrival, endsOf(requests)),
  };
}

/** `counted`: the mean gap where the histogram of gaps may hold those of unfinished requests, too. */
function summariseAll({ itl, pick }: FleetRun, latencies: FleetLatencies, counted: number, meanGap: number) {
  const ttft = summarise(latencies.ttft, pick);
  return {
    ttft,
    first_answer: latencies.firstAnswer === latencies.ttft ? ttft : summarise(latencies.firstAnswer, pick),
    tpot: summarise(latencies.tpot, pick),
    itl: itl ? summariseItl(itl, counted) : { ...EMPTY_SUMMARY, mean: meanGap },
    e2el: summarise(latencies.e2el, pick),
  };
}

type PerRequest = Pick<
  FleetResult,
  'joules_per_request' | 'usd_per_request' | 'idle_joules_per_request' | 'idle_usd_per_request'
>;

/**
 * What each stage bears per finished request; visits of requests that did not finish are paid by those that did. Where a window is
 * measured, stages share what a request costs `within` it as they share what one costs in the whole run.
 */
function stagePrices(run: FleetRun, visits: VisitBills, completed: number, within: PerRequest | null) {
  const share = (column: Float64Array, part: number) => {
    const sums = sumByStage(run, column, completed);
    const total = sumKnown([...sums]);
    return within === null ? sums : sums.map((value) => value * (part / total));
  };
  const [joules, usd] = within
    ? [within.joules_per_request - within.idle_joules_per_request, within.usd_per_request - within.idle_usd_per_request]
    : [Number.NaN, Number.NaN];
  return { joules: share(visits.joules, joules), usd: share(visits.usd, usd) };
}

/** NaN for a stage none of whose visits has a known figure. */
function sumByStage({ program }: FleetRun, column: Float64Array, completed: number): Float64Array {
  const { stages, visits } = program;
  const sums = new Float64Array(stages.length).fill(Number.NaN);
  for (let v = 0; v < visits.count; v++) {
    if (Number.isNaN(column[v])) continue;
    const stage = visits.stage[v];
    sums[stage!] = (Number.isNaN(sums[stage!]!) ? 0 : sums[stage!]!) + column[v]! / completed;
  }
  return sums;
}
