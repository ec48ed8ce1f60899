// The highest load of a fleet in words: the answer, what breaks above it, and every load that was tried.
import { tellPaid } from '../catalog/price-sheets.ts';
import { holdsFarEnd, latencyBand } from '../metrics/error-band.ts';
import { achieved } from '../metrics/limits.ts';
import type { LoadAnswer, LoadProbe } from '../run/probe-load.ts';
import { sloName } from '../spec/slo.ts';
import { describeFailure, tightestLimit } from './answer.ts';
import { describeSlo, METRIC_WORDS, shownPercentile } from './describe.ts';
import { finiteOrNull, latencyColumns } from './flat.ts';
import { formatDuration, formatGiven, formatMs, formatNumber, formatShort, listWords, UNKNOWN } from './format.ts';
import type { JsonObject } from './json.ts';
import { paidJson } from './prices.ts';
import { drawTable, left, right } from './table.ts';
import { wrap } from './width.ts';

const SHORT_UNIT = { 'requests/s': 'req/s', 'requests in flight': 'in flight' } as const;

/** "8.2 requests/s". */
const withUnit = ({ kind }: LoadAnswer, load: number): string => `${formatGiven(load)} ${kind.unit}`;

function describePromise({ slo }: LoadAnswer): string {
  return slo.length === 0 ? 'while it keeps up' : `with ${listWords(slo.map(describeSlo))}`;
}

/** The answer in one sentence, then why: what breaks first, how the next probe fails, and what is not as simple as that. */
export function explainMaxLoad(answer: LoadAnswer): string[] {
  const { best, next, probes } = answer;
  if (best === null) {
    const lowest = probes[0]!;
    return [
      `0 of ${probes.length} loads keep the promise, down to ${withUnit(answer, lowest.load)}: there it ${failureOf(lowest)}.`,
      'A lower load would not help: faster devices, a larger split or looser limits may.',
    ];
  }
  return [
    `${withUnit(answer, best.load)} ${describePromise(answer)}: ${describeYield(best)}.`,
    ...tellTightest(best, next),
    next === null
      ? 'Every load that was tried keeps the promise.'
      : `At ${withUnit(answer, next.load)} it ${failureOf(next)}.`,
    ...tellAgain(answer),
    ...tellSure(answer),
  ];
}

function failureOf(probe: LoadProbe): string {
  return probe.result === null ? `cannot be run (${probe.refused})` : describeFailure(probe);
}

/** The limit that is used up most; that it breaks first is only so where the fleet keeps up beyond the answer. */
function tellTightest(best: LoadProbe, next: LoadProbe | null): string[] {
  const tightest = tightestLimit(best);
  if (tightest === null) return [];
  const used = `${formatNumber(tightest.ratio * 100)} % of it is used`;
  const words = describeSlo(tightest.slo);
  return [next?.keepsUp ? `${words} breaks first: ${used}.` : `No limit breaks: of the tightest, ${words}, ${used}.`];
}

function tellAgain(answer: LoadAnswer): string[] {
  const { again, best, next } = answer;
  if (again.length === 0) return [];
  const loads = listWords(again.map(({ load }) => formatGiven(load)));
  return [
    `What is kept does not fall with the load alone: it fails at ${formatGiven(next!.load)} and keeps the promise again at ` +
      `${loads} ${answer.kind.unit}. The answer is ${formatGiven(best!.load)}, up to which every load that was tried keeps it.`,
  ];
}

/** The highest load of which every probe up to it keeps its limits across the error band, where that is another one. */
export function sureLoad({ probes, slo }: LoadAnswer): number | null {
  const isSure = ({ keeps, result, trust }: LoadProbe) =>
    keeps &&
    slo.every((limit) => {
      const value = achieved(result!, limit);
      return (
        Number.isNaN(value) ||
        holdsFarEnd(value, trust ? latencyBand(trust.band, limit.metric, result!) : 0, limit.limit)
      );
    });
  const unsure = probes.findIndex((probe) => !isSure(probe));
  return probes[(unsure < 0 ? probes.length : unsure) - 1]?.load ?? null;
}

function tellSure(answer: LoadAnswer): string[] {
  const { slo, best } = answer;
  if (slo.length === 0 || best!.trust === null) return [];
  const sure = sureLoad(answer);
  if (sure === best!.load) return ['All limits hold across the error band.'];
  const upTo =
    sure === null ? 'at no load that was tried' : `up to ${withUnit(answer, sure)}, of the loads that were tried`;
  return [`Across the error band of its figures (step prices are ${best!.trust.basis}) it keeps them ${upTo}.`];
}

/** "2,345 output tokens/s, $20.00/h, 0.42 M output tokens per $". */
function describeYield({ result }: LoadProbe): string {
  const { output_throughput, usd_per_hour, usd_per_million_tokens, power_w } = result!;
  return [
    `${formatShort(output_throughput)} output tokens/s`,
    ...(usd_per_hour >= 0 ? [`$${formatShort(usd_per_hour)}/h`] : []),
    ...(usd_per_million_tokens > 0 ? [`${formatShort(1e6 / usd_per_million_tokens)} output tokens per $`] : []),
    ...(power_w > 0 ? [`${formatShort(power_w)} W`] : []),
  ].join(', ');
}

/** The whole text: question, answer, every probe. */
export function maxLoadTable(answer: LoadAnswer): string {
  const { name, kind, probes, tolerance, seconds, interrupted } = answer;
  const parts = [
    wrap(`How much load does "${name}" take ${describePromise(answer)}?`),
    wrap(`Traffic: ${answer.workload}.`),
    [...explainMaxLoad(answer), ...tellPaid(answer.prices)].flatMap((words) => wrap(words)),
    drawProbes(answer),
    wrap(
      `${probes.length} loads in ${formatDuration(seconds)}, each the same requests at another ${kind.whole ? 'depth' : 'rate'}; the answer and the ` +
        `next that fails are at most ${formatGiven(tolerance * 100)} % apart, or neighbours in three digits. Latencies in ms.`,
    ),
    interrupted ? ['Stopped before the search was over: the answer holds for what was tried.'] : [],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function drawProbes({ probes, kind, slo }: LoadAnswer): string[] {
  const metrics = ['ttft', 'tpot', 'e2el'] as const;
  const long = probes.some(({ times }) => times > 1);
  const columns = [
    ...right([SHORT_UNIT[kind.unit]]),
    ...left(['keeps', 'verdict', 'tightest limit'], { cut: true }),
    ...right(['used']),
    ...right(metrics.map((metric) => `${METRIC_WORDS[metric]} ${shownPercentile(slo, metric)}`)),
    ...right(['tok/s'], { spare: 1 }),
    ...right(['$/M'], { spare: 2 }),
    ...(long ? right(['run'], { spare: 3 }) : []),
  ];
  const rows = probes.map((probe) => {
    const { load, keeps, result, times } = probe;
    const tightest = tightestLimit(probe);
    const tails = metrics.map((metric) =>
      result === null ? UNKNOWN : formatMs(achieved(result, { metric, percentile: shownPercentile(slo, metric) })),
    );
    return [
      formatGiven(load),
      keeps ? 'yes' : 'no',
      result?.verdict ?? 'cannot be run',
      tightest ? describeSlo(tightest.slo) : UNKNOWN,
      tightest ? `${formatNumber(tightest.ratio * 100)} %` : UNKNOWN,
      ...tails,
      formatShort(result?.output_throughput ?? Number.NaN),
      formatShort(result?.usd_per_million_tokens ?? Number.NaN),
      ...(long ? [times > 1 ? `x${times}` : ''] : []),
    ];
  });
  return drawTable(columns, rows);
}

export function maxLoadJson(answer: LoadAnswer, document: string): JsonObject {
  const { best, next, again, kind, slo, probes } = answer;
  const [sentence, ...why] = explainMaxLoad(answer);
  return {
    schema: 'mist-max-load-1',
    version: answer.version,
    name: answer.name,
    unit: kind.unit,
    answer: { kind: best === null ? 'missed' : 'met', load: best?.load ?? null, sentence, why },
    next_load: next?.load ?? null,
    sure_load: sureLoad(answer),
    monotone: again.length === 0,
    kept_again: again.map(({ load }) => load),
    tolerance: answer.tolerance,
    slo: slo.map((limit) => ({ metric: limit.metric, percentile: limit.percentile, limit_ms: limit.limit * 1000 })),
    workload: answer.workload,
    prices: paidJson(answer.prices),
    seed: answer.spec.workload.seed,
    probes: probes.map(probeJson),
    interrupted: answer.interrupted,
    seconds: answer.seconds,
    spec: document,
  };
}

const LATENCIES = (['ttft', 'tpot', 'itl', 'e2el'] as const).flatMap((metric) =>
  latencyColumns<NonNullable<LoadProbe['result']>>(metric, (result) => result[metric]),
);

function probeJson(probe: LoadProbe): JsonObject {
  const { load, keeps, result, times, refused, trust } = probe;
  if (result === null) return { load, keeps, verdict: null, refused };
  const tightest = tightestLimit(probe);
  const { usd_per_million_tokens: usd } = result;
  return {
    ...{ load, keeps, verdict: result.verdict, times_as_long: times },
    tightest: tightest ? { limit: sloName(tightest.slo), used: finiteOrNull(tightest.ratio) } : null,
    ...Object.fromEntries(LATENCIES.map((column) => [column.name, column.read(result, 0)])),
    request_throughput: finiteOrNull(result.request_throughput),
    request_goodput: finiteOrNull(result.request_goodput),
    output_throughput: finiteOrNull(result.output_throughput),
    utilisation: finiteOrNull(result.utilisation),
    devices: result.devices,
    usd_per_hour: finiteOrNull(result.usd_per_hour),
    usd_per_million_tokens: finiteOrNull(usd),
    tokens_per_usd: finiteOrNull(1e6 / usd),
    power_w: finiteOrNull(result.power_w),
    basis: trust?.basis ?? null,
  };
}
