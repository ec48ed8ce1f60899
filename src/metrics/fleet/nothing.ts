// Figures of a run of which nothing was measured: it was given up.
import { NO_SHARES } from '../site.ts';
import { EMPTY_SUMMARY } from '../summary.ts';
import type { FleetSummary } from '../sweep.ts';
import { EMPTY_BALANCE } from '../verdict.ts';

export const NO_LATENCIES = {
  ttft: EMPTY_SUMMARY,
  first_answer: EMPTY_SUMMARY,
  tpot: EMPTY_SUMMARY,
  itl: EMPTY_SUMMARY,
  e2el: EMPTY_SUMMARY,
};

/** Written out field by field: copies of an object that was put together by spreading are slow to make and to send. */
export const NOTHING_MEASURED: FleetSummary = {
  ttft: EMPTY_SUMMARY,
  first_answer: EMPTY_SUMMARY,
  tpot: EMPTY_SUMMARY,
  itl: EMPTY_SUMMARY,
  e2el: EMPTY_SUMMARY,
  verdict: 'too-short',
  balance: EMPTY_BALANCE,
  window: null,
  stopped: '',
  request_throughput: Number.NaN,
  output_throughput: Number.NaN,
  total_token_throughput: Number.NaN,
  peak_output_throughput: Number.NaN,
  request_goodput: Number.NaN,
  good_fraction: Number.NaN,
  slo_met: false,
  total_input_tokens: Number.NaN,
  cached_input_tokens: Number.NaN,
  total_output_tokens: Number.NaN,
  thinking_tokens: Number.NaN,
  max_concurrent_requests: Number.NaN,
  completed: 0,
  rejected_kv: 0,
  rejected_length: 0,
  unfinished: 0,
  duration: Number.NaN,
  utilisation: Number.NaN,
  mean_batch: Number.NaN,
  peak_kv_use: Number.NaN,
  steps: Number.NaN,
  devices: 0,
  unmetered: [],
  unpriced: [],
  energy_j: Number.NaN,
  power_w: Number.NaN,
  joules_per_token: Number.NaN,
  joules_per_request: Number.NaN,
  energy_shares: NO_SHARES,
  electricity_usd_per_hour: Number.NaN,
  usd_per_hour: Number.NaN,
  usd_per_request: Number.NaN,
  usd_per_million_tokens: Number.NaN,
  idle_joules_per_request: Number.NaN,
  idle_usd_per_request: Number.NaN,
  preemptions: 0,
};
