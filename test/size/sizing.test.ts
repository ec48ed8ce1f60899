// What sizing opens of a spec, and that its answers are those of every row simulated.
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { rankRows } from '../../src/metrics/sweep.ts';
import { findAnswer } from '../../src/report/answer.ts';
import { mayLieBeyond, sizeFleet, writeSizing } from '../../src/run/size.ts';
import { sweep } from '../../src/run/sweep.ts';
import { OBJECTIVES } from '../../src/spec/objectives.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { openSizing } from '../../src/spec/sizing.ts';
import type { Objective } from '../../src/spec/types.ts';

const catalog = openCatalog({});
const OPENING = { most: 4, narrow: true };
const workload = { lengths: { input_len: 512, output_len: 64 }, request_rate: 12, num_requests: 600 };
const slo = { p99_ttft: '400ms', p99_tpot: '30ms' };
const options = { workers: 1, file: 'size.yaml' };

describe('what a spec leaves open becomes axes', () => {
  test('of a plain one hardware, replicas, split, formats and limits; what it says stays', () => {
    const { data, counts } = openSizing({ model: 'llama-3.1-8b', workload, deployment: { hardware: 'l4' } }, OPENING);
    expect(data.deployment).toEqual({
      hardware: 'l4',
      replicas: { from: 1, to: 4 },
      tensor_parallel_size: [1, 2, 4, 8],
      routing: 'least-loaded',
    });
    expect(counts).toEqual(['deployment.replicas']);
    const given = { replicas: 3, tensor_parallel_size: 2, hardware: ['l4', 'l40s'], routing: 'round-robin' };
    const engine = { quantization: 'fp8', kv_cache_dtype: 'auto', max_num_seqs: 8, max_num_batched_tokens: 512 };
    const closed = openSizing({ model: 'llama-3.1-8b', workload, deployment: given, engine }, OPENING);
    expect(closed).toEqual({ data: { model: 'llama-3.1-8b', workload, deployment: given, engine }, counts: [] });
  });

  test('of a fleet only counts and hardware, in every choice of it, and no count of a store', () => {
    const pool = { kind: 'llm', model: 'llama-3.1-8b', hardware: 'l4' };
    const store = { kind: 'kv-store', tiers: ['host'] };
    const fleet = {
      choices: {
        together: { workers: pool, store },
        apart: { first: { ...pool, count: 2 }, second: { kind: 'llm', model: 'llama-3.1-8b' } },
      },
    };
    const { data, counts } = openSizing({ fleet, pipelines: {}, workload }, OPENING);
    const count = { from: 1, to: 4 };
    expect(data.fleet).toEqual({
      choices: {
        together: { workers: { ...pool, count }, store },
        apart: {
          first: { ...pool, count: 2 },
          second: { kind: 'llm', model: 'llama-3.1-8b', hardware: { choices: 'all' }, count },
        },
      },
    });
    expect(counts).toEqual(['fleet.workers.count', 'fleet.second.count']);
  });
});

describe('the answers are those of every row simulated', () => {
  const small = {
    model: 'llama-3.1-8b',
    workload,
    deployment: { hardware: ['l4', 'l40s'], replicas: { from: 1, to: 4 }, tensor_parallel_size: [1, 2] },
    engine: {
      quantization: ['auto', 'fp8'],
      kv_cache_dtype: 'auto',
      max_num_seqs: [16, 256],
      max_num_batched_tokens: 2048,
    },
    slo,
  };

  // what all requests cost is of batches (test/search/spaces.ts)
  const objectives = OBJECTIVES.filter((objective) => objective !== 'total_usd');

  test('by every objective, of the printed spec', async () => {
    const sized = await sizeFleet(small, catalog, { ...options, objectives });
    const question = openQuestion(writeSizing(sized, 'devices'), 'size.yaml', catalog);
    expect(question.rows).toBe(64);
    const all = await sweep(question, catalog, { workers: 1, exhaustive: true });
    expect(all.simulated + all.rejected.reduce((sum, { count }) => sum + count, 0)).toBe(64);
    const rows = sized.answers.map(({ result }) => result.kept[0]!.row);
    expect(rows).toEqual(objectives.map((objective) => rankRows(all.kept, objective)[0]!.row));
    expect(new Set(rows).size).toBeGreaterThan(1);
  });

  test('what objectives share, each would have found alone', async () => {
    const sized = await sizeFleet(small, catalog, { ...options, objectives });
    for (const { objective, result } of sized.answers) {
      const question = openQuestion(writeSizing(sized, objective), 'size.yaml', catalog);
      const alone = await sweep(question, catalog, { workers: 1 });
      const { seconds: _, specAt: __, ...own } = alone;
      expect({ ...result, seconds: undefined, specAt: undefined }).toMatchObject({ ...own, first: result.first });
    }
  });

  test('of a fleet of two pools without counts', async () => {
    const pool = { kind: 'llm', model: 'llama-3.1-8b', hardware: 'l40s' };
    const fleet = { first: { ...pool, role: 'prefill' }, second: { ...pool, role: 'decode' } };
    const pipelines = { chat: { stages: [{ prefill: {} }, { decode: {} }] } };
    const data = { fleet, pipelines, workload, slo };
    const sized = await sizeFleet(data, catalog, { ...options, objectives: ['devices'] });
    expect(sized.most).toBe(8);
    const question = openQuestion(writeSizing(sized, 'devices'), 'size.yaml', catalog);
    const all = await sweep(question, catalog, { workers: 1, exhaustive: true });
    expect(sized.answers[0]!.result.kept[0]!.row).toBe(all.kept[0]!.row);
  });
});

describe('as few searches as the answers need', () => {
  const engine = { quantization: 'auto', kv_cache_dtype: 'auto', max_num_seqs: 64, max_num_batched_tokens: 2048 };
  const deployment = { hardware: 'l40s', replicas: { from: 1, to: 4 }, tensor_parallel_size: 1 };
  const one = { model: 'llama-3.1-8b', workload, deployment, engine, slo };
  const size = (data: object, objectives: readonly Objective[]) =>
    sizeFleet({ ...data }, catalog, { ...options, objectives });

  test('of one kind of device the fewest are the cheapest: the same search, and the same answer as its own', async () => {
    const { answers } = await size(one, ['devices', 'usd_per_hour', 'watts']);
    const [devices, usd, watts] = answers;
    expect(usd!.result.kept).toBe(devices!.result.kept);
    expect([devices!.result.objective, usd!.result.objective]).toEqual(['devices', 'usd_per_hour']);
    expect(watts!.result.kept).not.toBe(devices!.result.kept);
    const alone = await size(one, ['usd_per_hour']);
    expect(findAnswer(alone.answers[0]!.result).sentence).toBe(findAnswer(usd!.result).sentence);
  });

  test('not where electricity is paid apart', async () => {
    const { answers } = await size({ ...one, power: { usd_per_kwh: 0.2 } }, ['devices', 'usd_per_hour']);
    expect(answers[1]!.result.kept).not.toBe(answers[0]!.result.kept);
  });

  test('nothing more is asked where one objective has no answer', async () => {
    const { answers, objectives } = await size({ ...one, slo: { p99_ttft: '1us' } }, ['devices', 'watts']);
    expect([answers.length, objectives.length]).toEqual([1, 2]);
  });
});

describe('how many are tried', () => {
  const few = {
    model: 'llama-3.1-8b',
    workload: { lengths: { input_len: 1024, output_len: 32 }, request_rate: 1, num_requests: 500 },
    deployment: { hardware: 'l4', tensor_parallel_size: 1 },
    engine: { quantization: 'auto', kv_cache_dtype: 'auto', max_num_seqs: 1, max_num_batched_tokens: 2048 },
  };

  test('as many as the spec says where it does', async () => {
    const data = { ...few, deployment: { hardware: 'l4', tensor_parallel_size: 1, replicas: 4 } };
    const { most, answers } = await sizeFleet(data, catalog, { ...options, objectives: ['devices'] });
    expect(most).toBe(null);
    expect(answers[0]!.result.rows).toBe(1);
  });

  test('beyond what was tried lies an answer that has as many, of fewest devices one with more devices, and what is not there', () => {
    type Asked = Parameters<typeof mayLieBeyond>[0];
    const best = (replicas: number, devices: number, objective: Objective) =>
      ({
        objective,
        kept: [{ choices: new Map([['replicas', String(replicas)]]), devices, result: { slo_met: true } }],
      }) as unknown as Asked;
    const beyond = (asked: Asked) => mayLieBeyond(asked, ['replicas'], 64);
    expect(beyond(best(64, 64, 'usd_per_hour'))).toBe(true);
    expect(beyond(best(63, 63, 'usd_per_hour'))).toBe(false);
    expect(beyond(best(16, 128, 'devices'))).toBe(true);
    expect(beyond(best(16, 128, 'usd_per_hour'))).toBe(false);
    expect(beyond({ objective: 'watts', kept: [] } as unknown as Asked)).toBe(true);
  });
});
