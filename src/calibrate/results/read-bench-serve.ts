// A result of `vllm bench serve --save-result`; with --save-detailed also every request's lengths and start.
import { type Issue, show } from '../../check/issue.ts';
import { isRecord, type Json } from '../../check/python-json.ts';
import { packBlocks } from '../../workload/links.ts';
import type { PrefixBlocks } from '../../workload/types.ts';
import { FieldReader, type Figures, type Lengths, type Load, type MeasuredRun, type Place } from './measured-run.ts';

export function readBenchServe(fields: Json, place: Place, issues: Issue[]): MeasuredRun | null {
  const reader = new FieldReader(place, issues);
  const completed = reader.positive('completed', fields.completed);
  const asked = reader.optional('num_prompts', fields.num_prompts) ?? completed;
  reader.checkFailures(completed, asked);
  const input = lengthsOf(fields, 'input', completed, reader);
  const output = lengthsOf(fields, 'output', completed, reader);
  const figures = figuresOf(fields, reader);
  const load = loadOf(fields, reader);
  if (reader.broken || !load) return null;
  const model = typeof fields.model_id === 'string' ? fields.model_id : '';
  const requests = input.each?.length ?? Math.round(completed);
  const prefix = input.each ? prefixOf(fields.mist, requests, reader) : null;
  if (reader.broken) return null;
  return {
    name: place.name,
    tool: 'vLLM',
    model,
    requests,
    load,
    input,
    output,
    figures,
    ...(prefix ? { prefix } : {}),
  };
}

function figuresOf(fields: Json, reader: FieldReader): Figures {
  const seconds = (key: string) => {
    const value = reader.optional(key, fields[key]);
    return value === undefined ? undefined : value / 1e3;
  };
  const tpot = reader.positive('mean_tpot_ms', fields.mean_tpot_ms) / 1e3;
  reader.checkUnit('mean_tpot_ms', tpot);
  const found = {
    ttft_mean: seconds('mean_ttft_ms'),
    ttft_p50: seconds('median_ttft_ms'),
    ttft_p99: seconds('p99_ttft_ms'),
    tpot_p50: seconds('median_tpot_ms'),
    tpot_p99: seconds('p99_tpot_ms'),
    e2el_mean: seconds('mean_e2el_ms'),
    output_throughput: reader.optional('output_throughput', fields.output_throughput),
  };
  const engine = isRecord(fields.mist) && isRecord(fields.mist.engine) ? fields.mist.engine : {};
  const { prefix_cache_hit_rate: hits } = engine;
  return { ...found, tpot_mean: tpot, ...(typeof hits === 'number' ? { hit_rate: hits } : {}) };
}

/** Every request's tokens where they are listed, else the mean. */
function lengthsOf(fields: Json, side: 'input' | 'output', completed: number, reader: FieldReader): Lengths {
  const total = reader.positive(`total_${side}_tokens`, fields[`total_${side}_tokens`]);
  const list = fields[`${side}_lens`];
  const mean = total / completed;
  if (list === undefined) return { mean, std: 0, each: null };
  const bad = Array.isArray(list) ? list.findIndex((value) => !Number.isInteger(value) || value < 0) : 0;
  if (!Array.isArray(list) || list.length === 0 || bad >= 0) {
    const received = Array.isArray(list) ? `${show(list[bad])} at place ${bad}` : show(list);
    reader.tell(`${side}_lens`, 'a list of token counts', received);
    return { mean, std: 0, each: null };
  }
  // a request that failed has no tokens
  return { mean, std: 0, each: Int32Array.from(list as number[], (tokens) => Math.max(1, tokens)) };
}

/** What mist observe adds: the hash ids of the prompts that it sent. */
function prefixOf(own: unknown, requests: number, reader: FieldReader): PrefixBlocks | null {
  if (!isRecord(own) || own.hash_ids === undefined) return null;
  const { hash_ids: lists, block_tokens: tokens } = own;
  const whole = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
  const fits =
    Array.isArray(lists) && lists.length === requests && lists.every((ids) => Array.isArray(ids) && ids.every(whole));
  if (!fits) reader.tell('mist.hash_ids', `${requests} lists of whole numbers, one a request`, show(lists));
  const size = reader.positive('mist.block_tokens', tokens);
  return fits && !Number.isNaN(size) ? packBlocks(lists as number[][], size) : null;
}

function loadOf(fields: Json, reader: FieldReader): Load | null {
  const { request_rate: rate, max_concurrency: most } = fields;
  const endless = rate === 'inf' || rate === undefined || rate === null;
  const concurrency = reader.optional('max_concurrency', most);
  const number = endless ? undefined : reader.positive('request_rate', Number(rate));
  if (endless && concurrency !== undefined) return { kind: 'closed-loop', concurrency };
  const starts = startsOf(fields.start_times);
  if (starts) return { kind: 'replay', starts };
  if (endless) return { kind: 'all-at-once' };
  if (concurrency !== undefined) {
    const hint = 'vllm bench serve --save-detailed keeps when each request was sent';
    reader.tell('max_concurrency', 'none beside a request_rate, or start_times', String(concurrency), hint);
    return null;
  }
  const burstiness = reader.optional('burstiness', fields.burstiness) ?? 1;
  return { kind: 'rate', rate: number!, burstiness };
}

function startsOf(list: unknown): Float64Array | null {
  if (!Array.isArray(list) || list.length === 0) return null;
  if (!list.every((value) => typeof value === 'number' && Number.isFinite(value))) return null;
  const times = Float64Array.from(list as number[]);
  const first = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  return times.map((time) => time - first);
}
