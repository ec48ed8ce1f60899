// Reads <gpu>.<model>.mlp.csv (medians per operator, ms) and net.<machine>.<collective>.csv (ms by message bytes).
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ColumnKind, readTable, type Table } from '../../src/calibrate/csv.ts';
import { type LinkSeries, SeriesCollector, type Traces } from '../../src/calibrate/measurement.ts';
import { gemmWork } from '../../src/calibrate/work.ts';
import type { CollectiveOp } from '../../src/catalog/types.ts';
import type { Issue } from '../../src/check/issue.ts';
import { ARCHITECTURES } from './architectures.ts';

const DEVICES: Record<string, string> = { a100: 'a100-sxm-80gb', a40: 'a40', h100: 'h100-sxm-80gb' };

/**
 * Machines whose links are those of the catalog's device. Pairwise NVLink bridges of A100 and H100 PCIe cards are not, and the
 * A40 machine moved 4 GB/s over a 56 GB/s bridge.
 */
const MACHINES: Record<string, string> = {
  a100_dgx: 'a100-sxm-80gb',
  h100_dgx: 'h100-sxm-80gb',
};

const GEMMS = ['attn_pre_proj_ms', 'attn_post_proj_ms', 'mlp_up_proj_ms', 'mlp_down_proj_ms'] as const;

export function readVidur(folder: string, known: ReadonlySet<string>, issues: Issue[]): Traces {
  const ops = new SeriesCollector('vidur');
  const traces: Traces = { ops: [], links: [], notes: [] };
  for (const name of readdirSync(folder).sort()) {
    const layers = /^([^.]+)\.(.+)\.mlp\.csv$/.exec(name);
    const net = /^net\.(.+)\.(all_reduce|send_recv)\.csv$/.exec(name);
    const device = layers ? DEVICES[layers[1]] : net ? MACHINES[net[1]] : undefined;
    if (!device || !known.has(device)) {
      traces.notes.push(`${name}: no catalog device has these operators or links, not read`);
    } else if (layers) {
      const model = ARCHITECTURES[layers[2]];
      if (model) addGemms(join(folder, name), device, layers[2], ops, issues);
      else traces.notes.push(`${name}: model ${layers[2]} is not known, not read`);
    } else if (net) {
      const op = net[2] === 'all_reduce' ? 'all-reduce' : 'send-recv';
      traces.links.push(...readLinks(join(folder, name), device, op, net[2], issues));
    }
  }
  traces.ops.push(...ops.list());
  return traces;
}

function addGemms(file: string, device: string, model: string, ops: SeriesCollector, issues: Issue[]): void {
  const columns: Record<string, ColumnKind> = { num_tokens: 'positive', num_tensor_parallel_workers: 'positive' };
  for (const name of GEMMS) columns[name] = 'positive';
  const table = readTable(file, columns, issues);
  if (!table) return;
  const at = ARCHITECTURES[model];
  const [tokens, tp] = ['num_tokens', 'num_tensor_parallel_workers'].map((column) => table.number(column));
  for (let i = 0; i < table.length; i++) {
    const heads = at.heads / tp[i];
    const sizes: Record<(typeof GEMMS)[number], readonly [number, number]> = {
      attn_pre_proj_ms: [(heads + 2 * (at.kvHeads / tp[i])) * at.headDim, at.hidden],
      attn_post_proj_ms: [at.hidden, heads * at.headDim],
      mlp_up_proj_ms: [(2 * at.intermediate) / tp[i], at.hidden],
      mlp_down_proj_ms: [at.hidden, at.intermediate / tp[i]],
    };
    for (const name of GEMMS) {
      const [n, k] = sizes[name];
      ops.add(device, 'gemm', 'bf16', {
        fixed: '',
        axes: [tokens[i], n, k],
        shape: `${n}x${k}`,
        ...gemmWork(tokens[i], n, k, 'bf16'),
        seconds: table.number(name)[i] * 1e-3,
      });
    }
  }
}

/** Messages inside one server only: `devices_per_node` is then the whole group (2 for a point-to-point transfer). */
function readLinks(file: string, device: string, op: CollectiveOp, word: string, issues: Issue[]): LinkSeries[] {
  const time = `time_stats.${word}.median`;
  const table = readTable(
    file,
    { [time]: 'nonnegative', num_workers: 'positive', size: 'positive', devices_per_node: 'positive' },
    issues,
  );
  if (!table) return [];
  return groupByDevices(table, time).map(([devices, rows]) => ({
    device,
    op,
    devices,
    library: 'nccl (vidur)',
    layout: 'vidur',
    rows,
  }));
}

function groupByDevices(table: Table, time: string): [number, { bytes: number; seconds: number }[]][] {
  const [workers, local, size] = ['num_workers', 'devices_per_node', 'size'].map((column) => table.number(column));
  const ms = table.number(time);
  const groups = new Map<number, { bytes: number; seconds: number }[]>();
  for (let i = 0; i < table.length; i++) {
    // Times are rounded to 1 us; a zero is below that and says nothing.
    if (workers[i] !== local[i] || ms[i] <= 0) continue;
    const rows = groups.get(workers[i]) ?? [];
    rows.push({ bytes: size[i], seconds: ms[i] * 1e-3 });
    groups.set(workers[i], rows);
  }
  return [...groups];
}
