// Makes examples/measurements/: what benchmarks, logs and traces of a server look like, for trying out mist calibrate.
//
//   npm run build && npm run tools -- make-measurements
//
// Nothing here was measured. The server is MIST's own engine with other host times and slower kernels than the profile
// vllm-0.11 has, so that a calibration has something to find; the GPU profile is a made-up L4.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { run } from '../../dist/src/commands/run.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const target = join(root, 'examples', 'measurements');
const scratch = mkdtempSync(join(tmpdir(), 'mist-measurements-'));

/** The server that nobody knows. */
const profile = JSON.parse(readFileSync(join(root, 'src/catalog/engines/vllm-0.11.json'), 'utf8'));
const hidden = { ...profile, id: 'hidden', kernel_scale: 1.25, host: { ...profile.host, step_s: 0.0021 } };
const own = join(scratch, 'catalog');
mkdirSync(join(own, 'engines'), { recursive: true });
writeFileSync(join(own, 'engines', 'hidden.json'), JSON.stringify(hidden));

/** A run of it: the JSON it prints, and the steps where a file is named. */
async function simulate(workload, ...flags) {
  const spec = join(scratch, 'spec.yaml');
  writeFileSync(
    spec,
    `model: llama-3.1-8b\nworkload: {${workload}}\ndeployment: {hardware: h100-sxm-80gb}\nengine: {profile: hidden}\n`,
  );
  let said = '';
  const out = {
    stdout: (text) => {
      said += text;
    },
    stderr: (text) => process.stderr.write(text),
  };
  await run([spec, '--catalog', own, '--json', ...flags], out);
  return JSON.parse(said);
}

const LENGTHS = 'lengths: {input_len: {normal: {mean: 700, std: 200}}, output_len: {normal: {mean: 160, std: 50}}}';
const closedLoop = (concurrency) =>
  simulate(
    `${LENGTHS}, arrivals: {process: closed-loop, max_concurrency: ${concurrency}}, num_requests: ${8 * concurrency}`,
  );
const digits = (value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);

/** The fields that `vllm bench serve --save-result` has. */
function benchServe({ mist: _, ...result }) {
  const named = {
    backend: 'vllm',
    model_id: 'meta-llama/Llama-3.1-8B-Instruct',
    tokenizer_id: undefined,
    label: undefined,
  };
  return Object.fromEntries(Object.entries({ ...result, ...named }).map(([key, value]) => [key, digits(value)]));
}

/** The same run as a profile_export_aiperf.json. */
function aiperf(result) {
  const time = (key) => ({
    unit: 'ms',
    avg: digits(result[`mean_${key}_ms`]),
    p50: digits(result[`median_${key}_ms`]),
  });
  const tokens = (side, std) => ({
    unit: 'tokens',
    avg: digits(result[`total_${side}_tokens`] / result.completed),
    std,
  });
  return {
    schema_version: '1.5',
    input_config: {
      endpoint: { model_names: ['meta-llama/Llama-3.1-8B-Instruct'] },
      loadgen: { concurrency: result.max_concurrency, request_count: result.num_prompts },
    },
    time_to_first_token: time('ttft'),
    inter_token_latency: time('tpot'),
    request_latency: time('e2el'),
    output_token_throughput: { unit: 'tokens/sec', avg: digits(result.output_throughput) },
    request_count: { unit: 'requests', avg: result.completed },
    input_sequence_length: tokens('input', 200),
    output_sequence_length: tokens('output', 50),
  };
}

/** Every n-th step of an open run, under the names of mist run --steps, with what ran. */
async function stepTrace() {
  const file = join(scratch, 'steps.csv');
  await simulate(`lengths: azure-conv-2023, request_rate: 8, num_requests: 120`, '--steps', file);
  const [header, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  const [names, rows] = [header.split(','), lines.map((line) => line.split(','))];
  const at = (name) => names.indexOf(name);
  const prompts = rows.filter((row) => row[at('prefill_tokens')] !== '0');
  const decodes = rows.filter((row) => row[at('prefill_tokens')] === '0');
  const every = (list, wanted) => list.filter((_, i) => i % Math.ceil(list.length / wanted) === 0);
  const kept = [...every(prompts, 100), ...every(decodes, 100)];
  const columns = ['duration_s', 'prefill_tokens', 'sequences', 'context_tokens'];
  const text = (row) => columns.map((name) => digits(Number(row[at(name)]))).join(',');
  return `model,hardware,tp,engine,${columns.join(',')}\n${kept.map((row) => `llama-3.1-8b,h100-sxm-80gb,1,vllm-0.11,${text(row)}\n`).join('')}`;
}

/** Matrix products and decode attention of an L4 that reaches half of its peak and 85 % of its bandwidth. */
function gpuProfile() {
  const [peak, bandwidth] = [121e12, 300e9];
  const us = (flops, bytes) => digits(1e6 * (7e-6 + flops / (0.5 * peak) + bytes / (0.85 * bandwidth)));
  const rows = [];
  for (const m of [1, 8, 64, 512, 4096])
    for (const [n, k] of [
      [6144, 4096],
      [4096, 4096],
      [28672, 4096],
      [4096, 14336],
    ])
      rows.push({ op: 'gemm', m, n, k, latency_us: us(2 * m * n * k, 2 * (m * k + n * k + m * n)) });
  for (const batch of [1, 4, 16, 64])
    for (const context of [256, 1024, 4096, 16384]) {
      const bytes = batch * context * 2 * 8 * 128 * 2;
      const latency_us = us(batch * context * 4 * 32 * 128, bytes);
      rows.push({ op: 'attention-decode', batch, context, heads: 32, kv_heads: 8, head_dim: 128, latency_us });
    }
  return rows;
}

function csv(rows) {
  const columns = ['op', 'dtype', 'm', 'n', 'k', 'batch', 'context', 'heads', 'kv_heads', 'head_dim', 'latency_us'];
  const line = (row) => columns.map((name) => ({ dtype: 'bf16', ...row })[name] ?? '').join(',');
  return `${columns.join(',')}\n${rows.map((row) => `${line(row)}\n`).join('')}`;
}

/** The matrix products as AIConfigurator tables them. */
function parquet(rows) {
  const gemms = rows.filter(({ op }) => op === 'gemm');
  const column = (name, type, data) => ({ name, type, data });
  const columnData = [
    column(
      'gemm_dtype',
      'STRING',
      gemms.map(() => 'bfloat16'),
    ),
    ...['m', 'n', 'k'].map((name) =>
      column(
        name,
        'INT32',
        gemms.map((row) => row[name]),
      ),
    ),
    column(
      'latency_us',
      'DOUBLE',
      gemms.map((row) => row.latency_us),
    ),
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

const LOG = `INFO 10-04 12:00:01 [api_server.py:1839] vLLM API server version 0.11.0
INFO 10-04 12:00:01 [utils.py:233] non-default args: {'model': 'meta-llama/Llama-3.1-8B-Instruct', 'tensor_parallel_size': 1}
INFO 10-04 12:00:30 [gpu_model_runner.py:2653] Model loading took 14.9889 GiB and 4.527801 seconds
INFO 10-04 12:00:55 [gpu_worker.py:298] Available KV cache memory: 54.87 GiB
INFO 10-04 12:00:55 [kv_cache_utils.py:1087] GPU KV cache size: 449,456 tokens
INFO 10-04 12:00:55 [kv_cache_utils.py:1091] Maximum concurrency for 131,072 tokens per request: 3.43x
`;
const SPEC = `# yaml-language-server: $schema=../../dist/spec.schema.json
# The KV capacity that an engine found itself.  mist run examples/measurements/start-up-log.yaml
model: llama-3.1-8b
workload: {lengths: azure-conv-2023, request_rate: 5, num_requests: 500}
deployment: {hardware: h100-sxm-80gb}
engine: {num_gpu_blocks: {log: vllm-log.txt}}
`;
const NOTE = `# Not measurements

What measurements of a server look like, for trying out \`mist calibrate\` (docs/calibration.md). Made by
\`tools/examples/make-measurements.mjs\` from MIST's own engine with slower kernels and host than it thinks, and from a made-up L4.
`;

mkdirSync(target, { recursive: true });
const save = (name, data) => writeFileSync(join(target, name), data);
const json = (value) => `${JSON.stringify(value, null, 1)}\n`;
save('README.md', NOTE);
save('vllm-log.txt', LOG);
save('start-up-log.yaml', SPEC);
for (const concurrency of [4, 16, 64]) {
  const result = await closedLoop(concurrency);
  save(`bench-${concurrency}.json`, json(benchServe(result)));
  save(`aiperf-${concurrency}.json`, json(aiperf(result)));
}
save('steps.csv', await stepTrace());
save('l4.profile.csv', csv(gpuProfile()));
save('l4.gemm.parquet', parquet(gpuProfile()));
