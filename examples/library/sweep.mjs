// The best of all configurations, and what became of the others.
import { mist } from 'mist';

const spec = {
  model: 'llama-3.1-8b',
  workload: { lengths: { input_len: 500, output_len: 100 }, request_rate: 10, num_requests: 200 },
  deployment: { hardware: ['l4', 'h100-sxm-80gb'], replicas: [1, 2, 4] },
  slo: { p99_ttft: '500ms', p99_tpot: '40ms' },
  objective: 'usd_per_million_tokens',
};
const { kept, rows, simulated } = await mist.sweep(spec, { workers: 1 });
const [best] = kept;
console.log(rows, simulated, best.choices.get('deployment.hardware'), best.devices, best.result.slo_met);
// 6 3 h100-sxm-80gb 1 true
