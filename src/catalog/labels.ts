// Display names of catalog ids, for reports.
import type { Catalog } from './open.ts';

/** Names of the given models and hardware; ids that are paths or empty have none. */
export function labelsOf(
  catalog: Catalog,
  models: Iterable<string>,
  hardware: Iterable<string>,
): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const id of new Set(models)) if (id && catalog.ids('models').includes(id)) labels[id] = catalog.model(id).name;
  for (const id of new Set(hardware))
    if (id && catalog.ids('hardware').includes(id)) labels[id] = catalog.hardware(id).name;
  return labels;
}
