// How many devices, which are cheapest, which draw the least: the answers of one question by several objectives, side by side.
import { achieved } from '../metrics/limits.ts';
import type { KeptRow } from '../metrics/sweep.ts';
import { REASONS } from '../run/reasons.ts';
import type { SizeAnswer, Sized } from '../run/size.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import {
  askQuestion,
  countedReasons,
  describePriced,
  explainAnswer,
  findAnswer,
  isRanked,
  tightestLimit,
} from './answer.ts';
import {
  describeDeployment,
  describeDevices,
  describeLengths,
  describeObjective,
  describeSettings,
  METRIC_WORDS,
  powerOf,
  shownPercentile,
  tailOf,
  usdPerMillionTokens,
} from './describe.ts';
import { formatDuration, formatMs, formatNumber, formatShort, formatUsd, listWords, UNKNOWN } from './format.ts';
import type { JsonObject } from './json.ts';
import { launchesOf, launchLines } from './launch-row.ts';
import { explainPrices } from './prices.ts';
import { sweepJson } from './sweep-json.ts';
import { drawTable, left, right } from './table.ts';
import { bandLegend, explainTrust, shortBand } from './trust.ts';
import { wrap } from './width.ts';

/** An answer that is one: a simulated row that keeps the promise. */
interface Met extends SizeAnswer {
  readonly row: KeptRow;
}

function listMet({ answers }: Sized): Met[] {
  return answers.flatMap((answer) => {
    const { kind, row } = findAnswer(answer.result);
    return kind === 'met' && row ? [{ ...answer, row }] : [];
  });
}

/** Whether every objective has an answer. */
export function isSized(sized: Sized): boolean {
  return listMet(sized).length === sized.objectives.length;
}

/** The whole text: question, answers side by side, each explained, launch commands. */
export function sizeTable(sized: Sized): string {
  const met = listMet(sized);
  const { result } = sized.answers[0]!;
  const missed = sized.answers.filter(({ objective }) => !met.some((one) => one.objective === objective));
  const parts = [
    wrap(askQuestion(result)),
    wrap(`Traffic: ${result.workload.description}; ${describeLengths(result)}.`),
    met.length > 0 ? drawAnswers(met) : [],
    ...distinct(met).map(explainMet),
    ...missed.map((one) => explainMissed(one, sized)),
    wrap(countWork(sized)),
    ...distinct(met).map(({ row, result: own }) => launchLines(launchesOf(row, own))),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** Answers whose row no earlier one has, with the objectives that it is the answer of. */
function distinct(met: readonly Met[]): Met[] {
  return met.filter(({ row }, i) => met.findIndex((other) => other.row.row === row.row) === i);
}

const namesOf = (met: readonly Met[], { row }: Met): string =>
  listWords(
    met
      .filter((one) => one.row.row === row.row)
      .map(({ objective, result }) => `${describeObjective(objective)}${isRanked(row, result) ? '' : ' (unknown)'}`),
  );

function drawAnswers(met: readonly Met[]): string[] {
  const { result } = met[0]!;
  const metrics = ['ttft', 'tpot'] as const;
  const settings = met.some(({ row }) => describeSettings(row, result) !== '');
  const columns = [
    ...left(['']),
    ...left(['deployment'], { cut: true }),
    ...left(settings ? ['batching, limits'] : [], { cut: true, spare: -1 }),
    ...right(metrics.map((metric) => `${METRIC_WORDS[metric]} ${shownPercentile(result.first.slo, metric)}`)),
    ...right(['used'], { spare: 2 }),
    ...right(['devices', '$/h']),
    ...right(['$/M'], { spare: 1 }),
    ...right(['W']),
    ...left(['± %'], { spare: 0 }),
  ];
  const rows = distinct(met).map((one) => {
    const { row, result: own } = one;
    const tightest = tightestLimit(row);
    return [
      namesOf(met, one),
      describeDeployment(row, own),
      ...(settings ? [describeSettings(row, own)] : []),
      ...metrics.map((metric) => formatMs(tailOf(row, own, metric))),
      tightest ? `${formatNumber(tightest.ratio * 100)} %` : UNKNOWN,
      formatNumber(row.devices),
      formatUsd(row.usd_per_hour),
      formatShort(usdPerMillionTokens(row)),
      formatNumber(powerOf(row)),
      row.trust ? shortBand(row.trust.band) : UNKNOWN,
    ];
  });
  const legend = bandLegend(met.map(({ row }) => row));
  return [...drawTable(columns, rows), ...wrap(`Latencies in ms; used: share of the tightest limit. ${legend}`)];
}

/** The answer in a sentence, what breaks first, how far to believe it. */
function explainMet({ result }: Met): string[] {
  const prices = OBJECTIVE[result.objective].priced ? explainPrices(result) : [];
  return [findAnswer(result).sentence, ...explainAnswer(result), ...explainTrust(result), ...prices].flatMap((words) =>
    wrap(words),
  );
}

/** Why nothing is an answer: counts by reason, how near the nearest comes, and what would help. */
function explainMissed({ result }: SizeAnswer, { most }: Sized): string[] {
  const upTo = most === null ? [] : [`Tried were up to ${formatNumber(most)} replicas.`];
  return [
    `${describeObjective(result.objective)}: ${findAnswer(result).sentence}`,
    ...explainAnswer(result),
    ...upTo,
    ...whatHelps(result),
  ].flatMap((words) => wrap(words));
}

/** What would let rows that fell for a reason be, by its words. */
const REMEDIES: Readonly<Partial<Record<(typeof REASONS)[number][0], string>>> = {
  'weights-do-not-fit': 'a larger split, a narrower quantization or devices with more memory',
  'no-room-for-kv': 'a larger split, a narrower kv_cache_dtype or devices with more memory',
  'no-room-for-a-request': 'a larger split, a narrower kv_cache_dtype or shorter requests',
  'format-not-supported': 'another quantization',
  'no-price': 'a price of your own (prices: {ID: USD})',
  'no-watts': 'watts of your own (watts: {ID: W})',
};

/** Remedies for the commonest reasons, and of limits that are missed. */
function whatHelps({ rejected, kept, first }: SizeAnswer['result']): string[] {
  const named = countedReasons({ rejected }).flatMap(({ words }) => {
    const reason = REASONS.find(([, told]) => told === words)?.[0];
    const remedy = reason === undefined ? undefined : REMEDIES[reason];
    return remedy === undefined ? [] : [remedy];
  });
  const best = kept[0]?.result;
  const missed = first.slo.filter((slo) => best && achieved(best, slo) > slo.limit);
  const looser = missed.map(({ metric, percentile }) => `a looser ${percentile} ${METRIC_WORDS[metric]}`);
  const all = [...new Set([...looser, ...named])];
  return all.length > 0 ? [`What would help: ${all.join('; ')}.`] : [];
}

function countWork({ answers, seconds }: Sized): string {
  const { rows } = answers[0]!.result;
  const work = answers.map(
    ({ objective, result }) =>
      `${formatNumber(result.simulated)} simulated for ${describeObjective(objective).toLowerCase()}`,
  );
  return `${formatNumber(rows)} configurations in ${formatDuration(seconds)}: ${listWords(work)}.`;
}

export function sizeJson(sized: Sized, document: string): JsonObject {
  const met = listMet(sized);
  const { result } = sized.answers[0]!;
  return {
    schema: 'mist-size-1',
    version: result.version,
    name: result.name,
    question: askQuestion(result),
    answers: sized.answers.map((answer) => answerJson(answer, met)),
    most: sized.most,
    seconds: sized.seconds,
    spec: document,
  };
}

/** What a sweep says of one objective, with its best row alone. */
function answerJson({ objective, result }: SizeAnswer, met: readonly Met[]): JsonObject {
  const {
    kept,
    spec: _,
    schema: __,
    name: ___,
    question: ____,
    ...said
  } = sweepJson(result) as { kept: object[] } & JsonObject;
  const own = met.find((one) => one.objective === objective);
  return {
    ...said,
    objective,
    ...(own
      ? {
          words: describePriced(own.row, result, true),
          hosts: own.row.hosts,
          deployed_on: describeDevices(own.row.hosts, own.row.devices),
        }
      : {}),
    best: kept[0] ?? null,
  };
}
