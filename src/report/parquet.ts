// Kept configurations as Parquet: one row each, null where there is no value, the question in the file's metadata.
import type { SweepResult } from '../metrics/types.ts';
import { type Cell, columnsOf, type FlatColumn } from './flat.ts';

/** The writer is loaded only when a file is written: most commands never do. */
export async function sweepParquet(result: SweepResult): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const columnData = columnsOf(result.kept).map((column) => ({
    name: column.name,
    type: column.type,
    nullable: true,
    data: result.kept.map((row, i) => storeCell(column.type, column.read(row, i + 1))),
  }));
  const kvMetadata = [
    { key: 'mist_version', value: result.version },
    { key: 'mist_spec', value: result.spec.text },
    { key: 'mist_seed', value: String(result.spec.workload.seed) },
    { key: 'mist_workload', value: result.workload.description },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: `mist ${result.version}` }));
}

/** Row ids may pass 2^31, so they are 64-bit integers, which the writer wants as BigInt. */
function storeCell(type: FlatColumn['type'], cell: Cell): Cell | bigint {
  return type === 'INT64' && typeof cell === 'number' ? BigInt(cell) : cell;
}
