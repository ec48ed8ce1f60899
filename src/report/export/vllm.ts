// The result file of `vllm bench serve --save-result --save-detailed`. Source: vllm/benchmarks/serve.py.
import { fleetJson } from '../fleet/json.ts';
import { type ExportFormat, jsonText, recordsOf } from './records.ts';

export const VLLM: ExportFormat = {
  words: 'the result of vllm bench serve --save-result --save-detailed (without the gaps of each request)',
  *write(run) {
    const { mist: _, ...result } = fleetJson(run.measured.result, run.context);
    const records = [...recordsOf(run)];
    const seconds = (value: number) => (Number.isNaN(value) ? 0 : value); // as a request that failed has them there
    yield jsonText({
      ...result,
      input_lens: records.map(({ prompt }) => prompt),
      output_lens: records.map(({ finished, output }) => (finished ? output : 0)),
      ttfts: records.map(({ ttft }) => seconds(ttft)),
      latencies: records.map(({ e2el }) => seconds(e2el)),
      start_times: records.map(({ arrival }) => arrival),
      generated_texts: records.map(() => ''),
      errors: records.map(({ error }) => error),
    });
  },
};
