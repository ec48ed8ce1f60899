// The kernels of a target of asconfig.json (asc), rebuilt only when what they are made of has changed; those that run for real are optimised once more.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Its version, and the one binaryen that it takes. */
const COMPILER = 'node_modules/assemblyscript/package.json';
const ASC = 'node_modules/assemblyscript/bin/asc.js';
/** What asc's output may hold; its binary does not say. */
const FEATURES = [
  'Atomics',
  'BulkMemory',
  'BulkMemoryOpt',
  'MutableGlobals',
  'NontrappingFPToInt',
  'SIMD128',
  'SignExt',
];

/** Of all that a binary is made of, and of itself: times say little, a checkout or a merge moves them. */
function digestOf(outFile) {
  const sources = readdirSync('assembly', { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);
  const hash = createHash('sha256');
  for (const path of [...sources.sort(), 'asconfig.json', 'scripts/kernels.mjs', COMPILER, outFile]) {
    hash.update(`${path}\0`).update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/** Builds a target if need be; returns the path of its binary. */
export async function buildKernel(target) {
  const { outFile, debug } = JSON.parse(readFileSync('asconfig.json', 'utf8')).targets[target];
  const made = `${outFile}.made-of`;
  if (existsSync(outFile) && existsSync(made) && readFileSync(made, 'utf8') === digestOf(outFile)) return outFile;
  mkdirSync('build', { recursive: true });
  const first = debug ? outFile : 'build/asc.wasm';
  execFileSync(process.execPath, [ASC, '--target', target, '--outFile', first], { stdio: 'inherit' });
  if (!debug) writeFileSync(outFile, await optimiseAgain(readFileSync(first)));
  writeFileSync(made, digestOf(outFile));
  return outFile;
}

/** What the memory's import begins with: its names, that it is a memory, and flags that say that it is shared and has an end. */
const SHARED_MEMORY = Buffer.from('\x03env\x06memory\x02\x03', 'latin1');

/** The release kernels for a page, whose memory is its own: the same binary but for the flag of its memory. */
export async function buildOwnMemoryKernel() {
  const bytes = readFileSync(await buildKernel('release'));
  const at = bytes.indexOf(SHARED_MEMORY);
  if (at < 0) throw new Error('the kernels import no shared memory');
  bytes[at + SHARED_MEMORY.length - 1] = 1;
  return bytes;
}

/** asc inlines small functions only; most of an engine's phases have one caller, and calls between them cost a tenth of a run. */
async function optimiseAgain(bytes) {
  const path = createRequire(`${process.cwd()}/${ASC}`).resolve('binaryen');
  const { default: binaryen } = await import(pathToFileURL(path));
  const module = binaryen.readBinary(bytes);
  module.setFeatures(FEATURES.reduce((all, name) => all | binaryen.Features[name], 0));
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  binaryen.setLowMemoryUnused(true); // as asc does: the arena begins at 64 KiB
  module.optimize();
  if (!module.validate()) throw new Error('the optimised kernels are not valid');
  return module.emitBinary();
}
