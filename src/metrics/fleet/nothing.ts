// Figures of a run of which nothing was measured: it was given up.
import { EMPTY_SUMMARY } from '../summary.ts';
import { EMPTY_BALANCE } from '../verdict.ts';

export const NO_LATENCIES = {
  ttft: EMPTY_SUMMARY,
  first_answer: EMPTY_SUMMARY,
  tpot: EMPTY_SUMMARY,
  itl: EMPTY_SUMMARY,
  e2el: EMPTY_SUMMARY,
};

export const NOTHING_MEASURED = {
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
} as const;
