// mist observe against servers that answer, that do not, and that answer nonsense; what it sends, says, writes and keeps to itself.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readResults } from '../../src/calibrate/results/read-results.ts';
import { UserError } from '../../src/check/issue.ts';
import { observe } from '../../src/commands/observe.ts';
import { mistAlone, openScratch } from '../cli/spawn.ts';
import { answers, openServer, stream } from './server.ts';

const scratch = openScratch();

interface Line {
  readonly timestamp: number;
  readonly input_length: number;
  readonly output_length: number;
  readonly hash_ids?: readonly number[];
}

function traceOf(name: string, lines: readonly Line[]): string {
  const file = join(scratch, `${name}.jsonl`);
  writeFileSync(file, lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return file;
}

const few = (count: number): Line[] =>
  Array.from({ length: count }, (_, i) => ({ timestamp: i * 5, input_length: 10 + i, output_length: 1 + i }));

/** The verb in this process. */
async function say(...argv: string[]) {
  const said = { code: 0, out: '', err: '' };
  try {
    said.code = await observe(argv, {
      stdout: (text) => {
        said.out += text;
      },
      stderr: (text) => {
        said.err += text;
      },
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    said.code = 2;
    said.err += error.message;
  }
  return said;
}

describe('what is sent', () => {
  test('nothing without --yes, after it was said how much it would be', async () => {
    const server = await openServer(answers);
    const said = await say(server.url, '--trace', traceOf('quiet', few(4)));
    expect(said.code).toBe(2);
    expect(said.err).toContain('4 requests');
    expect(said.err).toContain('46 prompt tokens, 10 output tokens');
    expect(said.err).toContain('--yes');
    expect(server.received).toEqual([]);
  });

  test('prompts of the lengths of the trace, alike where its hash ids are, answers of its lengths', async () => {
    const server = await openServer(answers);
    const lines = [
      { timestamp: 0, input_length: 1200, output_length: 3, hash_ids: [7, 8, 9] },
      { timestamp: 40, input_length: 1024, output_length: 4, hash_ids: [7, 11] },
      { timestamp: 80, input_length: 1200, output_length: 5, hash_ids: [7, 8, 9] },
    ];
    const said = await say(server.url, '--trace', traceOf('hashes', lines), '--yes', '--json');
    const [first, second, third] = server.completions().map(({ body }) => body.prompt as number[]);
    expect([first!.length, second!.length, third!.length]).toEqual([1200, 1024, 1200]);
    expect(second!.slice(0, 512)).toEqual(first!.slice(0, 512));
    expect(second!.slice(512)).not.toEqual(first!.slice(512, 1024));
    expect(third).toEqual(first);
    expect(server.completions().map(({ body }) => [body.max_tokens, body.ignore_eos])).toEqual([
      [3, true],
      [4, true],
      [5, true],
    ]);
    const result = JSON.parse(said.out);
    expect(result.output_lens).toEqual([3, 4, 5]);
    expect(result.mist.hash_ids).toEqual([
      [7, 8, 9],
      [7, 11],
      [7, 8, 9],
    ]);
  });

  test('not what comes after --duration, which is told', async () => {
    const server = await openServer(answers);
    const lines = [...few(3), { timestamp: 1e7, input_length: 10, output_length: 1 }];
    const said = await say(server.url, '--trace', traceOf('long', lines), '--yes', '--duration', '1');
    expect(server.completions().length).toBe(3);
    expect(said.err).toContain('1 requests of the trace come after 1 s and are not sent');
  });

  test('no faster than --max-rate, no more at once than --max-concurrency', async () => {
    let [flying, most] = [0, 0];
    const server = await openServer((response, request) => {
      most = Math.max(most, ++flying);
      setTimeout(() => {
        flying--;
        answers(response, request, 0);
      }, 30);
    });
    const at = traceOf(
      'burst',
      Array.from({ length: 12 }, () => ({ timestamp: 0, input_length: 4, output_length: 1 })),
    );
    const said = await say(server.url, '--trace', at, '--yes', '--json', '--max-concurrency', '3');
    expect(most).toBe(3);
    expect(JSON.parse(said.out).completed).toBe(12);
    const slow = JSON.parse((await say(server.url, '--trace', at, '--yes', '--json', '--max-rate', '50')).out);
    const starts = slow.start_times as number[];
    for (let i = 1; i < starts.length; i++) expect(starts[i]! - starts[i - 1]!).toBeGreaterThanOrEqual(0.02);
    most = 0;
    await say(server.url, '--trace', at, '--yes', '--request-rate', 'inf', '--max-concurrency', '5');
    expect(most).toBe(5);
  });

  test('follow-ups after the answer that they follow', async () => {
    const order: string[] = [];
    const server = await openServer((response, request) => {
      const length = (request.body.prompt as number[]).length;
      order.push(`asked ${length}`);
      setTimeout(() => {
        order.push(`told ${length}`);
        answers(response, request, 0);
      }, 60);
    });
    const lines = [
      { session_id: 'a', timestamp: 0, input_length: 10, output_length: 1 },
      { session_id: 'a', timestamp: 0, delay: 150, input_length: 20, output_length: 1 },
    ] as unknown as Line[];
    const said = await say(server.url, '--trace', traceOf('turns', lines), '--yes', '--json');
    expect(order).toEqual(['asked 10', 'told 10', 'asked 20', 'told 20']);
    const { completed, start_times, latencies } = JSON.parse(said.out);
    expect(completed).toBe(2);
    expect(start_times[1] - start_times[0] - latencies[0]).toBeGreaterThanOrEqual(0.149);
  });
});

describe('what comes back', () => {
  test('is measured as vLLM does, by the times at which tokens came', async () => {
    const server = await openServer((response) => {
      response.writeHead(200);
      const token = `data: ${JSON.stringify({ choices: [{ text: 'a' }] })}\r\n\r\n`;
      setTimeout(() => response.write(token.slice(0, 9)), 40); // an event in pieces is one event
      setTimeout(() => response.write(token.slice(9)), 60);
      setTimeout(() => response.write(token), 160);
      setTimeout(() => response.end(`${token}data: [DONE]\n\n`), 260);
    });
    const said = await say(
      ...[
        server.url,
        '--trace',
        traceOf(
          'timed',
          few(1).map((one) => ({ ...one, output_length: 3 })),
        ),
        '--yes',
        '--json',
      ],
    );
    const result = JSON.parse(said.out);
    expect(result.output_lens).toEqual([3]);
    expect(result.mean_ttft_ms).toBeGreaterThanOrEqual(59);
    expect(result.itls[0].length).toBe(2);
    const gaps = (result.itls[0] as number[]).reduce((sum, gap) => sum + gap, 0);
    expect(gaps * 1e3).toBeCloseTo(result.mean_e2el_ms - result.mean_ttft_ms, 9);
    expect(result.mean_tpot_ms).toBeCloseTo((result.mean_e2el_ms - result.mean_ttft_ms) / 2, 9);
    expect(result.mean_itl_ms).toBeCloseTo(result.mean_tpot_ms, 9);
  });

  test('failures of every kind are counted and named, the rest is kept', async () => {
    const server = await openServer((response, request) => {
      const i = (request.body.prompt as number[]).length - 10; // of the trace: two may come in any order
      if (i % 6 === 1) response.writeHead(500).end('it broke');
      else if (i % 6 === 2) response.writeHead(200).end('data: {"choices": [{"text": "a"}]}\n\n');
      else if (i % 6 === 3) response.writeHead(200).end('<html>');
      else if (i % 6 === 4) response.destroy();
      else if (i % 6 === 5)
        response.writeHead(200).write('data: {"choices": [{"text": "a"}]}\n\n'); // and then nothing
      else answers(response, request, i);
    });
    const file = join(scratch, 'failed.json');
    const trace = traceOf('failing', few(12));
    const said = await say(server.url, '--trace', trace, '--yes', '--timeout', '0.5', '--out', file);
    expect(said.code).toBe(0);
    const result = JSON.parse(readFileSync(file, 'utf8'));
    expect([result.completed, result.failed]).toEqual([2, 10]);
    const errors = result.errors as string[];
    expect(errors[1]).toBe('HTTP 500: it broke');
    expect(errors[2]).toBe('an answer that breaks off');
    expect(errors[3]).toBe('an answer without a token');
    expect(errors[4]).not.toBe('');
    expect(errors[5]).toBe('silent for 0.5 s');
    expect(said.err).toContain('2 failed: HTTP 500: it broke');
  });

  test('a server that fails every time is not asked for long', async () => {
    const server = await openServer((response) => void response.writeHead(503).end('too busy'));
    const said = await say(server.url, '--trace', traceOf('hopeless', few(200)), '--yes', '--max-concurrency', '1');
    expect(said.code).toBe(2);
    expect(said.err).toContain('10 of 10 requests failed: HTTP 503: too busy');
    expect(server.completions().length).toBe(10);
  });

  test('answers of another length are told, and what the engine says of itself is kept', async () => {
    const page = (look: number) =>
      [
        `vllm:num_requests_running{engine="0"} ${look === 0 ? 0 : 3}`,
        `vllm:prefix_cache_queries_total{engine="0"} ${100 + look * 200}`,
        `vllm:prefix_cache_hits_total{engine="0"} ${10 + look * 50}`,
        '# a comment',
        'vllm:num_preemptions_total 2.0',
      ].join('\n');
    const server = await openServer((response) => stream(response, 2, 5), page);
    const said = await say(server.url, '--trace', traceOf('short', few(3)), '--yes', '--json');
    const { engine, strayed } = JSON.parse(said.out).mist;
    expect(engine).toEqual({
      ...{ preemptions: 0, prefix_cache_hit_rate: 0.25, peak_running: 3, peak_waiting: null, peak_kv_usage: null },
    });
    expect(strayed).toBe(2);
    expect(said.err).toContain('2 of 3 answers are of another length');
  });
});

describe('mistakes', () => {
  const trace = traceOf('any', few(2));
  test.each([
    ['http://example.com/v1', 'https'],
    ['example.com', 'the address of a server'],
    ['ftp://127.0.0.1/', 'http or https'],
    ['https://me:secret@example.com/v1', 'without a name or a password'],
    ['http://127.0.0.1:1/v1?key=1', 'without ? or #'],
    ['http://127.0.0.1:1/v1', 'a server that lists its models'],
  ])('%s', async (url, words) => {
    const said = await say(url, '--trace', trace, '--yes');
    expect(said.code).toBe(2);
    expect(said.err).toContain(words);
  });

  test('files that are there are left alone, before anything is sent', async () => {
    const server = await openServer(answers);
    const said = await say(server.url, '--trace', trace, '--yes', '--out', trace);
    expect(said.code).toBe(2);
    expect(server.received).toEqual([]);
    const taken = join(scratch, 'taken.json');
    writeFileSync(taken, 'mine');
    expect((await say(server.url, '--trace', trace, '--yes', '--out', taken)).code).toBe(2);
    expect(readFileSync(taken, 'utf8')).toBe('mine');
    expect(server.received).toEqual([]);
  });

  test('a trace at once needs a limit; one without its first request says when that comes', async () => {
    const server = await openServer(answers);
    expect((await say(server.url, '--trace', trace, '--request-rate', 'inf')).err).toContain('--max-concurrency');
    const late = traceOf('late', [{ timestamp: 0, input_length: 1, output_length: 1 }]);
    expect((await say(server.url, '--trace', late, '--duration', '0')).err).toContain('after the first request');
  });

  test('the key is sent, and stands nowhere', async () => {
    const server = await openServer((response, request, i) =>
      i === 0
        ? void response.writeHead(401).end(`no: ${request.headers.authorization}`)
        : answers(response, request, i),
    );
    process.env.OPENAI_API_KEY = 'sk-secret-thing';
    try {
      const file = join(scratch, 'key.json');
      const said = await say(server.url, '--trace', traceOf('key', few(3)), '--yes', '--json', '--out', file);
      expect(server.completions()[0]!.headers.authorization).toBe('Bearer sk-secret-thing');
      const all = said.out + said.err + readFileSync(file, 'utf8');
      expect(all).toContain('HTTP 401: no: Bearer ***');
      expect(all).not.toContain('secret');
    } finally {
      delete process.env.OPENAI_API_KEY;
    }
  });
});

test('Ctrl-C: what was answered is written', async () => {
  const server = await openServer((response, request, i) => (i < 2 ? answers(response, request, i) : undefined));
  const file = join(scratch, 'ended.json');
  const trace = traceOf('ended', few(4));
  const ended = await mistAlone(['observe', server.url, '--trace', trace, '--yes', '--out', file], (child) => {
    const look = setInterval(() => {
      if (server.completions().length < 4) return;
      clearInterval(look);
      child.kill('SIGINT');
    }, 20);
  });
  expect(ended.code).toBe(130);
  expect(existsSync(file)).toBe(true);
  const result = JSON.parse(readFileSync(file, 'utf8'));
  expect([result.completed, result.failed]).toEqual([2, 2]);
});

test('calibrate reads what observe writes, hash ids and hit rate with it', async () => {
  const server = await openServer(
    answers,
    (look) => `vllm:prefix_cache_queries_total ${look * 4}\nvllm:prefix_cache_hits_total ${look}`,
  );
  const file = join(scratch, 'read.json');
  const lines = few(4).map((one) => ({ ...one, input_length: 600, output_length: 3, hash_ids: [1, 2] }));
  // a token at a time, so that there is a TPOT
  await say(server.url, '--trace', traceOf('read', lines), '--yes', '--out', file);
  const text = readFileSync(file, 'utf8').replace(/"(mean|median|p50|p99)_tpot_ms": [\d.e-]+/g, '"$1_tpot_ms": 9.5');
  writeFileSync(file, text);
  const issues: [] = [];
  const [run] = readResults(file, issues);
  expect(issues).toEqual([]);
  expect(run!.load.kind).toBe('replay');
  expect([...run!.prefix!.ids]).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
  expect(run!.prefix!.block_tokens).toBe(512);
  expect(run!.figures.hit_rate).toBe(0.25);
  expect(run!.figures.tpot_p99).toBe(0.0095);
});
