// What a spec spans before anything is simulated.
import { mist } from 'mist';

const { rows, axes } = mist.question('examples/sweep-small.yaml');
console.log(rows, axes.map(({ name }) => name).join(', '));
// 96 deployment.hardware, deployment.replicas, deployment.tensor_parallel_size, engine.max_num_seqs
