// Files that a run writes line by line: opened before the work, so that a wrong path costs nothing, and in place when whole.
import { refuseOverwrites } from '../check/same-file.ts';
import { openWhole, type WholeFile } from '../check/whole-file.ts';

/** Output files of a verb, by flag; null where the flag is not given. */
export type OutFiles<Flag extends string> = Readonly<Record<Flag, WholeFile | null>>;

/** Opens what the flags name, before the work. Refuses inputs, and one file for two outputs. */
export function openOutputs<Flag extends string>(named: Readonly<Record<Flag, string | undefined>>): OutFiles<Flag> {
  const entries = Object.entries(named) as [Flag, string | undefined][];
  refuseOverwrites(entries.flatMap(([flag, file]) => (file === undefined ? [] : [{ flag, file }])));
  return Object.fromEntries(
    entries.map(([flag, file]) => [flag, file === undefined ? null : openWhole(file, flag)]),
  ) as unknown as OutFiles<Flag>;
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
