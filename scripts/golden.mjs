// Golden files: what users get, byte for byte. Run as a script (npm run golden) it rewrites them; nothing else ever does.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import { openMakers } from './golden-makers.mjs';
import { listWrongs, openMistakes } from './golden-wrong.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'test/golden/files');
const spec = (name) => `test/golden/${name}.yaml`;
const written = (names) => Object.entries(names).flatMap(([flag, name]) => [`--${flag}`, `OUT/${name}`]);
const EXPORTS = ['vllm', 'aiperf', 'aiperf-csv', 'aiperf-jsonl', 'guidellm', 'inference-perf', 'prometheus', 'otlp'];
/** So many lines of what is long. */
const HEAD = 40;

const against = (over) => ({
  argv: ['size', spec('smaller'), '--against', spec('larger'), '--over', over],
  keeps: { [`over-${over}.txt`]: {} },
});
const launch = (name, more = {}) => ({
  argv: ['launch', spec(name), '--out', 'OUT'],
  keeps: {
    [`${name}.txt`]: {},
    ...Object.fromEntries(['kubernetes.yaml', 'dynamo.yaml'].map((file) => [`${name}-${file}`, { file }])),
    ...more,
  },
});

/** Steps of every kind of model and of split, on every kind of device. */
const STEPS = [
  '--model llama-3.1-8b --hardware l4 --prefill 512:0,256:1024.. --decode 16x700',
  '--model llama-3.1-70b --hardware h100-sxm-80gb --tp 4 --pp 2 --decode 64x1200 --quantization fp8 --kv-cache-dtype fp8',
  '--model llama-3.1-70b --hardware a100-sxm-80gb --tp 2 --prefill 2048:0 --quantization int4 --profile sglang-0.5.9',
  '--model deepseek-r1 --hardware h200-sxm-141gb --tp 8 --ep 8 --prefill 300:0 --decode 32x3000',
  '--model deepseek-r1 --hardware b200-sxm-180gb --dp 8 --ep 8 --decode 128x2000',
  '--model mixtral-8x7b --hardware mi300x --tp 2 --decode 8x500,4x9000 --step-source auto',
  '--model gpt-oss-120b --hardware h100-sxm-80gb --prefill 1000:3000 --decode 20x5000 --power-limit 450W',
].map((words) => ['step', ...words.split(' ')]);
/** From there on it is what the catalog says of prices and sources today. */
const CATALOG_WORDS = /^(Of .* not modelled|The figures of |Prices are |Without a price)/m;
const EXAMPLES = readdirSync(join(ROOT, 'examples')).filter(
  (name) => name.endsWith('.yaml') && name !== 'replay-trace.yaml', // of a trace that the reader has
);
const SERVERS = readdirSync(join(ROOT, 'examples/launch'));

/** What is shown of what they are lowered to. */
const LOWERED = [
  ...['code-generation', 'elastic-day', 'lora-adapters', 'math-reasoning', 'news-search'],
  ...['question-answering', 'routing-by-score', 'single-run'],
]
  .map((name) => `examples/${name}.yaml`)
  .concat(['rag', 'busy', 'wide', 'servers'].map(spec));

/** Command lines (OUT is a scratch folder), the columns of their terminal, and what of them is kept: a file that is written, else what is printed. */
const COMMANDS = [
  // what reads specs first: a mistake in it is told within a second
  ...['plain', 'fleet'].map((name) => ({ made: ['notations', name], keeps: { [`notations-${name}.txt`]: {} } })),
  { made: ['texts'], keeps: { 'texts.txt': {} } },
  { made: ['launched'], keeps: { 'launched.txt': {} } },
  { made: ['measured'], keeps: { 'measured.txt': {} } },
  { made: ['lowered', LOWERED], keeps: { 'lowered.txt': {} } },
  ...EXAMPLES.map((name) => ({
    argv: ['spec', `examples/${name}`],
    keeps: { [`spec-${name.replace('.yaml', '.txt')}`]: { until: CATALOG_WORDS } },
  })),
  ...SERVERS.map((name) => ({
    argv: [
      ...['spec', '--from-command', `examples/launch/${name}`, '--hardware', 'h200-sxm-141gb'],
      ...(name.startsWith('sglang') ? ['--acceptance', '0.8,0.6,0.4'] : []),
    ],
    keeps: { [`from-${name.replace('.sh', '.yaml')}`]: {} },
  })),
  ...Object.entries({ busy: 0.4, rag: 0.2, sweep: 2, servers: 0.6, wide: 2 }).map(([name, each]) => ({
    ...{ wrong: name, each, keeps: { [`wrong-${name}.txt`]: {} } },
  })),
  {
    argv: ['run', spec('fleet'), ...written({ html: 'run.html', trace: 'trace.json' })],
    keeps: {
      'run.txt': {},
      'run.html': { file: 'run.html' },
      'trace-head.json': { file: 'trace.json', lines: 60 },
    },
  },
  {
    argv: ['run', spec('busy'), ...written({ html: 'busy.html', trace: 'trace.json' })],
    columns: 100,
    keeps: {
      'busy.txt': {},
      'busy.html': { file: 'busy.html' },
      'busy-trace-head.json': { file: 'trace.json', lines: 200 },
    },
  },
  {
    argv: [
      ...['run', spec('busy'), '--json', '--per-request'],
      ...written({ requests: 'requests.csv', steps: 'steps.csv', timeline: 'timeline.jsonl', trace: 'trace.json' }),
    ],
    keeps: {
      'busy.json': {},
      'busy-requests-head.csv': { file: 'requests.csv', lines: HEAD },
      'busy-steps-head.csv': { file: 'steps.csv', lines: HEAD },
      'busy-timeline-head.jsonl': { file: 'timeline.jsonl', lines: HEAD },
      'busy-per-request-head.json': { file: 'trace.json', lines: 200 },
    },
  },
  {
    argv: [
      ...['run', spec('rag')],
      ...written({ requests: 'requests.jsonl', timeline: 'timeline.csv', trace: 'trace.json' }),
      ...EXPORTS.flatMap((name) => ['--export', `${name}=OUT/${name}`]),
    ],
    keeps: {
      'rag.txt': {},
      'rag-requests-head.jsonl': { file: 'requests.jsonl', lines: 8 },
      'rag-timeline-head.csv': { file: 'timeline.csv', lines: HEAD },
      'rag-trace-head.json': { file: 'trace.json', lines: 200 },
      ...Object.fromEntries(EXPORTS.map((name) => [`rag-${name}-head`, { file: name, lines: 2 * HEAD }])),
    },
  },
  { argv: ['why', spec('busy'), '--seeds', '2'], columns: 100, keeps: { 'why.txt': {} } },
  {
    argv: ['run', spec('plain'), ...written({ html: 'plain.html', requests: 'requests.csv', trace: 'trace.json' })],
    keeps: {
      'plain.txt': {},
      'plain-head.html': { file: 'plain.html', until: /<svg class="plain"/ },
      'plain-requests-head.csv': { file: 'requests.csv', lines: HEAD },
      'plain-trace-head.json': { file: 'trace.json', lines: 60 },
    },
  },
  {
    argv: ['run', spec('fleet'), '--from', '2.5s', '--to', '4s', ...written({ trace: 'trace.json' })],
    keeps: { 'window-trace.json': { file: 'trace.json' } },
  },
  {
    argv: [
      'size',
      spec('smaller'),
      '--workers',
      '1',
      '--set',
      'deployment.replicas=[1, 2]',
      '--set',
      'slo.p99_ttft=9ms',
    ],
    keeps: { 'size-missed.txt': {} },
  },
  { argv: ['size', spec('fleet'), '--max-load'], columns: 100, keeps: { 'max-load.txt': {} } },
  {
    argv: ['size', spec('smaller'), '--workers', '1', '--set', 'deployment.replicas=[1, 2]'],
    columns: 100,
    keeps: { 'size.txt': {} },
  },
  ...['request_rate', 'price', 'prompt'].map(against),
  { argv: ['sweep', spec('sweep'), '--workers', '1'], columns: 80, keeps: { 'sweep-80.txt': {} } },
  {
    argv: ['sweep', spec('sweep'), '--workers', '1', '--out', 'OUT/sweep'],
    keeps: {
      'sweep-120.txt': {},
      'sweep.html': { file: 'sweep/report.html' },
      'sweep.csv': { file: 'sweep/results.csv' },
      'sweep.svg': { file: 'sweep/pareto.svg' },
    },
  },
  {
    argv: ['sweep', spec('front'), '--workers', '1', '--out', 'OUT/front'],
    keeps: {
      'front.txt': {},
      'front.html': { file: 'front/report.html' },
      'front-head.json': { file: 'front/results.json', lines: 5 * HEAD },
    },
  },
  { argv: ['sweep', spec('nothing'), '--workers', '1'], keeps: { 'nothing.txt': {} } },
  launch('servers', {
    'servers-load.sh': { file: 'load.sh' },
    'servers-load-head.jsonl': { file: 'load.jsonl', lines: 4 },
  }),
  launch('wide'),
  { argv: ['sweep', spec('proof'), '--workers', '1'], keeps: { 'proof.txt': {} } },
  { argv: ['sweep', spec('proof-fleet'), '--workers', '1'], keeps: { 'proof-fleet.txt': {} } },
  ...STEPS.map((argv, i) => ({ argv, keeps: { [`step-${i + 1}.txt`]: {} } })),
  ...[
    ['run', 'busy', 0.5],
    ['run', 'fleet', 0.7],
    ['run', 'rag', 0.5],
    ['sweep', 'sweep', 0.3],
    ['sweep', 'front', 0.2],
    ['run', 'plain', 0.5],
    ['max-load', 'fleet', 1],
    ['against', ['smaller', 'larger', 'price'], 0.3],
    ['size', 'smaller', 0.2],
  ].map(([of, name, each]) => ({
    made: ['others', of, name, each],
    keeps: { [`other-${of}-${[name].flat()[0]}.txt`]: {} },
  })),
  { made: ['charts'], keeps: { 'charts.txt': {} } },
  { made: ['searches'], keeps: { 'searches.txt': {} } },
];

export const commands = COMMANDS.map((command) => ({ columns: 120, ...command }));
export const goldenNames = COMMANDS.flatMap(({ keeps }) => Object.keys(keeps));
export const listGolden = () => readdirSync(FOLDER).sort();
export const readGolden = (name) => readFileSync(join(FOLDER, name), 'utf8');

/** Wall time is nobody's promise, and neither is the place of the checkout. */
const steady = (text) =>
  text
    .replaceAll(ROOT, '')
    .replace(/ in [\d.,]+ (?:ms|s|min)\b/g, ' in some time')
    .replace(/<dt>Time<\/dt><dd>.*?<\/dd>/, '<dt>Time</dt><dd>some</dd>');

/** The built command line, in this thread. */
async function start(argv, columns) {
  const { answer } = await import('../dist/src/cli.js');
  let [stdout, stderr] = ['', ''];
  Object.assign(process.env, { COLUMNS: String(columns), NO_COLOR: '1' });
  const code = await answer(argv, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  // 3: no answer, which is one
  if (code !== 0 && code !== 3) throw new Error(`mist ${argv.join(' ')}: ${stderr}`);
  return stdout;
}

/** The first lines, of each as much as somebody would read. */
const headOf = (text, lines) =>
  `${text
    .split('\n', lines)
    .map((line) => line.slice(0, 4000))
    .join('\n')}\n`;

/** What the reader says of a spec with one mistake after the other, a line each. */
const tellWrongs = (name, each, mistakesIn) =>
  listWrongs(readFileSync(join(ROOT, spec(name)), 'utf8'), each)
    .map(({ words, text }) => `${words}: ${mistakesIn(text).join(' | ') || 'nothing'}\n`)
    .join('');

/** By name what the files of a command must be today, by `door`: `ask` gives what a command line prints in so many columns, `mistakesIn`
 * what is wrong in a spec, `makers` what no command prints. */
export async function makeGolden({ argv = [], columns, keeps, wrong, each, made }, { ask, mistakesIn, makers }) {
  const out = mkdtempSync(join(tmpdir(), 'mist-golden-'));
  const words = argv.map((word) => word.replace('OUT', out));
  const [kind, ...of] = made ?? [];
  const make = () => (wrong ? tellWrongs(wrong, each, mistakesIn) : ask(words, columns));
  const printed = kind ? await makers[kind](...of) : await make();
  const files = Object.entries(keeps).map(([name, { file, lines, until }]) => {
    const all = (file ? readFileSync(join(out, file), 'utf8') : printed).replaceAll(out, 'OUT');
    const whole = until ? all.split(until)[0] : all;
    return [name, steady(lines ? headOf(whole, lines) : whole)];
  });
  rmSync(out, { recursive: true });
  return files;
}

async function rewriteAll() {
  const load = (path) => import(`../dist/src/${path}.js`);
  const rooms = await Promise.all(['catalog/open', 'spec/question', 'check/issue'].map(load));
  const built = { ask: start, mistakesIn: openMistakes(Object.assign({}, ...rooms)), makers: openMakers(load) };
  for (const name of listGolden()) if (!goldenNames.includes(name)) rmSync(join(FOLDER, name));
  for (const command of commands) {
    for (const [name, text] of await makeGolden(command, built)) writeFileSync(join(FOLDER, name), text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // the command line answers the main thread's own arguments when it is loaded there
  if (isMainThread) new Worker(new URL(import.meta.url));
  else await rewriteAll();
}
