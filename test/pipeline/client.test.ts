// What the client of a run sees and the rules of some engines: words of every spec, off where they are left out.
import { describe, expect, it } from 'vitest';
import type { FleetSummary } from '../../src/metrics/sweep.ts';
import { checkFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { planMeasuring } from '../../src/run/client-view.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { measureRun, summariseRun } from '../../src/run/measure-fleet.ts';
import { catalog, issuesIn, lower, readText } from './world.ts';

/** Figures of a spec, the same from both doors of measuring. */
function figures(text: string): FleetSummary {
  const spec = readText(text);
  const lowered = lower(spec);
  const run = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(spec, lowered, true) });
  const summary = summariseRun(spec, lowered, run);
  expect(measureRun(spec, lowered, run).result).toMatchObject(summary);
  return summary;
}

const APART = `
fleet:
  p: {kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb, role: prefill}
  d: {kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb, role: decode}
pipelines:
  chat: {stages: [{prefill: p}, {decode: d}]}`;

const loop = (engine: string, more = '') => `
model: llama-3.1-8b
deployment: {hardware: h100-sxm-80gb}
engine: ${engine}
workload:
  lengths: {input_len: {uniform: [150, 250]}, output_len: {uniform: [50, 90]}}
  arrivals: {process: closed-loop, max_concurrency: 8}
  num_requests: 64
${more}`;

describe('the client', () => {
  const engine = '{profile: sglang-0.5.9}';
  const plain = figures(loop(engine, 'client: {time: none}\n'));

  it('sees what the engine does where that is said, and its own time where nothing is', () => {
    expect(figures(loop(engine, 'client: {time: none, first_token: prefill, window: measured}\n'))).toEqual(plain);
    expect(figures(loop(engine))).toEqual(figures(loop(engine, 'client: {time: profile}\n')));
    expect(figures(loop(engine))).not.toEqual(plain);
  });

  it('sees first tokens and ends later by its time, and turns slower by it', () => {
    const { request_s } = catalog.engine('sglang-0.5.9').client!;
    const seen = figures(loop(engine, 'client: {time: profile}\n'));
    const late = seen.ttft.mean - plain.ttft.mean;
    expect(late).toBeGreaterThan(request_s);
    expect(late).toBeLessThan(request_s + 0.02); // and about half a step
    expect(seen.e2el.mean - plain.e2el.mean).toBeCloseTo(late, 12);
    expect(seen.tpot).toEqual(plain.tpot);
    const inFlight = ({ e2el, request_throughput }: FleetSummary) => e2el.mean * request_throughput;
    expect(inFlight(seen)).toBeCloseTo(inFlight(plain), 9);
  });

  it('of a steady window sees neither burst nor drain', () => {
    const steady = figures(loop(engine, 'client: {window: steady}\n'));
    expect(steady.completed).toBeLessThanOrEqual(64 - 7);
    expect(steady.duration).toBeLessThan(figures(loop(engine, 'client: {window: all}\n')).duration);
    expect(steady.power_w).toBeGreaterThan(0);
    const full = figures(loop('{profile: sglang-0.5.9, num_gpu_blocks: 400}', 'client: {window: steady}\n'));
    expect(full.stopped).toMatch(/never opened/);
    expect(full.output_throughput).toBeNaN();
  });

  it('gets the first token from the engine that decodes once that has the KV and a slot', () => {
    const apart = (more: string) => `
fleet:
  p: {kind: llm, role: prefill, model: llama-3.1-8b, hardware: h100-sxm-80gb, batching: continuous}
  d: {kind: llm, role: decode, model: llama-3.1-8b, hardware: h100-sxm-80gb, count: 2, max_num_seqs: 3}
topology: {net: {kind: server, port: {bandwidth: 1GB/s}}}
pipelines: {serve: {stages: [prefill, decode]}}
workload: {lengths: {input_len: 800, output_len: {uniform: [50, 90]}}, arrivals: {process: closed-loop, max_concurrency: 12}, num_requests: 48}
${more}`;
    const early = figures(apart(''));
    const late = figures(apart('client: {first_token: decode}\n'));
    const moved = (800 * 131072) / 1e9; // 128 KiB a token
    expect(late.ttft.mean - early.ttft.mean).toBeGreaterThan(moved);
    expect(late.e2el).toEqual(early.e2el);
    expect(late.tpot.mean).toBeLessThan(early.tpot.mean);
  });
});

describe('equal requests in a closed loop', () => {
  const equal = (more: string) =>
    loop('{}', '')
      .replace('{uniform: [150, 250]}', '200')
      .replace('{uniform: [50, 90]}', '70')
      .replace('num_requests: 64', `num_requests: 64\n  ${more}`);

  it('drift apart by 5 %, or as said; 0 keeps them in step', () => {
    const outputs = (text: string) => [...new Set(lower(readText(text)).walks.answer)].sort((a, b) => a - b);
    expect(outputs(equal('drift: 0'))).toEqual([70]);
    expect(outputs(equal('drift: 0.05'))).toEqual(outputs(equal('')));
    const drawn = outputs(equal(''));
    expect([drawn[0], drawn.at(-1)]).toEqual([67, 73]);
    expect(outputs(equal('drift: 0.2'))[0]).toBeLessThan(60);
  });
});

describe('max_tokens', () => {
  const visitsOf = (more: string, text = loop('{}')) =>
    lower(readText(text.replace('num_requests: 64', `num_requests: 64\n  ${more}`))).program.visits;

  it('is what clients ask for, never less than they get, and of a prefill pool the first token', () => {
    const { output, asked } = visitsOf('max_tokens: 70');
    expect([...asked!]).toEqual([...output].map((tokens) => Math.max(tokens, 70)));
    const twice = visitsOf('max_tokens: {ratio: 1.5}');
    expect([...twice.asked!]).toEqual([...twice.output].map((tokens) => Math.ceil(1.5 * tokens)));
    const apart = visitsOf('max_tokens: 300', loop('{}').replace(/model: .*\ndeployment: .*\nengine: .*/, APART));
    const sides = [...apart.asked!].map((tokens, v) => [apart.output[v] === 1, tokens] as const);
    expect(new Set(sides.map(String))).toEqual(new Set(['true,1', 'false,299']));
  });

  it('that asks for nothing more changes no bit', () => {
    expect(visitsOf('max_tokens: {ratio: 1}')).toEqual(visitsOf(''));
    expect(visitsOf('max_tokens: 1')).toEqual(visitsOf(''));
  });

  it('is refused where it is no length and no factor', () => {
    for (const wrong of ['0', '1.5', '{ratio: 0.5}', '{factor: 2}', 'many']) {
      const text = loop('{}').replace('num_requests: 64', `num_requests: 64\n  max_tokens: ${wrong}`);
      const paths = issuesIn(() => readText(text)).map(({ path }) => path);
      expect(paths.length > 0 && paths.every((path) => path.startsWith('workload.max_tokens'))).toBe(true);
    }
  });
});

describe('rules of an engine', () => {
  const base = figures(loop('{}'));

  it('that say what every engine does change no bit', () => {
    expect(figures(loop('{recv_interval: 1, sampling: greedy, known_to_run: false}'))).toEqual(base);
  });

  it('delay first tokens, sort samples, and pad contexts', () => {
    expect(figures(loop('{recv_interval: 20}')).ttft.mean).toBeGreaterThan(base.ttft.mean);
    expect(figures(loop('{batch_wait: {iters: 15, max_tokens_ratio: 0.9}}')).ttft.mean).toBeGreaterThan(base.ttft.mean);
    expect(figures(loop('{sampling: top-p}')).tpot.mean).toBeGreaterThan(base.tpot.mean);
    expect(figures(loop('{padded_len: 60000}')).tpot.mean).toBeGreaterThan(base.tpot.mean);
  });

  it('let splits run that were seen running, and only then', () => {
    const text = (rules: string) =>
      loop(`{${rules}}`).replace('{hardware: h100-sxm-80gb}', '{hardware: h100-sxm-80gb, tensor_parallel_size: 3}');
    expect(issuesIn(() => checkFleet(readText(text('')), catalog)).length).toBe(1);
    expect(issuesIn(() => checkFleet(readText(text('known_to_run: true')), catalog))).toEqual([]);
  });
});

describe('mistakes', () => {
  const told = (text: string) => issuesIn(() => readText(text)).map(({ path, expected }) => `${path}: ${expected}`);

  it('are told in the spec’s words', () => {
    expect(told(loop('{recv_interval: 0}')).length).toBe(1);
    expect(
      told(loop('{packing: least-work-left, recv_interval: 4, batch_wait: {iters: 3, max_tokens_ratio: 0.5}}')),
    ).toEqual([
      'engine.recv_interval: no recv_interval: only a queue by arrival has a newest end',
      'engine.batch_wait: no batch_wait: it counts prompts of a queue by arrival',
    ]);
    expect(told(loop('{batch_wait: {iters: 3}}'))).toEqual([
      'engine.batch_wait.max_tokens_ratio: a share above 0 and at most 1, such as 0.9 or 90%',
    ]);
    expect(told(loop('{preemption_mode: swap, batch_wait: {iters: 3, max_tokens_ratio: 0.5}}'))).toEqual([
      'engine.batch_wait: no batch_wait beside preemption_mode: swap, whose sequences are no prompts',
    ]);
    const open = loop('{}', 'client: {window: steady, first_token: decode}\n').replace(
      /arrivals: .*/,
      'request_rate: 2',
    );
    expect(told(open)).toEqual([
      'client.window: measured or all: only a closed loop has a steady part',
      'client.first_token: prefill: no pool of role decode takes a first token over',
    ]);
    expect(told(loop('{}', 'client: {window: steady}\n').replace('num_requests: 64', 'num_requests: 6'))).toEqual([
      'workload.num_requests: at least as many requests as are in flight, 8',
    ]);
  });
});
