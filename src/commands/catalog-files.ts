// Catalog files that a verb makes: all of them or none, and never over what they were made from.
import { existsSync } from 'node:fs';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { identityOf } from '../check/same-file.ts';
import { type PlacedFile, writeTogether } from '../check/whole-file.ts';

/** The catalog with a user's folder first, which need not be there yet. */
export function openOwn(folder: string | undefined): Catalog {
  return openCatalog({ folder: folder !== undefined && existsSync(folder) ? folder : null });
}

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
