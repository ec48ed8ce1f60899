// Reads new_ops/<work>.<engine>.csv, many devices a file: attention over latent vectors, each shape at the faster of the engines; exchanges of experts.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeCell, prefillCell, promptsPerStep } from '../../src/calibrate/cells.ts';
import { type ColumnKind, readTable } from '../../src/calibrate/csv.ts';
import { DEVICES } from '../../src/calibrate/kernel-tables.ts';
import { type LinkSeries, SeriesCollector, type Traces } from '../../src/calibrate/measurement.ts';
import { LATENT, mlaDecodeWork, mlaPrefillWork } from '../../src/calibrate/work.ts';
import type { Issue } from '../../src/check/issue.ts';
import { readExchanges } from './read-exchanges.ts';

const COLUMNS: Record<string, ColumnKind> = {
  system: 'text',
  kv_cache_dtype: 'text',
  num_heads: 'positive',
  batch_size: 'positive',
  isl: 'positive',
  step: 'nonnegative',
  latency_us: 'positive',
};
/** Shorter contexts are launches with nothing to read. */
const SHORTEST_CONTEXT = 64;
/** Decode kernels pad to so many heads: fewer cost the same, which no line in FLOPs can say. */
const FEWEST_HEADS = 16;
const HEAD_SIZE = LATENT.kv_lora_rank + LATENT.qk_rope_dim;

export function readNewOps(folder: string, known: ReadonlySet<string>, issues: Issue[]): Traces {
  const ops = new SeriesCollector('new_ops');
  const notes: string[] = [];
  const links: LinkSeries[] = [];
  for (const name of readdirSync(folder).sort()) {
    const match = /^mla_(prefill|decode)\.(trtllm|sglang)\.csv$/.exec(name);
    const exchanges = match ? null : readExchanges(name, join(folder, name), notes, issues);
    if (match) addLatent(join(folder, name), match[1] === 'prefill', known, { ops, notes, issues });
    else if (exchanges) links.push(...exchanges.filter(({ device }) => known.has(device)));
    else notes.push(`${name}: no reader for this kind of work, not read`);
  }
  return { ops: ops.list(), links, notes };
}

interface Into {
  readonly ops: SeriesCollector;
  readonly notes: string[];
  readonly issues: Issue[];
}

function addLatent(file: string, prefill: boolean, known: ReadonlySet<string>, { ops, notes, issues }: Into): void {
  const table = readTable(file, COLUMNS, issues);
  if (!table) return;
  const [systems, formats] = [table.text('system'), table.text('kv_cache_dtype')];
  const [heads, batch, length, step, us] = ['num_heads', 'batch_size', 'isl', 'step', 'latency_us'].map((column) =>
    table.number(column),
  );
  const unknown = new Set<string>();
  for (let i = 0; i < table.length; i++) {
    const device = DEVICES[systems[i]] ?? systems[i];
    if (!known.has(device)) unknown.add(systems[i]);
    const kv = formats[i] === 'fp8' ? 'fp8' : 'bf16';
    const context = step[i] + 1; // the new token is cached before it is read
    if (unknown.has(systems[i])) continue;
    if (!prefill && (context < SHORTEST_CONTEXT || heads[i] < FEWEST_HEADS)) continue;
    const at = { heads: heads[i], kvHeads: 1, headDim: HEAD_SIZE, kv } as const;
    const fills = batch[i] === promptsPerStep(length[i]);
    const cell = prefill ? (fills ? prefillCell(length[i], at) : null) : decodeCell(batch[i], context, at);
    ops.add(device, prefill ? 'mla-prefill' : 'mla-decode', kv, {
      fixed: String(heads[i]),
      axes: [batch[i], prefill ? length[i] : context],
      shape: `${heads[i]} heads`,
      ...(prefill ? mlaPrefillWork(batch[i], length[i], heads[i], kv) : mlaDecodeWork(batch[i], context, heads[i], kv)),
      ...(cell ? { cell } : {}),
      seconds: us[i] * 1e-6,
    });
  }
  for (const system of unknown) notes.push(`${system}: not a device of the catalog, its rows of ${file} are not read`);
}
