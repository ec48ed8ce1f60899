// Runs the maintainers' tools: npm run tools -- calibrate FOLDER ... | validate-page FILE ... | make-catalog | make-workloads | make-measurements
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Makers of files that are committed; each says at its head what it needs. */
const MAKERS = {
  'make-catalog': 'tools/catalog/make-catalog.mjs',
  'make-workloads': 'tools/catalog/make-workloads.mjs',
  'make-measurements': 'tools/examples/make-measurements.mjs',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const [verb, ...rest] = process.argv.slice(2);
const node = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;

if (verb in MAKERS) process.exitCode = node(`${root}${MAKERS[verb]}`, ...rest);
else {
  execFileSync(process.execPath, ['scripts/build.mjs', 'kernels'], { stdio: 'inherit', cwd: root });
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.tools.json'], {
    stdio: 'inherit',
    cwd: root,
  });
  for (const entry of readdirSync(`${root}src/catalog`, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    cpSync(`${root}src/catalog/${entry.name}`, `${root}build/tools/src/catalog/${entry.name}`, { recursive: true });
  }
  const { runTool } = await import('../build/tools/tools/main.js');
  const out = { stdout: (text) => process.stdout.write(text), stderr: (text) => process.stderr.write(text) };
  process.exitCode = await runTool(process.argv.slice(2), out);
}
