// The mock endpoint on the wall clock: how far the times that a real client measures lie from the simulated ones. The client is a
// process of its own beside the server's, as a load generator would be.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { median } from './measure.ts';
import { seedNumbers } from './numbers.ts';
import { CLI } from './process.bench.ts';
import { type BenchFile, figureRow, type Note, type Row } from './row.ts';

export const mock: BenchFile = {
  name: 'mock',
  words: 'mist serve --mock, measured by a client: real times against simulated ones (about 40 s, most of it waiting)',
  run: benchMock,
};

const MODEL = 'llama-3.1-8b';
const SPEC = `model: ${MODEL}
workload: {lengths: {input_len: 500, output_len: 100}, request_rate: 4, num_requests: 100}
deployment: {hardware: h100-sxm-80gb}
engine: {profile: vllm-0.11}
`;
const REQUESTS = 100;
const RATE = 4;

/** One request as it was measured and as it was simulated, s. */
interface Seen {
  readonly ttft: readonly [real: number, simulated: number];
  readonly tpot: readonly [real: number, simulated: number];
  readonly e2el: readonly [real: number, simulated: number];
}

/** What the server says beside the usage, s since it began. */
interface Times {
  readonly arrival_s: number;
  readonly first_token_s: number;
  readonly finish_s: number;
}

async function benchMock(note: Note): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mist-mock-'));
  const spec = join(folder, 'mock.yaml');
  writeFileSync(spec, SPEC);
  const server = spawn(process.execPath, [CLI, 'serve', '--mock', spec, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = await addressOf(server.stdout);
    note(`${REQUESTS} requests at ${RATE}/s to ${MODEL}, streamed`);
    const client = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0 });
    // Connections and compiled code are there before anything is measured.
    for (let i = 0; i < 5; i++) await ask(client, 100, 20);
    const seen = await sendAll(client);
    const floor = await benchFloor();
    const rows = (['ttft', 'tpot', 'e2el'] as const).flatMap((metric) => {
      const off = seen.map((one) => Math.abs(one[metric][0] - one[metric][1]) * 1e3).sort((a, b) => a - b);
      const asked = metric === 'tpot' ? {} : { atMost: 2 };
      const name = `mock, ${metric.toUpperCase()}: |measured − simulated|`;
      return [
        figureRow(`${name}, median`, 'ms', median(off), asked),
        figureRow(`${name}, nine of ten`, 'ms', off[Math.floor(off.length * 0.9)]),
      ];
    });
    return [...rows, figureRow('the same client against a server that answers at once, TTFT, median', 'ms', floor)];
  } finally {
    server.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A server without any simulation: what is left is the client's, HTTP's and the machine's. */
const BARE = `require('node:http').createServer((request, response) => {
  request.resume().on('end', () => {
    response.socket.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const mist = { arrival_s: 0, first_token_s: 0, finish_s: 0 };
    response.end('data: ' + JSON.stringify({ choices: [{ index: 0, text: 'token ' }], mist }) + '\\n\\ndata: [DONE]\\n\\n');
  });
}).listen(0, '127.0.0.1', function () { console.log('http://127.0.0.1:' + this.address().port); });`;

/** TTFT of the same client there, ms, median. */
async function benchFloor(): Promise<number> {
  const server = spawn(process.execPath, ['-e', BARE], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const client = new OpenAI({ apiKey: 'none', baseURL: `${await addressOf(server.stdout)}/v1`, maxRetries: 0 });
    for (let i = 0; i < 5; i++) await ask(client, 100, 20);
    const seen = await sendAll(client, RATE * 5);
    return median(seen.map(({ ttft }) => ttft[0] * 1e3).sort((a, b) => a - b));
  } finally {
    server.kill('SIGTERM');
  }
}

/** The address that the server prints once it listens. */
function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    output.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const [url] = /http:\/\/[\d.:]+/.exec(said) ?? [];
      if (url) resolve(url);
    });
    output.once('close', () => reject(new Error(`mist serve ended: ${said}`)));
  });
}

/** Open loop: exponential gaps, whatever is still in flight. */
async function sendAll(client: OpenAI, rate = RATE): Promise<Seen[]> {
  const next = seedNumbers(7);
  const answers: Promise<Seen>[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    answers.push(ask(client, 50 + Math.floor(next() * 900), 20 + Math.floor(next() * 150)));
    await new Promise((resolve) => setTimeout(resolve, (-Math.log(next()) / rate) * 1e3));
  }
  return Promise.all(answers);
}

async function ask(client: OpenAI, prompt: number, output: number): Promise<Seen> {
  const began = performance.now();
  const stream = await client.completions.create({
    model: MODEL,
    prompt: Array.from({ length: prompt }, (_, i) => i),
    max_tokens: output,
    stream: true,
    stream_options: { include_usage: true },
    ...{ ignore_eos: true },
  });
  let first = Number.NaN;
  let last = Number.NaN;
  let times: Times | undefined;
  for await (const chunk of stream) {
    if (chunk.choices.length > 0) {
      last = performance.now();
      if (Number.isNaN(first)) first = last;
    }
    times = (chunk as { mist?: Times }).mist ?? times;
  }
  if (!times) throw new Error('the server said no simulated times');
  const { arrival_s, first_token_s, finish_s } = times;
  return {
    ttft: [(first - began) / 1e3, first_token_s - arrival_s],
    tpot: [(last - first) / 1e3 / (output - 1), (finish_s - first_token_s) / (output - 1)],
    e2el: [(last - began) / 1e3, finish_s - arrival_s],
  };
}
