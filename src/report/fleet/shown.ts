// What tables show: stages that took time, instances that can be busy or cost something, and words for what is left out.
import type { ClientResult, FleetResult, StageResult } from '../../metrics/fleet/types.ts';
import { listWords, plural } from '../format.ts';

/** A stage that only joins branches takes no time; in a table it would be a row of zeros. */
export function takesTime({ queue, service, transfer, visits }: StageResult): boolean {
  return visits.total > visits.finished || queue.max > 0 || service.max > 0 || transfer.max > 0;
}

/** So is the instance of such stages. */
export function isReal({ kind, devices, utilisation }: ClientResult): boolean {
  return kind !== 'cores' || devices > 0 || utilisation > 0;
}

/** "cores", "cores and store", "13 instances": instances by name while they are few. */
export function nameClients(names: readonly string[]): string {
  return names.length <= 4 ? listWords(names) : plural(names.length, 'instance');
}

/** Sentences on what figures leave out; none when they leave out nothing. */
export function explainGaps(result: FleetResult): string[] {
  const { unmetered, unpriced } = result;
  const sentences: string[] = [];
  if (unmetered.length > 0 && !Number.isNaN(result.energy_j)) {
    sentences.push(`Energy is without that of ${nameClients(unmetered)}, whose watts are unknown.`);
  }
  if (unpriced.length > 0 && !Number.isNaN(result.usd_per_request)) {
    sentences.push(`Costs are without those of ${nameClients(unpriced)}, whose price is unknown.`);
  }
  return sentences;
}
