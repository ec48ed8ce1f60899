// What was observed, as `vllm bench serve --save-result --save-detailed` writes it (vllm/benchmarks/serve.py), so that what reads that reads this.
import { summarise } from '../metrics/summary.ts';
import type { Summary } from '../metrics/types.ts';
import { type JsonObject, latencyFields } from '../report/json.ts';
import type { PrefixBlocks, Requests } from '../workload/types.ts';
import type { Answer } from './answer.ts';
import type { Ran } from './schedule.ts';
import type { EngineFigures } from './scrape.ts';

export interface Observed {
  readonly completed: number;
  readonly failed: number;
  readonly unsent: number;
  /** s from the first request to the last answer. */
  readonly duration: number;
  readonly prompt: number;
  readonly output: number;
  readonly ttft: Summary;
  readonly tpot: Summary;
  readonly itl: Summary;
  readonly e2el: Summary;
  /** s between the time of a request and its sending. */
  readonly late: Summary;
  /** Answers of another length than was asked for. */
  readonly strayed: number;
  /** What failed, most frequent first. */
  readonly errors: readonly (readonly [string, number])[];
}

/** Figures of all answers that came whole, as vLLM's benchmark takes them: TPOT over the tokens behind the first. */
export function measure({ answers, due }: Ran, { output: asked }: Requests): Observed {
  const sent = answers.filter((answer) => answer !== undefined);
  const whole = sent.filter(({ error }) => error === '');
  const summary = (values: readonly number[]) => summarise(Float64Array.from(values));
  const from = sent.reduce((first, one) => Math.min(first, one.sent), Number.POSITIVE_INFINITY);
  const to = sent.reduce((last, one) => Math.max(last, one.end), 0);
  const errors = new Map<string, number>();
  for (const { error } of sent) if (error !== '') errors.set(error, (errors.get(error) ?? 0) + 1);
  const total = (pick: (answer: Answer) => number) => whole.reduce((sum, answer) => sum + pick(answer), 0);
  return {
    completed: whole.length,
    failed: sent.length - whole.length,
    unsent: answers.length - sent.length,
    duration: sent.length === 0 ? 0 : to - from,
    prompt: total(({ prompt }) => prompt),
    output: total(({ output }) => output),
    ttft: summary(whole.map((one) => one.first - one.sent)),
    tpot: summary(whole.flatMap((one) => (one.output > 1 ? [(one.end - one.first) / (one.output - 1)] : []))),
    itl: summary(whole.flatMap(({ gaps }) => gaps)),
    e2el: summary(whole.map((one) => one.end - one.sent)),
    late: summary(answers.flatMap((answer, i) => (answer ? [Math.max(0, answer.sent - due[i]!)] : []))),
    strayed: answers.filter((answer, i) => answer?.error === '' && answer.output !== asked[i]).length,
    errors: [...errors].sort(([, a], [, b]) => b - a),
  };
}

export interface About {
  readonly date: string;
  readonly model: string;
  readonly url: string;
  readonly trace: string;
  readonly version: string;
  readonly engine: EngineFigures | null;
}

/** The whole file. Lists are by request that was sent, in order of the trace. */
export function resultJson({ answers }: Ran, requests: Requests, observed: Observed, about: About): JsonObject {
  const sent = answers.filter((answer) => answer !== undefined);
  const { completed, failed, duration, prompt, output } = observed;
  const rate = (count: number) => (duration > 0 ? count / duration : null);
  const loop = requests.concurrency;
  const seconds = (value: number) => (Number.isNaN(value) ? 0 : value); // as a request that failed has them there
  return {
    date: about.date,
    endpoint_type: 'openai',
    backend: 'openai',
    label: null,
    model_id: about.model,
    tokenizer_id: about.model,
    num_prompts: sent.length,
    request_rate: loop > 0 || requests.rate === 0 ? 'inf' : requests.rate,
    burstiness: 1,
    max_concurrency: loop > 0 ? loop : null,
    ...{ duration, completed, failed, total_input_tokens: prompt, total_output_tokens: output },
    request_throughput: rate(completed),
    output_throughput: rate(output),
    total_token_throughput: rate(prompt + output),
    ...latencyFields('ttft', observed.ttft),
    ...latencyFields('tpot', observed.tpot),
    ...latencyFields('itl', observed.itl),
    ...latencyFields('e2el', observed.e2el),
    input_lens: sent.map((one) => one.prompt),
    output_lens: sent.map((one) => (one.error === '' ? one.output : 0)),
    ttfts: sent.map((one) => seconds(one.first - one.sent)),
    itls: sent.map(({ gaps }) => gaps),
    latencies: sent.map((one) => (one.error === '' ? one.end - one.sent : 0)),
    start_times: sent.map((one) => one.sent),
    generated_texts: sent.map(() => ''),
    errors: sent.map(({ error }) => error),
    mist: {
      schema: 'mist-observe-1',
      version: about.version,
      url: about.url,
      trace: about.trace,
      load: requests.description,
      unsent: observed.unsent,
      strayed: observed.strayed,
      late: latencyFields('send', observed.late),
      ...(requests.prefix ? prefixFields(requests.prefix, answers) : {}),
      engine: about.engine,
    },
  };
}

/** Hash ids of the requests that were sent, in the same order. */
function prefixFields({ block_tokens, offset, ids }: PrefixBlocks, answers: Ran['answers']): JsonObject {
  const hash_ids = answers.flatMap((answer, i) => (answer ? [[...ids.subarray(offset[i], offset[i + 1])]] : []));
  return { block_tokens, hash_ids };
}
