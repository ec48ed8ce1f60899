// Row i of N is what nested loops over the axes give, each row once: of the screen's configurations and of a question's fleets.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countRows, digitsAt, rowAt, strides } from '../../src/spec/rows.ts';
import type { Axis, AxisField, Configuration } from '../../src/spec/types.ts';
import { baseOf, engineOf, KNOWN, open, VLLM } from './world.ts';

const BASE = baseOf(`
model: llama-3.1-8b
workload: {lengths: azure-conv-2023, request_rate: 1}
deployment: {hardware: l4}
`);

const FIELDS: AxisField[] = ['hardware', 'replicas', 'max_num_seqs', 'block_size', 'request_rate'];
const axesArbitrary = fc
  .array(fc.integer({ min: 2, max: 5 }), { maxLength: FIELDS.length })
  .map((sizes): Axis[] =>
    sizes.map((size, a) => ({ field: FIELDS[a], values: Array.from({ length: size }, (_, v) => a * 100 + v) })),
  );

/** The rows by nested loops: the last axis innermost. */
function loop(axes: readonly Axis[], bound: Configuration): Configuration[] {
  if (axes.length === 0) return [bound];
  const [first, ...rest] = axes;
  return first.values.flatMap((value) => loop(rest, { ...bound, [first.field]: value }));
}

it('walks rows as nested loops do, the last axis fastest', () => {
  fc.assert(
    fc.property(axesArbitrary, (axes) => {
      const spec = { axes, base: BASE };
      const rows = Array.from({ length: countRows(spec) }, (_, row) => rowAt(spec, row));
      expect(rows).toEqual(loop(axes, BASE));
      expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(countRows(spec));
    }),
    { seed: 7, numRuns: 60 },
  );
});

it('finds a row back from its digits and strides', () => {
  fc.assert(
    fc.property(axesArbitrary, fc.nat(), (axes, any) => {
      const row = any % countRows({ axes });
      const steps = strides(axes);
      expect(digitsAt(axes, row).reduce((sum, digit, a) => sum + digit * steps[a], 0)).toBe(row);
    }),
    { seed: 7 },
  );
});

it('stays exact far beyond 32 bits', () => {
  const values = Array.from({ length: 1000 }, (_, v) => v);
  const axes: Axis[] = FIELDS.slice(0, 4).map((field) => ({ field, values }));
  expect(countRows({ axes })).toBe(1e12);
  expect(digitsAt(axes, 999_123_456_789)).toEqual([999, 123, 456, 789]);
});

it('refuses a row that is not there', () => {
  const spec = { axes: [{ field: 'replicas', values: [1, 2] }] as Axis[], base: BASE };
  for (const row of [-1, 2, 0.5, Number.NaN]) expect(() => rowAt(spec, row)).toThrow(RangeError);
});

it('lets blank engine fields follow the profile of their own row', () => {
  const question = open(`
model: llama-3.1-8b
workload: {lengths: azure-conv-2023, request_rate: 1}
deployment: {hardware: l4}
engine: {profile: [vllm-0.11, trtllm-1.0], max_num_seqs: [8, 16]}
`);
  const rows = [0, 1, 2, 3].map((row) => engineOf(question.at(row).spec));
  expect(rows.map((row) => [row.profile, row.max_num_seqs, row.batching, row.admission, row.block_size])).toEqual([
    ['vllm-0.11', 8, 'chunked', 'prompt', 16],
    ['vllm-0.11', 16, 'chunked', 'prompt', 16],
    ['trtllm-1.0', 8, 'mixed', 'full-length', 32],
    ['trtllm-1.0', 16, 'mixed', 'full-length', 32],
  ]);
  expect(rows[2].gpu_memory_utilization).toBe(0.85);
});

it('walks the rows of a question as nested loops do, the last axis fastest', () => {
  const { rows, at, choicesAt } = open(`
model: llama-3.1-8b
workload: {lengths: azure-conv-2023, request_rate: [1, 2]}
deployment: {hardware: [l4, mi300x], replicas: {from: 1, to: 3}}
engine: {block_size: [16, 32]}
slo: {p99_ttft: [1s, 2s]}
`);
  const seen = Array.from({ length: rows }, (_, row) => {
    const { workload, slo, pools } = at(row).spec;
    const { hardware, block_size } = engineOf(at(row).spec);
    return [workload.request_rate, hardware, pools[0].count, block_size, slo[0].limit];
  });
  const expected = [1, 2].flatMap((rate) =>
    ['l4', 'mi300x'].flatMap((hardware) =>
      [1, 2, 3].flatMap((count) =>
        [16, 32].flatMap((size) => [1, 2].map((limit) => [rate, hardware, count, size, limit])),
      ),
    ),
  );
  expect(seen).toEqual(expected);
  expect([...choicesAt(rows - 1).values()]).toEqual(['2', 'mi300x', '3', '32', '2s']);
});

it('lets limits left blank follow the device of their own row', () => {
  const device = (id: string) => ({ name: id, memory_bytes: id === 'l4' ? 24e9 : 80e9 });
  const small = {
    ...VLLM,
    small_devices: { below_bytes: 70e9, or_named: [], max_num_seqs: 8, max_num_batched_tokens: 64 },
  };
  const known = { ...KNOWN, device, profile: () => small } as unknown as typeof KNOWN;
  const text = (engine: string) =>
    `model: llama-3.1-8b\nworkload: {lengths: azure-conv-2023, request_rate: 1}\ndeployment: {hardware: [l4, mi300x]}\nengine: {${engine}}\n`;
  const limits = (engine: string) => {
    const question = open(text(engine), { known });
    return [0, 1]
      .map((row) => engineOf(question.at(row).spec))
      .map((row) => [row.max_num_seqs, row.max_num_batched_tokens]);
  };
  expect(limits('')).toEqual([
    [8, 64],
    [256, 8192],
  ]);
  expect(limits('max_num_seqs: 99')).toEqual([
    [99, 64],
    [99, 8192],
  ]);
});
