// What obvious-figures.ts reads of a run in joules and dollars: of clients, of the whole, of visits and of stages.
import { STATE_FINISHED } from '../../assembly/layout/enums.ts';
import type { ClientCounters, Span } from '../../src/metrics/fleet/types.ts';
import type { WorkFigures } from '../../src/plan/energy.ts';
import { known, mean, onSeconds, per, sum, type Visit } from './obvious.ts';
import { busyOf, type Read } from './obvious-figures.ts';

/** Of what is known; NaN where nothing is. */
const sumKnown = (values: readonly number[]) =>
  values.length > 0 && !values.some(known) ? Number.NaN : sum(values.filter(known));

const joulesOf = (
  figures: WorkFigures,
  { steps, newTokens, pairs, contextTokens, draftSteps = 0, accepted = [] }: ClientCounters,
) =>
  figures.perStep * steps +
  figures.perToken * newTokens +
  figures.perPair * pairs +
  figures.perContext * contextTokens +
  (figures.perDraftStep ?? 0) * draftSteps +
  (figures.perDraft ?? 0) * sum([...accepted]);

/** What every client draws and costs over a span. */
export function bill(all: Read, counters: readonly ClientCounters[], span: Span, within?: Span) {
  const { clients: prices, power } = all.run.prices!;
  const none = prices.every(({ devices }) => devices === 0);
  const busy = prices.map((_, c) => busyOf(all, c, counters[c]!, within));
  const on = onSeconds(all.run, span);
  const pue = power?.pue ?? 1;
  return prices.map(({ energy, devices, busyW = 0, host }, c) => {
    const mates = prices.flatMap((one, i) => (i === c || (host !== undefined && one.host === host) ? [i] : []));
    const together = sum(mates.map((i) => busy[i]!));
    const part = together > 0 ? busy[c]! / together : 1 / mates.length;
    const largest = (of: (i: number) => number) =>
      part * Math.max(...mates.map((i) => (prices[i]!.devices === 0 ? 0 : of(i))));
    const idle = largest((i) => prices[i]!.energy?.idleW ?? Number.NaN) * on[c]!;
    const boards = (busyW + (energy?.busyW ?? 0)) * busy[c]!;
    const asked = devices === 0 ? 0 : energy === null ? Number.NaN : joulesOf(energy, counters[c]!) + boards;
    const most = energy?.mostW === undefined ? Number.POSITIVE_INFINITY : (energy.mostW - energy.idleW) * busy[c]!;
    const held = asked > most ? most / asked : 1;
    const joules = none ? Number.NaN : (idle + asked * held) * pue;
    const price = power?.usd_per_kwh ?? null;
    const electricity = price === null ? 0 : (joules / 3.6e6) * price;
    const hourly = largest((i) => prices[i]!.devices * prices[i]!.usdPerDeviceHour);
    const usd = none ? Number.NaN : (hourly * on[c]!) / 3600 + (known(electricity) ? electricity : 0);
    const hours = (span.to - span.from) / 3600;
    const parts = energy?.parts;
    const into = {
      idle: idle * pue,
      compute:
        ((parts ? joulesOf(parts.compute, counters[c]!) : energy ? joulesOf(energy, counters[c]!) : Number.NaN) +
          boards) *
        held *
        pue,
      memory: (parts ? joulesOf(parts.memory, counters[c]!) : 0) * held * pue,
      network: (parts ? joulesOf(parts.network, counters[c]!) : 0) * held * pue,
    };
    const unknown = { idle: idle * pue, compute: Number.NaN, memory: Number.NaN, network: Number.NaN };
    const works = devices !== 0 && energy !== null;
    return {
      ...{ devices: none ? 0 : largest((i) => prices[i]!.devices), joules, usd, held: none ? 1 : held },
      usdPerHour: none ? Number.NaN : per(usd, hours),
      electricity: none ? Number.NaN : per(electricity, hours),
      into: none ? { ...unknown, idle: Number.NaN } : works ? into : unknown,
    };
  });
}

export function priceFigures(all: Read) {
  const { run, visits, span, completed, tokens, counters } = all;
  const bills = bill(all, counters, span, all.windowed ? span : undefined);
  const idle = bills.filter((_, c) => !visits.some(({ client }) => client === c));
  const names = run.program.clients.map(({ name }) => name);
  const metered = bills.filter(({ joules }) => known(joules));
  const into = (part: 'idle' | 'compute' | 'memory' | 'network') => sumKnown(metered.map((one) => one.into[part]));
  const total = into('idle') + into('compute') + into('memory') + into('network');
  const share = (part: Parameters<typeof into>[0]) => (total > 0 ? into(part) / total : Number.NaN);
  const joules = sumKnown(bills.map((one) => one.joules));
  const usd = sumKnown(bills.map((one) => one.usd));
  return {
    devices: Math.round(sum(bills.map(({ devices }) => devices))),
    unmetered: names.filter((_, c) => !known(bills[c]!.joules)),
    unpriced: names.filter((_, c) => !known(bills[c]!.usd)),
    energy_j: joules,
    power_w: per(joules, span.to - span.from),
    joules_per_token: per(joules, tokens.produced),
    joules_per_request: per(joules, completed),
    energy_shares: {
      idle: share('idle'),
      compute: share('compute'),
      memory: share('memory'),
      network: share('network'),
    },
    electricity_usd_per_hour: sumKnown(bills.map(({ electricity }) => electricity)),
    usd_per_hour: sumKnown(bills.map(({ usdPerHour }) => usdPerHour)),
    usd_per_request: per(usd, completed),
    usd_per_million_tokens: 1e6 * per(usd, tokens.produced),
    idle_joules_per_request: per(sumKnown(idle.map((one) => one.joules)), completed),
    idle_usd_per_request: per(sumKnown(idle.map((one) => one.usd)), completed),
  };
}

/** J and USD that each visit bears: its own work, and of the rest of its client's bill as long as it held a slot. */
export function visitBills(all: Read) {
  const { run, visits, whole } = all;
  const bills = bill(all, run.counters, whole);
  const pue = run.prices!.power?.pue ?? 1;
  const own = (one: Visit) => {
    const energy = run.prices!.clients[one.client]?.energy;
    if (!energy || one.kind !== 'llm' || one.state !== STATE_FINISHED) return 0;
    const { prompt, output, resident, fresh, cached } = one;
    // what another visit holds, or else the cache, is not computed; the last token always is
    const skipped = Math.min(fresh < prompt ? prompt - fresh : cached, prompt - 1);
    const news = resident ? [] : Array.from({ length: prompt - skipped }, (_, i) => skipped + i + 1);
    const decodes = Array.from(
      { length: resident ? output : output - 1 },
      (_, i) => (resident ? prompt - 1 : prompt) + i,
    );
    const joules =
      energy.perToken * (news.length + decodes.length) +
      energy.perPair * sum(news.map((at) => at)) +
      energy.perContext * sum(decodes);
    return pue * joules * bills[one.client]!.held;
  };
  const slot = ({ start, finish }: Visit) => (known(start) ? (known(finish) ? finish : whole.to) - start : 0);
  return visits.map((one) => {
    if (one.client < 0) return { joules: 0, usd: 0 };
    const mates = visits.filter(({ client }) => client === one.client);
    const all = sum(mates.map(slot));
    const share = all > 0 ? slot(one) / all : 1 / mates.length;
    const { joules, usd } = bills[one.client]!;
    return { joules: own(one) + (joules - sum(mates.map(own))) * share, usd: usd * share };
  });
}

export function stageFigures(all: Read) {
  const { run, visits, members } = all;
  const bills = visitBills(all);
  const finished = all.all.filter((one) => one.finished).length;
  const within = all.windowed ? priceFigures(all) : null;
  const borne = (stage: number, of: 'joules' | 'usd') => {
    const own = visits.flatMap((one) =>
      one.stage === stage && known(bills[one.v]![of]) ? [bills[one.v]![of] / finished] : [],
    );
    return own.length > 0 ? sum(own) : Number.NaN;
  };
  const stages = run.program.stages.map((_, stage) => stage);
  const scaled = (stage: number, of: 'joules' | 'usd') => {
    if (!within) return borne(stage, of);
    const part = within[`${of}_per_request`] - within[`idle_${of}_per_request`];
    return borne(stage, of) * (part / sumKnown(stages.map((one) => borne(one, of))));
  };
  const inside = new Set(members.flatMap((asked) => asked.visits));
  return stages.map((stage) => {
    const done = visits.filter((one) => one.stage === stage && one.state === STATE_FINISHED && inside.has(one));
    return {
      queue: mean(done.map(({ start, ready }) => start - ready)),
      service: mean(done.map(({ start, finish }) => finish - start)),
      transfer: mean(done.map(({ ready, before }) => (before ? ready - before.finish : 0))),
      prompt_tokens: sum(done.map(({ prompt }) => prompt)),
      cached_tokens: sum(done.map(({ cached }) => cached)),
      output_tokens: sum(done.map(({ output }) => output)),
      joules_per_request: scaled(stage, 'joules'),
      usd_per_request: scaled(stage, 'usd'),
    };
  });
}
