// A run as JSON: the field names of `vllm bench serve`, and under `mist` the stages, instances and pipelines.

import type { FleetTrust } from '../../metrics/fleet/trust.ts';
import type { ClientResult, FleetResult, PipelineResult, StageResult } from '../../metrics/fleet/types.ts';
import { lostIn } from '../../metrics/limits.ts';
import type { Sampling } from '../../metrics/sampling.ts';
import { isAtCapacity, type Summary } from '../../metrics/types.ts';
import type { Balance } from '../../metrics/verdict.ts';
import { draftFields } from '../block.ts';
import { finiteOrNull } from '../flat.ts';
import { copyFields, type JsonObject, latencyFields, msOrNull as ms, servedFields, shareFields } from '../json.ts';
import { priceListOf } from '../price-list.ts';
import { paidJson } from '../prices.ts';
import type { FleetContext } from './context.ts';

export function fleetJson(result: FleetResult, context: FleetContext): JsonObject {
  const failed = lostIn(result);
  const model = context.models.join(', ');
  return {
    date: context.date ?? null,
    endpoint_type: 'simulation',
    backend: 'mist',
    label: context.name,
    model_id: model,
    tokenizer_id: model,
    num_prompts: result.window?.run_requests ?? result.completed + failed,
    request_rate: context.requestRate > 0 ? context.requestRate : 'inf',
    burstiness: context.burstiness,
    max_concurrency: context.maxConcurrency > 0 ? context.maxConcurrency : null,
    ...servedFields(result, failed),
    ...latencyFields('ttft', result.ttft),
    ...latencyFields('ttfat', result.first_answer),
    ...latencyFields('tpot', result.tpot),
    ...latencyFields('itl', result.itl),
    ...latencyFields('e2el', result.e2el),
    ...draftFields(result.speculation),
    mist: ourFields(result, context),
  };
}

const SOMETIMES = [
  ...(['rejected_queue', 'timed_out', 'failed', 'retried', 'wasted_tokens', 'unsent'] as const),
  ...(['instance_failures', 'availability'] as const),
] as const;

/** Requests that were not answered, by why, and what that cost; of what cannot happen, nothing is said. */
function lostFields(result: FleetResult): JsonObject {
  const { rejected_kv, rejected_length, unfinished } = result;
  const some = SOMETIMES.filter((field) => result[field] !== undefined);
  return {
    rejected_kv,
    rejected_length,
    unfinished,
    ...Object.fromEntries(some.map((field) => [field, result[field]!])),
  };
}

function ourFields(result: FleetResult, context: FleetContext): JsonObject {
  return {
    schema: 'mist-run-2',
    version: context.version,
    ...windowFields(result),
    stopped: result.stopped === '' ? null : result.stopped,
    slo_met: result.slo_met,
    good_fraction: finiteOrNull(result.good_fraction),
    ...lostFields(result),
    visits: result.visits,
    preemptions: result.preemptions,
    utilisation: finiteOrNull(result.utilisation),
    mean_batch: finiteOrNull(result.mean_batch),
    peak_kv_use: finiteOrNull(result.peak_kv_use),
    steps: result.steps,
    ...copyFields(result),
    cached_input_tokens: result.cached_input_tokens,
    thinking_tokens: result.thinking_tokens,
    devices: result.devices,
    ...(result.autoscaled ? { autoscaled: result.autoscaled.map((pool) => ({ ...pool })) } : {}),
    unmetered_instances: result.unmetered,
    unpriced_instances: result.unpriced,
    energy_j: finiteOrNull(result.energy_j),
    power_w: finiteOrNull(result.power_w),
    joules_per_token: finiteOrNull(result.joules_per_token),
    joules_per_request: finiteOrNull(result.joules_per_request),
    energy_shares: shareFields(result.energy_shares),
    power: context.power ?? null,
    electricity_usd_per_hour: finiteOrNull(result.electricity_usd_per_hour),
    usd_per_hour: finiteOrNull(result.usd_per_hour),
    usd_per_request: finiteOrNull(result.usd_per_request),
    usd_per_million_tokens: finiteOrNull(result.usd_per_million_tokens),
    price_list: listFields(result),
    idle_joules_per_request: finiteOrNull(result.idle_joules_per_request),
    idle_usd_per_request: finiteOrNull(result.idle_usd_per_request),
    breakdown: result.breakdown.map(({ name, requests, e2el, parts }) => ({
      name,
      requests,
      e2el_ms: ms(e2el),
      stages: Object.fromEntries(
        parts.map((part, s) => [
          result.stages[s]!.name,
          { queue_ms: ms(part.queue), service_ms: ms(part.service), transfer_ms: ms(part.transfer) },
        ]),
      ),
    })),
    stages: result.stages.map(stageFields),
    pools: context.pools ?? [],
    instances: result.clients.map((client, c) => ({ ...clientFields(client), basis: context.bases?.[c] || null })),
    pipelines: result.pipelines.map(pipelineFields),
    basis: context.trust?.basis ?? null,
    regime: context.trust?.regime ?? null,
    error_band: bandFields(context.trust ?? null),
    latencies_determined: !isAtCapacity(result),
    ...(context.caveats?.length ? { caveats: context.caveats } : {}),
    ...(context.prices?.devices.length ? { prices: paidJson(context.prices) } : {}),
    workload: context.workload,
    seed: context.seed,
  };
}

/** USD per million tokens by kind, as a list whose prices stand to each other as usual would bring in the cost. */
function listFields(result: FleetResult): JsonObject {
  const { input, cached, output } = priceListOf(result);
  return { input: finiteOrNull(input), cached_input: finiteOrNull(cached), output: finiteOrNull(output) };
}

/** Half the widths in %; null around latencies that are not determined. */
function bandFields(trust: FleetTrust | null): JsonObject | null {
  return trust && Object.fromEntries(Object.entries(trust.band).map(([name, pct]) => [name, finiteOrNull(pct)]));
}

/** What was measured, how it was judged, and how far chance may move it. */
function windowFields({ verdict, balance, window, sampling }: FleetResult): JsonObject {
  return {
    verdict,
    balance: balanceFields(balance),
    window: window && { ...window },
    sampling_95: sampling ? samplingFields(sampling) : null,
  };
}

/** Every field as it is called in the result, times in s; what nobody knows is null. */
function balanceFields(balance: Balance): JsonObject {
  return Object.fromEntries(Object.entries(balance).map(([name, value]) => [name, finiteOrNull(value)]));
}

/** [low, high] in ms; null where there is no end, or too few requests to say. */
function samplingFields(sampling: NonNullable<FleetResult['sampling']>): JsonObject {
  const of = (one: Sampling) => Object.fromEntries(Object.entries(one).map(([name, ends]) => [name, ends.map(ms)]));
  return Object.fromEntries(Object.entries(sampling).map(([metric, one]) => [`${metric}_ms`, of(one)]));
}

function figures(summary: Summary): JsonObject {
  const { mean, p50, p90, p99, max } = summary;
  return { mean: ms(mean), p50: ms(p50), p90: ms(p90), p99: ms(p99), max: ms(max) };
}

function stageFields(stage: StageResult): JsonObject {
  return {
    name: stage.name,
    visits: stage.visits,
    queue_ms: figures(stage.queue),
    service_ms: figures(stage.service),
    transfer_ms: figures(stage.transfer),
    prompt_tokens: stage.prompt_tokens,
    cached_tokens: stage.cached_tokens,
    output_tokens: stage.output_tokens,
    joules_per_request: finiteOrNull(stage.joules_per_request),
    usd_per_request: finiteOrNull(stage.usd_per_request),
  };
}

/** Every field as it is called in the result; unknown figures are null. */
function clientFields(client: ClientResult): JsonObject {
  const entries = Object.entries(client);
  return Object.fromEntries(entries.map(([name, v]) => [name, typeof v === 'number' ? finiteOrNull(v) : v]));
}

function pipelineFields(pipeline: PipelineResult): JsonObject {
  return {
    name: pipeline.name,
    requests: pipeline.requests,
    ttft_ms: figures(pipeline.ttft),
    ttfat_ms: figures(pipeline.first_answer),
    tpot_ms: figures(pipeline.tpot),
    e2el_ms: figures(pipeline.e2el),
    request_goodput: finiteOrNull(pipeline.request_goodput),
    good_fraction: finiteOrNull(pipeline.good_fraction),
  };
}
