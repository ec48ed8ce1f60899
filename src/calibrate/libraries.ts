// Which timings stand for a collective: the engine's own kernel or a general library, whichever is faster.
import type { CollectiveFit, CollectiveOp } from '../catalog/types.ts';
import { groupBy } from '../check/group-by.ts';
import { LAYOUTS, type Layout, type LinkSeries } from './measurement.ts';

export interface LinkGroup {
  readonly device: string;
  readonly op: CollectiveOp;
  readonly devices: number;
  readonly layout: Layout;
  /** The engine whose own kernels these are; absent = what any engine has. */
  readonly library?: CollectiveFit['library'];
  /** Libraries that won somewhere, joined. */
  readonly libraries: string;
  readonly rows: readonly { readonly bytes: number; readonly seconds: number }[];
}

/** Message sizes of real steps: from one token of a small model to a chunk of long prompts. Smaller ones cost what the first does. */
const SMALLEST_BYTES = 4096;
const LARGEST_BYTES = 2 ** 30;

/**
 * Machines without peer access, by the largest group whose exchanges are those of the cards' own links: among 8 L40S an all-reduce moved
 * 1.1 GB/s, among 4 3.4 GB/s, among 2 20 GB/s; 8 RTX PRO 6000 on twice the PCIe move 13.6 GB/s.
 */
const WITHOUT_PEERS: Readonly<Partial<Record<string, number>>> = { l40s: 2 };

/** Per device, collective and number of devices: the lower envelope of the libraries at hand, made monotone, with and without TensorRT-LLM's. */
export function bestLinks(series: readonly LinkSeries[]): LinkGroup[] {
  const sound = series.filter(({ device, devices }) => devices <= (WITHOUT_PEERS[device] ?? devices));
  const groups = groupBy(sound, (s) => `${s.device} ${s.op} ${s.devices}`);
  return [...groups.values()].flatMap((group) => {
    const layout = LAYOUTS.find((name) => group.some((s) => s.layout === name))!;
    const timed = group.filter((s) => s.layout === layout);
    const used = chooseLibraries(timed);
    const own = timed.filter((s) => TRTLLM.test(s.library));
    const general = used.filter((s) => GENERAL.test(s.library));
    const found = [groupOf(used, layout)];
    return own.length > 0
      ? [...found, { ...groupOf([...own, ...general], layout), library: 'trtllm' as const }]
      : found;
  });
}

const TRTLLM = /trtllm/i;
/** What every engine can be built with: NCCL, oneCCL, and DeepEP for the exchanges of experts. */
const GENERAL = /ccl|deepep/i;

function groupOf(used: readonly LinkSeries[], layout: Layout): LinkGroup {
  const { device, op, devices } = used[0]!;
  return { device, op, devices, layout, libraries: used.map((s) => s.library).join(' + '), rows: envelope(used) };
}

/**
 * An engine's all-reduce inside captured graphs (never the eager one where both are timed), and every NCCL or oneCCL: which algorithm a
 * version chooses depends on how it was started. NCCL 2.27.3 with NVLS moves 134 MB among 8 H100 at 405 GB/s of bus bandwidth, as the
 * nodes of Azure do (401), 2.29.2 without it at 325.
 */
function chooseLibraries(group: readonly LinkSeries[]): LinkSeries[] {
  const engines = group.filter((s) => /vllm/i.test(s.library));
  const graph = engines.filter((s) => s.library.endsWith('_graph'));
  const general = group.filter((s) => GENERAL.test(s.library));
  const used = [...(graph.length > 0 ? graph : engines), ...general];
  const rest = group.filter((s) => !TRTLLM.test(s.library));
  return used.length > 0 ? used : rest.length > 0 ? rest : [...group];
}

function envelope(series: readonly LinkSeries[]): { bytes: number; seconds: number }[] {
  const best = new Map<number, number>();
  for (const { rows } of series) {
    for (const { bytes, seconds } of rows) {
      if (bytes < SMALLEST_BYTES || bytes > LARGEST_BYTES) continue;
      best.set(bytes, Math.min(seconds, best.get(bytes) ?? Number.POSITIVE_INFINITY));
    }
  }
  const rows = [...best].map(([bytes, seconds]) => ({ bytes, seconds })).sort((a, b) => a.bytes - b.bytes);
  for (let i = rows.length - 2; i >= 0; i--) rows[i]!.seconds = Math.min(rows[i]!.seconds, rows[i + 1]!.seconds);
  return rows;
}
