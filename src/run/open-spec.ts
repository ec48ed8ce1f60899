// Opens a question with what only runs and plans know of its rows: what pools come to, and what a lone request takes.
import type { Catalog } from '../catalog/open.ts';
import { meetPools } from '../plan/pipeline/lower-fleet.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { openQuestion, type Question } from '../spec/question.ts';
import { openUnloaded } from './unloaded.ts';

/** Throws UserError with every mistake, what the catalog does not allow of its pools among them. */
export function openSpec(text: string, file: string, catalog: Catalog, seed?: number): Question {
  const hooks = { meet: (spec: FleetSpec) => meetPools(spec, catalog), unloaded: openUnloaded(catalog) };
  return openQuestion(text, file, catalog, seed, hooks);
}
