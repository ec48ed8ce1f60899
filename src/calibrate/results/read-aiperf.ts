// A profile_export_aiperf.json: every metric with its unit and statistics, and the load in the configuration that was asked for.
import { type Issue, show } from '../../check/issue.ts';
import { isRecord, type Json } from '../../check/python-json.ts';
import { FieldReader, type Lengths, type Load, type MeasuredRun, type Place } from './measured-run.ts';

/** What one of a unit is in seconds (times), or in itself (counts). */
const UNITS: Record<string, number> = { s: 1, sec: 1, seconds: 1, ms: 1e-3, milliseconds: 1e-3, us: 1e-6, ns: 1e-9 };

export function readAiperf(fields: Json, place: Place, issues: Issue[]): MeasuredRun | null {
  const reader = new FieldReader(place, issues);
  const time = (tag: string, statistic: string, needed: boolean) =>
    readTime(fields[tag], tag, statistic, needed, reader);
  const completed = statistic(fields.request_count, 'avg') ?? Number.NaN;
  if (!(completed > 0)) reader.tell('request_count', 'requests that completed', show(fields.request_count));
  const failed = statistic(fields.error_request_count, 'avg') ?? 0;
  reader.checkFailures(completed, completed + failed);
  // AIPerf's inter token latency is (end to end - first token) / (output - 1) of each request: TPOT
  const tpot = time('inter_token_latency', 'avg', true);
  reader.checkUnit('inter_token_latency', tpot);
  const figures = {
    ttft_mean: time('time_to_first_token', 'avg', false),
    ttft_p50: time('time_to_first_token', 'p50', false),
    ttft_p99: time('time_to_first_token', 'p99', false),
    tpot_mean: tpot ?? Number.NaN,
    tpot_p50: time('inter_token_latency', 'p50', false),
    tpot_p99: time('inter_token_latency', 'p99', false),
    e2el_mean: time('request_latency', 'avg', false),
    output_throughput: statistic(fields.output_token_throughput, 'avg'),
  };
  const input = lengthsOf(fields, 'input_sequence_length', reader);
  const output = lengthsOf(fields, 'output_sequence_length', reader);
  const load = loadOf(fields.input_config, reader);
  if (reader.broken || !load) return null;
  const model = findDeep(fields.input_config, 'model_names') ?? findDeep(fields.input_config, 'model') ?? '';
  const named = Array.isArray(model) ? String(model[0] ?? '') : String(model);
  return {
    name: place.name,
    tool: 'AIPerf',
    model: named,
    requests: Math.round(completed),
    load,
    input,
    output,
    figures,
  };
}

function statistic(metric: unknown, name: string): number | undefined {
  const value = isRecord(metric) ? metric[name] : undefined;
  return typeof value === 'number' ? value : undefined;
}

function readTime(
  metric: unknown,
  tag: string,
  name: string,
  needed: boolean,
  reader: FieldReader,
): number | undefined {
  if (!isRecord(metric) || metric[name] === undefined) {
    if (needed) reader.tell(tag, `a metric with its ${name}`, metric === undefined ? 'nothing' : show(metric));
    return undefined;
  }
  const unit = UNITS[String(metric.unit).toLowerCase()];
  if (unit === undefined) {
    reader.tell(`${tag}.unit`, `one of ${Object.keys(UNITS).join(', ')}`, show(metric.unit));
    return undefined;
  }
  return reader.positive(`${tag}.${name}`, metric[name]) * unit;
}

function lengthsOf(fields: Json, tag: string, reader: FieldReader): Lengths {
  const mean = reader.positive(`${tag}.avg`, statistic(fields[tag], 'avg'));
  return { mean, std: Math.max(0, statistic(fields[tag], 'std') ?? 0), each: null };
}

/** Concurrency makes a closed loop, a rate an open one; they stand somewhere in the configuration, by version. */
function loadOf(config: unknown, reader: FieldReader): Load | null {
  const rate = findDeep(config, 'request_rate');
  const concurrency = findDeep(config, 'concurrency');
  if (typeof rate === 'number' && rate > 0) {
    const mode = String(findDeep(config, 'request_rate_mode') ?? findDeep(config, 'arrival_pattern') ?? 'poisson');
    if (/constant/i.test(mode)) return { kind: 'rate', rate, burstiness: Number.POSITIVE_INFINITY };
    return { kind: 'rate', rate, burstiness: 1 };
  }
  if (typeof concurrency === 'number' && concurrency >= 1) return { kind: 'closed-loop', concurrency };
  reader.tell(
    'input_config',
    'the load: a concurrency or a request_rate',
    config === undefined ? 'nothing' : 'neither',
  );
  return null;
}

/** The first value of a key, level by level, that is not null. */
function findDeep(value: unknown, key: string): unknown {
  let level: unknown[] = [value];
  while (level.length > 0) {
    for (const one of level) if (isRecord(one) && one[key] !== undefined && one[key] !== null) return one[key];
    level = level.flatMap((one) => (isRecord(one) ? Object.values(one) : []));
  }
  return undefined;
}
