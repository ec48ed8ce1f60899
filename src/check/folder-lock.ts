// One run at a time in a folder: a file says which process has it, and is touched while that lives. What a dead one left is taken over.
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UserError } from './issue.ts';
import { fileWords } from './text-file.ts';

/** Name of the file. */
export const LOCK_FILE = 'mist.lock';

/** The holder touches its file so often, in ms; one on another machine that did not for so long is taken for dead. */
const TOUCH_EVERY = 10_000;
const DEAD_AFTER = 120_000;

/** Who has a folder. `started`: when the process began, in the kernel's ticks, so that a number given again is told apart; '' where unknown. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
  readonly token: string;
}

export interface FolderLock {
  /** Whose lock was taken over, in words; null where there was none. */
  readonly takenFrom: string | null;
  release(): void;
}

const held = new Set<string>();
process.on('exit', () => {
  for (const path of held) rmSync(path, { force: true });
});

/** Takes a folder that is there. Throws UserError where a run that lives has it. */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, LOCK_FILE);
  const own: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid), token: randomUUID() };
  let takenFrom: string | null = null;
  for (let tries = 0; !create(path, own); tries++) {
    const other = readHolder(path);
    if (other === 'gone') continue;
    if (tries > 3 || isAlive(path, other)) throw refusal(folder, other);
    if (takeAway(path, other))
      takenFrom = other ? `process ${other.pid} on ${other.host}` : 'a process that wrote no name';
  }
  const timer = setInterval(() => touch(path), TOUCH_EVERY);
  timer.unref();
  held.add(path);
  return {
    takenFrom,
    release() {
      clearInterval(timer);
      held.delete(path);
      const now = readHolder(path);
      if (now !== 'gone' && now?.token === own.token) rmSync(path, { force: true });
    },
  };
}

/** False where the file is there already. */
function create(path: string, own: Holder): boolean {
  try {
    const handle = openSync(path, 'wx');
    writeSync(handle, `${JSON.stringify(own)}\n`);
    closeSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    const expected = 'a folder that can be written to';
    throw new UserError([{ path, expected, received: fileWords(error) }]);
  }
}

/** null: a file without a name in it, of a process that ended between making and writing it. */
function readHolder(path: string): Holder | null | 'gone' {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : null;
  }
}

/** On this machine the process is looked for; of another the file's age by its own clock decides. */
function isAlive(path: string, holder: Holder | null): boolean {
  if (holder === null || holder.host !== hostname()) return ageOf(path) < (holder ? DEAD_AFTER : 1000);
  if (holder.started !== startOf(holder.pid)) return false;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** ms since a file was touched, by the clock of the file system it is on: those of two machines may differ. */
function ageOf(path: string): number {
  const probe = `${path}.${process.pid}.clock`;
  try {
    closeSync(openSync(probe, 'w'));
    return statSync(probe).mtimeMs - statSync(path).mtimeMs;
  } catch {
    return 0;
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Field 22 of /proc/PID/stat; '' on hosts that have no such file, and for a process that is gone. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Whether the lock that was found dead is gone by our hand: another run may have been faster, and what it made then is put back. */
function takeAway(path: string, dead: Holder | null): boolean {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return false;
  }
  const moved = readHolder(aside);
  const isIt = moved !== 'gone' && moved?.token === dead?.token;
  if (isIt) rmSync(aside, { force: true });
  else renameSync(aside, path);
  return isIt;
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // a folder that is gone: writing into it says so
  }
}

function refusal(folder: string, other: Holder | null): UserError {
  const received = other ? `one that process ${other.pid} on ${other.host} is writing to` : 'one that another run has';
  const hint = `wait for it, or give another folder; if that process is gone, remove ${join(folder, LOCK_FILE)}`;
  return new UserError([{ path: folder, expected: 'a folder that no other run has', received, hint }]);
}
