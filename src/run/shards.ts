// Shards of a sweep, done on their own, as finished work of the whole: all of them, each once, of one question.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Issue, UserError } from '../check/issue.ts';
import { differences, type WorkHead } from './asked.ts';
import type { WorkStore } from './known-work.ts';
import { openWork, type WorkFile } from './work-file.ts';
import { WORK_FILE } from './work-folder.ts';

/** The last piece of a shard: that nothing of it is left to be done. */
const DONE = 'done';

export function markDone(store: WorkStore): void {
  store.put(DONE, [[0, {}]]);
}

export const isDone = (file: Pick<WorkFile, 'has'>): boolean => file.has(DONE, 0);

export interface Shard {
  readonly path: string;
  readonly file: WorkFile;
}

/** The work in `folders`. Throws UserError for every folder that holds none. */
export function openShards(folders: readonly string[]): Shard[] {
  const missing = folders.filter((folder) => !existsSync(join(folder, WORK_FILE)));
  if (missing.length > 0) {
    const expected = `a folder of mist sweep --shard i/n --out, with ${WORK_FILE} in it`;
    throw new UserError(
      missing.map((path) => ({ path, expected, received: existsSync(path) ? 'none there' : 'nothing at this path' })),
    );
  }
  return folders.map((folder) => {
    const path = join(folder, WORK_FILE);
    return { path, file: openWork(path, false) };
  });
}

/** How the first of them was asked. Throws UserError where it is no work of a shard. */
export function headOfFirst([first]: readonly Shard[]): WorkHead {
  const head = first?.file.head as WorkHead | undefined;
  if (head?.part) return head;
  const received = head ? 'work of a sweep without --shard' : 'a file that ends before it says what it is of';
  throw new UserError([{ path: first?.path ?? 'mist merge', expected: 'work of mist sweep --shard i/n', received }]);
}

/** Throws UserError for whatever keeps `shards` from being all of `wanted`, at once: of something else, unfinished, doubled, missing. */
export function refuseGaps(shards: readonly Shard[], wanted: WorkHead): void {
  const of = headOfFirst(shards).part!.of;
  const seen = new Map<number, string>();
  const issues: Issue[] = [];
  for (const { path, file } of shards) {
    const part = (file.head as Partial<WorkHead> | undefined)?.part;
    issues.push(...differences(path, wanted, file.head));
    if (!part || part.of !== of) {
      const received = part ? `shard ${part.index}/${part.of}` : 'work of no shard';
      issues.push({ path, expected: `a shard of ${of}, as ${shards[0]?.path} is`, received });
      continue;
    }
    const name = `${part.index}/${of}`;
    const twin = seen.get(part.index);
    if (twin !== undefined)
      issues.push({ path, expected: 'each shard once', received: `shard ${name}, which ${twin} is too` });
    else if (!isDone(file)) {
      const hint = 'mist sweep --shard with --resume goes on with it';
      issues.push({ path, expected: `shard ${name}, finished`, received: 'a part of it', hint });
    }
    seen.set(part.index, path);
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !seen.has(index));
  if (missing.length > 0) {
    const received = `none for ${missing.map((index) => `${index}/${of}`).join(', ')}`;
    issues.push({ path: 'mist merge', expected: `the folders of all ${of} shards`, received });
  }
  if (issues.length > 0) throw new UserError(issues);
}

/** What any of them has; what none has goes to `own`. */
export function joinWork(shards: readonly Shard[], own: WorkStore): WorkStore {
  const all = [own, ...shards.map(({ file }) => file)];
  return {
    has: (key, piece) => all.some((one) => one.has(key, piece)),
    get: (key, piece) => all.find((one) => one.has(key, piece))!.get(key, piece),
    put: (key, pieces) => own.put(key, pieces),
  };
}
