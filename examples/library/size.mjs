// How many engines keep a promise: the fewest that do are looked for.
import { mist } from 'mist';

const spec = {
  model: 'llama-3.1-8b',
  workload: { lengths: { input_len: 500, output_len: 100 }, request_rate: 60, num_requests: 100 },
  deployment: { hardware: 'h100-sxm-80gb', tensor_parallel_size: 1, replicas: [1, 2, 3, 4] },
  engine: { profile: 'vllm-0.11', max_num_seqs: 256, max_num_batched_tokens: 2048 },
  slo: { p99_ttft: '1s', p99_tpot: '20ms' },
};
const { answers } = await mist.size(spec, { objectives: ['devices'], workers: 1 });
const [best] = answers[0].result.kept;
console.log(best.devices, best.result.slo_met);
// 2 true
