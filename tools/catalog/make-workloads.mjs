// Derives src/catalog/workloads/*.json from the real traces: strata of equal probability with quantiles of both lengths.
//
//   npm run tools -- make-workloads [data folder]   (or MIST_DATA; ../shared/data beside the checkout if neither)
//
// Rows are sorted by prompt and cut into strata. In a stratum a length is drawn by interpolation between quantiles at
// PROBABILITIES, closer together in the tails; plain quantiles would overstate the mean of a long tail, so the inner ones
// are fitted: least squares against the rows, ends fixed at minimum and maximum, never decreasing, the mean held.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const STRATA = 20;
const PROBABILITIES = [
  0, 0.005, 0.015, 0.03, 0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.74, 0.78,
  0.82, 0.86, 0.89, 0.92, 0.945, 0.965, 0.98, 0.99, 0.995, 0.998, 0.9993, 1,
];
const KNOTS = PROBABILITIES.length;
const here = fileURLToPath(new URL('../..', import.meta.url));

/** The data folder this run or test uses. */
export const dataFolder = () => process.env.MIST_DATA ?? `${here}../shared/data`;

const AZURE = 'Azure/AzurePublicDataset @b469a11, AzureLLMInferenceTrace';
const PATEL = 'Patel et al., Splitwise, ISCA 2024';
const MOONCAKE = 'kvcache-ai/Mooncake @3b5a594, FAST25-release traces';
const MLPERF = 'openshift-psap/performance-dashboard @7100702, mlperf lengths';

/** Every shape: where its rows come from. `read` gives [prompt, output] pairs. */
export const SOURCES = [
  {
    id: 'azure-conv-2023',
    name: 'Azure conversation service, November 2023',
    source: `${AZURE}_conv.csv (${PATEL})`,
    licence: 'CC-BY-4.0',
    read: (data) => readCsv(`${data}/workloads/azure2023/AzureLLMInferenceTrace_conv.csv`, 1, 2),
  },
  {
    id: 'azure-code-2023',
    name: 'Azure coding service, November 2023',
    source: `${AZURE}_code.csv (${PATEL})`,
    licence: 'CC-BY-4.0',
    read: (data) => readCsv(`${data}/workloads/azure2023/AzureLLMInferenceTrace_code.csv`, 1, 2),
  },
  {
    id: 'mooncake-conversation',
    name: 'Kimi long-context conversation (Mooncake)',
    source: `${MOONCAKE}/conversation_trace.jsonl`,
    licence: 'Apache-2.0',
    read: (data) => readJsonLines(`${data}/workloads/mooncake/conversation_trace.jsonl`),
  },
  {
    id: 'mooncake-synthetic',
    name: 'Long-context mix of public data sets (Mooncake)',
    source: `${MOONCAKE}/synthetic_trace.jsonl`,
    licence: 'Apache-2.0',
    read: (data) => readJsonLines(`${data}/workloads/mooncake/synthetic_trace.jsonl`),
  },
  {
    id: 'lmsys-chat',
    name: 'LMSYS-Chat conversations, first turns',
    source: 'efeslab/Nanoflow @d6b381e, datasets lmsys.csv (token counts of LMSYS-Chat-1M)',
    licence: 'Apache-2.0',
    read: (data) => readCsv(`${data}/workloads/nanoflow/lmsys.csv`, 1, 2),
  },
  {
    id: 'sharegpt',
    name: 'ShareGPT conversations as vLLM benchmarks filter them',
    source:
      'efeslab/Nanoflow @d6b381e, datasets sharegpt.csv; kept as by the filter of vllm bench: prompt 4 to 1024, ' +
      'output at least 4, both together at most 2048',
    licence: 'Apache-2.0',
    read: (data) =>
      readCsv(`${data}/workloads/nanoflow/sharegpt.csv`, 1, 2).filter(
        ([p, o]) => p >= 4 && p <= 1024 && o >= 4 && p + o <= 2048,
      ),
  },
  {
    id: 'arxiv-summarization',
    name: 'Summaries of arXiv papers',
    source: 'microsoft/vidur @7d47513, arxiv_summarization_stats_llama2_tokenizer_filtered_v2.csv',
    licence: 'MIT',
    read: (data) =>
      readCsv(`${data}/workloads/vidur_processed/arxiv_summarization_stats_llama2_tokenizer_filtered_v2.csv`, 0, 1),
  },
  {
    id: 'ragpulse',
    name: 'Question answering over retrieved passages at a university (RAGPulse)',
    source: 'flashserve/RAGPulse @3672232, data/0_trace.jsonl (arXiv 2511.12979)',
    licence: 'MIT',
    read: (data) => readJsonLines(`${data}/workloads/ragpulse/data/0_trace.jsonl`),
  },
  {
    id: 'deepseek-r1-reasoning',
    name: 'Production reasoning service, DeepSeek-R1 (ServeGen)',
    source:
      'alibaba/ServeGen @f891d11, deepseek-r1, the 12 largest clients (74% of requests) of one day; output includes the ' +
      'reasoning; prompt and output independent within a client and a quarter of the day, as published',
    rows: 1_000_254, // requests of the day: the published rates, summed
    licence: 'Apache-2.0',
    read: (data) => sampleServeGen(`${data}/workloads/servegen_deepseek-r1_top12`, 200_000),
    curve: (data) => dayOfServeGen(`${data}/workloads/servegen_deepseek-r1_top12`),
  },
  {
    id: 'deepseek-r1-exams',
    name: 'Mathematics, code and knowledge exams answered by DeepSeek-R1 (MLPerf)',
    source: `${MLPERF}/deepseek-r1.csv`,
    licence: 'Apache-2.0',
    read: (data) => readCsv(`${data}/workloads/mlperf_lengths/deepseek-r1.csv`, 0, 1),
  },
  {
    id: 'openorca',
    name: 'OpenOrca instructions (MLPerf Llama-2-70B)',
    source: `${MLPERF}/llama2-70b-99.csv, counts x1.345 (rounded, at most 1024): they were made with another tokenizer`,
    licence: 'Apache-2.0',
    read: (data) =>
      readCsv(`${data}/workloads/mlperf_lengths/llama2-70b-99.csv`, 0, 1).map((pair) =>
        pair.map((tokens) => Math.min(1024, Math.max(1, Math.round(tokens * 1.345)))),
      ),
  },
  {
    id: 'mixtral-mix',
    name: 'OpenOrca, GSM8K and MBXP (MLPerf Mixtral-8x7B)',
    source: `${MLPERF}/mixtral-8x7b.csv`,
    licence: 'Apache-2.0',
    read: (data) => readCsv(`${data}/workloads/mlperf_lengths/mixtral-8x7b.csv`, 0, 1),
  },
  {
    id: 'longbench-405b',
    name: 'Long documents: LongBench, LongDataCollections, Ruler, GovReport (MLPerf Llama-3.1-405B)',
    source: `${MLPERF}/llama3-1-405b.csv`,
    licence: 'Apache-2.0',
    read: (data) => readCsv(`${data}/workloads/mlperf_lengths/llama3-1-405b.csv`, 0, 1),
  },
  {
    id: 'cnn-dailymail',
    name: 'News summaries, CNN/DailyMail (MLPerf Llama-3.1-8B)',
    source: `${MLPERF}/llama3-1-8b-datacenter.csv; output 128 for all, as MLPerf fixes it`,
    licence: 'Apache-2.0',
    read: (data) =>
      readCsv(`${data}/workloads/mlperf_lengths/llama3-1-8b-datacenter.csv`, 0, 1).map(([prompt]) => [prompt, 128]),
  },
];

function readCsv(file, promptColumn, outputColumn) {
  const lines = readFileSync(file, 'utf8').split(/\r?\n/).slice(1);
  const cells = lines.filter((line) => line !== '').map((line) => line.split(','));
  return cells.map((row) => [Number(row[promptColumn]), Number(row[outputColumn])]);
}

function readJsonLines(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => pairOf(JSON.parse(line)));
}

const pairOf = (row) => [row.input_length, row.output_length];

const CLIENTS = [3, 11, 12, 13, 15, 19, 28, 30, 35, 48, 54, 66];

/**
 * The day of all clients together, [s, requests/s, cv] by ten minutes: rates add up, and so do the variances of counts, so that
 * the index of dispersion of the sum, its cv squared, is the mean of the clients' cv squared weighed by their rates.
 */
export function dayOfServeGen(folder) {
  const windows = new Map();
  for (const chunk of CLIENTS) {
    const lines = readFileSync(`${folder}/chunk-${chunk}-trace.csv`, 'utf8').split('\n');
    for (const [time, rate, cv] of lines.filter((line) => line !== '').map((line) => line.split(',').map(Number))) {
      const sum = windows.get(time) ?? { rate: 0, variance: 0 };
      windows.set(time, { rate: sum.rate + rate, variance: sum.variance + rate * (cv > 0 ? cv : 1) ** 2 });
    }
  }
  const round = (value) => Number(value.toPrecision(4));
  const points = [...windows].sort(([a], [b]) => a - b);
  const rows = points.map(([time, { rate, variance }]) => [
    time,
    round(rate),
    rate > 0 ? round(Math.sqrt(variance / rate)) : 1,
  ]);
  return [...rows, [points[points.length - 1][0] + 600, 0, 1]];
}

/** About `count` pairs from ServeGen's clients, in proportion to their requests, spread evenly over both distributions. */
function sampleServeGen(folder, count) {
  const windows = CLIENTS.flatMap((chunk) => readClient(folder, chunk));
  const total = windows.reduce((sum, window) => sum + window.requests, 0);
  return windows.flatMap(({ requests, prompt, output }) => {
    const rows = Math.round((count * requests) / total);
    // Additive recurrence in two dimensions on the powers of the plastic number (Roberts 2018): even, and always the same.
    return Array.from({ length: rows }, (_, i) => [
      quantileOf(prompt, (0.5 + (i + 1) * 0.7548776662466927) % 1),
      quantileOf(output, (0.5 + (i + 1) * 0.5698402909980532) % 1),
    ]);
  });
}

/** The quarters of the day of one client: expected requests and the distributions of both lengths. */
function readClient(folder, chunk) {
  const rates = readCsv(`${folder}/chunk-${chunk}-trace.csv`, 0, 1);
  // The trace has no header: readCsv drops its first row, [0, rate].
  const first = readFileSync(`${folder}/chunk-${chunk}-trace.csv`, 'utf8').split('\n', 1)[0].split(',').map(Number);
  const data = JSON.parse(readFileSync(`${folder}/chunk-${chunk}-dataset.json`, 'utf8'));
  const windows = [];
  for (const [start, { input_tokens, output_tokens }] of Object.entries(data)) {
    const from = Number(start);
    const inside = [first, ...rates].filter(([t]) => t >= from && t < from + 21600);
    const requests = inside.reduce((sum, [, rate]) => sum + rate * 600, 0);
    const prompt = readDistribution(input_tokens);
    const output = readDistribution(output_tokens);
    if (requests > 0 && prompt.total > 0 && output.total > 0) windows.push({ requests, prompt, output });
  }
  return windows;
}

/** "{23: 0.0004, ...}" as values of at least 1 and running sums of their probabilities. */
function readDistribution(text) {
  const values = [];
  const sums = [];
  let total = 0;
  for (const [, value, probability] of text.matchAll(/([\d.e+-]+): ([\d.e+-]+)/g)) {
    if (Number(probability) <= 0) continue;
    total += Number(probability);
    values.push(Math.max(1, Math.round(Number(value))));
    sums.push(total);
  }
  return { values, sums, total };
}

function quantileOf({ values, sums, total }, q) {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > q * total) high = middle;
    else low = middle + 1;
  }
  return values[low];
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const ascending = (a, b) => a - b;

/** Knots of one length in one stratum (see the head of this file). */
export function fitKnots(values) {
  const sorted = [...values].sort(ascending);
  const last = KNOTS - 1;
  const knots = PROBABILITIES.map((q) => orderStatistic(sorted, q));
  const { diagonal, beside, right, integral } = normalEquations(sorted);
  const target = mean(sorted);
  let weight = 1; // of the mean, raised step by step: the fit first finds its form, then its level
  for (let sweep = 0; sweep < 400; sweep++) {
    if (sweep % 100 === 99) weight *= 10;
    for (let j = 1; j < last; j++) {
      const miss = target - knots.reduce((sum, knot, i) => sum + knot * integral[i], 0);
      const gradient = right[j] - diagonal[j] * knots[j] - beside[j - 1] * knots[j - 1] - beside[j] * knots[j + 1];
      const step = (gradient + weight * integral[j] * miss) / (diagonal[j] + weight * integral[j] ** 2);
      knots[j] = Math.min(Math.max(knots[j] + step, knots[j - 1]), knots[j + 1]);
    }
  }
  return knots.map((knot, j) => (j === 0 || j === last ? knot : Math.round(knot * 10) / 10));
}

/** Integrals of hat functions on [0, 1] with each other, with the step function of the sorted values, and with 1. */
function normalEquations(sorted) {
  const width = PROBABILITIES.map((q, j) => (j + 1 < KNOTS ? PROBABILITIES[j + 1] - q : 0));
  const support = width.map((w, j) => w + (j > 0 ? width[j - 1] : 0));
  const right = new Array(KNOTS).fill(0);
  const points = 16 * sorted.length;
  let j = 0;
  for (let i = 0; i < points; i++) {
    const q = (i + 0.5) / points;
    while (q > PROBABILITIES[j + 1]) j++;
    const place = (q - PROBABILITIES[j]) / width[j];
    const value = sorted[Math.floor(i / 16)] / points;
    right[j] += value * (1 - place);
    right[j + 1] += value * place;
  }
  return {
    diagonal: support.map((w) => w / 3),
    beside: width.map((w) => w / 6),
    right,
    integral: support.map((w) => w / 2),
  };
}

function orderStatistic(sorted, q) {
  const place = q * (sorted.length - 1);
  const i = Math.floor(place);
  return i + 1 < sorted.length ? sorted[i] + (place - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

/** A shape from [prompt, output] pairs. */
export function makeShape({ id, name, source, licence, rows: published }, pairs, curve) {
  const order = pairs.map((_, i) => i).sort((a, b) => pairs[a][0] - pairs[b][0] || a - b);
  const strata = Array.from({ length: STRATA }, (_, s) => {
    const from = Math.round((s * order.length) / STRATA);
    const rows = order.slice(from, Math.round(((s + 1) * order.length) / STRATA));
    return {
      prompt_quantiles: fitKnots(rows.map((row) => pairs[row][0])),
      output_quantiles: fitKnots(rows.map((row) => pairs[row][1])),
    };
  });
  const round = (value) => Math.round(value * 100) / 100;
  const prompt_mean = round(mean(pairs.map(([prompt]) => prompt)));
  const output_mean = round(mean(pairs.map(([, output]) => output)));
  return {
    id,
    name,
    source,
    licence,
    rows: published ?? pairs.length,
    prompt_mean,
    output_mean,
    probabilities: PROBABILITIES,
    strata,
    ...(curve === undefined ? {} : { curve }),
  };
}

/** JSON with one line per list of quantiles. */
function format(shape) {
  return `${JSON.stringify(shape, null, 1).replace(/\[\s+([-\d.,\s]+?)\s+\]/g, (_, list) => `[${list.replace(/\s+/g, '')}]`)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const data = process.argv[2] ?? dataFolder();
  for (const source of SOURCES) {
    const shape = makeShape(source, source.read(data), source.curve?.(data));
    writeFileSync(`${here}src/catalog/workloads/${shape.id}.json`, format(shape));
    console.log(`${shape.id}: ${shape.rows} rows, means ${shape.prompt_mean} and ${shape.output_mean}`);
  }
}
