// What an engine says of itself at /metrics, in Prometheus' text format: asked at the start, while it works, and at the end.
import { type Endpoint, getPage } from './endpoint.ts';

/** Sums over labels, by name. */
export type Scrape = ReadonlyMap<string, number>;

/** Values of a page of metrics; lines that are none are left out. */
export function readMetrics(text: string): Scrape {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-zA-Z_:][\w:]*)(?:\{.*\})?\s+(\S+)/.exec(line) ?? [];
    const number = Number(value);
    if (name !== undefined && Number.isFinite(number)) found.set(name, (found.get(name) ?? 0) + number);
  }
  return found;
}

/** null where there are none, or the server does not say. */
export async function scrape(endpoint: Endpoint, silence: number): Promise<Scrape | null> {
  try {
    const { ok, text } = await getPage(endpoint, endpoint.metrics, silence);
    return ok ? readMetrics(text) : null;
  } catch {
    return null;
  }
}

/** Names of one figure, by engine and version: the first that is there counts. Sources: vLLM's and SGLang's metrics documentation. */
const COUNTERS = {
  preemptions: ['vllm:num_preemptions_total'],
  queries: ['vllm:prefix_cache_queries_total', 'vllm:gpu_prefix_cache_queries_total', 'sglang:prompt_tokens_total'],
  hits: ['vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total', 'sglang:cached_tokens_total'],
} as const;
const GAUGES = {
  running: ['vllm:num_requests_running', 'sglang:num_running_reqs'],
  waiting: ['vllm:num_requests_waiting', 'sglang:num_queue_reqs'],
  kv: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc', 'sglang:token_usage'],
} as const;

/** What the engine said, under names of results; null where it did not. */
export interface EngineFigures {
  readonly preemptions: number | null;
  /** Share of tokens of prompts that were found in the prefix cache. */
  readonly prefix_cache_hit_rate: number | null;
  readonly peak_running: number | null;
  readonly peak_waiting: number | null;
  readonly peak_kv_usage: number | null;
}

/** Figures of the looks, the first before and the last after all requests; null where the engine says nothing. */
export function figuresOf(looks: readonly Scrape[]): EngineFigures | null {
  const [before, after] = [looks[0], looks.at(-1)];
  if (!before || !after || looks.length < 2) return null;
  const grown = (names: readonly string[]) => {
    const name = names.find((one) => after.has(one));
    return name === undefined ? null : after.get(name)! - (before.get(name) ?? 0);
  };
  const peak = (names: readonly string[]) => {
    const name = names.find((one) => after.has(one));
    return name === undefined ? null : looks.reduce((most, look) => Math.max(most, look.get(name) ?? 0), 0);
  };
  const [queries, hits] = [grown(COUNTERS.queries), grown(COUNTERS.hits)];
  return {
    preemptions: grown(COUNTERS.preemptions),
    prefix_cache_hit_rate: queries === null || hits === null || queries === 0 ? null : hits / queries,
    peak_running: peak(GAUGES.running),
    peak_waiting: peak(GAUGES.waiting),
    peak_kv_usage: peak(GAUGES.kv),
  };
}
