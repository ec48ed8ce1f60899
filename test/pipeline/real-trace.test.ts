// The Mooncake conversation trace (12,031 requests) through a store that forgets nothing: what it finds is what the trace's ids repeat.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runFleet } from '../../src/run/fleet.ts';
import { lower, readText } from './world.ts';

const FILE = resolve(process.env.MIST_DATA ?? '../shared/data', 'workloads/mooncake/conversation_trace.jsonl');
const present = existsSync(FILE);
if (!present) console.log(`Mooncake conversations: skipped, no file ${FILE} (set MIST_DATA)`);

/** A thousand times slower than it was, so that all that came at an earlier instant is written. */
const TEXT = `
fleet:
  store: {kind: kv-store, tiers: [all]}
  engine: {kind: llm, step_time: {fixed_s: 1us}, num_gpu_blocks: 100000, kv_bytes_per_token: 1, write_back: store, enable_prefix_caching: false}
tiers: {all: {capacity: 1PB, latency: 1us, bandwidth: 1PB/s}}
pipelines: {chat: {stages: [{kv-fetch: store}, {prefill: engine}, {decode: engine}]}}
workload: {requests: {file: ${JSON.stringify(FILE)}, rate_scale: 0.001}}
`;

test.skipIf(!present)('36.64 % of the blocks of the Mooncake conversations are hits of an infinite cache', () => {
  const { program, walks } = lower(readText(TEXT));
  const { visits, hashBlock, requests } = program;
  const { results } = runFleet(program, { leap: 'exact' });
  const [seen, before] = [new Set<number>(), new Set<number>()];
  const leading = (ids: Int32Array, known: ReadonlySet<number>) => {
    const missing = ids.findIndex((id) => !known.has(id));
    return missing < 0 ? ids.length : missing;
  };
  let [hits, found, cached] = [0, 0, 0];
  let arriving: Int32Array[] = [];
  for (let r = 0; r < requests.count; r++) {
    // those of one instant find what is there then, and nothing of each other
    if (r > 0 && requests.arrival[r] > requests.arrival[r - 1]) {
      for (const id of arriving.flatMap((ids) => [...ids])) before.add(id);
      arriving = [];
    }
    const fetch = requests.first[r];
    const ids = visits.hashIds.subarray(visits.hashAt[fetch], visits.hashAt[fetch + 1]);
    hits += leading(ids, seen);
    found += Math.min(leading(ids, before) * hashBlock, visits.prompt[fetch + 1] - 1);
    cached += results.cached[fetch + 1];
    for (const id of ids) seen.add(id);
    arriving.push(ids);
  }
  const blocks = walks.blocks!.offset[requests.count];
  expect([hashBlock, blocks, hits]).toEqual([512, 288_500, 105_710]);
  expect(hits / blocks).toBeCloseTo(0.3664, 4);
  expect(cached).toBe(found);
  expect(found / hashBlock).toBeGreaterThan(0.9 * hits);
});
