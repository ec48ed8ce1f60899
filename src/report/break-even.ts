// When one fleet overtakes another, in words: who is better from where to where, and every value that was tried.
import { type BreakEven, equalAt, OVER_UNITS, type Point, type Standing } from '../run/break-even.ts';
import type { Better } from '../run/crossings.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import type { Objective } from '../spec/types.ts';
import { describeFailure, tightestLimit } from './answer.ts';
import { describeObjective, describeSlo } from './describe.ts';
import { finiteOrNull } from './flat.ts';
import { formatDuration, formatGiven, formatNumber, formatShort, listWords, UNKNOWN } from './format.ts';
import type { JsonObject } from './json.ts';
import { drawTable, left, right } from './table.ts';
import { wrap } from './width.ts';

/** A stretch of values over which one of them is better. */
interface Stretch {
  readonly first: Point;
  readonly last: Point;
}

function listStretches({ points, crossings }: BreakEven): Stretch[] {
  const starts = [points[0], ...crossings.map(({ above }) => above)];
  const ends = [...crossings.map(({ below }) => below), points.at(-1)];
  return starts.flatMap((first, i) => (first ? [{ first, last: ends[i]! }] : []));
}

/** Sentences: the question's answer first, then each stretch with why. */
export function explainBreakEven(answer: BreakEven): string[] {
  const { points, crossings } = answer;
  if (points.length === 0) return ['Nothing was tried.'];
  if (points.every(({ better }) => better === 'neither')) {
    const { a, b } = points[0]!;
    const [own, other] = [answer.names.a, answer.names.b];
    return [
      `Neither keeps its promise at any of ${points.length} values: at ${atWords(answer, points[0]!.at)} ${own} ${describeFailure(a)}, ${other} ${describeFailure(b)}.`,
      'Looser limits, faster devices or more of them would help either.',
    ];
  }
  const overtakes = crossings.map((crossing) => tellCrossing(answer, crossing));
  const head = isCrossed(answer) ? overtakes : [tellNever(answer), ...overtakes];
  return [...head, ...listStretches(answer).map((stretch) => tellStretch(answer, stretch))];
}

const atWords = ({ over }: BreakEven, value: number): string =>
  over === 'price'
    ? `$${formatGiven(value)} per device-hour`
    : over === 'prompt'
      ? `prompts of ${formatGiven(value)} tokens`
      : `${formatGiven(value)} requests/s`;

function nameOf({ names }: BreakEven, better: Better): string {
  if (better === 'a' || better === 'b') return names[better];
  return better === 'equal' ? 'both alike' : 'neither';
}

/** Whether each of them is better somewhere. */
export function isCrossed({ points }: BreakEven): boolean {
  return (['a', 'b'] as const).every((side) => points.some(({ better }) => better === side));
}

function tellNever(answer: BreakEven): string {
  const { points } = answer;
  const better = points.find((point) => point.better === 'a' || point.better === 'b')?.better ?? 'equal';
  const range = `from ${atWords(answer, points[0]!.at)} to ${atWords(answer, points.at(-1)!.at)}`;
  if (better === 'equal') return `Neither is better ${range}.`;
  return `Neither overtakes the other ${range}: wherever one is better it is ${nameOf(answer, better)}.`;
}

function tellCrossing(answer: BreakEven, crossing: BreakEven['crossings'][number]): string {
  const { below, above } = crossing;
  const [before, after] = [nameOf(answer, below.better), nameOf(answer, above.better)];
  if (above.better === 'neither')
    return `${before} keeps the promise up to ${atWords(answer, below.at)}; at ${formatGiven(above.at)} neither does.`;
  if (below.better === 'neither')
    return `${after} keeps the promise from ${atWords(answer, above.at)} on; at ${formatGiven(below.at)} neither does.`;
  const exact = answer.over === 'price' ? equalAt(crossing) : Number.NaN;
  const today = answer.today > 0 ? ` (today ${formatGiven(answer.today)})` : '';
  const where = Number.isNaN(exact)
    ? `between ${atWords(answer, below.at)} and ${formatGiven(above.at)}`
    : `at ${atWords(answer, Number(exact.toPrecision(4)))} of ${answer.hardware}${today}`;
  return above.better === 'equal'
    ? `${before} is no better any more ${where}.`
    : `${after} overtakes ${before} ${where}.`;
}

function tellStretch(answer: BreakEven, { first, last }: Stretch): string {
  const range =
    first === last ? `At ${atWords(answer, first.at)}` : `From ${atWords(answer, first.at)} to ${formatGiven(last.at)}`;
  return `${range}: ${nameOf(answer, first.better)} (${reasonOf(answer, first)}).`;
}

/** Why the better one is: the other misses, or costs more. */
function reasonOf({ names, objective }: BreakEven, { a, b, better }: Point): string {
  if (better === 'neither') return `${names.a} ${describeFailure(a)}, ${names.b} ${describeFailure(b)}`;
  if (a.keeps && b.keeps) return `${names.a} ${figureOf(a, objective)}, ${names.b} ${figureOf(b, objective)}`;
  const [name, other] = a.keeps ? [names.b, b] : [names.a, a];
  return `${name} ${describeFailure(other)}`;
}

/** The figure that the objective ranks by. */
function figureOf({ score }: Pick<Standing, 'score'>, objective: Objective): string {
  switch (objective) {
    case 'usd_per_hour':
      return `$${formatShort(score)}/h`;
    case 'usd_per_million_tokens':
      return `$${formatShort(score * 1e6)}/M`;
    case 'output_throughput_per_device':
      return `${formatShort(-score)} tok/s per device`;
    case 'tokens_per_joule':
      return `${formatShort(1 / score)} tokens/J`;
    case 'devices':
      return `${formatNumber(score)} devices`;
    case 'watts':
      return `${formatShort(score)} W`;
    case 'goodput':
      return `${formatShort(-score)} req/s within the limits`;
    case 'total_usd':
      return `$${formatShort(score)} in all`;
  }
}

/** The whole text: question, answer, every value. */
export function breakEvenTable(answer: BreakEven): string {
  const { names, over, slo, objective, points, seconds, interrupted } = answer;
  const limits = slo.length > 0 ? ` that keeps ${listWords(slo.map(describeSlo))}` : ' that keeps up';
  const parts = [
    wrap(
      `When does one of "${names.a}" (A) and "${names.b}" (B) overtake the other, over ${over.replace('_', ' ')}? Better is: ${describeObjective(objective).toLowerCase()}${limits}.`,
    ),
    explainBreakEven(answer).flatMap((words) => wrap(words)),
    drawPoints(answer),
    wrap(`${points.length} values in ${formatDuration(seconds)}, the same requests for both.`),
    interrupted ? ['Stopped before the search was over: the answer holds for what was tried.'] : [],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function drawPoints({ points, over, objective }: BreakEven): string[] {
  const columns = [
    ...right([{ request_rate: 'req/s', price: '$/device-h', prompt: 'prompt' }[over]]),
    ...left(['better']),
    ...['A', 'B'].flatMap((side) => [
      ...left([`${side} keeps`]),
      ...right([side]),
      ...right([`${side} used`]),
      ...left([`${side} tightest`], { cut: true, spare: 1 }),
    ]),
  ];
  const words = { a: 'A', b: 'B', equal: 'alike', neither: '-' } as const;
  const rows = points.map(({ at, better, a, b }) => [
    formatGiven(at),
    words[better],
    ...standingCells(a, objective),
    ...standingCells(b, objective),
  ]);
  return drawTable(columns, rows);
}

function standingCells(standing: Standing, objective: Objective): string[] {
  const { keeps, result } = standing;
  const tightest = tightestLimit(standing);
  return [
    keeps ? 'yes' : result.verdict === 'stable' ? 'no' : `no, ${result.verdict}`,
    figureOf(standing, objective),
    tightest ? `${formatNumber(tightest.ratio * 100)} %` : UNKNOWN,
    tightest ? describeSlo(tightest.slo) : UNKNOWN,
  ];
}

export function breakEvenJson(answer: BreakEven): JsonObject {
  const { over, objective, names, points, crossings, hardware, today } = answer;
  const [sentence, ...why] = explainBreakEven(answer);
  const isMissed = points.every(({ better }) => better === 'neither');
  return {
    schema: 'mist-break-even-1',
    version: answer.version,
    ...{ over, unit: OVER_UNITS[over], objective, better: OBJECTIVE[objective].better, a: names.a, b: names.b },
    answer: { kind: isMissed ? 'missed' : isCrossed(answer) ? 'crosses' : 'never', sentence, why },
    ...(hardware === '' ? {} : { hardware, today: finiteOrNull(today) }),
    crossings: crossings.map((crossing) => ({
      ...{ below: crossing.below.at, above: crossing.above.at },
      ...{ from: crossing.below.better, to: crossing.above.better },
      ...(over === 'price' ? { equal_at: finiteOrNull(equalAt(crossing)) } : {}),
    })),
    slo: answer.slo.map((limit) => ({
      metric: limit.metric,
      percentile: limit.percentile,
      limit_ms: limit.limit * 1000,
    })),
    points: points.map(({ at, better, a, b }) => ({ at, better, a: standingJson(a), b: standingJson(b) })),
    tolerance: answer.tolerance,
    interrupted: answer.interrupted,
    seconds: answer.seconds,
  };
}

function standingJson({ keeps, result }: Standing): JsonObject {
  return {
    ...{ keeps, verdict: result.verdict, devices: result.devices },
    usd_per_hour: finiteOrNull(result.usd_per_hour),
    usd_per_million_tokens: finiteOrNull(result.usd_per_million_tokens),
    output_throughput: finiteOrNull(result.output_throughput),
    power_w: finiteOrNull(result.power_w),
    joules_per_token: finiteOrNull(result.joules_per_token),
    p99_ttft_ms: finiteOrNull(result.ttft.p99 * 1000),
    p99_tpot_ms: finiteOrNull(result.tpot.p99 * 1000),
  };
}
