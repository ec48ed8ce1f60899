// Row i of N is what nested loops over the axes give, each row once: of the screen's configurations and of a question's fleets.
import { expect, it } from 'vitest';
import { engineOf, KNOWN, open, VLLM } from './world.ts';

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
