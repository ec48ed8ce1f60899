// Files that a run writes line by line: opened before the work, so that a wrong path costs nothing, and in place when whole.
import { refuseOverwrites } from '../check/same-file.ts';
import { openWhole, type WholeFile } from '../check/whole-file.ts';

/** Output files of a verb, by flag; null where the flag is not given. */
export type OutFiles<Named> = { readonly [Flag in keyof Named]: WholeFile | null };

/** Opens what the flags name, before the work. Refuses inputs, and one file for two outputs. */
export function openOutputs<Named extends Readonly<Record<string, string | undefined>>>(named: Named): OutFiles<Named> {
  const entries = Object.entries(named);
  refuseOverwrites(entries.flatMap(([flag, file]) => (file === undefined ? [] : [{ flag, file }])));
  return Object.fromEntries(
    entries.map(([flag, file]) => [flag, file === undefined ? null : openWhole(file, flag)]),
  ) as OutFiles<Named>;
}

/** Writes every piece, and puts the file in its place. */
export function writeAll(file: WholeFile | null, pieces: () => Iterable<string>): void {
  if (file === null) return;
  try {
    for (const piece of pieces()) file.write(piece);
    file.keep();
  } finally {
    file.drop();
  }
}
