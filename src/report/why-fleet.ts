// Why a fleet comes to its figures, in words: what decides first, what engines spend their time on, which limits had a say, what would help.
import type { Spread } from '../metrics/chance.ts';
import { type Effect, type Figure, isBeyondChance } from '../run/why/effects.ts';
import { PARTS, type Part, type Phase } from '../run/why/phases.ts';
import type { LimitUse, Why } from '../run/why/why.ts';
import { tightestLimit } from './answer.ts';
import { describeSlo } from './describe.ts';
import { finiteOrNull } from './flat.ts';
import { formatMs, formatNumber, formatShare, formatShort, listWords, plural, UNKNOWN } from './format.ts';
import type { JsonObject } from './json.ts';
import { drawTable, left, right } from './table.ts';
import { wrap } from './width.ts';

const PART_WORDS: Readonly<Record<Part, string>> = {
  compute: 'arithmetic',
  memory: 'memory bandwidth',
  network: 'links between devices',
  latency: 'launches of kernels',
  floor: 'the floor of steps outside captured graphs',
  host: 'the host',
};

/** Sentences, what decides first. */
export function explainWhy(why: Why): string[] {
  return [tellPromise(why), ...tellTime(why), ...tellQueues(why), ...tellLimits(why), ...tellEffects(why)];
}

function tellPromise({ effects, result, spec }: Why): string {
  const { seeds, kept, verdicts } = effects;
  const late = verdicts.filter((verdict) => verdict !== 'stable').length;
  const tightest = tightestLimit({ result, slo: spec.slo });
  const first = tightest
    ? tightest.ratio > 1
      ? ` ${describeSlo(tightest.slo)} is missed by the most: it comes to ${formatShare(tightest.ratio)} of the limit.`
      : ` ${describeSlo(tightest.slo)} is what breaks first: ${formatShare(tightest.ratio)} of it is used.`
    : '';
  const promise =
    spec.slo.length === 0
      ? `Nothing is promised; it keeps up under ${kept} of ${plural(seeds.length, 'seed')}.`
      : `The promise is kept under ${kept} of ${plural(seeds.length, 'seed')}.`;
  const unstable =
    late > 0
      ? ` Under ${late} it does not settle: latencies grow with the run there, and what moves them is not determined.`
      : '';
  return promise + first + unstable;
}

function tellTime({ phases, idle }: Why): string[] {
  return [...idle].map(([pool, share]) => {
    const own = phases.filter((phase) => phase.pool === pool);
    const time = own.map(({ phase, share: of, parts }) => {
      const [most, weight] = parts ? heaviestPart(parts) : [null, 0];
      const bound = most ? ` (${formatShare(weight)} of that ${PART_WORDS[most]})` : '';
      return `${formatShare(of)} steps ${phase === 'prompts' ? 'with prompts' : 'of decodes alone'}${bound}`;
    });
    const whose = idle.size > 1 ? `the time of ${pool}` : 'the time of the engines';
    return `Of ${whose}: ${listWords([...time, `${formatShare(Math.max(0, share))} without work`])}.`;
  });
}

function heaviestPart(parts: Readonly<Record<Part, number>>): [Part, number] {
  return PARTS.map((part): [Part, number] => [part, parts[part]]).reduce((most, one) =>
    one[1] > most[1] ? one : most,
  );
}

/** Where requests wait for a place more than a hundredth of their time. */
function tellQueues({ result }: Why): string[] {
  const { stages, e2el } = result;
  const waits = stages.filter(({ queue }) => queue.mean > 0.01 * e2el.mean);
  return waits.map(
    ({ name, queue }) =>
      `Before ${name} requests wait ${formatMs(queue.mean)} ms on average for a place (p99 ${formatMs(queue.p99)} ms).`,
  );
}

function tellLimits({ limits }: Why): string[] {
  const had = limits.filter(({ binding }) => binding);
  const free = limits.filter(({ binding }) => !binding);
  const of = new Set(limits.map(({ pool }) => pool)).size > 1 ? ({ pool }: LimitUse) => ` of ${pool}` : () => '';
  const words = (use: LimitUse) => `${use.limit} ${formatNumber(use.value)}${of(use)}`;
  const needs = (use: LimitUse) =>
    `${use.limit}${of(use)} (${formatNumber(use.needed)} of ${formatNumber(use.value)} would do)`;
  return [
    ...(had.length > 0 ? [`Had a say in the run: ${listWords(had.map(words))}.`] : []),
    ...(free.length > 0 ? [`Had none: ${listWords(free.map(needs))}.`] : []),
  ];
}

function tellEffects({ effects }: Why): string[] {
  const { none, refused, effects: found, figures, seeds } = effects;
  const [first] = figures;
  const helps = found
    .filter(({ changes }) => changes[0] && isBeyondChance(changes[0]) && changes[0].mean < 0)
    .sort((a, b) => a.changes[0]!.mean - b.changes[0]!.mean);
  const name = ({ name: own, by }: Named) => `${own} ${by}`;
  return [
    ...(first && seeds.length > 1
      ? [
          helps[0]
            ? `${first.name} falls most with ${name(helps[0])}: ${percent(helps[0].changes[0]!)}.`
            : `Nothing that was turned lowers ${first.name} by more than chance.`,
        ]
      : []),
    ...(none.length > 0 ? [`Changes nothing at all: ${listWords(joinNames(none))}.`] : []),
    ...refused.map((one) => `${name(one)} cannot be: ${one.why}.`),
  ];
}

type Named = { readonly name: string; readonly by: string };

/** "hardware.l4.memory_bytes, scale_up_bandwidth +10 %": what stands in one place and is turned alike is named once. */
function joinNames(turns: readonly Named[]): string[] {
  const joined = new Map<string, string[]>();
  for (const { name, by } of turns) {
    const [, place = '', rest = name] = /^(.*(?:\.|: ))(.*)$/.exec(name) ?? [];
    const key = `${place}\n${by}`;
    joined.set(key, [...(joined.get(key) ?? []), rest]);
  }
  return [...joined].map(([key, rest]) => {
    const [place, by] = key.split('\n');
    return `${place}${rest.join(', ')} ${by}`;
  });
}

/** "-7.9 ± 0.4 %". */
function percent({ mean, half }: Spread): string {
  if (Number.isNaN(mean)) return UNKNOWN;
  const digits = Math.abs(mean) < 0.0995 ? 1 : 0;
  const of = (share: number): string => (100 * share).toFixed(digits).replace(/^-(0\.?0*)$/, '$1');
  const sign = of(mean).startsWith('-') ? '' : '+';
  return Number.isNaN(half) ? `${sign}${of(mean)} %` : `${sign}${of(mean)} ± ${of(half)} %`;
}

/** Less than this is 0.0 %. */
const UNSEEN = 0.0005;

/** What chance explains is put in brackets. */
function cellOf(change: Spread): string {
  if (Number.isNaN(change.mean)) return UNKNOWN;
  if (Math.abs(change.mean) < UNSEEN && !(change.half >= UNSEEN)) return '0';
  const words = percent(change);
  return isBeyondChance(change) || Number.isNaN(change.half) ? words : `(${words})`;
}

/** The whole text. */
export function whyTable(why: Why): string {
  const { effects } = why;
  const { seeds, interrupted } = effects;
  const parts = [
    wrap(`Why ${why.name || 'it'} comes to its figures`),
    explainWhy(why).flatMap((words) => wrap(words)),
    drawPhases(why.phases),
    drawEffects(why),
    wrap(
      `Changes of the mean over ${plural(seeds.length, 'seed')} of the same requests with and without the turn, ± half their 95 % interval (Student's t); in brackets what chance explains.`,
    ),
    interrupted ? ['Stopped before everything was turned.'] : [],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function drawPhases(phases: readonly Phase[]): string[] {
  const columns = [
    ...left(['engines', 'steps with']),
    ...right(['of time', 'ms']),
    ...right(['tokens', 'seqs', 'context'], { spare: 1 }),
    ...right(['compute', 'memory', 'network', 'launch', 'floor', 'host']),
    ...left(['most of it'], { cut: true, spare: 2 }),
  ];
  const rows = phases.map(({ pool, phase, share, seconds, tokens, sequences, context, parts, ops }) => [
    ...[pool, phase, formatShare(share), formatMs(seconds), formatNumber(tokens), formatNumber(sequences, 1)],
    formatNumber(context),
    ...PARTS.map((part) => (parts ? formatShare(parts[part]) : UNKNOWN)),
    ops.map(({ name, share: of, bound }) => `${name} ${formatShare(of)} (${bound})`).join(', '),
  ]);
  return rows.length > 0 ? drawTable(columns, rows) : [];
}

function drawEffects({ effects: { figures, base, effects, kept, seeds } }: Why): string[] {
  const columns = [...left(['turned', 'by']), ...right(figures.map(({ name }) => name)), ...right(['keeps'])];
  const of = (count: number): string => `${count}/${seeds.length}`;
  const now = ['as it is', '', ...figures.map((figure, i) => figureCell(figure, base[i]!.mean)), of(kept)];
  const rows = effects.map(({ name, by, changes, kept: own }) => [name, by, ...changes.map(cellOf), of(own)]);
  return drawTable(columns, [now, ...rows]);
}

function figureCell({ unit }: Figure, value: number): string {
  if (Number.isNaN(value)) return UNKNOWN;
  if (unit === 's') return `${formatMs(value)} ms`;
  if (unit === 'USD/M tokens') return `$${formatShort(value)}/M`;
  return `${formatShort(value)} ${unit === 'tokens/s' ? 'tok/s' : unit}`;
}

export function whyJson(why: Why): JsonObject {
  const { effects, result, phases, idle, limits } = why;
  const { figures, seeds } = effects;
  const spread = ({ mean, half }: Spread): JsonObject => ({ mean: finiteOrNull(mean), half: finiteOrNull(half) });
  const byFigure = (spreads: readonly Spread[]): JsonObject =>
    Object.fromEntries(figures.map(({ name }, i) => [name, spread(spreads[i]!)]));
  const effect = ({ name, by, changes, kept }: Effect): JsonObject => ({
    ...{ name, by, kept },
    changes: byFigure(changes),
  });
  return {
    schema: 'mist-why-1',
    version: why.version,
    name: why.name,
    why: explainWhy(why),
    verdict: result.verdict,
    share: why.share,
    seeds: [...seeds],
    figures: figures.map(({ name, unit }) => ({ name, unit })),
    base: { ...byFigure(effects.base), kept: effects.kept, verdicts: [...effects.verdicts] },
    effects: effects.effects.map(effect),
    no_effect: effects.none.map(({ name, by }) => ({ name, by })),
    refused: effects.refused.map(({ name, by, why: words }) => ({ name, by, why: words })),
    phases: phases.map(({ parts, ops, ...phase }) => ({
      ...phase,
      parts: parts ? { ...parts } : null,
      ops: ops.map((op) => ({ ...op })),
    })),
    idle: Object.fromEntries(idle),
    limits: limits.map((limit) => ({ ...limit })),
    stages: result.stages.map(({ name, queue, service, transfer }) => ({
      name,
      queue_mean: finiteOrNull(queue.mean),
      queue_p99: finiteOrNull(queue.p99),
      service_mean: finiteOrNull(service.mean),
      transfer_mean: finiteOrNull(transfer.mean),
    })),
    interrupted: effects.interrupted,
  };
}
