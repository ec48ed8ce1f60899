// Builds, then runs the tests on what was built: all, those of rooms (npm test -- engine report), quickly (--quick), with more
// random cases (--deep, MIST_DEPTH times as many) or those that need a Redis or a browser (--e2e); the rest goes to vitest.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { listRooms, testsOf } from './test-rooms.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

/** What comes behind these is theirs, even where it reads like a room. */
const TAKES_VALUE = new Set(['-t', '--testNamePattern', '--reporter', '--outputFile', '--project']);

/** V8: every core runs tests, so that a thread that collects garbage beside a test takes another test's time, a tenth of it. */
const LEAN = ['--single-threaded-gc'];

function readArguments(argv) {
  const passed = [];
  const env = { MIST_BUILT: '1' };
  for (const [i, word] of argv.entries()) {
    if (word === '--quick' || word === '--e2e') env.MIST_TESTS = word.slice(2);
    else if (word === '--deep') env.MIST_DEPTH = process.env.MIST_DEPTH ?? '10';
    else if (word.startsWith('-') || TAKES_VALUE.has(argv[i - 1])) passed.push(word);
    else passed.push(...(testsOf(word) ?? [word]));
  }
  return { passed, env };
}

if (process.argv[2] === '--rooms') {
  for (const room of listRooms()) console.log(`${room.padEnd(14)}${(testsOf(room) ?? []).join(' ')}`);
} else {
  const { passed, env } = readArguments(process.argv.slice(2));
  const node = (...args) =>
    spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
  process.exitCode = node('scripts/build.mjs');
  if (process.exitCode === 0) process.exitCode = node(...LEAN, 'node_modules/vitest/vitest.mjs', 'run', ...passed);
}
