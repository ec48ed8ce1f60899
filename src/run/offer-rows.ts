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
  const { columns, grid } = screen;
  const best = new Map<number, Ranked[]>();
  const scoreAt = openScores(of, objective);
  for (let i = 0; i < grid.size; i++) {
    if (columns.status[i] === SCREENED_DOUBTFUL || ruled[i] === 1) continue;
    const score = scoreAt(i);
    if (Number.isNaN(score)) continue;
    const deal = inner.dealOf[i]!;
    const list = best.get(deal);
    const own = { i, score, tension: tensionOf(screen.question.first.slo, columns, i) };
    if (list) insert(list, own);
    else best.set(deal, [own]);
  }
  return packOffers([...best.values()].flat().map((ranked) => offerOf(of, ranked)));
}

interface Ranked {
  /** Row of the group. */
  readonly i: number;
  readonly score: number;
  readonly tension: number;
}

/** Rows of a group ascend with their places in it. */
const before = (a: Ranked, b: Ranked): number => a.score - b.score || a.tension - b.tension || a.i - b.i;

function insert(list: Ranked[], own: Ranked): void {
  if (list.length === VARIANTS && before(own, list[VARIANTS - 1]!) >= 0) return;
  let at = list.length;
  while (at > 0 && before(own, list[at - 1]!) < 0) at--;
  list.splice(at, 0, own);
  if (list.length > VARIANTS) list.pop();
}

/** Objectives of these are not screened (spec/objectives.ts). */
const UNSCREENED = { goodput: Number.NaN, elapsed: Number.NaN };

function openScores({ screen, inner, bound }: Offering, objective: Objective): (i: number) => number {
  const { columns, question, moments } = screen;
  const { power } = question.first;
  return (i) => {
    const devices = bound.devices * inner.configurations[i]!.replicas;
    const usdPerHour = bound.usdPerDeviceHour * devices + electricityPerHour(columns.watts[i]!, power);
    const outputThroughput = columns.served[i]! * moments.output_mean;
    const measured = { usdPerHour, outputThroughput, watts: columns.watts[i]!, devices };
    return scoreOf(objective, { ...measured, ...UNSCREENED });
  };
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
function tensionOf(slo: FleetSpec['slo'], columns: ScreenColumns, i: number): number {
  let tension = slo.length > 0 ? 0 : columns.load[i]!;
  for (const { metric, percentile, limit } of slo) {
    const central = percentile === 'mean' || percentile === 'p50';
    if (metric === 'ttft') tension = Math.max(tension, (central ? columns.ttft[i]! : columns.ttftTail[i]!) / limit);
    if (metric === 'tpot') tension = Math.max(tension, (central ? columns.tpot[i]! : columns.tpotTail[i]!) / limit);
  }
  return tension;
}
