// A benchmark of GuideLLM's report (benchmarks.json): statistics of the requests that succeeded, and the strategy that sent them.
import { type Issue, show } from '../../check/issue.ts';
import { isRecord, type Json } from '../../check/python-json.ts';
import { FieldReader, type Lengths, type Load, type MeasuredRun, type Place } from './measured-run.ts';

export function readGuidellm(fields: Json, place: Place, issues: Issue[]): MeasuredRun | null {
  const reader = new FieldReader(place, issues);
  const metrics = fields.metrics as Json;
  const of = (metric: string, name: string): unknown => at(metrics[metric], 'successful', name);
  const seconds = (metric: string, name: string, unit: number) => {
    const value = reader.optional(`metrics.${metric}.${name}`, of(metric, name));
    return value === undefined ? undefined : value * unit;
  };
  const made = at(fields, 'run_stats', 'requests_made');
  const completed = reader.positive('run_stats.requests_made.successful', at(made, 'successful'));
  reader.checkFailures(completed, reader.optional('run_stats.requests_made.total', at(made, 'total')) ?? completed);
  // its inter token latency is vLLM's TPOT; its time per output token spreads the first token over all
  const itl = 'metrics.inter_token_latency_ms.mean';
  const tpot = reader.positive(itl, of('inter_token_latency_ms', 'mean')) / 1e3;
  reader.checkUnit(itl, tpot);
  const figures = {
    ttft_mean: seconds('time_to_first_token_ms', 'mean', 1e-3),
    ttft_p50: seconds('time_to_first_token_ms', 'median', 1e-3),
    tpot_mean: tpot,
    tpot_p50: seconds('inter_token_latency_ms', 'median', 1e-3),
    e2el_mean: seconds('request_latency', 'mean', 1),
    output_throughput: seconds('output_tokens_per_second', 'mean', 1),
  };
  const lengths = (metric: string): Lengths => {
    const mean = reader.positive(`metrics.${metric}.mean`, of(metric, 'mean'));
    const std = of(metric, 'std_dev');
    return { mean, std: typeof std === 'number' ? Math.max(0, std) : 0, each: null };
  };
  const [input, output] = [lengths('prompt_token_count'), lengths('output_token_count')];
  const load = loadOf(at(fields, 'args', 'strategy'), reader);
  if (reader.broken || !load) return null;
  const model = at(fields, 'worker', 'backend_model');
  return {
    name: place.name,
    tool: 'GuideLLM',
    model: typeof model === 'string' ? model : '',
    requests: Math.round(completed),
    ...{ load, input, output, figures },
  };
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((part, key) => (isRecord(part) ? part[key] : undefined), value);
}

function loadOf(strategy: unknown, reader: FieldReader): Load | null {
  const kind = at(strategy, 'type_');
  if (kind === 'concurrent' || kind === 'synchronous') {
    const streams = kind === 'synchronous' ? 1 : reader.positive('args.strategy.streams', at(strategy, 'streams'));
    return { kind: 'closed-loop', concurrency: streams };
  }
  if (kind === 'poisson' || kind === 'constant' || kind === 'async') {
    const rate = reader.positive('args.strategy.rate', at(strategy, 'rate'));
    return { kind: 'rate', rate, burstiness: kind === 'poisson' ? 1 : Number.POSITIVE_INFINITY };
  }
  if (kind === 'throughput') return { kind: 'all-at-once' };
  reader.tell('args.strategy.type_', 'synchronous, concurrent, constant, poisson or throughput', show(kind));
  return null;
}
