// Results as Parquet: one row each, null where there is no value, the question in the file's metadata.
import type { SweepResult } from '../metrics/sweep.ts';
import { type Cell, type Column, columnsOf } from './flat.ts';

/** The kept rows of a sweep. */
export function sweepParquet(result: SweepResult): Promise<Uint8Array> {
  const metadata = {
    mist_version: result.version,
    mist_spec: result.text,
    mist_seed: String(result.seed),
    mist_workload: result.workload.description,
  };
  return tableParquet(columnsOf(result), result.kept, metadata, result.version);
}

/** Any rows by their columns. The writer is loaded only when a file is written: most commands never do. */
export async function tableParquet<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  metadata: Readonly<Record<string, string>>,
  version: string,
): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const columnData = columns.map((column) => ({
    name: column.name,
    type: column.type,
    nullable: true,
    data: rows.map((row, i) => storeCell(column.type, column.read(row, i + 1))),
  }));
  const kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: `mist ${version}` }));
}

/** Row ids may pass 2^31, so they are 64-bit integers, which the writer wants as BigInt. */
function storeCell(type: Column<unknown>['type'], cell: Cell): Cell | bigint {
  return type === 'INT64' && typeof cell === 'number' ? BigInt(cell) : cell;
}
