// One deployment, request by request: figures, and the latency of every request.
import { mist } from 'mist';

const { result, latencies, trust } = mist.run('examples/single-run.yaml');
const slow = latencies.ttft.filter((seconds) => seconds > 0.5).length;
console.log(result.verdict, result.ttft.p99.toFixed(3), slow, trust.basis);
// stable 0.594 24 extrapolated
