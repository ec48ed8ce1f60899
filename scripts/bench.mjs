// Builds the library and the benches (into build/bench) and runs them: node scripts/bench.mjs [--json FILE] [--write] [name...]
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const node = (...args) => execFileSync(process.execPath, args, { stdio: 'inherit' });

// The command line is timed as users get it, from dist; the kernels and their twins run from build/bench.
node('scripts/build.mjs');
node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.bench.json');
for (const entry of readdirSync('src/catalog', { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  cpSync(`src/catalog/${entry.name}`, `build/bench/src/catalog/${entry.name}`, { recursive: true });
}
const run = spawnSync(process.execPath, ['build/bench/bench/main.js', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = run.status ?? 1;
