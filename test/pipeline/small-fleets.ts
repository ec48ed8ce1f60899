// Small pipeline specs, lowered, and their first request's visits and edges in words.
import type { LoweredFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { checkProgram } from './program.ts';
import { lower, readText } from './world.ts';

export const STEP = 'step_time: {fixed_s: 10ms, per_new_token_s: 10us, per_context_token_s: 1us}, num_gpu_blocks: 4000';
export const TRAFFIC = 'workload: {lengths: {input_len: 100, output_len: 10}, request_rate: 1, num_requests: 4}\n';

export function build(fleet: string, stages: string, more = '', traffic = TRAFFIC): LoweredFleet {
  const pools = fleet.trim().replace(/^/gm, '  ');
  const lowered = lower(readText(`fleet:\n${pools}\npipelines: {p: {stages: ${stages}}}\n${traffic}${more}`));
  checkProgram(lowered.program);
  return lowered;
}

/** The visits of the first request: stage, prompt, output. */
export function visitsOf({ program }: LoweredFleet): string[] {
  const { visits, requests, stages } = program;
  return Array.from(
    { length: requests.first[1] },
    (_, v) => `${stages[visits.stage[v]]} ${visits.prompt[v]}+${visits.output[v]}`,
  );
}

/** Edges of the first request: from > to: bytes. */
export function edgesOf({ program }: LoweredFleet): string[] {
  const { visits, requests } = program;
  return Array.from({ length: requests.first[1] }, (_, v) => v).flatMap((v) =>
    Array.from({ length: visits.edgeAt[v + 1] - visits.edgeAt[v] }, (_, i) => {
      const e = visits.edgeAt[v] + i;
      const layers = visits.edgeLayers[e] > 0 ? ` by ${visits.edgeLayers[e]}` : '';
      return `${v}>${visits.edgeTo[e]}: ${visits.edgeBytes[e]}${layers}`;
    }),
  );
}

export const ONE = `llm: {kind: llm, ${STEP}}`;
export const PAIR = `p: {kind: llm, role: prefill, ${STEP}, kv_bytes_per_token: 1000}\nd: {kind: llm, role: decode, ${STEP}, kv_bytes_per_token: 1000}`;
export const RACK = 'topology: {rack: {kind: rack}}\n';
