// Catalog files that a verb makes: all of them or none, and never over what they were made from.
import { UserError } from '../check/issue.ts';
import { identityOf } from '../check/same-file.ts';
import { type PlacedFile, writeTogether } from '../check/whole-file.ts';

/** Replaces files of a catalog folder; `measured`: what was measured, which stays as it is. */
export function writeCatalogFiles(files: readonly PlacedFile[], measured: readonly string[]): void {
  const kept = new Set(measured.map(identityOf));
  const lost = files.filter(({ path }) => kept.has(identityOf(path)));
  if (lost.length > 0) {
    const expected = 'a folder whose files are no input of this run';
    throw new UserError(lost.map(({ path }) => ({ path: '--out', expected, received: `${path}, which is read` })));
  }
  writeTogether(files, '--out');
}
