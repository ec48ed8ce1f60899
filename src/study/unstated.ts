// Parameters that nobody stated: where in the document each of them stands.
import { didYouMean } from '../check/nearest.ts';
import { isRecord } from '../check/python-json.ts';
import { inputAt } from '../spec/fields.ts';
import type { Ledger } from '../spec/fleet/ledger.ts';
import { specSchema } from '../spec/fleet/schema.ts';
import type { StudySection } from './section.ts';

/** Says which of the unstated parameters are no place in the document. */
export function refuseUnstated({ unstated }: StudySection, data: Record<string, unknown>, ledger: Ledger): void {
  const known = Object.keys((data.let ?? {}) as Record<string, unknown>);
  for (const { name } of unstated) {
    const path = pathOf(data, name);
    const section = inputAt(data, path.slice(0, -1));
    if (isRecord(section) && (path.length > 1 || Object.hasOwn(specSchema.shape, name))) continue;
    const hint = didYouMean(name, known) ?? `under let: ${known.join(', ') || 'nothing'}`;
    const expected = 'a parameter under let, or the path of a key whose section is there';
    ledger.add({ path: ['study', 'unstated', name], expected, received: name, hint });
  }
}

/** Of a parameter, or of a key by its path. */
export function pathOf(data: Record<string, unknown>, name: string): string[] {
  const given = data.let as Record<string, unknown> | undefined;
  return given && Object.hasOwn(given, name) ? ['let', name] : name.split('.');
}
