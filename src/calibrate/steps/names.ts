// Looks a name of a trace up in the catalog, or says what is near.
import { type Issue, show } from '../../check/issue.ts';
import { didYouMean } from '../../check/nearest.ts';

/** Catalog look-ups: the id that a word stands for, or null. */
export interface StepNames {
  find(kind: 'models' | 'hardware' | 'engines', word: string): string | null;
  ids(kind: 'models' | 'hardware' | 'engines'): readonly string[];
}

/** The id, or null where there is none, which is told. */
export function findName(
  kind: 'models' | 'hardware' | 'engines',
  path: string,
  word: string,
  place: { readonly file?: string; readonly line?: number },
  names: StepNames,
  issues: Issue[],
): string | null {
  const id = names.find(kind, word);
  if (id !== null) return id;
  const nouns = { models: 'a model', hardware: 'hardware', engines: 'an engine profile' };
  const hint = didYouMean(word, names.ids(kind));
  issues.push({ path, expected: `${nouns[kind]} of the catalog`, received: show(word), ...place, hint });
  return null;
}
