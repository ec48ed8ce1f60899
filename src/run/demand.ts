// What the traffic of a question asks of every deployment, by rate: deadlines, and the most tokens that a run can count.
import type { Catalog } from '../catalog/open.ts';
import { MOST_TIMES } from '../metrics/sweep.ts';
import { remember } from '../plan/priced-ops.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { makeRequests } from '../workload/make.ts';
import type { Requests } from '../workload/types.ts';
import { type Deadlines, type Demand, deadlinesOf, type Lengthened, mostTokensOf, type Part } from './bounds.ts';
import { planMeasuring } from './client-view.ts';
import { lengthen } from './extend.ts';
import { giveUpAt } from './tails.ts';

/** Of a question of one pool (spec/shape.ts), whose rows have the traffic and the limits of `spec` but for the rate. */
export function openDemand(spec: FleetSpec, catalog: Catalog): (rate: number) => Demand {
  const known = new Map<number, Demand>();
  const at = (request_rate: number) => demandAt({ ...spec, workload: { ...spec.workload, request_rate } }, catalog);
  return (rate) => remember(known, rate, () => at(rate));
}

export function demandAt(spec: FleetSpec, catalog: Catalog): Demand {
  const draw = ({ workload }: FleetSpec): Requests =>
    makeRequests(workload, { catalogShape: (id) => catalog.shape(id) });
  const measured = (own: FleetSpec): Lengthened => {
    const requests = draw(own);
    return { requests, rule: planMeasuring(own, { program: { requests } }, true).measuring?.rule };
  };
  const first = measured(spec);
  const { requests } = first;
  // prompts with ids may be in a cache, or read once for all that have them: no token of theirs is sure to cost anything
  const isOpen = requests.concurrency === 0 && requests.rate > 0 && !requests.prefix;
  const dueOf = ({ requests: own, rule }: Lengthened, part: Part): Deadlines | null =>
    isOpen ? deadlinesOf(own, giveUpAt(spec.slo, own, rule), spec.slo, part) : null;
  const known = new Map<Part, Deadlines | null>();
  const every = new Map<Part, readonly Deadlines[]>();
  let all: readonly Lengthened[] | undefined;
  const lengthened = (): readonly Lengthened[] => {
    all ??= [first, ...longerOnes(spec).map(measured)];
    return all;
  };
  let most: number | undefined;
  return {
    deadlines: (part: Part = 'all') => remember(known, part, () => dueOf(first, part)),
    everyDeadlines: (part: Part = 'all') =>
      remember(every, part, () => {
        const found = isOpen ? lengthened().map((own) => dueOf(own, part)) : [];
        return found.every((own) => own !== null) ? found : [];
      }),
    get mostTokens() {
      most ??= mostTokensOf(lengthened());
      return most;
    },
  };
}

/** The runs that a row may be extended to. */
function longerOnes(spec: FleetSpec): FleetSpec[] {
  const longer: FleetSpec[] = [];
  for (let times = 2; times <= MOST_TIMES; times *= 2) longer.push(lengthen(spec, times) ?? spec);
  return longer;
}
