// Latencies as columns of one's own: a histogram of time to first token.
import { mist } from 'mist';

const { latencies } = mist.run('examples/single-run.yaml');
const bins = new Array(4).fill(0);
for (const seconds of latencies.ttft) bins[Math.min(3, Math.floor(seconds * 10))] += 1;
console.log(bins.join(' '));
// 758 813 183 246
