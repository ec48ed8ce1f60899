// Which paths are one file, whatever they are called, and which files were read: so that no output overwrites an input.
import { basename, dirname, join, realpathSync, resolve, statSync } from '../host/host.ts';
import { type Issue, UserError } from './issue.ts';

/** Files that were read so far, by identity, as they were named first. */
const inputs = new Map<string, string>();

/** Says that a file was read, or will be. */
export function noteInput(file: string): void {
  const id = identityOf(file);
  if (!inputs.has(id)) inputs.set(id, file);
}

/** A file that is to be written. */
export interface Output {
  /** "--requests", or what names it. */
  readonly flag: string;
  readonly file: string;
}

/** Refuses outputs that are a file which was read, or the same file as another output: before the work, and before anything is lost. */
export function refuseOverwrites(outputs: readonly Output[]): void {
  const issues: Issue[] = [];
  const taken = new Map<string, Output>();
  for (const output of outputs) {
    const { flag, file } = output;
    const id = identityOf(file);
    const input = inputs.get(id);
    const other = taken.get(id);
    if (input !== undefined) {
      const received = input === file ? `${file}, which is read` : `${file}, which is ${input}, which is read`;
      issues.push({ path: flag, expected: 'a file that is no input of this run', received });
    }
    if (other) {
      issues.push({ path: flag, expected: 'a file of its own', received: `${file}, which ${other.flag} writes too` });
    }
    if (!isStream(file)) taken.set(id, output);
  }
  if (issues.length > 0) throw new UserError(issues);
}

/**
 * Device, number and birth of what is there, through every link: the number of a file that is gone is given again. The real folder and
 * the name of what is not there yet.
 */
export function identityOf(file: string): string {
  try {
    const { dev, ino, birthtimeNs } = statSync(file, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return join(realFolder(dirname(resolve(file))), basename(file));
  }
}

/** Whether a path is there and no regular file: a terminal, a pipe, /dev/null. Those cannot be replaced, only written to. */
export function isStream(file: string): boolean {
  try {
    const found = statSync(file);
    return !found.isFile() && !found.isDirectory();
  } catch {
    return false;
  }
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
