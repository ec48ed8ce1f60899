// KV capacities that engines logged at their start, against the memory model: every row as a spec document, lowered as mist run does.
import { existsSync, readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { Catalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { percentile } from '../../src/metrics/summary.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { openSession, type Session } from '../../src/run/session.ts';
import { readSpec } from '../../src/spec/fleet/read.ts';
import { readOptionsOf } from '../../src/spec/open.ts';
import { chooseProfile } from '../../src/validate/choose-profile.ts';
import { readRecords } from '../../src/workload/csv.ts';
import type { AccuracyLine } from './accuracy.ts';

type Row = Readonly<Record<string, string>>;

/** Errors of the rows of high and medium quality on known devices; null without the file. */
export function scoreKvRows(
  file: string,
  catalog: Catalog,
): Pick<AccuracyLine, 'rows' | 'deployments' | 'median' | 'p90' | 'bias'> | null {
  if (!existsSync(file)) return null;
  const [head, ...records] = [...readRecords(readFileSync(file, 'utf8'))];
  const rows = records.map(
    ({ cells }): Row => Object.fromEntries(head!.cells.map((name, i) => [name, cells[i] ?? ''])),
  );
  const session = openSession(catalog);
  const errors = rows.filter((row) => isKnown(row, catalog)).map((row) => errorOf(row, session, file));
  const sizes = Float64Array.from(errors, Math.abs).sort();
  return {
    rows: errors.length,
    deployments: errors.length,
    median: percentile(sizes, 50),
    p90: percentile(sizes, 90),
    bias: percentile(Float64Array.from(errors).sort(), 50),
  };
}

function isKnown(row: Row, catalog: Catalog): boolean {
  const named = catalog.find('hardware', row.hardware!) !== null && catalog.find('models', row.model!) !== null;
  return named && row.quality !== 'low' && row.measured_tokens !== '';
}

/** 100 (predicted / measured - 1) of the tokens that the cache holds; -100 where the memory model finds no room. */
function errorOf(row: Row, session: Session, file: string): number {
  const number = (key: string, name = key) => (row[key] ? { [name]: Number(row[key]) } : {});
  const profile = chooseProfile({ ...row, year: null, mode: 'closed-loop' } as Parameters<typeof chooseProfile>[0]);
  const engine = {
    ...{ profile, quantization: row.weight_dtype, kv_cache_dtype: row.kv_dtype, known_to_run: true },
    ...{ ...number('tp', 'tensor_parallel_size'), ...number('pp', 'pipeline_parallel_size') },
    ...{ ...number('gpu_memory_utilization'), ...number('max_num_seqs'), ...number('max_num_batched_tokens') },
    ...{ ...number('max_model_len'), ...number('block_size') },
  };
  const { model, hardware } = row;
  const fleet = { engine: { kind: 'llm', model, hardware, ...engine } };
  const workload = { lengths: { input_len: 32, output_len: 8 }, request_rate: 1, num_requests: 1 };
  const pipelines = { serve: { stages: [{ prefill: {} }, { decode: {} }] } };
  const text = stringify({ name: 'kv', fleet, pipelines, workload });
  try {
    const spec = readSpec(text, readOptionsOf(file, session.catalog));
    const [client] = prepareFleet(spec, session.catalog, session).program.clients;
    return 100 * ((client!.numGpuBlocks * client!.blockSize) / Number(row.measured_tokens) - 1);
  } catch (error) {
    if (error instanceof UserError) return -100;
    throw error;
  }
}
