// A wrong document: every mistake at once, each with its place.
import { mist, UserError } from 'mist';

try {
  mist.run({ model: 'llama-3.1-9b', workload: { lengths: 'azure-conv-2023', request_rat: 2 }, deployment: { hardware: 'h1000' } });
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.log(error.issues.map(({ path }) => path).join(', '));
}
// model, workload.request_rate, workload.request_rat, deployment.hardware
