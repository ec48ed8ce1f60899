// Reads a pipeline spec against a catalog.
import { type CatalogNames, readOptionsOf } from '../open.ts';
import { readFleetSpec } from './read.ts';
import type { FleetSpec } from './types.ts';

/** The spec in `text`, which stands in `file`. Throws UserError with every mistake in it. */
export function openFleetSpec(text: string, file: string, catalog: CatalogNames): FleetSpec {
  return readFleetSpec(text, readOptionsOf(file, catalog));
}
