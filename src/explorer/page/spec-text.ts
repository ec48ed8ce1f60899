// The question of a page as a spec: the text that `mist sweep` and `mist run --row` take.
import { stringify } from 'yaml';
import { TOP } from '../../spec/defaults.ts';
import type { Names, Question } from '../protocol.ts';
import { type Asked, FIXED, rateOf, TRACE } from './asked.ts';
import { SHAPES } from './shapes.ts';

export const CONFIG_FILE = 'own-model.json';

/** Enough for a p99 that means something, few enough for a slider. */
const REQUESTS = 1000;

const round = (value: number): number => Number(value.toPrecision(6));

/** Keys of a workload: a shape of the catalog, one length for all, or a file. */
function workloadOf(asked: Asked): object {
  const request_rate = round(rateOf(asked) * asked.load);
  const rest = { num_requests: REQUESTS, seed: 0 };
  if (asked.workload === TRACE) {
    const scale = asked.length === 1 ? {} : { input_scale: asked.length, output_scale: asked.length };
    return { requests: { file: asked.trace, ...scale }, request_rate, ...rest };
  }
  const long = (tokens: number) => Math.max(1, Math.round(tokens * asked.length));
  const lengths =
    asked.workload === FIXED ? { input_len: long(asked.input), output_len: long(asked.output) } : asked.workload;
  return { lengths, arrivals: 'poisson', request_rate, ...rest };
}

/** Prices are told one by one where they are not those of the sheet. */
function pricesOf({ price, prices, hardware }: Asked, names: Names | null): object {
  if (price === 1 || names === null) return {};
  const known = names.hardware.flatMap(({ id, usd }) =>
    hardware.includes(id) && usd[prices] !== undefined ? [[id, round(usd[prices] * price)] as const] : [],
  );
  return { prices: Object.fromEntries(known) };
}

/** `hardware`: in place of what the question asks for. */
export function specOf(asked: Asked, names: Names | null, hardware = asked.hardware): string {
  const model = asked.config === '' ? asked.model : CONFIG_FILE;
  const { ttft, tpot, objective } = asked;
  return stringify(
    {
      name: `${model}, ${round(rateOf(asked) * asked.load)} requests/s`,
      ...deployedOf(asked, model, hardware),
      workload: workloadOf(asked),
      slo: { p99_ttft: `${ttft}ms`, p99_tpot: `${tpot}ms` },
      objective,
      price_sheet: asked.prices,
      ...pricesOf(asked, names),
      top: TOP,
    },
    { lineWidth: 118, aliasDuplicateObjects: false },
  );
}

const SPLITS = [1, 2, 4, 8];

/** What serves: one pool by the short notation, or the pools of a pipeline, whose formats are the same. */
function deployedOf(asked: Asked, model: string, hardware: readonly string[]): object {
  const { engine, formats, kv, replicas } = asked;
  const { pools } = SHAPES[asked.shape];
  if (pools === null) {
    return {
      model,
      deployment: {
        hardware: { choices: hardware },
        replicas: { from: 1, to: replicas },
        tensor_parallel_size: SPLITS,
        routing: 'least-loaded',
      },
      engine: {
        profile: engine,
        quantization: { choices: formats },
        kv_cache_dtype: { choices: kv },
        max_num_seqs: [64, 256],
        max_num_batched_tokens: [2048, 8192],
      },
    };
  }
  const engines = {
    model,
    hardware: { choices: hardware },
    tensor_parallel_size: SPLITS,
    ...{ profile: engine, quantization: '$weights', kv_cache_dtype: '$cache' },
  };
  const { fleet, topology, pipeline } = pools(engines, asked);
  return {
    let: { weights: { choices: formats }, cache: { choices: kv } },
    fleet,
    ...(topology ? { topology } : {}),
    pipelines: { ask: { stages: pipeline } },
  };
}

export function questionOf(asked: Asked, names: Names | null, hardware = asked.hardware): Question {
  const { bandwidth, length, workload } = asked;
  const shape = workload === FIXED || workload === TRACE ? '' : workload;
  return { text: specOf(asked, names, hardware), whatIf: { hardware, bandwidth, workload: shape, length } };
}
