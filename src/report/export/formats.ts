// The table of formats that a run is written in for other tools: a format is one file beside this one and a line here.
import { AIPERF_CSV, AIPERF_JSON, AIPERF_JSONL } from './aiperf.ts';
import { GUIDELLM } from './guidellm.ts';
import { INFERENCE_PERF } from './inference-perf.ts';
import { OTLP } from './otlp.ts';
import { PROMETHEUS } from './prometheus.ts';
import type { ExportFormat } from './records.ts';
import { VLLM } from './vllm.ts';

export const EXPORTS = {
  vllm: VLLM,
  aiperf: AIPERF_JSON,
  'aiperf-csv': AIPERF_CSV,
  'aiperf-jsonl': AIPERF_JSONL,
  guidellm: GUIDELLM,
  'inference-perf': INFERENCE_PERF,
  prometheus: PROMETHEUS,
  otlp: OTLP,
} as const satisfies Record<string, ExportFormat>;

export type ExportName = keyof typeof EXPORTS;
export const EXPORT_NAMES = Object.keys(EXPORTS) as ExportName[];
