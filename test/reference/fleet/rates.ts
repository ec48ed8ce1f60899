// Who gets how much of a link or a channel, worked out anew at the end of an instant in which something started or ended.
import type { Client, Flow, Step, World } from './state.ts';

/** Flows over links: max-min shares by progressive filling, and when each flow will be over. */
export function shareLinks(world: World, now: number): void {
  if (!world.flowsChanged) return;
  world.flowsChanged = false;
  settleFlows(world, now);
  fillLinks(world);
  for (const flow of world.flows) flow.end = now + secondsLeft(flow);
}

/** Brings every flow to `now`: what is there grows while the source computes, and shrinks as it is sent. */
export function settleFlows(world: World, now: number): void {
  for (const flow of world.flows) {
    const remaining = flow.remaining - (flow.rate - flow.pace) * (now - flow.updated);
    flow.remaining = flow.remaining < 0 ? Math.min(0, remaining) : Math.max(0, remaining);
    flow.updated = now;
  }
}

/** Until all is sent; of what still grows, until its first layer is there, or until all that is there is sent. */
function secondsLeft({ remaining, rate, pace }: Flow): number {
  if (remaining < 0) return -remaining / pace;
  if (pace === 0) return remaining / rate;
  return remaining > 0 && rate > pace ? remaining / (rate - pace) : Number.POSITIVE_INFINITY;
}

/**
 * The link that leaves its flows the least fixes them there; what they use is gone from their other links; and so on. A flow that
 * has sent all that is there, while more comes up, crosses one link more: its source, as wide as what comes up.
 */
function fillLinks(world: World): void {
  const left = world.program.links.map((link) => link.bandwidth);
  for (const flow of world.flows) flow.rate = 0;
  const open = world.flows.filter((flow) => flow.remaining >= 0).sort(compareFlows);
  let unfixed = open.map((flow) => {
    if (flow.pace === 0 || flow.remaining > 0) return { flow, links: flow.links };
    return { flow, links: [...flow.links, left.push(flow.pace) - 1] };
  });
  while (unfixed.length > 0) {
    const shares = left.map((bandwidth, link) => {
      const crossing = unfixed.filter(({ links }) => links.includes(link)).length;
      return crossing > 0 ? bandwidth / crossing : Number.POSITIVE_INFINITY;
    });
    const share = Math.min(...shares);
    const link = shares.indexOf(share);
    for (const { flow, links } of unfixed.filter((one) => one.links.includes(link))) {
      flow.rate = share;
      for (const crossed of links) left[crossed]! -= share;
    }
    unfixed = unfixed.filter(({ links }) => !links.includes(link));
  }
}

/** Flows of edges in edge order, then those of stores by visit and tier. */
export function compareFlows(a: Flow, b: Flow): number {
  if (a.edge !== null && b.edge !== null) return a.edge.index - b.edge.index;
  if (a.edge !== null || b.edge !== null) return a.edge !== null ? -1 : 1;
  return a.visit.index - b.visit.index || a.tier - b.tier;
}

/** Steps on channels whose set of active steps has changed: what is left of each, its new speed and its end. */
export function shareChannels(world: World, now: number): void {
  for (let channel = 0; channel < world.program.channels; channel++) {
    const clients = world.clients.filter((client) => client.setup.channel === channel && sharesChannel(client));
    const busy = clients.filter((client) => client.busy !== null);
    const steps = busy.map((client) => client.busy!);
    const before = world.active[channel]!;
    if (steps.length === before.length && steps.every((step) => before.includes(step))) continue;
    world.active[channel] = steps;
    speedSteps(world, busy, before, now);
  }
}

/** Whether the steps of a client contend at all. */
export function sharesChannel(client: Client): boolean {
  return client.setup.channel >= 0 && client.setup.demand > 0;
}

function speedSteps(world: World, busy: readonly Client[], before: readonly Step[], now: number): void {
  for (const { busy: step } of busy) {
    step!.left = Math.max(0, step!.left - step!.rate * (now - step!.updated));
    step!.updated = now;
  }
  for (const [client, rate] of shareDevice(busy)) {
    const step = client.busy!;
    if (rate !== step.rate || !before.includes(step)) step.end = now + step.left / rate;
    if (rate !== step.rate && before.includes(step)) changePace(world, client, rate / step.rate, now);
    step.rate = rate;
  }
}

const RESOURCES = ['compute', 'bandwidth'] as const;

/**
 * The speed of each step on one device. What a step has is the larger of its two shares; all have the same until one has the most that it
 * wants, or those who want of a resource have used it up: they stay where they are, and the others go on.
 */
function shareDevice(busy: readonly Client[]): Map<Client, number> {
  const rates = new Map<Client, number>();
  const left = { compute: 1, bandwidth: 1 };
  const larger = ({ busy: step }: Client) => Math.max(step!.wants.compute, step!.wants.bandwidth);
  const most = (client: Client) => Math.min(larger(client), client.setup.demand);
  const fix = (client: Client, share: number) => {
    const rate = larger(client) > 0 ? share / larger(client) : 1;
    rates.set(client, rate);
    for (const resource of RESOURCES) left[resource] -= client.busy!.wants[resource] * rate;
  };
  for (let open = [...busy]; open.length > 0; open = open.filter((client) => !rates.has(client))) {
    const levels = RESOURCES.map((resource) => {
      const wanting = open.filter(({ busy: step }) => step!.wants[resource] > 0);
      const sum = wanting.reduce((total, one) => total + one.busy!.wants[resource] / larger(one), 0);
      return wanting.length > 0 ? left[resource] / sum : Number.POSITIVE_INFINITY;
    });
    const level = Math.min(...levels);
    const tight = RESOURCES[levels[0]! < levels[1]! ? 0 : 1];
    const modest = open.reduce((a, b) => (most(b) < most(a) ? b : a));
    if (most(modest) <= level) fix(modest, most(modest));
    else for (const client of open.filter((one) => one.busy!.wants[tight] > 0)) fix(client, level);
  }
  return rates;
}

/** A step goes on at `ratio` times its speed, and so does what it computes for transfers, where any goes layer by layer: else no flow is brought to `now`, which would round it. */
function changePace(world: World, client: Client, ratio: number, now: number): void {
  if (!world.program.visits.edgeLayers?.some((layers) => layers > 0)) return;
  settleFlows(world, now);
  for (const flow of world.flows) {
    if (flow.pace === 0 || flow.visit.client !== client) continue;
    flow.pace *= ratio;
    world.flowsChanged = true;
  }
}
