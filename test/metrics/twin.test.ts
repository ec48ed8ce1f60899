// Every figure of random runs equals that of a measure that is slow and obvious: of clients, stages, pipelines, prices, and the whole.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { measureFlow } from '../../src/metrics/fleet/flow.ts';
import { measureFleet, summariseFleet } from '../../src/metrics/fleet/measure.ts';
import type { FleetRun } from '../../src/metrics/fleet/types.ts';
import { findLastPredecessors, readRequests } from '../../src/metrics/fleet/walk.ts';
import { runs } from '../depth.ts';
import { known, mean } from './obvious.ts';
import { clientFigures, isLost, type Read, read, seenTimes, waitsOf, wholeFigures } from './obvious-figures.ts';
import { bill, priceFigures, stageFigures, visitBills } from './obvious-prices.ts';
import { drawRun } from './random-runs.ts';

const NEAR = 1e-9;

/** Numbers as near as sums in another order are; the rest equal. */
function expectNear(found: unknown, wanted: unknown, path: string): void {
  if (typeof wanted === 'number') {
    const near =
      Object.is(found, wanted) || Math.abs((found as number) - wanted) <= NEAR * Math.max(1, Math.abs(wanted));
    if (!near) throw new Error(`${path}: expected ${wanted}, received ${found}`);
  } else if (wanted !== null && typeof wanted === 'object') {
    for (const [name, value] of Object.entries(wanted))
      expectNear((found as Record<string, unknown>)[name], value, `${path}.${name}`);
  } else if (found !== wanted) throw new Error(`${path}: expected ${wanted}, received ${found}`);
}

/** Runs of which something is measured. */
const wasMeasured = ({ client, program }: FleetRun) => {
  const [a, b] = client?.window?.checkpoints ?? [];
  return program.visits.count > 0 && (!a || (b !== undefined && b.clock > a.clock));
};

const drawn = fc.sample(drawRun().filter(wasMeasured), { seed: 11, numRuns: runs(80) });
function demand(law: (all: Read, run: FleetRun) => void): void {
  for (const run of drawn) law(read(run), run);
}

test('latencies, rates, tokens, energy and cost of the whole', () => {
  const seen = { windows: 0, delays: 0, shares: 0, thoughts: 0 };
  demand((all, run) => {
    const { result, within, latencies } = measureFleet(run);
    const { requests_in_window, ...figures } = wholeFigures(all);
    const wanted = { ...figures, ...priceFigures(all) };
    expectNear(result, wanted, 'result');
    expectNear(summariseFleet(run), wanted, 'summary');
    expect(result.window?.requests ?? null).toBe(requests_in_window);
    const { seen: times, measured } = seenTimes(all);
    for (const [name, column] of Object.entries({ ...latencies }))
      expectNear(
        [...column],
        times.map((one) => one[name as 'ttft']),
        name,
      );
    expectNear([...within.latencies.e2el].filter(known), measured.map(({ e2el }) => e2el).filter(known), 'within');
    for (const [name, of] of [
      ['ttft', 'ttft'],
      ['first_answer', 'firstAnswer'],
      ['tpot', 'tpot'],
      ['e2el', 'e2el'],
    ] as const) {
      const values = measured.map((one) => one[of]).filter(known);
      expectNear(result[name].mean, mean(values), name);
      expectNear(result[name].max, values.length > 0 ? Math.max(...values) : Number.NaN, name);
    }
    if (!run.itl && !all.windowed) expectNear(result.itl.mean, all.tokens.meanGap, 'itl');
    seen.windows += Number(result.window !== null);
    seen.delays += Number(Boolean(run.client?.ways) && measured.length > 0);
    seen.shares += Number(known(result.energy_shares.memory));
    seen.thoughts += Number(result.first_answer.mean > result.ttft.mean);
  });
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(4);
});

test('clients, and what each draws and costs', () => {
  demand((all, run) => {
    const { result } = measureFleet(run);
    expectNear(result.clients, clientFigures(all), 'clients');
    const bills = bill(all, all.counters, all.span, all.windowed ? all.span : undefined);
    const seconds = all.span.to - all.span.from;
    const wanted = bills.map(({ joules, usdPerHour }) => ({
      energy_j: joules,
      power_w: seconds > 0 ? joules / seconds : Number.NaN,
      usd_per_hour: usdPerHour,
    }));
    expectNear(result.clients, wanted, 'bills');
  });
});

test('stages, and what each visit bears', () => {
  demand((all, run) => {
    const measured = measureFleet(run);
    const found = measured.result.stages.map(({ queue, service, transfer, ...rest }) => ({
      ...rest,
      queue: queue.mean,
      service: service.mean,
      transfer: transfer.mean,
    }));
    expectNear(found, stageFigures(all), 'stages');
    expectNear(
      [...measured.joules],
      visitBills(all).map(({ joules }) => joules),
      'joules',
    );
    expectNear(
      [...measured.usd],
      visitBills(all).map(({ usd }) => usd),
      'usd',
    );
  });
});

test('pipelines', () => {
  demand((all, run) => {
    const { seen } = seenTimes(all);
    const duration = all.span.to - all.span.from;
    for (const [p, pipeline] of measureFleet(run).result.pipelines.entries()) {
      const own = seen.filter((_, r) => run.pipelines!.of[r] === p && all.members.includes(all.all[r]!));
      const good = own.filter(
        (times) => known(times.e2el) && run.slo.every(({ metric, limit }) => !(times[metric as 'ttft'] > limit)),
      );
      expectNear(pipeline.requests.total, [...run.pipelines!.of].filter((one) => one === p).length, 'total');
      expectNear(pipeline.ttft.mean, mean(own.map(({ ttft }) => ttft).filter(known)), 'ttft');
      expectNear(pipeline.e2el.mean, mean(own.map(({ e2el }) => e2el).filter(known)), 'e2el');
      expectNear(pipeline.request_goodput, run.slo.length > 0 ? good.length / duration : Number.NaN, 'goodput');
      const ended = all.members.filter(
        (one) => run.pipelines!.of[all.all.indexOf(one)] === p && (one.finished || isLost(all, one)),
      );
      const share = ended.length > 0 ? good.length / ended.length : Number.NaN;
      expectNear(pipeline.good_fraction, run.slo.length > 0 ? share : Number.NaN, 'share');
    }
  });
});

test('what waits of a request that is answered', () => {
  demand((all, run) => {
    const { waited, served } = measureFlow(run, readRequests(run), findLastPredecessors(run.program, run.results));
    const wanted = waitsOf(all);
    for (const [r, seconds] of wanted.entries()) {
      expect(served[r]).toBe(Number(known(seconds)));
      if (known(seconds)) expectNear(waited[r], seconds, `request ${r}`);
    }
  });
});
