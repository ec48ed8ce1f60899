// Results as an Arrow file (IPC, version 2 of Feather), with the columns and the metadata of results.parquet.
import { loadOptional } from '../../check/optional.ts';
import type { SweepResult } from '../../metrics/sweep.ts';
import { columnsOf } from '../flat.ts';
import { questionMetadata } from '../parquet.ts';

/** Throws UserError where the package that encodes it is not installed. */
export async function sweepArrow(result: SweepResult): Promise<Uint8Array> {
  const arrow = await loadOptional<typeof import('@uwdata/flechette')>('@uwdata/flechette', '--also arrow');
  const types = {
    INT64: arrow.int64,
    INT32: arrow.int32,
    DOUBLE: arrow.float64,
    STRING: arrow.utf8,
    BOOLEAN: arrow.bool,
  };
  const table = arrow.tableFromColumns(
    columnsOf(result).map((column) => {
      const cells = result.kept.map((row, i) => column.read(row, i + 1));
      return [column.name, arrow.columnFromArray(cells, types[column.type]())];
    }),
  );
  const metadata = new Map(Object.entries(questionMetadata(result)));
  const bytes = arrow.tableToIPC(new arrow.Table({ ...table.schema, metadata }, table.children), { format: 'file' });
  return bytes!;
}
