// Reads a pipeline spec against a catalog.
import { statSync } from 'node:fs';
import type { CatalogNames } from '../open.ts';
import type { ReadOptions } from '../read.ts';
import { readFleetSpec } from './read.ts';
import type { FleetSpec } from './types.ts';

/** The spec in `text`, which stands in `file`. Throws UserError with every mistake in it. */
export function openFleetSpec(text: string, file: string, catalog: CatalogNames): FleetSpec {
  return readFleetSpec(text, readOptionsOf(file, catalog));
}

/** What a reader needs to know of a catalog. */
export function readOptionsOf(file: string, catalog: CatalogNames): ReadOptions {
  const engines = catalog.ids('engines');
  return {
    file,
    exists: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
    known: {
      hardware: catalog.ids('hardware'),
      models: catalog.ids('models'),
      engines,
      workloads: catalog.ids('workloads'),
      find: catalog.find,
      profile: (id) => (engines.includes(id) ? catalog.engine(id) : undefined),
    },
  };
}
