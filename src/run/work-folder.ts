// The folder that a sweep or a study writes to: nobody else's while it runs, and finished work is kept there until all of it is done.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lockFolder } from '../check/folder-lock.ts';
import { UserError } from '../check/issue.ts';
import { refuseOther, type WorkHead } from './asked.ts';
import { createWork, openWork, type WorkFile } from './work-file.ts';

/** Name of the file of finished work of a sweep. */
export const WORK_FILE = 'sweep.work';

export interface WorkFolder {
  readonly store: WorkFile;
  /** Pieces that were finished before. */
  readonly known: number;
  /** What a person should hear of: a lock of a dead process, half a record. */
  readonly notes: readonly string[];
  /** Ends the use of the folder. `done`: its work is no longer needed. */
  close(done: boolean): void;
}

/** `folder` is there. Throws UserError where another run has it, or it holds work of something else. `resume`: goes on with what is there. */
export function openWorkFolder(folder: string, head: WorkHead, resume: boolean, name = WORK_FILE): WorkFolder {
  const lock = lockFolder(folder);
  try {
    const path = join(folder, name);
    const file = existsSync(path) ? reopen(path, head, resume) : createWork(path, head);
    const notes: string[] = [];
    if (lock.takenFrom !== null) notes.push(`${folder} was locked by ${lock.takenFrom}, which is gone: taken over`);
    if (file.cut > 0) notes.push(`${path} ended in half a record (${file.cut} bytes), which was cut off`);
    return {
      store: file,
      known: file.count,
      notes,
      close(done) {
        file.close();
        if (done) rmSync(path);
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function reopen(path: string, head: WorkHead, resume: boolean): WorkFile {
  if (!resume) {
    const expected = '--resume, which goes on with what an earlier run finished, or a folder without it';
    const hint = `remove ${path} to start anew`;
    throw new UserError([{ path, expected, received: 'finished work, and no --resume', hint }]);
  }
  const file = openWork(path, true);
  // killed before there was anything to keep
  if (file.head === undefined && file.count === 0) {
    file.close();
    rmSync(path);
    return createWork(path, head);
  }
  try {
    refuseOther(path, head, file.head);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}
