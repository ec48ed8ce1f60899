// Keeps dist/ up to date while sources change: tsc watches TypeScript, asc runs again when a kernel's source is newer.
import { execFileSync, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
/** Editors write a file in several goes. */
const SETTLE_MS = 150;

function build(part) {
  try {
    execFileSync(process.execPath, ['scripts/build.mjs', ...part], { stdio: 'inherit' });
  } catch {
    console.error('The build failed; waiting for the next change.');
  }
}

/** Calls back once a burst of changes below a folder is over. */
function watchFolder(folder, wanted, then) {
  let timer;
  watch(folder, { recursive: true }, (_, name) => {
    if (!wanted(String(name))) return;
    clearTimeout(timer);
    timer = setTimeout(then, SETTLE_MS);
  });
}

build([]);
// tsc sees the embedded kernels (src/kernels/binary.ts) change, too.
watchFolder(
  'assembly',
  (name) => name.endsWith('.ts'),
  () => build(['kernels']),
);
watchFolder(
  'src/catalog',
  (name) => name.endsWith('.json'),
  () => build(['typescript']),
);
const tsc = spawn(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--watch', '--preserveWatchOutput'],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tsc.kill(signal));
tsc.on('exit', (code) => process.exit(code ?? 0));
