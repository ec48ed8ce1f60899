// Every row of a spec with axes: the same requests under three loads.
import { mist } from 'mist';

const spec = {
  model: 'llama-3.1-8b',
  workload: { lengths: { input_len: 500, output_len: 100 }, request_rate: [2, 8, 16], num_requests: 100 },
  deployment: { hardware: 'h100-sxm-80gb' },
};
const rows = [...Array(mist.question(spec).rows).keys()];
console.log(rows.map((row) => mist.run(spec, { row }).result.tpot.p50.toFixed(4)).join(' '));
// 0.0066 0.0073 0.0095
