// The figures that claims speak of: a closed list, each with what is better, what its error band is, and how it is read of a row.
import { latencyBand } from '../metrics/error-band.ts';
import { QUANTILES, type RowDetail, SPREAD } from '../metrics/fleet/detail.ts';
import type { FleetTrust } from '../metrics/fleet/trust.ts';
import type { FleetSummary } from '../metrics/sweep.ts';
import type { Summary } from '../metrics/types.ts';
import type { LatencyMetric } from '../spec/types.ts';

/** One simulated row: what was measured, and what that rests on. */
export interface StudiedRow {
  readonly row: number;
  /** By the name of the axis. */
  readonly labels: ReadonlyMap<string, string>;
  /** null where the row cannot be, or keeps its promise at no load. */
  readonly result: FleetSummary | null;
  /** Why there is no result; '' where there is one. */
  readonly refused: string;
  readonly trust: FleetTrust | null;
  /** The load that it was run at, requests/s or in flight: the highest that keeps the promise where it was looked for; 0 where none does. */
  readonly load: number;
  /** Kinds of device that it stands on, sorted, and whether prefill and decode are apart: what rows may have in common. */
  readonly stands: string;
}

type Read = (row: StudiedRow & { readonly result: FleetSummary }) => number;

export interface Figure {
  readonly name: string;
  /** SI, for tables: s, tokens/s, USD/h, W. */
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly words: string;
  /** Half the width of its error band, in %; 0 where no price of ours is in it. */
  band(row: StudiedRow): number;
  /** NaN where the row has none. */
  of(row: StudiedRow): number;
}

type Kind = 'throughput' | 'power' | 'none';
type Line = readonly [name: string, unit: string, better: 'more' | 'less', kind: Kind, words: string, read: Read];

const LIST: readonly Line[] = [
  ['throughput', 'tokens/s', 'more', 'throughput', 'output tokens/s', ({ result }) => result.output_throughput],
  ['request_throughput', 'requests/s', 'more', 'throughput', 'requests/s', ({ result }) => result.request_throughput],
  ['total_throughput', 'tokens/s', 'more', 'throughput', 'tokens/s', ({ result }) => result.total_token_throughput],
  ['goodput', 'requests/s', 'more', 'throughput', 'good requests/s', ({ result }) => result.request_goodput],
  ['good_fraction', '', 'more', 'throughput', 'share of good requests', ({ result }) => result.good_fraction],
  ['load', '', 'more', 'throughput', 'load it was run at', ({ load }) => load],
  ['tokens_per_joule', 'tokens/J', 'more', 'power', 'output tokens per joule', perJoule],
  ['tokens_per_usd', 'tokens/USD', 'more', 'throughput', 'output tokens per USD', perUsd],
  ['power', 'W', 'less', 'power', 'watts', ({ result }) => result.power_w],
  ['usd_per_hour', 'USD/h', 'less', 'none', 'USD per hour', ({ result }) => result.usd_per_hour],
  ['devices', '', 'less', 'none', 'devices', ({ result }) => result.devices],
  ['utilisation', '', 'more', 'throughput', 'busy share of engines', ({ result }) => result.utilisation],
  ['mean_batch', '', 'more', 'throughput', 'sequences running', ({ result }) => result.mean_batch],
  ['peak_kv_use', '', 'less', 'none', 'peak share of KV blocks', ({ result }) => result.peak_kv_use],
  ['preemptions', '', 'less', 'none', 'preemptions', ({ result }) => result.preemptions],
  ['cached_share', '', 'more', 'none', 'share of prompt tokens found in caches or stores', cachedShare],
  ['slo_met', '', 'more', 'none', '1 where the promise is kept', ({ result }) => Number(result.slo_met)],
];

function perJoule({ result }: { readonly result: FleetSummary }): number {
  return 1 / result.joules_per_token;
}

function perUsd({ result }: { readonly result: FleetSummary }): number {
  return 1e6 / result.usd_per_million_tokens;
}

function cachedShare({ result }: { readonly result: FleetSummary }): number {
  return result.total_input_tokens > 0 ? result.cached_input_tokens / result.total_input_tokens : Number.NaN;
}

/** Of which there is no result but where the promise is kept at no load: these are then 0. */
const ZERO = [
  'throughput',
  'request_throughput',
  'total_throughput',
  'goodput',
  'load',
  'tokens_per_usd',
  'tokens_per_joule',
];

export const FIGURES: readonly Figure[] = LIST.map(([name, unit, better, kind, words, read]) => ({
  ...{ name, unit, better, words },
  of: (row) =>
    row.result ? read({ ...row, result: row.result }) : row.load === 0 && ZERO.includes(name) ? 0 : Number.NaN,
  band: ({ trust }) => (kind === 'none' || !trust ? 0 : trust.band[`${kind}_pct`]),
}));

/** Statistics of a latency as functions: p99(ttft), mean(e2el). */
const STATISTICS: Readonly<Record<string, keyof Summary>> = {
  mean: 'mean',
  median: 'p50',
  p50: 'p50',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  p99_9: 'p999',
};
const LATENCIES: readonly LatencyMetric[] = ['ttft', 'tpot', 'itl', 'e2el'];

export const LATENCY_FIGURES: readonly Figure[] = LATENCIES.flatMap((metric) =>
  Object.entries(STATISTICS).map(
    ([statistic, field]): Figure => ({
      name: `${statistic}(${metric})`,
      unit: 's',
      better: 'less',
      words: `${statistic} ${metric.toUpperCase()}`,
      of: ({ result }) => result?.[metric][field] ?? Number.NaN,
      band: ({ trust, result }) => (trust && result ? latencyBand(trust.band, metric, result) : 0),
    }),
  ),
);

/** Percentiles that no summary has, of latencies that each request has one of: p5(ttft), p10(e2el), up to p85. */
const SPREAD_FIGURES: readonly Figure[] = SPREAD.flatMap((metric) =>
  QUANTILES.flatMap((q, i): Figure[] => {
    if (q === 0 || q === 100 || STATISTICS[`p${q}`]) return [];
    return [
      {
        name: `p${q}(${metric})`,
        unit: 's',
        better: 'less',
        words: `p${q} ${metric.toUpperCase()}`,
        of: ({ result }) => result?.detail?.quantiles[metric][i] ?? Number.NaN,
        band: ({ trust, result }) => (trust && result ? latencyBand(trust.band, metric, result) : 0),
      },
    ];
  }),
);

export const ALL_FIGURES: readonly Figure[] = [...FIGURES, ...LATENCY_FIGURES, ...SPREAD_FIGURES];

type Stage = RowDetail['stages'][number];
const whole = ({ queue, service, transfer }: Stage): number => queue + service + transfer;
/** Where a request's time goes, by stage: along the path that decides when it ends, means over requests. */
const OF_STAGES: readonly (readonly [
  name: string,
  unit: string,
  words: string,
  of: (stage: Stage, all: number) => number,
])[] = [
  ['stage_time', 's', 'time of', whole],
  ['queue_time', 's', 'time waiting for', ({ queue }) => queue],
  ['transfer_time', 's', 'time of what is sent to', ({ transfer }) => transfer],
  ['stage_share', '', 'share of the latency in', (stage, all) => whole(stage) / all],
];

/** Figures of a stage of the pipelines, by its name in reports. */
export function stageFigures(stage: string): Figure[] {
  return OF_STAGES.map(([name, unit, words, read]) => ({
    name: `${name}(${stage})`,
    unit,
    better: 'less',
    words: `${words} ${stage}`,
    of: ({ result }) => {
      const stages = result?.detail?.stages ?? [];
      const own = stages.find((one) => one.name === stage);
      return own
        ? read(
            own,
            stages.reduce((sum, one) => sum + whole(one), 0),
          )
        : Number.NaN;
    },
    band: ({ trust, result }) => (trust && result ? latencyBand(trust.band, 'e2el', result) : 0),
  }));
}

/** Figures of a tier of caches, by its name under `tiers`. */
export function tierFigures(tier: string): Figure[] {
  return [
    {
      name: `hit_share(${tier})`,
      unit: '',
      better: 'more',
      words: `share of fetched context found in ${tier}`,
      of: ({ result }) => result?.detail?.tiers.find(({ name }) => name === tier)?.share ?? Number.NaN,
      band: () => 0,
    },
  ];
}

/** Figures of another promise than the spec's, held against the same run. */
export function promiseFigures(promise: string): Figure[] {
  const ownOf = ({ result }: StudiedRow) => result?.detail?.promises.find(({ name }) => name === promise);
  const good = (row: StudiedRow): number => ownOf(row)?.good ?? Number.NaN;
  const band = ({ trust }: StudiedRow): number => trust?.band.throughput_pct ?? 0;
  const made = { better: 'more', unit: '', band } as const;
  return [
    {
      ...made,
      name: `slo_met(${promise})`,
      words: `1 where ${promise} is kept`,
      band: () => 0,
      of: (row) => Number(ownOf(row)?.met ?? Number.NaN),
    },
    { ...made, name: `good_fraction(${promise})`, words: `share of requests good by ${promise}`, of: good },
    {
      ...made,
      name: `goodput(${promise})`,
      unit: 'requests/s',
      words: `requests/s good by ${promise}`,
      of: (row) => good(row) * (row.result?.request_throughput ?? Number.NaN),
    },
  ];
}
