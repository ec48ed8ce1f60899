// Display names of catalog ids, for reports.
import { isDoubtful } from './caveats.ts';
import type { Catalog } from './open.ts';
import type { Hardware } from './types.ts';

/** Names of the given models and hardware, doubtful devices marked; names as typed stay, ids that are paths or empty have none. */
export function labelsOf(
  catalog: Catalog,
  models: Iterable<string>,
  hardware: Iterable<string>,
): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const id of new Set(models)) {
    if (catalog.ids('models').includes(id)) labels[id] = catalog.model(id).name;
    else if (id && catalog.named(id)) labels[id] = id;
  }
  for (const id of new Set(hardware))
    if (id && catalog.find('hardware', id) === id) labels[id] = labelOf(catalog.hardware(id));
  return labels;
}

/** A device's name, marked where its figures are doubtful. */
function labelOf(device: Hardware): string {
  return isDoubtful(device) && device.base === undefined ? `${device.name} (low confidence)` : device.name;
}
