// Side by side with another simulator that npm carries: same lengths, rate and limits, both timed in one run. Needs the network.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EngineSetup } from '../../src/plan/setup.ts';
import { makeRequests } from '../../src/workload/make.ts';
import type { Requests } from '../../src/workload/types.ts';
import { placeRun } from '../engine.bench.ts';
import { timeMedians } from '../measure.ts';
import { type BenchFile, type Note, type Row, rateRow } from '../row.ts';
import { catalog, keyOf, makeSetup } from '../scenario.ts';

const PACKAGE = '@doublewordai/inference-lab';
const VERSION = '0.2.1';
/** The means of the Azure conversation trace; fixed, because the peer draws its own numbers. */
const PROMPT = 1155;
const OUTPUT = 211;
const RATE = 9; // requests/s
const COUNTS = [1_000, 20_000];

export const peers: BenchFile = {
  name: 'peers',
  words: `beside ${PACKAGE} ${VERSION}`,
  onDemand: true,
  run: benchPeers,
};

interface Peer {
  initSync(source: { module: Uint8Array }): void;
  run_simulation(config: string): { metrics: { completed_requests: number; ttft_mean: number; e2e_mean: number } };
}

async function benchPeers(note: Note): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mist-peer-'));
  try {
    note(`installing ${PACKAGE} ${VERSION} into a temporary folder`);
    execFileSync('npm', ['install', '--prefix', folder, '--no-save', `${PACKAGE}@${VERSION}`], { stdio: 'pipe' });
    const home = join(folder, 'node_modules', PACKAGE);
    const peer = (await import(pathToFileURL(join(home, 'inference_lab.js')).href)) as Peer;
    peer.initSync({ module: readFileSync(join(home, 'inference_lab_bg.wasm')) });
    note(
      'differences: the peer adds FLOPs and bytes of a step at full speed, without measured efficiencies, host time or',
    );
    note(
      'collectives between devices; it walks every sequence in every iteration and logs as it goes; its arrivals are its own',
    );
    const rows: Row[] = [];
    for (const count of COUNTS) rows.push(await comparePeer(peer, count, note));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function comparePeer(peer: Peer, count: number, note: Note): Promise<Row> {
  const setup = makeSetup(1);
  const requests = makeFixed(count);
  const ours = placeRun(requests, setup);
  const config = JSON.stringify(describeForPeer(setup, count));
  const run = () => peer.run_simulation(config).metrics;
  note(`${count} requests`);
  const { completed_requests, ttft_mean, e2e_mean } = run();
  if (completed_requests !== count) throw new Error(`the peer completed ${completed_requests} of ${count} requests`);
  ours.run({ leap: 'exact' });
  const { arrival } = requests;
  const { first, finish } = ours.read().results;
  const mean = (column: Float64Array) => (column.reduce((sum, at, i) => sum + at - arrival[i], 0) / count) * 1e3;
  note(`  mean TTFT and latency, ms: ours ${mean(first).toFixed(0)} and ${mean(finish).toFixed(0)},`);
  note(`  the peer's ${ttft_mean.toFixed(0)} and ${e2e_mean.toFixed(0)}`);
  const seconds = await timeMedians(
    { ours: () => ours.run({ leap: 'exact' }), peer: () => void run() },
    { rounds: 1, milliseconds: 0, calls: count > 5000 ? 1 : 5 },
  );
  const rate = (s: number) => count / s / 1e3;
  return rateRow(
    `${count} requests, twin = inference-lab ${VERSION}`,
    'k requests/s',
    rate(seconds.ours),
    rate(seconds.peer),
  );
}

function makeFixed(count: number): Requests {
  const input_len = { kind: 'fixed', value: PROMPT } as const;
  const output_len = { kind: 'fixed', value: OUTPUT } as const;
  const workload = {
    lengths: { input_len, output_len },
    arrivals: { process: 'poisson' as const },
    request_rate: RATE,
    num_requests: count,
    seed: 0,
    requests: null,
  };
  return makeRequests(workload, { catalogShape: (id) => catalog.shape(id) });
}

/** The same deployment in the peer's words: all devices of the replica as one. */
function describeForPeer(setup: EngineSetup, count: number): object {
  const { model, hardware, tp } = keyOf('llama-3.1-70b', 'h100-sxm-80gb', 4);
  const { attention } = model.groups[0];
  if (attention.kind !== 'full') throw new Error('the peer knows full attention only');
  return {
    hardware: {
      name: hardware.name,
      compute_flops: (hardware.peak.fp8 ?? 0) * tp,
      memory_bandwidth: hardware.memory_bandwidth * tp,
      memory_capacity: hardware.memory_bytes * tp,
      bytes_per_param: 1,
    },
    model: {
      name: model.name,
      num_parameters: model.parameters.total,
      num_layers: model.groups.reduce((sum, group) => sum + group.count, 0),
      hidden_dim: model.hidden,
      num_heads: attention.heads,
      num_kv_heads: attention.kv_heads,
      max_seq_len: model.max_positions,
    },
    scheduler: {
      max_num_batched_tokens: setup.maxNumBatchedTokens,
      max_num_seqs: setup.maxNumSeqs,
      policy: 'fcfs',
      enable_chunked_prefill: true,
      block_size: setup.blockSize,
    },
    workload: {
      arrival_pattern: 'poisson',
      arrival_rate: RATE,
      input_len_dist: { type: 'fixed', value: PROMPT },
      output_len_dist: { type: 'fixed', value: OUTPUT },
      num_requests: count,
      seed: 1,
    },
    simulation: { log_interval: 1_000_000 },
  };
}
