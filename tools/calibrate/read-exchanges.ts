// Reads the exchanges of new_ops: tokens to the devices of their experts and back, by TensorRT-LLM over NVLink and by DeepEP.

import { type ColumnKind, readTable, type Table } from '../../src/calibrate/csv.ts';
import { DEVICES } from '../../src/calibrate/kernel-tables.ts';
import type { LinkSeries } from '../../src/calibrate/measurement.ts';
import { groupBy } from '../../src/check/group-by.ts';
import type { Issue } from '../../src/check/issue.ts';
import { ACTIVATION_BYTES } from '../../src/stages/formats.ts';

const TRTLLM: Record<string, ColumnKind> = {
  system: 'text',
  kernel_source: 'text',
  num_tokens: 'positive',
  hidden_size: 'positive',
  topk: 'positive',
  moe_ep_size: 'positive',
  latency_us: 'positive',
};
const DEEPEP: Record<string, ColumnKind> = {
  system: 'text',
  node_num: 'positive',
  hidden_size: 'positive',
  num_token: 'positive',
  num_topk: 'positive',
  dispatch_avg_t_us: 'positive',
  combine_avg_t_us: 'positive',
};
/** Both gather in 16 bits what experts have made of a token; DeepEP sends it to them in 8, TensorRT-LLM in its 4-bit format. */
const COMBINED = 2;

interface Message {
  readonly device: string;
  readonly devices: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** What one device sends: a copy of every token for each device that it goes to, at most as many as there are (stages/exchange-ops.ts). */
const bytesOf = (tokens: number, hidden: number, topK: number, devices: number, each: number): number =>
  tokens * hidden * Math.min(topK, devices) * each;

/** All-to-alls of one file; null where it is of another kind. Of other devices than the catalog's: nothing. */
export function readExchanges(name: string, file: string, notes: string[], issues: Issue[]): LinkSeries[] | null {
  const kind = KINDS.find(({ prefix }) => name.startsWith(prefix));
  if (!kind) return null;
  const table = readTable(file, kind.columns, issues);
  if (!table) return [];
  const messages = kind.list(table);
  notes.push(`${name}: ${messages.length} messages of ${table.length} rows`);
  return [...groupBy(messages, ({ device, devices }) => `${device} ${devices}`).values()].map((rows): LinkSeries => {
    const { device, devices } = rows[0];
    return { device, op: 'all-to-all', devices, library: kind.library, layout: 'aiconfigurator', rows };
  });
}

/** Rows come in pairs, dispatch and combine, of the kernels that one side runs alone (the faster ones on NVL72). */
function oneSided(table: Table): Message[] {
  const [systems, sources] = [table.text('system'), table.text('kernel_source')];
  const [tokens, hidden, topK, devices, us] = ['num_tokens', 'hidden_size', 'topk', 'moe_ep_size', 'latency_us'].map(
    (column) => table.number(column),
  );
  const rows = [...systems.keys()].filter((i) => sources[i] === 'NVLinkOneSided');
  const pairs = groupBy(rows, (i) => [systems[i], tokens[i], hidden[i], topK[i], devices[i]].join());
  return [...pairs.values()].flatMap((pair) =>
    pair.map((i, back) => ({
      device: DEVICES[systems[i]] ?? systems[i],
      devices: devices[i],
      bytes: bytesOf(tokens[i], hidden[i], topK[i], devices[i], back === 0 ? ACTIVATION_BYTES.nvfp4 : COMBINED),
      seconds: us[i] * 1e-6,
    })),
  );
}

/** Devices of a server of the boards that were timed: 4 of a tray of NVL72, else 8. */
const inServer = (system: string): number => (system.startsWith('gb') ? 4 : 8);

/** Inside one server; between servers links decide. */
function lowLatency(table: Table): Message[] {
  const systems = table.text('system');
  const [nodes, hidden, tokens, topK, dispatch, combine] = [
    ...['node_num', 'hidden_size', 'num_token', 'num_topk', 'dispatch_avg_t_us', 'combine_avg_t_us'],
  ].map((column) => table.number(column));
  const rows = [...systems.keys()].filter((i) => nodes[i] === 1);
  return rows.flatMap((i) => {
    const [device, devices] = [DEVICES[systems[i]] ?? systems[i], inServer(systems[i])];
    const message = (each: number, us: number) => ({
      ...{ device, devices, seconds: us * 1e-6 },
      bytes: bytesOf(tokens[i], hidden[i], topK[i], devices, each),
    });
    return [message(ACTIVATION_BYTES.fp8, dispatch[i]), message(COMBINED, combine[i])];
  });
}

const KINDS = [
  { prefix: 'trtllm_alltoall.', columns: TRTLLM, list: oneSided, library: 'trtllm_nvlink' },
  { prefix: 'deepep_low_latency.', columns: DEEPEP, list: lowLatency, library: 'deepep' },
] as const;
