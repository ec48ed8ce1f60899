// Whose measurements a file holds, and on what terms: from the table of a DATA.md near it.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readTextFile } from '../check/text-file.ts';

export interface Attribution {
  readonly source: string;
  readonly licence: string;
}

/** Source and licence of one file by the table of a DATA.md beside it or above it; null where it is in none. */
export function attributionOf(file: string): Attribution | null {
  for (const folder of [join(file, '..'), join(file, '..', '..')]) {
    const table = join(folder, 'DATA.md');
    if (!existsSync(table)) continue;
    for (const line of readTextFile(table, { path: 'file', expected: 'a readable table of sources' }).split('\n')) {
      const cells = line.split('|').map((cell) => cell.trim());
      if (cells.length >= 7 && cells[1]!.includes(basename(file)))
        return { source: cells.at(-3)!, licence: cells.at(-2)! };
    }
  }
  return null;
}
