// What every answer must say of the models and devices that it uses: what a name was taken for, what is not modelled, doubtful figures.
import type { Catalog } from './open.ts';
import type { Hardware } from './types.ts';

/** One sentence each, in the order of the names given; '' stands for no model or no device. */
export function caveatsOf(
  catalog: Pick<Catalog, 'model' | 'named' | 'hardware'>,
  models: Iterable<string>,
  hardware: Iterable<string>,
): string[] {
  const words = new Set<string>();
  for (const name of models) {
    if (name === '') continue;
    const taken = catalog.named(name)?.words;
    if (taken) words.add(`${taken}.`);
    const { id, unmodelled } = catalog.model(name);
    if (unmodelled.length > 0) words.add(`Of ${id} not modelled, or assumed: ${unmodelled.join('; ')}.`);
  }
  for (const id of hardware) {
    if (id === '') continue;
    const device = catalog.hardware(id);
    if (device.base !== undefined)
      words.add(
        `${device.name} was never measured: it is derived from ${device.base}, and its error bands are those of datasheets.`,
      );
    else if (isDoubtful(device)) words.add(`The figures of ${device.name} are of low confidence: ${device.source}.`);
  }
  return [...words];
}

export function isDoubtful({ confidence }: Pick<Hardware, 'confidence'>): boolean {
  return confidence === 'low';
}
