// Results as Parquet: one row each, null where there is no value, the question in the file's metadata.
import type { SweepResult } from '../metrics/sweep.ts';
import { type Cell, type Column, columnsOf } from './flat.ts';

/** Rows of a row group: as many are turned into columns and bytes at a time, whatever the length of the table. */
const GROUP_ROWS = 10_000;

/** The kept rows of a sweep, in the pieces that a file is written by. */
export function sweepParquet(result: SweepResult): Promise<Iterable<Uint8Array>> {
  return tableParquet(columnsOf(result), result.kept, questionMetadata(result), result.version);
}

/** What a file of rows says of the question that they answer. */
export function questionMetadata({ version, text, seed, workload }: SweepResult): Readonly<Record<string, string>> {
  return { mist_version: version, mist_spec: text, mist_seed: String(seed), mist_workload: workload.description };
}

/** Any rows by their columns, a row group a piece. The writer is loaded only when a file is written: most commands never do. */
export async function tableParquet<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  metadata: Readonly<Record<string, string>>,
  version: string,
): Promise<Iterable<Uint8Array>> {
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer');
  const columnsAt = (from: number) =>
    columns.map((column) => ({
      name: column.name,
      type: column.type,
      nullable: true,
      data: rows.slice(from, from + GROUP_ROWS).map((row, i) => storeCell(column.type, column.read(row, from + i + 1))),
    }));
  const kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  return (function* groups() {
    const bytes = new ByteWriter();
    const schema = schemaFromColumnData({ columnData: columnsAt(0) });
    const file = new ParquetWriter({ writer: bytes, schema, kvMetadata, createdBy: `mist ${version}` });
    /** What was written since; `offset` goes on counting the bytes of the file. */
    const taken = (): Uint8Array => {
      const piece = bytes.getBytes().slice();
      bytes.index = 0;
      return piece;
    };
    for (let from = 0; from < rows.length; from += GROUP_ROWS) {
      file.write({ columnData: columnsAt(from), rowGroupSize: GROUP_ROWS });
      yield taken();
    }
    file.finish();
    yield taken();
  })();
}

/** Row ids may pass 2^31, so they are 64-bit integers, which the writer wants as BigInt. */
function storeCell(type: Column<unknown>['type'], cell: Cell): Cell | bigint {
  return type === 'INT64' && typeof cell === 'number' ? BigInt(cell) : cell;
}
