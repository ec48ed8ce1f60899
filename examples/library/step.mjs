// What one iteration takes as its batch grows.
import { mist } from 'mist';

const spec = {
  model: 'llama-3.1-8b',
  workload: { lengths: { input_len: 500, output_len: 100 }, request_rate: 1, num_requests: 1 },
  deployment: { hardware: 'h100-sxm-80gb' },
};
const times = [1, 16, 256].map((count) => mist.step(spec, { prefill: [], decode: [{ count, context: 600 }] }).exactSeconds);
console.log(times.map((seconds) => `${(seconds * 1000).toFixed(1)} ms`).join(', '));
// 6.5 ms, 7.2 ms, 17.6 ms
