// The mock endpoint against the simulation it stands for: the same times, whatever had come by then, and a real client's view of them.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { type ManualClock, manualClock } from '../../src/commands/mock-clock.ts';
import { type MockEngine, openMockEngine } from '../../src/commands/mock-engine.ts';
import { openMockServer } from '../../src/commands/mock-server.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { type OnlineEvent, openOnline } from '../../src/run/online.ts';
import { openSession } from '../../src/run/session.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { mist, mistAlone } from '../cli/spawn.ts';
import { runs } from '../depth.ts';

const catalog = openCatalog({});
const session = openSession(catalog);
const STEP =
  '{fixed_s: 4ms, per_new_token_s: 25us, per_prefill_pair_s: 2ns, per_sequence_s: 15us, per_context_token_s: 20ns}';

const specOf = (text: string) => openQuestion(text, 'mock.yaml', catalog).at(0).spec;
const textOf = (requests: number, deployment: string, engine: string) => `
workload: {lengths: {input_len: {uniform: [50, 900]}, output_len: {uniform: [1, 60]}}, request_rate: 5, num_requests: ${requests}}
deployment: ${deployment}
engine: {profile: generic, block_size: 16, num_gpu_blocks: 200, max_model_len: 2048, step_time: ${STEP}, ${engine}}
`;

interface Asked {
  readonly arrival: number;
  readonly prompt: number;
  readonly output: number;
}

/** All requests known before: the ordinary run. */
function runAll(text: string, asked: readonly Asked[]) {
  const { program } = prepareFleet(specOf(text), catalog, session);
  program.requests.arrival.set(asked.map(({ arrival }) => arrival));
  program.visits.prompt.set(asked.map(({ prompt }) => prompt));
  program.visits.output.set(asked.map(({ output }) => output));
  return runFleet(program, { leap: 'none' });
}

/** The same, each told when it comes, with looks at the engine in between. */
function runOnline(text: string, asked: readonly Asked[], looks: readonly number[]): OnlineEvent[] {
  const online = openOnline(prepareFleet(specOf(text), catalog, session), 2000);
  const events: OnlineEvent[] = [];
  const steps = [...asked.map((one) => ({ at: one.arrival, one })), ...looks.map((at) => ({ at, one: null }))];
  steps.sort((a, b) => a.at - b.at || (a.one ? 0 : 1) - (b.one ? 0 : 1));
  for (const { at, one } of steps) {
    if (one) online.arrive(at, one.prompt, one.output);
    else events.push(...online.advance(at));
  }
  events.push(...online.advance(Number.MAX_VALUE));
  expect(online.next()).toBe(Number.POSITIVE_INFINITY);
  return events;
}

const requests = fc
  .array(
    fc.record({
      gap: fc.double({ min: 0, max: 0.5, noNaN: true }),
      prompt: fc.integer({ min: 1, max: 2100 }),
      output: fc.integer({ min: 1, max: 80 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((list) => {
    let arrival = 0;
    return list.map(({ gap, prompt, output }) => {
      arrival += gap;
      return { arrival, prompt, output };
    });
  });
const deployments = fc.constantFrom(
  '{replicas: 1}',
  '{replicas: 2}',
  '{replicas: 3, routing: least-loaded}',
  '{replicas: 2, routing: load-left}',
);
const engines = fc.constantFrom(
  'batching: chunked, max_num_seqs: 8, max_num_batched_tokens: 256',
  'batching: continuous, max_num_seqs: 4',
  'batching: mixed, max_num_seqs: 4',
  'batching: static, max_num_seqs: 3',
  'batching: chunked, admission: full-length, max_num_seqs: 16',
);

describe('an engine whose requests are still coming', () => {
  test('does what it does when all are known before, bit for bit, whenever it is looked at', () => {
    let preempted = 0;
    fc.assert(
      fc.property(
        requests,
        deployments,
        engines,
        fc.array(fc.double({ min: 0, max: 15, noNaN: true }), { maxLength: 60 }),
        (asked, deployment, engine, looks) => {
          const whole = runAll(textOf(asked.length, deployment, engine), asked).results;
          // a look at the very instant of an arrival comes after it
          const events = runOnline(textOf(asked.length + 1, deployment, engine), asked, looks);
          for (const [r, { output }] of asked.entries()) {
            const own = events.filter(({ request }) => request === r);
            if (own[0]!.end === 'rejected') {
              expect(whole.finish[r]).toBeNaN();
              continue;
            }
            expect(own[0]!.time).toBe(whole.first[r]);
            expect([own.at(-1)!.time, own.at(-1)!.tokens, own.at(-1)!.end]).toEqual([
              whole.finish[r],
              output,
              'finished',
            ]);
            expect(own[0]!.tokens).toBe(1);
            expect(own.every(({ tokens }, i) => i === 0 || tokens > own[i - 1]!.tokens)).toBe(true);
            if (whole.preemptions[r]! > 0) preempted++;
            else expect(own.length).toBe(output); // one by one
          }
        },
      ),
      { numRuns: runs(60), seed: 1 },
    );
    expect(preempted).toBeGreaterThan(0);
  });
});

const SPEC = `
model: llama-3.1-8b
workload: {lengths: {input_len: 500, output_len: {uniform: [5, 50]}}, request_rate: 5, num_requests: 40}
deployment: {hardware: h100-sxm-80gb, replicas: 2}
engine: {profile: vllm-0.11}
`;

interface Times {
  readonly arrival_s: number;
  readonly first_token_s: number;
  readonly finish_s: number;
}

describe("a client of OpenAI's package", () => {
  let clock: ManualClock;
  let engine: MockEngine;
  let client: OpenAI;
  let submitted = 0;
  let close = () => undefined as unknown;
  beforeAll(async () => {
    clock = manualClock();
    const real = openMockEngine(specOf(SPEC), catalog, clock, 100);
    engine = {
      ...real,
      submit(...asked) {
        submitted++;
        return real.submit(...asked);
      },
    };
    const server = openMockServer(engine).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'none', maxRetries: 0 });
    close = () => server.close();
  });
  afterAll(() => close());

  const arrived = async (count: number) => {
    while (submitted < count) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const ids = (count: number) => Array.from({ length: count }, (_, i) => i);

  test('sees in virtual time the very times of the run, and every token', async () => {
    const asked = Array.from({ length: 20 }, (_, i) => ({
      arrival: 0.1 + 0.04 * i,
      prompt: 100 + 37 * i,
      output: 5 + ((i * 7) % 40),
    }));
    const before = submitted;
    const streams = [];
    for (const [i, { arrival, prompt, output }] of asked.entries()) {
      clock.moveTo(arrival);
      const body = {
        model: engine.model,
        prompt: ids(prompt),
        max_tokens: output,
        stream: true,
        stream_options: { include_usage: true },
      } as const;
      streams.push(client.completions.create({ ...body, ...{ ignore_eos: true } }));
      await arrived(before + i + 1);
    }
    setTimeout(() => clock.moveTo(1000), 20);
    const whole = runAll(SPEC.replace('num_requests: 40', 'num_requests: 20'), asked).results;
    const { way } = prepareFleet(specOf(SPEC), catalog, session).clients[0]!;
    for (const [i, stream] of streams.entries()) {
      let [words, reason, usage, mist] = [0, '', undefined as unknown, undefined as Times | undefined];
      for await (const chunk of await stream) {
        words += chunk.choices[0]?.text.trim().split(' ').length ?? 0;
        reason ||= chunk.choices[0]?.finish_reason ?? '';
        usage = chunk.usage ?? usage;
        mist = (chunk as unknown as { mist?: Times }).mist ?? mist;
      }
      const { arrival, prompt, output } = asked[i]!;
      expect([words, reason]).toEqual([output, 'length']);
      expect(usage).toEqual({ prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output });
      const shift = way!.request_s + way!.prompt_token_s * prompt;
      expect(mist).toEqual({
        arrival_s: arrival,
        first_token_s: whole.first[i]! + shift,
        finish_s: whole.finish[i]! + shift,
      });
    }
  });

  test('chats, streaming or not; lengths are drawn where nobody says', async () => {
    const messages = [{ role: 'user', content: 'How many tokens will this be?' }] as const;
    const before = submitted;
    const whole = client.chat.completions.create({ model: engine.model, messages: [...messages] });
    const short = client.chat.completions.create({
      model: engine.model,
      messages: [...messages],
      max_completion_tokens: 2,
      stream: true,
    });
    await arrived(before + 2);
    setTimeout(() => clock.moveTo(2000), 20);
    const { choices, usage } = await whole;
    expect(choices[0]!.message.content!.trim().split(' ').length).toBe(usage!.completion_tokens);
    expect([choices[0]!.message.role, choices[0]!.finish_reason]).toEqual(['assistant', 'stop']);
    expect(usage!.completion_tokens).toBeGreaterThanOrEqual(5);
    let text = '';
    for await (const chunk of await short) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('token token ');
  });

  test('is told in the stream of what can never fit, once its head is out; it is out before the first token', async () => {
    let refuse = () => {};
    const server = openMockServer({
      ...engine,
      submit(_prompt, _output, waiter) {
        refuse = waiter.rejected;
        return true;
      },
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const other = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });
    const stream = await other.completions.create({ model: engine.model, prompt: 'x', stream: true });
    refuse();
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toThrow(/never fit in the KV cache/);
    server.close();
  });

  test('is told what is wrong as vLLM tells it', async () => {
    const ask = (body: object) => client.completions.create({ model: engine.model, prompt: 'x', ...body } as never);
    await expect(ask({ model: 'gpt-4' })).rejects.toMatchObject({ status: 404, param: 'model' });
    await expect(ask({ max_tokens: 0 })).rejects.toMatchObject({ status: 400, param: 'max_tokens' });
    await expect(ask({ prompt: 7 })).rejects.toMatchObject({ status: 400, param: 'prompt' });
    await expect(ask({ n: 2 })).rejects.toMatchObject({ status: 400, param: 'n' });
    await expect(ask({ prompt: ids(engine.maxModelLen) })).rejects.toThrow(/maximum context length/);
    await expect(client.get('/nowhere')).rejects.toMatchObject({ status: 404 });
  });

  test('finds the model, and its figures under the names of vLLM', async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual([engine.model]);
    const base = client.baseURL.replace('/v1', '');
    expect((await fetch(`${base}/health`)).status).toBe(200);
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toMatch(/^vllm:time_to_first_token_seconds_bucket\{engine="0",model_name="[^"]+",le="0.001"\} 0$/m);
    expect(text).toMatch(new RegExp(`^vllm:time_to_first_token_seconds_count\\{.*\\} ${engine.done.length}$`, 'm'));
    expect(text).toMatch(/^vllm:num_requests_running\{.*\} 0$/m);
  });
});

test('what the way really takes is not waited for again: tokens leave so much earlier, what is told stays', () => {
  const seen = [0, 0.001, 100].map((realWay) => {
    const clock = manualClock();
    const lone = openMockEngine(specOf(SPEC), catalog, clock, 10, realWay);
    const sent: number[] = [];
    let told: { firstToken: number } | undefined;
    lone.submit(400, 2, {
      token: () => sent.push(clock.now()),
      end: (times) => {
        told = times;
      },
      rejected: () => expect.fail(),
    });
    clock.moveTo(10);
    return { sent: sent[0]!, told: told!.firstToken };
  });
  expect(new Set(seen.map(({ told }) => told)).size).toBe(1);
  expect(seen[0]!.sent).toBe(seen[0]!.told);
  expect(seen[0]!.sent - seen[1]!.sent).toBeCloseTo(0.001, 9);
  expect(seen[0]!.sent - seen[2]!.sent).toBeCloseTo(0.002 + 400 * 5e-6, 9); // the profile's own way, and never before the engine has it
});

describe('mist serve', () => {
  test('listens on loopback, answers in real time, and ends by a signal', async () => {
    let base = '';
    const argv = ['serve', '--mock', 'examples/single-run.yaml', '--port', '0', '--requests', '10'];
    const ended = mistAlone(argv, (process) => {
      process.stdout!.on('data', async (part) => {
        base += part;
        if (!base.endsWith('\n')) return;
        const client = new OpenAI({ baseURL: base.trim(), apiKey: 'none', maxRetries: 0 });
        const { data } = await client.models.list();
        const said = await client.completions.create({ model: data[0]!.id, prompt: 'hello', max_tokens: 3 });
        base += said.choices[0]!.text;
        process.kill('SIGINT');
      });
    });
    const { code } = await ended;
    expect(base).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\n(token ){1,3}$/);
    expect(code).toBe(130);
  });

  test.each([
    [['serve', 'examples/single-run.yaml'], /mist serve: expected --mock/],
    [['serve', '--mock', 'examples/question-answering.yaml'], /mist serve: expected one pool of engines/],
    [['serve', '--mock', 'examples/sweep-small.yaml'], /--row: expected a spec of one deployment/],
    [
      ['serve', '--mock', 'examples/single-run.yaml', '--host', '256.0.0.1'],
      /--port, --host: expected an address to listen at/,
    ],
    [['serve', '--mock', 'examples/speculative.yaml', '--row', '1'], /speculative_config: expected none/],
  ] as const)('%j is told', async (argv, words) => {
    const { code, stdout, stderr } = await mist([...argv]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(words);
  });
});
