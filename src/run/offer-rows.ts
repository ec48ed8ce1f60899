// Of the rows of a screened group the best few of each deployment, as the screen sees them: whom to simulate first.
import { SCREENED_DOUBTFUL } from '../../assembly/layout/screen.ts';
import { scoreOf } from '../metrics/objective.ts';
import { electricityPerHour } from '../metrics/site.ts';
import type { Deployment } from '../plan/deployment.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { Objective } from '../spec/types.ts';
import { type Candidates, type Offer, packOffers, VARIANTS } from './candidates.ts';
import type { InnerTables, ScreenColumns } from './screen-columns.ts';
import type { Screen } from './screen-group.ts';

/** A group as its offers see it. */
interface Offering {
  readonly screen: Screen;
  readonly inner: InnerTables;
  readonly bound: Deployment;
  readonly group: number;
}

/** The best VARIANTS rows of each deployment of the group; `ruled`: rows that cannot be, or are proved too slow. */
export function chooseOffers(of: Offering, objective: Objective, ruled: Uint8Array): Candidates {
  const { screen, inner } = of;
  const { columns, grid, question } = screen;
  const best = openBest(inner.deals.length);
  const scoreAt = openScores(of, objective);
  const tensionAt = openTensions(question.first.slo, columns);
  // a loop over plain columns: it goes over every row that there is
  for (let i = 0; i < grid.size; i++) {
    if (columns.status[i] === SCREENED_DOUBTFUL || ruled[i] === 1) continue;
    const score = scoreAt(i);
    if (!Number.isNaN(score)) best.take(inner.dealOf[i]!, i, score, tensionAt(i));
  }
  return packOffers(best.all().map((ranked) => offerOf(of, ranked)));
}

interface Ranked {
  /** Row of the group. */
  readonly i: number;
  readonly score: number;
  readonly tension: number;
}

/** By deployment the best rows of those that were taken, which come in the order of the group: best score, then least tension, then row. */
function openBest(deals: number) {
  const count = new Int32Array(deals);
  const row = new Int32Array(deals * VARIANTS);
  const scores = new Float64Array(deals * VARIANTS);
  const tensions = new Float64Array(deals * VARIANTS);
  const seen: number[] = [];
  const isBetter = (score: number, tension: number, at: number): boolean =>
    score < scores[at]! || (score === scores[at]! && tension < tensions[at]!);
  return {
    take(deal: number, i: number, score: number, tension: number): void {
      const first = deal * VARIANTS;
      let at = first + count[deal]!;
      if (at === first) seen.push(deal);
      if (at === first + VARIANTS) {
        at--;
        if (!isBetter(score, tension, at)) return;
      } else count[deal]!++;
      for (; at > first && isBetter(score, tension, at - 1); at--) {
        row[at] = row[at - 1]!;
        scores[at] = scores[at - 1]!;
        tensions[at] = tensions[at - 1]!;
      }
      row[at] = i;
      scores[at] = score;
      tensions[at] = tension;
    },
    /** Deployment by deployment, in the order in which they came up. */
    all(): Ranked[] {
      return seen.flatMap((deal) =>
        Array.from({ length: count[deal]! }, (_, k) => {
          const at = deal * VARIANTS + k;
          return { i: row[at]!, score: scores[at]!, tension: tensions[at]! };
        }),
      );
    },
  };
}

/** Objectives of these are not screened (spec/objectives.ts). */
const UNSCREENED = { goodput: Number.NaN, elapsed: Number.NaN };

/** Scores of rows as the screen sees them. What asks for devices or rent alone is the same for every row of a deployment. */
function openScores({ screen, inner, bound }: Offering, objective: Objective): (i: number) => number {
  const { columns, question, moments } = screen;
  const { power } = question.first;
  const exactAt = (i: number): number => {
    const devices = bound.devices * inner.configurations[i]!.replicas;
    const usdPerHour = bound.usdPerDeviceHour * devices + electricityPerHour(columns.watts[i]!, power);
    const outputThroughput = columns.served[i]! * moments.output_mean;
    const measured = { usdPerHour, outputThroughput, watts: columns.watts[i]!, devices };
    return scoreOf(objective, { ...measured, ...UNSCREENED });
  };
  const isOne = objective === 'devices' || (objective === 'usd_per_hour' && power.usd_per_kwh === null);
  if (!isOne) return exactAt;
  const ofDeal = Float64Array.from(inner.deals, exactAt);
  return (i) => ofDeal[inner.dealOf[i]!]!;
}

function offerOf({ screen, bound, group }: Offering, { i, score, tension }: Ranked): Offer {
  const { columns, grid } = screen;
  return {
    row: grid.row(group, i),
    group,
    score,
    tension,
    figures: [
      columns.batch[i]! * bound.split.dp,
      columns.ttft[i]!,
      columns.tpot[i]!,
      columns.ttftTail[i]!,
      columns.tpotTail[i]!,
      columns.load[i]!,
      columns.served[i]!,
      columns.watts[i]!,
    ],
  };
}

/** The largest share of a limit that the estimates use; without limits, the load. */
function openTensions(slo: FleetSpec['slo'], columns: ScreenColumns): (i: number) => number {
  const limits = slo.flatMap(({ metric, percentile, limit }) => {
    const central = percentile === 'mean' || percentile === 'p50';
    if (metric === 'ttft') return [{ column: central ? columns.ttft : columns.ttftTail, limit }];
    return metric === 'tpot' ? [{ column: central ? columns.tpot : columns.tpotTail, limit }] : [];
  });
  if (slo.length === 0) return (i) => columns.load[i]!;
  return (i) => {
    let tension = 0;
    for (let k = 0; k < limits.length; k++) tension = Math.max(tension, limits[k]!.column[i]! / limits[k]!.limit);
    return tension;
  };
}
