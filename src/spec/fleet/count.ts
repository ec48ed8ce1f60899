// How many instances a pool has whose devices are counted: as many as its split leaves.
import { show } from '../../check/issue.ts';
import type { Path } from '../document.ts';
import { number, type Part } from '../world.ts';
import type { Ledger } from './ledger.ts';

/** Keys that say how many devices an instance has. */
const SPLIT = ['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size'] as const;

/** Instances of a pool, or what its devices make. */
export function countOf(input: Part, path: Path, ledger: Ledger): number {
  if (input.devices === undefined) return number(input.count, 1);
  if (input.count !== undefined) {
    const expected = 'no count beside devices: the split says how many instances they are';
    ledger.add({ path: [...path, 'count'], expected, received: show(input.count) });
  }
  const each = SPLIT.reduce((product, key) => product * number(input[key], 1), 1);
  const devices = number(input.devices, each);
  const known = ![...SPLIT, 'devices'].some((key) => ledger.isBroken([...path, key]));
  if (devices % each === 0 || !known) return Math.max(1, Math.floor(devices / each));
  const expected = `a multiple of ${each}, the devices of one instance`;
  ledger.add({ path: [...path, 'devices'], expected, received: String(devices), row: true });
  return 1;
}
